//! Threads of ours that wait for one another, behind the fault seam: a test may decide which of
//! them goes on, and so repeat a run to the byte. It must not know what they do.
//! In: a thread to start, a rest to take. Out: the thread, its end, the rest taken.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle, Thread};

use crate::storage::{Faults, Storage};

/// What a thread of ours comes to, as a seam sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Told by the one that starts it.
    Starts(&'static str),
    /// Told by the thread itself, first and last.
    Begun(&'static str),
    Ended(&'static str),
    /// The caller can do nothing before that one has ended.
    Awaits(&'static str),
}

/// A thread that was started.
pub struct Running<T> {
    name: &'static str,
    handle: JoinHandle<T>,
    faults: Option<Arc<dyn Faults>>,
}

impl Storage {
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<Running<T>> {
        let faults = self.faults().cloned();
        if let Some(faults) = &faults {
            faults.turn(Turn::Starts(name));
        }
        let theirs = faults.clone();
        let handle = thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _ends = theirs.map(|faults| Ends::begun(name, faults));
            run()
        })?;
        Ok(Running { name, handle, faults })
    }

    /// Takes a rest, or lets others go on where a test decides.
    pub fn rest(&self, rest: impl FnOnce()) {
        if !self.faults().is_some_and(|faults| faults.rest()) {
            rest();
        }
    }
}

impl<T> Running<T> {
    pub fn thread(&self) -> &Thread {
        self.handle.thread()
    }

    /// Waits for its end; an error is its panic.
    pub fn join(self) -> thread::Result<T> {
        if let Some(faults) = &self.faults {
            faults.turn(Turn::Awaits(self.name));
        }
        self.handle.join()
    }
}

/// Said of a thread that panics too.
struct Ends(&'static str, Arc<dyn Faults>);

impl Ends {
    fn begun(name: &'static str, faults: Arc<dyn Faults>) -> Ends {
        faults.turn(Turn::Begun(name));
        Ends(name, faults)
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.1.turn(Turn::Ended(self.0));
    }
}
