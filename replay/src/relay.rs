//! Views that are moved on by a second thread, while the first one decides: of a long replay that
//! takes half the time. Nobody reads them meanwhile. Events go in, batch by batch; the views as
//! they are behind the last of them come out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};

use engine::Views;
use orison_core::{Event, Stamp};

use crate::player::message_of;

/// What is handed over at once, and how often that may lie there: far less than the views.
const BATCH_STEPS: usize = 1 << 10;
const BATCHES_MAX: usize = 8;

enum Step {
    Event(Stamp, u32, Event),
    End(Stamp),
}

/// A view broke one of its invariants.
pub(crate) struct Broken {
    pub(crate) at: Stamp,
    pub(crate) message: String,
}

pub(crate) struct Relay {
    batch: Vec<Step>,
    batches: SyncSender<Vec<Step>>,
    /// Batches that have been taken up: their memory serves again.
    spare: Receiver<Vec<Step>>,
    thread: JoinHandle<Result<Views, Broken>>,
}

impl Relay {
    pub(crate) fn start(views: Views) -> Self {
        let (batches, taken) = sync_channel::<Vec<Step>>(BATCHES_MAX);
        let (done, spare) = channel();
        let thread = thread::spawn(move || {
            let mut views = views;
            for mut batch in taken {
                take_up(&mut views, &batch)?;
                batch.clear();
                // Nobody wants it any more when the replay is over.
                done.send(batch).unwrap_or_default();
            }
            Ok(views)
        });
        Self { batch: Vec::with_capacity(2 * BATCH_STEPS), batches, spare, thread }
    }

    #[inline]
    pub(crate) fn on_event(&mut self, stamp: Stamp, index: u32, event: &Event) {
        self.batch.push(Step::Event(stamp, index, *event));
    }

    /// False: nobody takes it up any more, and `end` says why.
    #[inline]
    pub(crate) fn on_end(&mut self, stamp: Stamp) -> bool {
        self.batch.push(Step::End(stamp));
        self.batch.len() < BATCH_STEPS || self.hand_over()
    }

    #[cold]
    fn hand_over(&mut self) -> bool {
        let spare = self.spare.try_recv();
        let spare = spare.unwrap_or_else(|_| Vec::with_capacity(2 * BATCH_STEPS));
        self.batches.send(std::mem::replace(&mut self.batch, spare)).is_ok()
    }

    /// Waits until everything has been taken up.
    pub(crate) fn end(mut self) -> Result<Views, Broken> {
        // If it is broken, the thread says so itself.
        self.hand_over();
        drop(self.batches);
        self.thread.join().expect("what breaks in the views is caught")
    }
}

fn take_up(views: &mut Views, batch: &[Step]) -> Result<(), Broken> {
    let mut at = Stamp::default();
    let taken = catch_unwind(AssertUnwindSafe(|| {
        for step in batch {
            match step {
                Step::Event(stamp, index, event) => {
                    at = *stamp;
                    views.on_event(*stamp, *index, event);
                }
                Step::End(stamp) => {
                    at = *stamp;
                    views.on_end(*stamp);
                }
            }
        }
    }));
    taken.map_err(|panic| Broken { at, message: message_of(&*panic) })
}

#[cfg(test)]
mod tests {
    use engine::projection::ViewLimits;
    use orison_core::command::Prayer;
    use orison_core::event::{Money, Phase, Prayed, Trade};
    use orison_core::{AccountId, InstrumentId, OrderId, Price, Quantity, Sequence, Side};

    use super::*;

    fn stamp(sequence: u64) -> Stamp {
        Stamp { sequence: Sequence(sequence), time_ns: sequence }
    }

    #[test]
    fn everything_that_was_handed_over_has_been_taken_up_in_the_end() {
        for commands in [0, 1, 3 * BATCH_STEPS as u64 + 7, 40 * BATCH_STEPS as u64] {
            let mut relay = Relay::start(Views::new(ViewLimits::DEFAULT));
            for sequence in 1..=commands {
                let side = Prayer::Up;
                let prayed = Prayed { side, count: 1, up_total: sequence, down_total: 0 };
                relay.on_event(stamp(sequence), 0, &Event::Prayed(prayed));
                assert!(relay.on_end(stamp(sequence)));
            }
            let views = relay.end().map_err(|broken| broken.message).unwrap();
            assert_eq!(views.at().sequence.0, commands);
            assert_eq!(views.prayers.view().up_total, commands);
        }
    }

    #[test]
    fn what_breaks_in_the_views_is_told_with_its_sequence() {
        let mut relay = Relay::start(Views::new(ViewLimits::DEFAULT));
        relay.on_event(stamp(7), 0, &Event::Done);
        relay.on_end(stamp(7));
        // Nothing rests that could trade.
        let trade = Event::Trade(Trade {
            maker: OrderId::default(),
            taker: OrderId::default(),
            maker_account: AccountId(1),
            taker_account: AccountId(2),
            instrument: InstrumentId(1),
            taker_side: Side::Buy,
            phase: Phase::Continuous,
            price: Price(1),
            quantity: Quantity(1),
            maker_fee: Money::default(),
            taker_fee: Money::default(),
        });
        relay.on_event(stamp(8), 0, &trade);
        relay.on_end(stamp(8));
        relay.on_event(stamp(9), 0, &Event::Done);
        let Err(Broken { at, message }) = relay.end() else { panic!("it took up such a trade") };
        assert_eq!((at, message.as_str()), (stamp(8), "a trade takes what its level shows"));
    }
}
