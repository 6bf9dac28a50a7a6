//! The keys that hold, by their ids. Made whole from the files, replaced whole when they change:
//! a key that was revoked is simply not here.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use orison_core::AccountName;
use orison_core::command::Actor;
use ring::hmac;
use ring::signature::{Ed25519KeyPair, KeyPair};

use super::folder::{self, FolderError, KeyFile};
use super::principal::Role;
use crate::admin;

#[derive(Clone, Default)]
pub(super) struct Keyring {
    pub(super) api: BTreeMap<Arc<str>, ApiKey>,
    pub(super) signing: BTreeMap<Arc<str>, SigningKey>,
}

#[derive(Clone)]
pub(super) struct ApiKey {
    pub(super) user: Arc<str>,
    pub(super) account: AccountName,
    pub(super) role: Role,
    pub(super) hmac: hmac::Key,
}

#[derive(Clone)]
pub(super) struct SigningKey {
    pub(super) created_at_ms: u64,
    pub(super) sign: EncodingKey,
    pub(super) verify: DecodingKey,
}

impl Keyring {
    /// What can be used of the folder, and what cannot.
    pub(super) fn read(path: &Path) -> Result<(Self, Vec<FolderError>), FolderError> {
        let (mut ring, mut wrong) = (Self::default(), Vec::new());
        for file in folder::read(path)? {
            let added = file.and_then(|file| {
                let id = file.id().to_owned();
                ring.add(file).map_err(|reason| FolderError::Content {
                    path: path.join(id).with_extension("json"),
                    reason,
                })
            });
            wrong.extend(added.err());
        }
        Ok((ring, wrong))
    }

    fn add(&mut self, file: KeyFile) -> Result<(), String> {
        match file {
            KeyFile::Api { id, user, account, role, secret: Some(secret), .. } => {
                let role = Role::parse(&role).ok_or_else(|| format!("{role:?} is no role"))?;
                let key = ApiKey {
                    user: checked_user(&user)?,
                    account: checked_account(&account)?,
                    role,
                    hmac: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
                };
                self.api.insert(Arc::from(id), key);
            }
            KeyFile::Signing { id, created_at_ms, pair: Some(pair), .. } => {
                let no_pair = || "its pair is no Ed25519 key in PKCS#8".to_owned();
                let document = STANDARD.decode(pair).map_err(|_| no_pair())?;
                let pair = Ed25519KeyPair::from_pkcs8(&document).map_err(|_| no_pair())?;
                let key = SigningKey {
                    created_at_ms,
                    sign: EncodingKey::from_ed_der(&document),
                    verify: DecodingKey::from_ed_der(pair.public_key().as_ref()),
                };
                self.signing.insert(Arc::from(id), key);
            }
            // Revoked: only its record is left.
            KeyFile::Api { secret: None, .. } | KeyFile::Signing { pair: None, .. } => {}
        }
        Ok(())
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.api.contains_key(id) || self.signing.contains_key(id)
    }

    /// The one that new tokens are signed with.
    pub(super) fn newest(&self) -> Option<(&Arc<str>, &SigningKey)> {
        self.signing.iter().max_by_key(|(_, key)| key.created_at_ms)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} api, {} signing)", self.api.len(), self.signing.len())
    }
}

/// A user's name is one of an operator too: it stands in the journal beside what an admin does.
pub(super) fn checked_user(name: &str) -> Result<Arc<str>, String> {
    let is_name = !name.is_empty() && Actor::new(name).is_ok();
    match is_name && admin::actor_named(Some(name.as_bytes())).is_ok() {
        true => Ok(Arc::from(name)),
        false => Err(format!(
            "the user {name:?} must be 1 to 32 printable ASCII characters, and none of the \
             exchange's own names"
        )),
    }
}

pub(super) fn checked_account(name: &str) -> Result<AccountName, String> {
    let account = AccountName::new(name).ok().filter(|name| !name.is_empty());
    account
        .ok_or_else(|| format!("the account {name:?} must be 1 to 32 printable ASCII characters"))
}
