//! One bound over things that accounts keep in queues of their own: of all accounts' things, only
//! the last so many entered are kept. It knows whose each was, in order; the queues know the rest.

use std::collections::VecDeque;

use orison_core::AccountId;

use crate::projection::dense::Dense;

pub(super) struct Quota {
    /// Whose the things were, oldest first.
    owners: VecDeque<AccountId>,
    owners_max: usize,
    /// How many of an account's oldest in `owners` its queue has dropped by itself.
    dropped: Dense<AccountId, u64>,
}

impl Quota {
    pub(super) fn new(owners_max: usize) -> Self {
        assert!(owners_max > 0, "a bound of nothing keeps nothing");
        Self { owners: VecDeque::new(), owners_max, dropped: Dense::new() }
    }

    /// One more thing of `owner`. Whose queue must drop its oldest for it, if one must.
    pub(super) fn enter(&mut self, owner: AccountId) -> Option<AccountId> {
        let outdated =
            if self.owners.len() == self.owners_max { self.owners.pop_front() } else { None };
        self.owners.push_back(owner);
        let dropped = self.dropped.entry(outdated?, || 0);
        if *dropped > 0 {
            *dropped -= 1;
            return None;
        }
        outdated
    }

    /// The queue of `owner` has dropped its oldest for a reason of its own.
    pub(super) fn drop_oldest(&mut self, owner: AccountId) {
        *self.dropped.entry(owner, || 0) += 1;
    }
}

orison_core::stored! {
    Quota { owners, owners_max, dropped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_kept_while_it_is_among_the_last_of_all_and_of_its_account() {
        const OWN_MAX: usize = 3;
        for all_max in [1, 2, 5, 9] {
            let mut quota = Quota::new(all_max);
            let mut queues = vec![VecDeque::new(); 5];
            let mut all: Vec<(usize, u64)> = Vec::new();
            for number in 0..500u64 {
                let owner = (number * number % 7 % 4) as usize + 1;
                all.push((owner, number));
                if let Some(other) = quota.enter(AccountId(owner as u32)) {
                    assert!(queues[other.0 as usize].pop_front().is_some());
                }
                queues[owner].push_back(number);
                if queues[owner].len() > OWN_MAX {
                    queues[owner].pop_front();
                    quota.drop_oldest(AccountId(owner as u32));
                }
                for (owner, queue) in queues.iter().enumerate() {
                    let last = &all[all.len().saturating_sub(all_max)..];
                    let own: Vec<_> =
                        last.iter().filter(|of| of.0 == owner).map(|of| of.1).collect();
                    let kept = &own[own.len().saturating_sub(OWN_MAX)..];
                    assert_eq!(*queue, kept, "{all_max} in all, after {number}");
                }
            }
        }
    }
}
