//! Rings and queues of one producer and one consumer that spin, 64 bytes a message.

use std::hint::spin_loop;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use benches::arguments::Common;
use benches::report::{Report, interleaved};
use benches::rings::{Line, SLOTS, multi, single};
use crossbeam::channel;
use crossbeam::queue::ArrayQueue;

pub(super) fn compare(common: &Common, report: &mut Report) {
    let messages = common.pick(100_000, 10_000_000);
    let names = [
        "ours (disruptor, single producer)",
        "ours in batches of 16",
        "ours of several producers, 128 bytes",
        "rtrb",
        "crossbeam ArrayQueue",
        "crossbeam channel, bounded",
    ];
    let rows = interleaved(common.runs(), &names, |row| match row {
        0 => single(messages, 1),
        1 => single(messages, 16),
        2 => multi(messages),
        3 => rtrb(messages),
        4 => array_queue(messages),
        _ => bounded(messages),
    });
    report.table(&format!("rings, {SLOTS} slots, ns a message"), &rows);
}

/// From the first message asked for until the last is there.
fn timed(
    messages: u64,
    mut send: impl FnMut(Line) -> bool + Send,
    mut receive: impl FnMut() -> Option<Line>,
) -> f64 {
    thread::scope(|scope| {
        scope.spawn(move || {
            for message in 0..messages {
                while !send(Line([message; 8])) {
                    spin_loop();
                }
            }
        });
        let start = Instant::now();
        let mut expected = 0;
        while expected < messages {
            match receive() {
                Some(line) => {
                    assert!(line.0[0] == expected, "messages come in order");
                    expected += 1;
                }
                None => spin_loop(),
            }
        }
        start.elapsed().as_nanos() as f64 / messages as f64
    })
}

fn rtrb(messages: u64) -> f64 {
    let (mut producer, mut consumer) = ::rtrb::RingBuffer::new(SLOTS);
    timed(messages, move |line| producer.push(line).is_ok(), || consumer.pop().ok())
}

fn array_queue(messages: u64) -> f64 {
    let queue = Arc::new(ArrayQueue::new(SLOTS));
    let sender = Arc::clone(&queue);
    timed(messages, move |line| sender.push(line).is_ok(), || queue.pop())
}

fn bounded(messages: u64) -> f64 {
    let (sender, receiver) = channel::bounded(SLOTS);
    timed(messages, move |line| sender.try_send(line).is_ok(), || receiver.try_recv().ok())
}
