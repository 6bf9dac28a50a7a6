//! `orison keys` and `orison token`: what makes, lists and revokes keys, and signs tokens. Secrets
//! are said once, on standard output, and never again.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Arg, ArgAction, ArgMatches, Command};
use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use serde::Serialize;
use thiserror::Error;

use super::folder::{self, FolderError, KeyFile};
use super::keyring::{Keyring, checked_account, checked_user};
use super::principal::Role;
use super::single_use::{mark, secret};
use super::token::{self, Claims, NAME};

/// How long a token may be good at most.
const TTL_MAX: Duration = Duration::from_secs(30 * 24 * 3600);

/// What is asked on the command line in place of serving.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Errand {
    job: Job,
    form: Form,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Job {
    Create(Holder),
    /// Another key to sign tokens with; the ones before it go on to hold.
    Rotate,
    List,
    Revoke {
        id: String,
    },
    Token {
        holder: Holder,
        ttl: Duration,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Text,
    Json,
}

/// Whom a key or token is for.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Holder {
    user: String,
    account: Option<String>,
    role: Role,
}

#[derive(Debug, Error)]
pub enum ErrandError {
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error("{0}")]
    Name(String),
    #[error("{0:?} is no key of this folder")]
    NoSuchKey(String),
    #[error("there is no key to sign with: `orison keys create` makes one")]
    NoSigningKey,
}

#[derive(Serialize)]
struct Minted {
    token: String,
    /// Seconds since 1970.
    expires_at: u64,
}

/// A key without its secret.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    created_at_ms: u64,
    revoked_at_ms: Option<u64>,
}

/// The commands beside `serve`.
pub(crate) fn commands() -> [Command; 2] {
    let create = Command::new("create")
        .about("Make an API key; the secret is shown once")
        .args(holder("trader"))
        .arg(flag("signing", "A new key to sign tokens with, in place of an API key"));
    let revoke = Command::new("revoke")
        .about("Revoke a key and every token signed with it; a running server sees it in 1 s")
        .arg(Arg::new("id").required(true).value_name("ID"));
    let keys = Command::new("keys")
        .about("Keys of the folder that --identity names")
        .subcommand_required(true)
        .subcommands([create, Command::new("list").about("List the keys"), revoke])
        .arg(flag("json", "Answer in JSON").global(true));
    let ttl = Arg::new("ttl").long("ttl").value_name("TIME").default_value("1h");
    let token = Command::new("token")
        .about("Sign a token for a user")
        .args(holder("trader"))
        .arg(ttl.help("How long it is good: 90s, 15m, 12h or 7d, at most 30d"))
        .arg(flag("json", "Answer in JSON"));
    [keys, token]
}

fn holder(role: &'static str) -> [Arg; 3] {
    let named = |name, value, help| Arg::new(name).long(name).value_name(value).help(help);
    [
        named("user", "NAME", "Whose it is"),
        named("account", "NAME", "The account it trades for [default: the user's name]"),
        named("role", "ROLE", "viewer, trader, auditor or admin").default_value(role),
    ]
}

fn flag(name: &'static str, help: &'static str) -> Arg {
    Arg::new(name).long(name).help(help).action(ArgAction::SetTrue)
}

impl Errand {
    /// None: to serve is what is asked.
    pub(crate) fn of(matches: &ArgMatches) -> Result<Option<Self>, clap::Error> {
        let (job, matches) = match matches.subcommand() {
            Some(("token", matches)) => {
                (Job::Token { holder: Holder::of(matches)?, ttl: ttl(matches)? }, matches)
            }
            Some(("keys", keys)) => match keys.subcommand() {
                Some(("create", create)) if create.get_flag("signing") => (Job::Rotate, create),
                Some(("create", create)) => (Job::Create(Holder::of(create)?), create),
                Some(("revoke", revoke)) => {
                    let id = revoke.get_one::<String>("id").cloned().unwrap_or_default();
                    (Job::Revoke { id }, revoke)
                }
                Some((_, list)) => (Job::List, list),
                None => return Ok(None),
            },
            Some(_) | None => return Ok(None),
        };
        let form = if matches.get_flag("json") { Form::Json } else { Form::Text };
        Ok(Some(Self { job, form }))
    }

    /// Does it, and gives back what is to be said.
    pub fn run(&self, folder: &Path, now_ms: u64) -> Result<String, ErrandError> {
        match &self.job {
            Job::Create(holder) => self.create(folder, holder, now_ms),
            Job::Rotate => {
                folder::make(folder)?;
                let id = signing_key(folder, now_ms)?;
                Ok(self.said(&[("key", id)]))
            }
            Job::List => self.list(folder),
            Job::Revoke { id } => self.revoke(folder, id, now_ms),
            Job::Token { holder, ttl } => self.token(folder, holder, *ttl, now_ms),
        }
    }

    fn create(&self, folder: &Path, holder: &Holder, now_ms: u64) -> Result<String, ErrandError> {
        let (user, account) = holder.checked()?;
        folder::make(folder)?;
        if Keyring::read(folder)?.0.newest().is_none() {
            signing_key(folder, now_ms)?;
        }
        let (id, secret) = (format!("key_{}", mark::<8>()), secret());
        let key = KeyFile::Api {
            id: id.clone(),
            user: user.clone(),
            account: account.clone(),
            role: holder.role.word().into(),
            created_at_ms: now_ms,
            revoked_at_ms: None,
            secret: Some(secret.clone()),
        };
        folder::write(folder, &key)?;
        let role = holder.role.word().to_owned();
        let (user, account) = (("user", user), ("account", account));
        Ok(self.said(&[("key", id), ("secret", secret), user, account, ("role", role)]))
    }

    fn list(&self, folder: &Path) -> Result<String, ErrandError> {
        let keys = folder::read(folder)?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let listed = keys.iter().map(Listed::new);
        Ok(match self.form {
            Form::Json => lines(listed.map(|key| json(&key))),
            Form::Text => lines(listed.map(|key| key.to_string())),
        })
    }

    fn revoke(&self, folder: &Path, id: &str, now_ms: u64) -> Result<String, ErrandError> {
        let keys = folder::read(folder)?.into_iter().collect::<Result<Vec<_>, _>>()?;
        let key = keys.into_iter().find(|key| key.id() == id);
        let mut key = key.ok_or_else(|| ErrandError::NoSuchKey(id.to_owned()))?;
        match &mut key {
            KeyFile::Api { revoked_at_ms, secret: hidden, .. }
            | KeyFile::Signing { revoked_at_ms, pair: hidden, .. } => {
                revoked_at_ms.get_or_insert(now_ms);
                *hidden = None;
            }
        }
        folder::write(folder, &key)?;
        Ok(self.said(&[("revoked", id.to_owned())]))
    }

    fn token(
        &self,
        folder: &Path,
        holder: &Holder,
        ttl: Duration,
        now_ms: u64,
    ) -> Result<String, ErrandError> {
        let (user, account) = holder.checked()?;
        let (ring, _) = Keyring::read(folder)?;
        let iat = now_ms / 1_000;
        let exp = iat + ttl.as_secs();
        let claims = Claims {
            iss: NAME.into(),
            aud: NAME.into(),
            sub: user,
            role: holder.role.word().into(),
            account: Some(account),
            iat,
            nbf: None,
            exp,
            jti: Some(mark::<8>()),
        };
        let token = token::sign(&ring, &claims).ok_or(ErrandError::NoSigningKey)?;
        // Alone on its line, for $(orison token ...).
        Ok(match self.form {
            Form::Text => token,
            Form::Json => json(&Minted { token, expires_at: exp }),
        })
    }

    fn said(&self, fields: &[(&str, String)]) -> String {
        match self.form {
            Form::Text => lines(fields.iter().map(|(name, value)| format!("{name}: {value}"))),
            Form::Json => {
                let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
                json(&fields.collect::<std::collections::BTreeMap<_, _>>())
            }
        }
    }
}

impl Holder {
    fn of(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let text = |name| matches.get_one::<String>(name).cloned();
        let word = text("role").unwrap_or_default();
        let role = Role::parse(&word).ok_or_else(|| {
            wrong(format!(
                "--role: {word:?} is not allowed; allowed: viewer, trader, auditor, admin"
            ))
        })?;
        let user = text("user").ok_or_else(|| wrong("--user NAME is missing".into()))?;
        Ok(Self { user, account: text("account"), role })
    }

    /// User and account, both names.
    fn checked(&self) -> Result<(String, String), ErrandError> {
        let user = checked_user(&self.user).map_err(ErrandError::Name)?;
        let account = self.account.as_deref().unwrap_or(&self.user);
        let account = checked_account(account).map_err(ErrandError::Name)?;
        Ok((user.to_string(), account.to_string()))
    }
}

impl<'a> Listed<'a> {
    fn new(key: &'a KeyFile) -> Self {
        match key {
            KeyFile::Api { id, user, account, role, created_at_ms, revoked_at_ms, .. } => Self {
                id,
                kind: "api",
                user: Some(user),
                account: Some(account),
                role: Some(role),
                created_at_ms: *created_at_ms,
                revoked_at_ms: *revoked_at_ms,
            },
            KeyFile::Signing { id, created_at_ms, revoked_at_ms, .. } => Self {
                id,
                kind: "signing",
                user: None,
                account: None,
                role: None,
                created_at_ms: *created_at_ms,
                revoked_at_ms: *revoked_at_ms,
            },
        }
    }
}

impl std::fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let state = if self.revoked_at_ms.is_some() { "revoked" } else { "holds" };
        write!(f, "{}  {}  {state}", self.id, self.kind)?;
        match (self.user, self.account, self.role) {
            (Some(user), Some(account), Some(role)) => {
                write!(f, "  user={user} account={account} role={role}")
            }
            (_, _, _) => Ok(()),
        }
    }
}

fn signing_key(folder: &Path, now_ms: u64) -> Result<String, ErrandError> {
    let pair = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new());
    let pair = pair.expect("the system has random bytes");
    let id = format!("sign_{}", mark::<8>());
    let key = KeyFile::Signing {
        id: id.clone(),
        created_at_ms: now_ms,
        revoked_at_ms: None,
        pair: Some(STANDARD.encode(pair.as_ref())),
    };
    folder::write(folder, &key)?;
    Ok(id)
}

fn ttl(matches: &ArgMatches) -> Result<Duration, clap::Error> {
    let text = matches.get_one::<String>("ttl").map_or("", String::as_str);
    let unit = |suffix, seconds: u64| {
        let count: u64 = text.strip_suffix(suffix)?.parse().ok()?;
        count.checked_mul(seconds)
    };
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let seconds = units.into_iter().find_map(|(suffix, seconds)| unit(suffix, seconds));
    let ttl = seconds.map(Duration::from_secs);
    ttl.filter(|ttl| !ttl.is_zero() && *ttl <= TTL_MAX).ok_or_else(|| {
        wrong(format!("--ttl: {text:?} is not allowed; allowed: 90s, 15m, 12h, 7d; at most 30d"))
    })
}

fn wrong(text: String) -> clap::Error {
    clap::Error::raw(clap::error::ErrorKind::InvalidValue, text + "\n")
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own shapes are always JSON")
}

fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.collect::<Vec<_>>().join("\n")
}
