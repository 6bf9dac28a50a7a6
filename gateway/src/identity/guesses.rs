//! What wrong credentials cost: each takes a token of the address that it came from, and an
//! address without one is refused, whatever it shows, until some have come back. So nobody guesses
//! faster than they do, and a flood of forgeries costs no signature to be checked.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use super::refusal::Refusal;
use crate::bucket::{Buckets, Rate};
use crate::peer::{Loopback, Source};

/// Wrong credentials that an address may show at once.
pub const GUESSES: u32 = 20;
/// One more after each of these.
pub const GUESS_REFILL: Duration = Duration::from_secs(1);
const RATE: Rate = Rate::new(GUESSES, GUESS_REFILL);

#[derive(Debug)]
pub(super) struct Guesses {
    buckets: Buckets<Source>,
    loopback: Loopback,
}

impl Guesses {
    pub(super) fn new(loopback: Loopback) -> Self {
        Self { buckets: Buckets::default(), loopback }
    }

    /// What `read` makes of a credential that an address has shown.
    pub(super) fn judge<T>(
        &self,
        from: IpAddr,
        now: Instant,
        read: impl FnOnce() -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let Some(source) = self.loopback.counted(from) else { return read() };
        if !self.buckets.has(&source, RATE, now) {
            return Err(Refusal::Flood);
        }
        read().inspect_err(|refusal| {
            if refusal.is_of_credential() {
                // Two at once may both have seen the last token. And when more addresses owe than
                // are remembered, one more owes nothing: refusing it would let those many keep
                // everybody out.
                let _spent = self.buckets.take(source, RATE, 1, now);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many wrong ones an address may show until it is refused.
    fn wrong(guesses: &Guesses, last: u8, now: Instant, refusal: Refusal) -> usize {
        let address = IpAddr::from([10, 0, 0, last]);
        let judge = || guesses.judge(address, now, || Err::<(), _>(refusal));
        (0..1_000).take_while(|_| judge() == Err(refusal)).count()
    }

    #[test]
    fn wrong_ones_are_bounded_by_address_and_right_ones_cost_nothing() {
        let guesses = Guesses::new(Loopback::Exempt);
        let now = Instant::now();
        let right = |last: u8, now| guesses.judge([10, 0, 0, last].into(), now, || Ok(()));
        for _ in 0..1_000 {
            assert_eq!(right(1, now), Ok(()));
        }
        assert_eq!(wrong(&guesses, 1, now, Refusal::Unknown), 20);
        assert_eq!(right(1, now), Err(Refusal::Flood), "a right one would tell that it is");
        assert_eq!(right(2, now), Ok(()), "another address");
        let later = now + GUESS_REFILL * 3;
        assert_eq!(right(1, later), Ok(()));
        assert_eq!(wrong(&guesses, 1, later, Refusal::Replayed), 3);
        let near = IpAddr::from([127, 0, 0, 1]);
        for _ in 0..1_000 {
            let judged = guesses.judge(near, now, || Err::<(), _>(Refusal::Unknown));
            assert_eq!(judged, Err(Refusal::Unknown), "loopback has no bound");
        }
    }

    #[test]
    fn what_is_wrong_with_a_credential_costs_and_what_it_may_not_does_not() {
        let now = Instant::now();
        for (refusal, bounded) in [
            (Refusal::Malformed, true),
            (Refusal::Unknown, true),
            (Refusal::Expired, true),
            (Refusal::Early, true),
            (Refusal::Stale, true),
            (Refusal::Replayed, true),
            (Refusal::Missing, false),
            (Refusal::InQuery, false),
            (Refusal::Flood, false),
            (Refusal::Forbidden, false),
        ] {
            let guesses = Guesses::new(Loopback::Exempt);
            let shown = wrong(&guesses, 1, now, refusal);
            assert_eq!(shown, if bounded { 20 } else { 1_000 }, "{refusal:?}");
        }
    }
}
