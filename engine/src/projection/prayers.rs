//! Prayer totals and their rates over the last 60 seconds of engine time.

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PrayerView {
    pub up_total: u64,
    pub down_total: u64,
    /// Votes of the last 60 s.
    pub up_per_minute: u64,
    pub down_per_minute: u64,
    pub sequence: u64,
    pub time_ns: u64,
}

#[derive(Default)]
pub struct Prayers {}

impl Prayers {
    pub fn view(&self) -> PrayerView {
        todo!()
    }
}
