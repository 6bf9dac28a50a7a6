//! One histogram per stage and thread, written without lock, fence or read-modify-write by its
//! one owner, read by anybody at any time. Buckets are 1/32 of a power of two wide (3 %).
//! It must not know what is measured.

use std::sync::atomic::{AtomicU64, Ordering};

use hdrhistogram::Histogram;

/// 2^36 ns = 68 s; anything longer counts as that.
const OCTAVES: usize = 36;
const STEPS_LOG2: usize = 5;
const STEPS: usize = 1 << STEPS_LOG2;
const BUCKETS: usize = (OCTAVES - STEPS_LOG2 + 1) * STEPS;
const LONGEST_NS: u64 = (1 << OCTAVES) - 1;

pub(super) struct Latency {
    counts: Box<[AtomicU64; BUCKETS]>,
}

impl Latency {
    pub(super) fn new() -> Self {
        Self { counts: Box::new([const { AtomicU64::new(0) }; BUCKETS]) }
    }

    /// Only by the stage that owns it: a load and a store, no other writer between them.
    #[inline]
    pub(super) fn record(&self, ns: u64) {
        let count = &self.counts[bucket(ns)];
        count.store(count.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Values stand at the upper end of their bucket.
    pub(super) fn histogram(&self) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_max(LONGEST_NS.next_power_of_two(), 3)
            .expect("the bounds of a latency histogram are valid");
        for (index, count) in self.counts.iter().enumerate() {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                histogram
                    .record_n(upper_ns(index), count)
                    .expect("no bucket is beyond the longest latency");
            }
        }
        histogram
    }
}

/// Buckets below 64 are 1 ns wide, the next 32 are 2 ns wide, the next 4, ...
#[inline]
fn bucket(ns: u64) -> usize {
    let ns = ns.min(LONGEST_NS);
    let bits = (u64::BITS - ns.leading_zeros()) as usize;
    let shift = bits.saturating_sub(STEPS_LOG2 + 1);
    shift * STEPS + (ns >> shift) as usize
}

fn upper_ns(index: usize) -> u64 {
    let shift = (index / STEPS).saturating_sub(1);
    (((index - shift * STEPS + 1) as u64) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_falls_into_a_bucket_that_is_3_percent_wide_at_most() {
        let mut before = 0;
        for ns in (0..5_000).chain((13..36).flat_map(|bit| {
            let power = 1u64 << bit;
            [power - 1, power, power + power / 3, LONGEST_NS]
        })) {
            let index = bucket(ns);
            assert!(index < BUCKETS, "{ns}");
            let upper = upper_ns(index);
            assert!(upper >= ns, "{ns} is above {upper}");
            assert!(upper - ns <= ns / STEPS as u64, "{ns} counts as {upper}");
            if ns < 5_000 {
                assert!(index == before || index == before + 1, "{ns}: {before} then {index}");
                before = index;
            }
        }
        assert_eq!(bucket(u64::MAX), bucket(LONGEST_NS));
        assert_eq!(bucket(LONGEST_NS), BUCKETS - 1);
    }

    #[test]
    fn what_was_recorded_is_what_the_histogram_says() {
        let latency = Latency::new();
        for ns in 1..=1_000 {
            latency.record(ns);
        }
        let histogram = latency.histogram();
        assert_eq!(histogram.len(), 1_000);
        assert!((485..=515).contains(&histogram.value_at_quantile(0.5)));
        assert!((960..=1_023).contains(&histogram.value_at_quantile(0.99)));
    }
}
