//! Tokens that are good once and for a minute: what a page gets over REST and shows to a
//! WebSocket. Only their digests are kept, and not over a restart.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, rand};

use super::principal::Principal;
use super::refusal::Refusal;

/// How long one is good.
pub const SINGLE_USE_MS: u64 = 60_000;
/// How one begins; a JWT never does.
const PREFIX: &str = "once_";
/// Tokens that are out at once, over all users and for one.
const OUT_MAX: usize = 65_536;
const OUT_OF_USER_MAX: usize = 100;

#[derive(Debug, Default)]
pub(super) struct SingleUse {
    out: HashMap<[u8; 32], (u64, Principal)>,
    of_user: HashMap<std::sync::Arc<str>, usize>,
}

pub(super) fn is_one(token: &str) -> bool {
    token.starts_with(PREFIX)
}

impl SingleUse {
    /// A token for who is asking, and when it ends.
    pub(super) fn mint(
        &mut self,
        principal: &Principal,
        now_ms: u64,
    ) -> Result<(String, u64), Refusal> {
        let mine = |all: &Self| all.of_user.get(&principal.user).copied().unwrap_or(0);
        if self.out.len() >= OUT_MAX || mine(self) >= OUT_OF_USER_MAX {
            self.forget(now_ms);
        }
        if self.out.len() >= OUT_MAX || mine(self) >= OUT_OF_USER_MAX {
            return Err(Refusal::Flood);
        }
        let token = format!("{PREFIX}{}", secret());
        let end = now_ms.saturating_add(SINGLE_USE_MS);
        self.out.insert(digest_of(&token), (end, principal.clone()));
        *self.of_user.entry(principal.user.clone()).or_default() += 1;
        Ok((token, end))
    }

    pub(super) fn redeem(&mut self, token: &str, now_ms: u64) -> Result<Principal, Refusal> {
        let (end, principal) = self.out.remove(&digest_of(token)).ok_or(Refusal::Unknown)?;
        self.uncount(&principal);
        if now_ms >= end { Err(Refusal::Expired) } else { Ok(principal) }
    }

    fn forget(&mut self, now_ms: u64) {
        let ended: Vec<_> = self.out.extract_if(|_, (end, _)| now_ms >= *end).collect();
        for (_, (_, principal)) in ended {
            self.uncount(&principal);
        }
    }

    fn uncount(&mut self, principal: &Principal) {
        if let Some(count) = self.of_user.get_mut(&principal.user) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(&principal.user);
            }
        }
    }
}

/// 32 random bytes as 43 characters.
pub(super) fn secret() -> String {
    let random: rand::Random<[u8; 32]> =
        rand::generate(&SystemRandom::new()).expect("the system has random bytes");
    URL_SAFE_NO_PAD.encode(random.expose())
}

/// `bytes` random bytes in hexadecimal: an id.
pub(super) fn mark<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    super::signed::hex(&bytes)
}

fn digest_of(token: &str) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("SHA-256 has 32 bytes")
}
