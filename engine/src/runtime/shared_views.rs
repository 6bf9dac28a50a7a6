//! The views behind their lock. The projector writes them whole command by whole command; a
//! reader that waits is let in between two of them, however busy the exchange is.
//! It must not know what is in them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;

use crate::projection::Views;

/// Rounds that the projector gives way to waiting readers before it goes on: what a reader needs
/// to wake up is far less.
const GIVE_WAY_ROUNDS: u32 = 1_000;

/// Read access to the views; held shortly.
#[derive(Clone)]
pub struct SharedViews(Arc<Inner>);

struct Inner {
    views: RwLock<Views>,
    /// Readers between their wish and their lock. The lock itself may let a busy writer in again
    /// and again before a reader that sleeps has woken up.
    waiting: AtomicUsize,
}

const WHOLE: &str = "the projector aborts the process rather than poison its views";

impl SharedViews {
    pub(super) fn new(views: Views) -> Self {
        Self(Arc::new(Inner { views: RwLock::new(views), waiting: AtomicUsize::new(0) }))
    }

    pub fn read(&self) -> RwLockReadGuard<'_, Views> {
        if let Ok(views) = self.0.views.try_read() {
            return views;
        }
        self.0.waiting.fetch_add(1, Ordering::Relaxed);
        let views = self.0.views.read().expect(WHOLE);
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
        views
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Views> {
        self.0.views.write().expect(WHOLE)
    }

    /// Between two commands, the lock released: waits, not for long, until no reader waits.
    #[inline]
    pub(super) fn let_readers_in(&self) {
        if self.0.waiting.load(Ordering::Relaxed) > 0 {
            self.give_way();
        }
    }

    #[cold]
    fn give_way(&self) {
        for _ in 0..GIVE_WAY_ROUNDS {
            if self.0.waiting.load(Ordering::Relaxed) == 0 {
                return;
            }
            thread::yield_now();
        }
    }
}
