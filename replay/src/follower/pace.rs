//! How the follower keeps out of the way: rest as long as work while it is near. It must not know
//! what the work is. In: calls between pieces of work. Out: time passes.

use std::thread;
use std::time::{Duration, Instant};

use journal::Storage;

/// The share of its time that it works when the last snapshot is near: half.
const REST_PER_WORK: u32 = 1;
/// It rests in pieces of this length.
const WORK_PIECE: Duration = Duration::from_millis(2);
const REST_MAX: Duration = Duration::from_millis(100);

/// Work and rest in turn.
pub(super) struct Rests {
    working_since: Instant,
}

impl Rests {
    pub(super) fn new() -> Self {
        Self { working_since: Instant::now() }
    }

    /// Parked, so that whoever ends it need not wait.
    pub(super) fn rest(&mut self, storage: &Storage) {
        storage.rest(|| {
            let worked = self.working_since.elapsed();
            if worked >= WORK_PIECE {
                thread::park_timeout(worked.min(REST_MAX) * REST_PER_WORK);
                self.working_since = Instant::now();
            }
        });
    }
}
