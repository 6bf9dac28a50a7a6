//! Wakes one parked thread. The ring's own waits only spin, yield or sleep; this is how a stage
//! gives its core away and still misses nothing. It must not know what is waited for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering, fence};
use std::thread::{self, Thread};
use std::time::Duration;

use crossbeam::utils::CachePadded;

/// ```text
///   sleeper   is_parked = true;  fence;  look for work;      park
///   ringer    publish work;      fence;  look at is_parked;  unpark
/// ```
/// Of two SeqCst fences one comes first: if the sleeper's, the ringer sees `is_parked`; if the
/// ringer's, the sleeper sees the work. An `unpark` before the `park` makes that return at once.
pub(super) struct Bell {
    is_parked: CachePadded<AtomicBool>,
    sleeper: OnceLock<Thread>,
}

impl Bell {
    pub(super) fn new() -> Self {
        Self { is_parked: CachePadded::new(AtomicBool::new(false)), sleeper: OnceLock::new() }
    }

    /// After the work was published. A system call only if somebody is parked.
    #[inline]
    pub(super) fn ring(&self) {
        fence(Ordering::SeqCst);
        if self.is_parked.load(Ordering::Relaxed) {
            self.wake();
        }
    }

    /// One of several ringers wins the swap and makes the system call.
    #[cold]
    fn wake(&self) {
        if self.is_parked.swap(false, Ordering::Relaxed) {
            self.sleeper.get().expect("whoever is parked has said who it is").unpark();
        }
    }

    /// Parks the calling thread until the bell rings or the timeout passes, unless there is work.
    /// Always the same thread. May return early; the caller looks again.
    pub(super) fn park(&self, timeout: Duration, has_work: impl FnOnce() -> bool) {
        self.sleeper.get_or_init(thread::current);
        self.is_parked.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        if !has_work() {
            thread::park_timeout(timeout);
        }
        self.is_parked.store(false, Ordering::Relaxed);
    }
}

#[cfg(test)]
impl Bell {
    pub(super) fn has_sleeper(&self) -> bool {
        self.is_parked.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;
    use std::time::Instant;

    use super::*;

    /// Long enough that only a lost wake-up can take it.
    const LOST: Duration = Duration::from_secs(20);

    struct Seat {
        bell: Bell,
        work: AtomicU64,
    }

    impl Seat {
        fn new() -> Arc<Self> {
            Arc::new(Self { bell: Bell::new(), work: AtomicU64::new(0) })
        }

        fn give(&self, work: u64) {
            self.work.store(work, Ordering::Release);
            self.bell.ring();
        }

        fn wait_for(&self, work: u64) {
            while self.work.load(Ordering::Acquire) < work {
                let before = Instant::now();
                self.bell.park(LOST, || self.work.load(Ordering::Acquire) >= work);
                assert!(before.elapsed() < LOST, "a wake-up was lost");
            }
        }
    }

    #[test]
    fn no_wake_up_is_lost_between_two_threads_that_park_at_once() {
        const TURNS: u64 = 100_000;
        let (here, there) = (Seat::new(), Seat::new());
        let other = thread::spawn({
            let (here, there) = (Arc::clone(&here), Arc::clone(&there));
            move || {
                for turn in 1..=TURNS {
                    there.wait_for(turn);
                    here.give(turn);
                }
            }
        });
        for turn in 1..=TURNS {
            there.give(turn);
            here.wait_for(turn);
        }
        other.join().unwrap();
    }

    /// Every interleaving of one sleeper and one ringer, each step at once for all to see, which
    /// is what the fences make of the steps around them.
    #[test]
    fn no_order_of_the_steps_leaves_the_sleeper_parked_with_work() {
        #[derive(Clone, Copy, Default)]
        struct World {
            work: bool,
            is_parked: bool,
            token: bool,
            sleeper_at: u8,
            sleeper_saw_work: bool,
            ringer_at: u8,
            ringer_saw_parked: bool,
        }

        fn sleeper(mut world: World) -> Option<World> {
            match world.sleeper_at {
                0 => world.is_parked = true,
                1 => world.sleeper_saw_work = world.work,
                2 if world.sleeper_saw_work || world.token => {}
                _ => return None,
            }
            world.sleeper_at += 1;
            Some(world)
        }

        fn ringer(mut world: World) -> Option<World> {
            match world.ringer_at {
                0 => world.work = true,
                1 => world.ringer_saw_parked = std::mem::take(&mut world.is_parked),
                2 if world.ringer_saw_parked => world.token = true,
                2 => {}
                _ => return None,
            }
            world.ringer_at += 1;
            Some(world)
        }

        fn explore(world: World) -> u32 {
            let next = [sleeper(world), ringer(world)];
            if next.iter().all(Option::is_none) {
                assert_eq!((world.sleeper_at, world.ringer_at), (3, 3), "the sleeper sleeps on");
                return 1;
            }
            next.into_iter().flatten().map(explore).sum()
        }

        assert!(explore(World::default()) >= 15);
    }
}
