//! The rings that the exchange uses, one way between two threads that spin: what a message costs.

use std::hint::spin_loop;
use std::thread;
use std::time::Instant;

use disruptor::{BusySpin, Polling, Producer, build_multi_producer, build_single_producer};

pub const SLOTS: usize = 1 << 12;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct Line(pub [u64; 8]);

/// A slot of the exchange.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub struct TwoLines(pub [u64; 16]);

/// A producer that publishes `batch` at a time, and a reader; nanoseconds a message.
pub fn single(messages: u64, batch: u64) -> f64 {
    let (mut poller, builder) =
        build_single_producer(SLOTS, || Line([0; 8]), BusySpin).new_event_poller();
    let mut producer = builder.build();
    let messages = messages / batch * batch;
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = 0;
            while next < messages {
                let published = producer.try_batch_publish(batch as usize, |slots| {
                    for (slot, message) in slots.zip(next..) {
                        slot.0[0] = message;
                    }
                });
                match published {
                    Ok(_) => next += batch,
                    Err(_) => spin_loop(),
                }
            }
        });
        let start = Instant::now();
        let mut expected = 0;
        while expected < messages {
            match poller.poll() {
                Ok(mut lines) => {
                    for line in &mut lines {
                        assert!(line.0[0] == expected, "messages come in order");
                        expected += 1;
                    }
                }
                Err(Polling::NoEvents | Polling::Shutdown) => spin_loop(),
            }
        }
        start.elapsed().as_nanos() as f64 / messages as f64
    })
}

/// One producer of a ring that takes several.
pub fn multi(messages: u64) -> f64 {
    let (mut poller, builder) =
        build_multi_producer(SLOTS, || TwoLines([0; 16]), BusySpin).new_event_poller();
    let mut producer = builder.build();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut next = 0;
            while next < messages {
                match producer.try_publish(|slot| slot.0[0] = next) {
                    Ok(_) => next += 1,
                    Err(_) => spin_loop(),
                }
            }
        });
        let start = Instant::now();
        let mut expected = 0;
        while expected < messages {
            match poller.poll() {
                Ok(mut lines) => {
                    for line in &mut lines {
                        assert!(line.0[0] == expected, "messages come in order");
                        expected += 1;
                    }
                }
                Err(Polling::NoEvents | Polling::Shutdown) => spin_loop(),
            }
        }
        start.elapsed().as_nanos() as f64 / messages as f64
    })
}
