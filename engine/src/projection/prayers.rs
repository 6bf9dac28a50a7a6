//! Prayer totals and their rates over the last 60 seconds of engine time. A vote counts until the
//! first whole second at which it is 60 s old: for 60 s at least, and less than a second longer.

use std::collections::VecDeque;

use orison_core::Stamp;
use orison_core::command::Prayer;
use orison_core::event::Prayed;

const SECOND_NS: u64 = 1_000_000_000;
const MINUTE_SECONDS: u64 = 60;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PrayerView {
    pub up_total: u64,
    pub down_total: u64,
    /// Votes of the last 60 s.
    pub up_per_minute: u64,
    pub down_per_minute: u64,
    /// The command that last changed any of these.
    pub sequence: u64,
    pub time_ns: u64,
}

/// Votes between two whole seconds, the later one included.
#[derive(Clone, Copy)]
struct Bucket {
    second: u64,
    up: u64,
    down: u64,
}

pub struct Prayers {
    view: PrayerView,
    /// Oldest first; at most 61, since each has its own second.
    buckets: VecDeque<Bucket>,
    has_changed: bool,
}

impl Prayers {
    pub(super) fn new() -> Self {
        let buckets = VecDeque::with_capacity(MINUTE_SECONDS as usize + 1);
        Self { view: PrayerView::default(), buckets, has_changed: false }
    }

    pub(super) fn begin(&mut self) {
        self.has_changed = false;
    }

    pub(super) fn on_prayed(&mut self, stamp: Stamp, prayed: &Prayed) {
        let (up, down) = match prayed.side {
            Prayer::Up => (u64::from(prayed.count), 0),
            Prayer::Down => (0, u64::from(prayed.count)),
        };
        let second = stamp.time_ns.div_ceil(SECOND_NS);
        match self.buckets.back_mut() {
            Some(bucket) if bucket.second == second => {
                bucket.up += up;
                bucket.down += down;
            }
            Some(_) | None => {
                // First, or a minute without clocks would leave more than 61.
                self.advance(stamp);
                self.buckets.push_back(Bucket { second, up, down });
            }
        }
        self.view.up_total = prayed.up_total;
        self.view.down_total = prayed.down_total;
        self.view.up_per_minute += up;
        self.view.down_per_minute += down;
        self.mark(stamp);
    }

    /// Time has come to `stamp`: what is too old leaves.
    pub(super) fn advance(&mut self, stamp: Stamp) {
        let now = stamp.time_ns / SECOND_NS;
        while let Some(&Bucket { second, up, down }) = self.buckets.front() {
            if second + MINUTE_SECONDS > now {
                return;
            }
            self.buckets.pop_front();
            self.view.up_per_minute -= up;
            self.view.down_per_minute -= down;
            self.mark(stamp);
        }
    }

    fn mark(&mut self, stamp: Stamp) {
        self.view.sequence = stamp.sequence.0;
        self.view.time_ns = stamp.time_ns;
        self.has_changed = true;
    }

    pub fn view(&self) -> PrayerView {
        self.view
    }

    /// Whether the last command changed totals or rates.
    pub fn has_changed(&self) -> bool {
        self.has_changed
    }
}

orison_core::stored! {
    PrayerView { up_total, down_total, up_per_minute, down_per_minute, sequence, time_ns }
    Bucket { second, up, down }
    Prayers { view, buckets, has_changed }
}
