//! Token buckets of order entry: of a session, of a user over all its sessions and REST, and of an
//! address over all its users; cancels have buckets of their own beside each, so that who may not
//! enter may still leave. A request takes from all of its buckets or from none. Each bucket is the
//! moment at which it will be full again, on the monotonic clock.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::locked;
use crate::peer::{Loopback, Source};

/// How long an empty bucket takes to be full: it holds what comes in this time.
const WHOLE: Duration = Duration::from_secs(2);
/// How much faster than a session's: a user's, an address's; and cancels than entries.
const USER_FACTOR: u32 = 2;
const ADDRESS_FACTOR: u32 = 4;
const CANCEL_FACTOR: u32 = 2;
/// Buckets that are not full; beyond this those that are are forgotten, and if that is not
/// enough, whoever is new is refused until some are.
const BUCKETS_MAX: usize = 1 << 16;

/// What tokens are taken for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purpose {
    Entry,
    Cancel,
}

pub struct Buckets {
    /// Orders a second of one session. None: no bounds.
    per_second: Option<u32>,
    loopback: Loopback,
    full_at: Mutex<HashMap<(Owner, Purpose), Instant>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Owner {
    User(Arc<str>),
    Address(Source),
}

/// A session's own buckets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Budget {
    entry: Option<Instant>,
    cancel: Option<Instant>,
}

/// What the tightest of the buckets has left.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Until it is full again.
    pub reset: Duration,
}

/// One of them had not so many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Empty {
    pub limit: u32,
    pub reset: Duration,
}

impl Buckets {
    pub fn new(per_second: u32, loopback: Loopback) -> Self {
        assert!(per_second > 0, "a rate of nothing would never refill");
        Self { per_second: Some(per_second), loopback, full_at: Mutex::default() }
    }

    pub fn off() -> Self {
        Self { per_second: None, loopback: Loopback::Exempt, full_at: Mutex::default() }
    }

    pub fn is_on(&self) -> bool {
        self.per_second.is_some()
    }

    /// Of a request that no session sends. None: there are no bounds.
    pub fn take_for(
        &self,
        purpose: Purpose,
        tokens: u32,
        user: Option<&Arc<str>>,
        address: IpAddr,
    ) -> Result<Option<Standing>, Empty> {
        self.take(purpose, tokens, None, user, address, Instant::now())
    }

    pub(super) fn take(
        &self,
        purpose: Purpose,
        tokens: u32,
        budget: Option<&mut Budget>,
        user: Option<&Arc<str>>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Option<Standing>, Empty> {
        let Some(per_second) = self.per_second else { return Ok(None) };
        let rate = match purpose {
            Purpose::Entry => per_second,
            Purpose::Cancel => per_second.saturating_mul(CANCEL_FACTOR),
        };
        let of_address = self.loopback.counted(address).map(Owner::Address);
        let of_user = user.map(|user| Owner::User(Arc::clone(user)));
        let owners = [(of_user, USER_FACTOR), (of_address, ADDRESS_FACTOR)];
        let owners = owners.into_iter().filter_map(|(owner, factor)| Some((owner?, factor)));
        let mut full_at = locked(&self.full_at);
        if full_at.len() >= BUCKETS_MAX {
            full_at.retain(|_, full_at| *full_at > now);
        }
        let mut taken = Vec::with_capacity(2);
        let mut tightest: Option<Standing> = None;
        let mut draw = |known: Option<Instant>, factor: u32| {
            let draw = Draw::new(known, rate.saturating_mul(factor), tokens, now)?;
            let tighter = tightest.is_none_or(|known| draw.standing.remaining < known.remaining);
            if tighter {
                tightest = Some(draw.standing);
            }
            Ok(draw.full_at)
        };
        let own = budget.map(|budget| match purpose {
            Purpose::Entry => &mut budget.entry,
            Purpose::Cancel => &mut budget.cancel,
        });
        let own = own.map(|own| draw(*own, 1).map(|full_at| (own, full_at))).transpose()?;
        for (owner, factor) in owners {
            let key = (owner, purpose);
            let known = full_at.get(&key).copied();
            if known.is_none() && full_at.len() >= BUCKETS_MAX {
                return Err(Empty { limit: 0, reset: WHOLE });
            }
            taken.push((key, draw(known, factor)?));
        }
        if let Some((own, at)) = own {
            *own = Some(at);
        }
        full_at.extend(taken);
        Ok(tightest)
    }
}

/// What taking from one bucket would come to.
struct Draw {
    full_at: Instant,
    standing: Standing,
}

impl Draw {
    fn new(known: Option<Instant>, rate: u32, tokens: u32, now: Instant) -> Result<Self, Empty> {
        let each = Duration::from_secs(1) / rate;
        let limit = whole(WHOLE, each);
        let missing = known.map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let reset = missing + each * tokens;
        if reset > WHOLE {
            return Err(Empty { limit, reset: missing });
        }
        let standing = Standing { limit, remaining: whole(WHOLE - reset, each), reset };
        Ok(Self { full_at: now + reset, standing })
    }
}

fn whole(time: Duration, each: Duration) -> u32 {
    u32::try_from(time.as_nanos() / each.as_nanos().max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Asker {
        buckets: Buckets,
        now: Instant,
    }

    impl Asker {
        fn count(&self, budget: &mut Budget, user: &str, last: u8, purpose: Purpose) -> u32 {
            let (user, address) = (Arc::from(user), IpAddr::from([10, 0, 0, last]));
            let mut take = || {
                let budget = Some(&mut *budget);
                self.buckets.take(purpose, 1, budget, Some(&user), address, self.now).is_ok()
            };
            (0..10_000).take_while(|_| take()).count() as u32
        }
    }

    #[test]
    fn a_session_its_user_and_its_address_are_bounded_and_cancels_apart() {
        use Purpose::{Cancel, Entry};
        let mut asker = Asker { buckets: Buckets::new(10, Loopback::Exempt), now: Instant::now() };
        let mut budgets = [Budget::default(); 6];
        assert_eq!(asker.count(&mut budgets[0], "ann", 1, Entry), 20, "two seconds' worth");
        assert_eq!(asker.count(&mut budgets[0], "ann", 1, Cancel), 40, "cancels are apart");
        assert_eq!(asker.count(&mut budgets[1], "ann", 1, Entry), 20);
        assert_eq!(asker.count(&mut budgets[2], "ann", 2, Entry), 0, "the user has had 40");
        assert_eq!(asker.count(&mut budgets[3], "bob", 1, Entry), 20);
        assert_eq!(asker.count(&mut budgets[4], "bob", 1, Entry), 20);
        assert_eq!(asker.count(&mut budgets[5], "cid", 1, Entry), 0, "the address has had 80");
        assert_eq!(asker.count(&mut budgets[5], "cid", 2, Entry), 20, "nothing was taken of it");
        asker.now += Duration::from_millis(500);
        assert_eq!(asker.count(&mut budgets[0], "ann", 1, Entry), 5, "what half a second brings");
    }

    #[test]
    fn all_tokens_or_none_loopback_has_no_bucket_and_off_is_off() {
        let (near, now) = (IpAddr::from([127, 0, 0, 1]), Instant::now());
        let buckets = Buckets::new(10, Loopback::Exempt);
        let user = Some(&Arc::from("ann"));
        let standing = buckets.take(Purpose::Entry, 30, None, user, near, now).unwrap().unwrap();
        let reset = Duration::from_millis(1_500);
        assert_eq!(standing, Standing { limit: 40, remaining: 10, reset });
        let refused = buckets.take(Purpose::Entry, 11, None, user, near, now);
        assert_eq!(refused, Err(Empty { limit: 40, reset }));
        assert!(buckets.take(Purpose::Entry, 10, None, user, near, now).is_ok());
        assert_eq!(buckets.take(Purpose::Entry, 9_999, None, None, near, now), Ok(None));
        let off = Buckets::off();
        assert_eq!(off.take(Purpose::Entry, 9_999, None, user, near, now), Ok(None));
    }
}
