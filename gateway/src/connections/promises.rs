//! What was promised to owners of orders: that those are cancelled when a session ends or a time
//! has passed. Kept in a file beside the journal, which holds a promise before its asker is
//! answered, so that neither an end of the process nor a crash breaks it. How one is fulfilled is
//! not known here.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use orison_core::AccountName;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::task::AbortHandle;

use super::locked;
use crate::keepsake::{self, Survives};

/// Promises open at once; one more is not made.
pub const PROMISES_MAX: usize = 1 << 14;
const FILE: &str = "promises.json";

/// When an account's orders are cancelled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(tag = "when", rename_all = "snake_case")]
pub(super) enum When {
    Disconnect,
    /// Unix milliseconds.
    Time {
        at_ms: u64,
    },
}

/// To whom a promise was made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Holder {
    Session,
    /// Over REST: one timer an account.
    Account,
    /// A session that is gone, or an earlier life of the process. Whoever promises anything for
    /// the account again takes its place.
    Nobody,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Promise {
    pub(super) account: AccountName,
    pub(super) when: When,
    pub(super) holder: Holder,
}

#[derive(Debug, Error)]
pub enum PromisesError {
    #[error("{path}: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: not what was promised to cancel, line {line} column {column}")]
    Content { path: PathBuf, line: usize, column: usize },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct TooMany;

pub struct Promises {
    path: PathBuf,
    made: Mutex<Made>,
    /// The version of what is in the file; held by who writes it.
    written: tokio::sync::Mutex<u64>,
}

#[derive(Default)]
struct Made {
    by_number: BTreeMap<u64, (Promise, State)>,
    last: u64,
    version: u64,
}

enum State {
    Waiting(Option<AbortHandle>),
    /// Nobody can take it back.
    Due,
}

/// A promise as the file has it.
#[derive(Serialize, Deserialize)]
struct Line {
    account: String,
    #[serde(flatten)]
    when: When,
}

impl Promises {
    /// With those that an earlier life of the process has left.
    pub fn open(directory: &Path) -> Result<Arc<Self>, PromisesError> {
        let path = directory.join(FILE);
        let failed = |source| PromisesError::Io { path: path.clone(), source };
        let text = keepsake::read(&path).map_err(failed)?;
        let wrong = |line, column| PromisesError::Content { path: path.clone(), line, column };
        let mut made = Made::default();
        if let Some(text) = text {
            let lines: Vec<Line> =
                serde_json::from_str(&text).map_err(|error| wrong(error.line(), error.column()))?;
            for (index, line) in lines.iter().enumerate() {
                let account = AccountName::new(&line.account).map_err(|_| wrong(index + 2, 1))?;
                made.add(Promise { account, when: line.when, holder: Holder::Nobody });
            }
        }
        let (made, written) = (Mutex::new(made), tokio::sync::Mutex::default());
        Ok(Arc::new(Self { path, made, written }))
    }

    pub(super) fn make(&self, promise: Promise) -> Result<u64, TooMany> {
        let mut made = locked(&self.made);
        match made.by_number.len() {
            PROMISES_MAX.. => Err(TooMany),
            _ => Ok(made.add(promise)),
        }
    }

    /// The task that waits for it.
    pub(super) fn wait(&self, number: u64, task: AbortHandle) {
        match locked(&self.made).by_number.get_mut(&number) {
            Some((_, State::Waiting(waiting))) => *waiting = Some(task),
            Some((_, State::Due)) => {}
            None => task.abort(),
        }
    }

    /// From here on nobody can take it back. False: somebody has, or it is due already.
    pub(super) fn begin(&self, number: u64) -> bool {
        let mut made = locked(&self.made);
        let Some((_, state)) = made.by_number.get_mut(&number) else { return false };
        !matches!(std::mem::replace(state, State::Due), State::Due)
    }

    /// Its holder is gone, and it stands.
    pub(super) fn leave(&self, number: u64) {
        if let Some((promise, _)) = locked(&self.made).by_number.get_mut(&number) {
            promise.holder = Holder::Nobody;
        }
    }

    /// It is fulfilled.
    pub(super) fn forget(&self, number: u64) {
        let mut made = locked(&self.made);
        if made.by_number.remove(&number).is_some() {
            made.version += 1;
        }
    }

    /// Takes it back, unless it is due.
    pub(super) fn take_back(&self, number: u64) {
        self.take_back_if(|known, _| known == number);
    }

    /// The account's, of those holders, unless they are due.
    pub(super) fn relieve(&self, account: AccountName, holders: &[Holder]) {
        self.take_back_if(|_, promise| {
            promise.account == account && holders.contains(&promise.holder)
        });
    }

    fn take_back_if(&self, is_meant: impl Fn(u64, &Promise) -> bool) {
        let mut made = locked(&self.made);
        let before = made.by_number.len();
        made.by_number.retain(|&number, (promise, state)| match state {
            State::Waiting(task) if is_meant(number, promise) => {
                if let Some(task) = task {
                    task.abort();
                }
                false
            }
            State::Waiting(_) | State::Due => true,
        });
        if made.by_number.len() < before {
            made.version += 1;
        }
    }

    pub(super) fn all(&self) -> Vec<(u64, Promise)> {
        let made = locked(&self.made);
        made.by_number.iter().map(|(&number, (promise, _))| (number, *promise)).collect()
    }

    /// Returns once the file holds what is promised now; those who wait meanwhile are written
    /// together. Goes on though nobody waits for it any more.
    pub(super) async fn kept(self: &Arc<Self>) -> io::Result<()> {
        tokio::spawn(Arc::clone(self).write()).await.map_err(io::Error::other)?
    }

    async fn write(self: Arc<Self>) -> io::Result<()> {
        let wanted = locked(&self.made).version;
        let mut written = self.written.lock().await;
        if *written >= wanted {
            return Ok(());
        }
        let (version, text) = {
            let made = locked(&self.made);
            (made.version, made.text())
        };
        let path = self.path.clone();
        let write = move || keepsake::write(&path, &text, Survives::Machine);
        tokio::task::spawn_blocking(write).await.map_err(io::Error::other)??;
        *written = version;
        Ok(())
    }
}

impl Made {
    fn add(&mut self, promise: Promise) -> u64 {
        self.last += 1;
        self.version += 1;
        self.by_number.insert(self.last, (promise, State::Waiting(None)));
        self.last
    }

    /// A line each, what is said twice once.
    fn text(&self) -> String {
        let mut said = HashSet::new();
        let mut lines = Vec::new();
        for (promise, _) in self.by_number.values() {
            if said.insert((promise.account, promise.when)) {
                let account = promise.account.as_str().to_owned();
                let line = Line { account, when: promise.when };
                lines.push(serde_json::to_string(&line).expect("a promise is always JSON"));
            }
        }
        format!("[\n{}\n]\n", lines.join(",\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn promise(account: &str, when: When, holder: Holder) -> Promise {
        Promise { account: AccountName::new(account).unwrap(), when, holder }
    }

    #[tokio::test]
    async fn what_is_promised_is_there_again_until_it_is_fulfilled_or_taken_back() {
        let directory = tempfile::tempdir().unwrap();
        let told = |promises: &Promises| {
            let all = promises.all();
            let told = all.iter().map(|(_, p)| (p.account.to_string(), p.when, p.holder));
            told.collect::<Vec<_>>()
        };
        let reopened = || told(&Promises::open(directory.path()).unwrap());
        let promises = Promises::open(directory.path()).unwrap();
        assert_eq!(told(&promises), []);
        let time = When::Time { at_ms: 7 };
        let make = |account, when, holder| promises.make(promise(account, when, holder)).unwrap();
        let ann = make("ann", When::Disconnect, Holder::Session);
        make("ann", When::Disconnect, Holder::Session);
        let bob = make("bob \"the\" builder", time, Holder::Account);
        let cid = make("cid", time, Holder::Nobody);
        assert_eq!(reopened(), [], "nothing is said before it is written");
        promises.kept().await.unwrap();
        let of = |account: &str, when| (account.to_owned(), when, Holder::Nobody);
        let (first, second) = (of("ann", When::Disconnect), of("bob \"the\" builder", time));
        assert_eq!(reopened(), [first.clone(), second.clone(), of("cid", time)]);
        promises.relieve(AccountName::new("cid").unwrap(), &[Holder::Session]);
        assert!(promises.begin(cid), "nobody has taken it back");
        promises.relieve(AccountName::new("cid").unwrap(), &[Holder::Nobody]);
        assert!(!promises.begin(cid), "nor could, once it is due");
        promises.forget(cid);
        promises.take_back(bob);
        promises.kept().await.unwrap();
        assert_eq!(reopened(), std::slice::from_ref(&first));
        promises.leave(ann);
        promises.relieve(AccountName::new("ann").unwrap(), &[Holder::Nobody]);
        assert!(!promises.begin(ann));
        promises.kept().await.unwrap();
        assert_eq!(reopened(), [first], "the other session's stands");
    }

    #[test]
    fn a_file_that_is_none_names_itself_and_one_promise_too_many_is_not_made() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        for text in [
            "",
            "{}",
            "[{\"account\":\"ann\"}]",
            "[{\"account\":\"\\u0000\",\"when\":\"disconnect\"}]",
        ] {
            std::fs::write(&path, text).unwrap();
            let error = Promises::open(directory.path()).err().unwrap().to_string();
            assert!(error.starts_with(path.to_str().unwrap()), "{error}");
        }
        std::fs::remove_file(&path).unwrap();
        let promises = Promises::open(directory.path()).unwrap();
        let ann = promise("ann", When::Disconnect, Holder::Session);
        for _ in 0..PROMISES_MAX {
            promises.make(ann).unwrap();
        }
        assert_eq!(promises.make(ann), Err(TooMany));
    }
}
