//! What may be asked for how often: of a session, of a user over all its sessions and REST, and of
//! an address over all its users; cancels have buckets of their own, so that who may not enter may
//! still leave. A request takes from all of its buckets or from none.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::bucket::{Bucket, Buckets, Empty, Rate, Standing};
use crate::peer::{Loopback, Source};

/// A bucket of entries or cancels holds what comes in so many seconds.
const SECONDS: u32 = 2;
/// How much faster than a session's: a user's, an address's; and cancels than entries.
const USER_FACTOR: u32 = 2;
const ADDRESS_FACTOR: u32 = 4;
const CANCEL_FACTOR: u32 = 2;
/// Of one session. They cost time and change nothing, so they have bounds in open mode too.
const FIGURES: Rate = Rate::new(50, Duration::from_millis(200));

/// What tokens are taken for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Purpose {
    Entry,
    Cancel,
    /// What is looked up or computed for one client and costs more than its message.
    Figure,
}

pub struct Budgets {
    /// Of one session. None: no bounds.
    entries: Option<Rate>,
    loopback: Loopback,
    shared: Buckets<(Owner, Purpose)>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Owner {
    User(Arc<str>),
    Address(Source),
}

/// A session's own buckets.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Own {
    entry: Bucket,
    cancel: Bucket,
    figure: Bucket,
}

impl Own {
    fn bucket(&mut self, purpose: Purpose) -> &mut Bucket {
        match purpose {
            Purpose::Entry => &mut self.entry,
            Purpose::Cancel => &mut self.cancel,
            Purpose::Figure => &mut self.figure,
        }
    }
}

impl Budgets {
    pub fn new(per_second: u32, loopback: Loopback) -> Self {
        let entries = Some(Rate::per_second(per_second, SECONDS));
        Self { entries, loopback, shared: Buckets::default() }
    }

    /// Of figures alone.
    pub fn without_entries(loopback: Loopback) -> Self {
        Self { entries: None, loopback, shared: Buckets::default() }
    }

    /// Of one session. None: there are no bounds.
    pub(super) fn rate(&self, purpose: Purpose) -> Option<Rate> {
        match purpose {
            Purpose::Entry => self.entries,
            Purpose::Cancel => self.entries.map(|rate| rate.times(CANCEL_FACTOR)),
            Purpose::Figure => Some(FIGURES),
        }
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

    /// What the tightest of the buckets has left.
    pub(super) fn take(
        &self,
        purpose: Purpose,
        tokens: u32,
        own: Option<&mut Own>,
        user: Option<&Arc<str>>,
        address: IpAddr,
        now: Instant,
    ) -> Result<Option<Standing>, Empty> {
        let Some(rate) = self.rate(purpose) else { return Ok(None) };
        let of_user = user.map(|user| (Owner::User(Arc::clone(user)), USER_FACTOR));
        let of_address = self.loopback.counted(address);
        let of_address = of_address.map(|source| (Owner::Address(source), ADDRESS_FACTOR));
        let draws = of_user.into_iter().chain(of_address);
        let draws = draws.map(|(owner, factor)| ((owner, purpose), rate.times(factor)));
        let own = own.map(|own| own.bucket(purpose));
        let mut bucket = own.as_deref().copied().unwrap_or_default();
        let standing = match own {
            Some(_) => Some(bucket.take(rate, tokens, now)?),
            None => None,
        };
        let shared = self.shared.take_from_each(draws, tokens, now)?;
        if let Some(own) = own {
            *own = bucket;
        }
        Ok(Standing::tighter(standing, shared))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Asker {
        budgets: Budgets,
        now: Instant,
    }

    impl Asker {
        fn count(&self, own: &mut Own, user: &str, last: u8, purpose: Purpose) -> u32 {
            let (user, address) = (Arc::from(user), IpAddr::from([10, 0, 0, last]));
            let mut take = || {
                let own = Some(&mut *own);
                self.budgets.take(purpose, 1, own, Some(&user), address, self.now).is_ok()
            };
            (0..10_000).take_while(|_| take()).count() as u32
        }
    }

    #[test]
    fn a_session_its_user_and_its_address_are_bounded_and_cancels_apart() {
        use Purpose::{Cancel, Entry};
        let mut asker = Asker { budgets: Budgets::new(10, Loopback::Exempt), now: Instant::now() };
        let mut own = [Own::default(); 6];
        assert_eq!(asker.count(&mut own[0], "ann", 1, Entry), 20, "two seconds' worth");
        assert_eq!(asker.count(&mut own[0], "ann", 1, Cancel), 40, "cancels are apart");
        assert_eq!(asker.count(&mut own[1], "ann", 1, Entry), 20);
        assert_eq!(asker.count(&mut own[2], "ann", 2, Entry), 0, "the user has had 40");
        assert_eq!(asker.count(&mut own[3], "bob", 1, Entry), 20);
        assert_eq!(asker.count(&mut own[4], "bob", 1, Entry), 20);
        assert_eq!(asker.count(&mut own[5], "cid", 1, Entry), 0, "the address has had 80");
        assert_eq!(asker.count(&mut own[5], "cid", 2, Entry), 20, "nothing was taken of it");
        asker.now += Duration::from_millis(500);
        assert_eq!(asker.count(&mut own[0], "ann", 1, Entry), 5, "what half a second brings");
    }

    #[test]
    fn figures_are_bounded_where_entries_are_not_and_a_new_session_does_not_refill_them() {
        use Purpose::{Entry, Figure};
        let budgets = Budgets::without_entries(Loopback::Exempt);
        let mut asker = Asker { budgets, now: Instant::now() };
        let mut own = Own::default();
        assert_eq!(asker.count(&mut own, "ann", 1, Entry), 10_000);
        assert_eq!(asker.count(&mut own, "ann", 1, Figure), 50);
        for (user, last, count, why) in [
            ("ann", 1, 50, "a second session beside the first"),
            ("ann", 1, 0, "who comes back: the user has had 100"),
            ("ann", 2, 0, "from elsewhere"),
            ("bob", 1, 50, "somebody else"),
            ("bob", 1, 50, "at the same address"),
            ("cid", 1, 0, "the address has had 200"),
            ("cid", 2, 50, "nothing was taken of it"),
        ] {
            assert_eq!(asker.count(&mut Own::default(), user, last, Figure), count, "{why}");
        }
        asker.now += Duration::from_secs(1);
        assert_eq!(asker.count(&mut own, "ann", 1, Figure), 5, "what a second brings");
        assert_eq!(asker.count(&mut Own::default(), "ann", 1, Figure), 5, "the user's other half");
    }

    #[test]
    fn all_tokens_or_none_loopback_has_no_bucket_and_off_is_off() {
        let (near, now) = (IpAddr::from([127, 0, 0, 1]), Instant::now());
        let budgets = Budgets::new(10, Loopback::Exempt);
        let user = Some(&Arc::from("ann"));
        let standing = budgets.take(Purpose::Entry, 30, None, user, near, now).unwrap().unwrap();
        let reset = Duration::from_millis(1_500);
        assert_eq!(standing, Standing { limit: 40, remaining: 10, reset });
        let refused = budgets.take(Purpose::Entry, 11, None, user, near, now);
        assert_eq!(refused, Err(Empty { limit: 40, reset }));
        assert!(budgets.take(Purpose::Entry, 10, None, user, near, now).is_ok());
        assert_eq!(budgets.take(Purpose::Entry, 9_999, None, None, near, now), Ok(None));
        let off = Budgets::without_entries(Loopback::Exempt);
        assert_eq!(off.take(Purpose::Entry, 9_999, None, user, near, now), Ok(None));
    }
}
