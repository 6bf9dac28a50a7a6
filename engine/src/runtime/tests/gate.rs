//! Nothing is seen before its command has reached the ack mode, and nothing after a failure.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;

use journal::{Durability, Faults, Operation};
use orison_core::Command;

use super::harness::{Road, SETTINGS, beginning};
use crate::runtime::{Busy, Polled, StopError, Token};

/// A disk that holds every sync back until it is let go.
#[derive(Default)]
struct SlowDisk {
    is_held: Mutex<bool>,
    let_go: Condvar,
}

impl SlowDisk {
    fn hold(&self) {
        *self.is_held.lock().unwrap() = true;
    }

    fn let_go(&self) {
        *self.is_held.lock().unwrap() = false;
        self.let_go.notify_all();
    }
}

impl Faults for SlowDisk {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        if let Operation::SyncRange { .. } = operation {
            let is_held = self.is_held.lock().unwrap();
            drop(self.let_go.wait_while(is_held, |is_held| *is_held).unwrap());
        }
        Ok(())
    }
}

/// A disk whose syncs fail from some moment on.
#[derive(Default)]
struct BrokenDisk {
    is_broken: AtomicBool,
}

impl Faults for BrokenDisk {
    fn before(&self, operation: &Operation<'_>) -> io::Result<()> {
        match operation {
            Operation::SyncRange { .. } if self.is_broken.load(Ordering::SeqCst) => {
                Err(io::Error::other("the disk is gone"))
            }
            _ => Ok(()),
        }
    }
}

#[test]
fn in_durable_mode_nothing_is_seen_before_its_sync() {
    let disk = Arc::new(SlowDisk::default());
    let mut road = Road::with_faults(SETTINGS, Durability::Durable, Some(Arc::clone(&disk) as _));
    let mut seen = road.run(&beginning());
    disk.hold();
    for token in 10..20 {
        road.ingress.submit(Token(token), &Command::Clock).unwrap();
    }
    while road.runtime.monitor().figures().sequence_matched < 12 {
        thread::yield_now();
    }
    // One sync may have been under way and covered some; the rest is decided and not seen.
    let before = seen.len();
    let mut polled = road.read(&mut seen);
    while let Polled::Outputs { .. } = polled {
        polled = road.read(&mut seen);
    }
    let Polled::Unreached { sequence } = polled else { panic!("{polled:?}") };
    let durable = road.runtime.monitor().figures().sequence_durable;
    assert_eq!(sequence, durable + 1);
    assert!(seen[before..].iter().all(|seen| seen.stamp.sequence.0 <= durable));
    disk.let_go();
    road.read_until(&mut seen, 12);
}

#[test]
fn in_journaled_mode_a_slow_disk_holds_nothing_back() {
    let disk = Arc::new(SlowDisk::default());
    let mut road = Road::with_faults(SETTINGS, Durability::Journaled, Some(Arc::clone(&disk) as _));
    disk.hold();
    let seen = road.run(&beginning());
    assert!(road.runtime.monitor().figures().sequence_visible <= seen.len() as u64);
    disk.let_go();
}

#[test]
fn after_a_failed_sync_nothing_is_seen_or_entered_and_the_reason_is_told() {
    for durability in [Durability::Durable, Durability::Journaled] {
        let disk = Arc::new(BrokenDisk::default());
        let mut road = Road::with_faults(SETTINGS, durability, Some(Arc::clone(&disk) as _));
        let mut seen = road.run(&beginning());
        let (told, heard) = mpsc::channel();
        road.runtime.monitor().on_failure(move |reason| told.send(reason.to_string()).unwrap());
        assert_eq!(road.runtime.monitor().failure(), None);
        disk.is_broken.store(true, Ordering::SeqCst);
        // Two that may still be seen in journaled mode, and the one that makes the syncer fail.
        road.ingress.submit(Token(1), &Command::Clock).unwrap();
        let reason = heard.recv().unwrap();
        assert!(reason.contains("the disk is gone"), "{reason}");
        let before = seen.len();
        assert_eq!(road.read(&mut seen), Polled::Failed);
        assert_eq!(seen.len(), before);
        while road.ingress.submit(Token(2), &Command::Clock) != Err(Busy) {
            thread::yield_now();
        }
        assert!(road.runtime.monitor().failure().unwrap().contains("the disk is gone"));
        let Err(StopError::Failed { reason }) = road.runtime.stop() else { panic!("stopped") };
        assert!(reason.contains("the disk is gone"), "{reason}");
    }
}
