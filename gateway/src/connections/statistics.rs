//! The seed's figures over all sessions, once a minute in the log and whenever asked.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;
use std::time::Duration;

use orison_core::Decimal;

use super::kind::Kind;
use super::registry::Shown;
use crate::App;
use crate::fanout::wall_ms;

const LOG_INTERVAL: Duration = Duration::from_secs(60);
const MINUTE_MS: u64 = 60_000;
/// Upper bounds of the buckets of ages, minutes, and their names.
const AGES: [(u64, &str); 5] =
    [(1, "<1m"), (5, "1-5m"), (30, "5-30m"), (60, "30-60m"), (u64::MAX, ">1h")];

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statistics {
    pub sessions: usize,
    /// Names that are known, and addresses of those who have none.
    pub users: usize,
    pub by_kind: BTreeMap<&'static str, usize>,
    pub by_age: BTreeMap<&'static str, usize>,
    pub average_minutes: Decimal,
}

impl Statistics {
    pub fn of(open: &[Shown], now_ms: u64) -> Self {
        let mut by_kind: BTreeMap<&str, usize> = Kind::ALL.map(|kind| (kind.word(), 0)).into();
        let mut by_age: BTreeMap<&str, usize> = AGES.map(|(_, name)| (name, 0)).into();
        let (mut names, mut addresses) = (BTreeSet::new(), BTreeSet::new());
        let mut age_ms_total = 0;
        for session in open {
            let age_ms = now_ms.saturating_sub(session.opened_ms);
            age_ms_total += age_ms;
            let age = AGES.iter().find(|(minutes, _)| age_ms / MINUTE_MS < *minutes);
            let (_, age) = age.expect("the last bucket has no end");
            *by_age.entry(age).or_default() += 1;
            *by_kind.entry(session.kind.word()).or_default() += 1;
            match &session.user {
                Some(user) => names.insert(user),
                None => addresses.insert(session.peer.ip().to_canonical()),
            };
        }
        // Hundredths of a minute.
        let average = age_ms_total * 100 / MINUTE_MS / (open.len() as u64).max(1);
        Self {
            sessions: open.len(),
            users: names.len() + addresses.len(),
            by_kind,
            by_age,
            average_minutes: Decimal::new(i128::from(average), 2),
        }
    }
}

/// Says them each minute, as long as there is an exchange.
pub async fn log(app: Weak<App>) {
    let mut minutes = tokio::time::interval(LOG_INTERVAL);
    minutes.tick().await;
    loop {
        minutes.tick().await;
        let Some(app) = app.upgrade() else { return };
        let Statistics { sessions, users, by_kind, by_age, average_minutes } =
            Statistics::of(&app.connections.shown(), wall_ms());
        tracing::info!(sessions, users, ?by_kind, ?by_age, %average_minutes, "connections");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_kinds_and_users_are_counted() {
        let now_ms = 10_000 * MINUTE_MS;
        let kinds = Kind::ALL.into_iter().chain([Kind::Stomp, Kind::Stomp]);
        let minutes = [0, 1, 4, 5, 29, 30, 59, 60, 6000, 6000];
        let (ann, bob) = (Some("ann"), Some("bob"));
        let users = [None, None, ann, ann, bob, None, None, None, None, None];
        let open: Vec<_> = kinds
            .zip(minutes)
            .zip(users)
            .map(|((kind, minutes), user)| Shown {
                kind,
                peer: "127.0.0.1:1".parse().unwrap(),
                opened_ms: now_ms - minutes * MINUTE_MS,
                user: user.map(Into::into),
                client: None,
            })
            .collect();
        let statistics = Statistics::of(&open, now_ms);
        let ages: Vec<_> = AGES.map(|(_, name)| statistics.by_age[name]).into();
        assert_eq!(ages, [1, 2, 2, 2, 3]);
        let kinds: Vec<_> = Kind::ALL.map(|kind| statistics.by_kind[kind.word()]).into();
        assert_eq!(kinds, [1, 3, 1, 1, 1, 1, 1, 1]);
        assert_eq!((statistics.sessions, statistics.users), (10, 3), "ann, bob, one address");
        assert_eq!(statistics.average_minutes.to_string(), "1218.8");
        assert_eq!(Statistics::of(&[], 0).average_minutes.to_string(), "0");
    }
}
