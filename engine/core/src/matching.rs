//! A taker meets the makers of the other side: trades in match order, with their fees, and what
//! they do to the orders, names and accounts on both sides. What is left of the taker is for the
//! caller to rest or cancel.

use crate::book::{Fill, Half, Limit};
use crate::event::{Event, Money, Phase, Sink, Trade};
use crate::exchange::Exchange;
use crate::id::OrderId;
use crate::types::{AccountId, Quantity, Sequence};

/// An order that is in no queue, on its way through the other side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taker {
    pub(crate) order: OrderId,
    pub(crate) account: AccountId,
    /// Its own side.
    pub(crate) half: Half,
}

impl Exchange {
    /// Trades up to `open` of the taker no worse than `limit`. What is left of it.
    #[inline]
    pub(crate) fn trade<S: Sink>(
        &mut self,
        taker: Taker,
        limit: Limit,
        open: Quantity,
        sink: &mut S,
    ) -> Quantity {
        let Self { book, terms, accounts, clients, instruments, .. } = self;
        let instrument = taker.half.instrument();
        let worth = instruments.worth(instrument);
        let mut taker_fees = terms[taker.order.slot as usize].fees;
        let left = book.sweep(taker.half.opposite(), limit, open, |fill: Fill| {
            let maker = &mut terms[fill.slot as usize];
            let maker_account = AccountId(fill.owner);
            let (mut maker_fee, mut taker_fee) = (0, 0);
            if maker.fees.maker_ppm != 0 || taker_fees.taker_ppm != 0 {
                let notional = worth.money(fill.price, fill.quantity);
                maker_fee = maker.fees.charge(notional, maker.fees.maker_ppm);
                taker_fee = taker_fees.charge(notional, taker_fees.taker_ppm);
            }
            let leg = maker.leg;
            if fill.left.is_zero() {
                accounts.known_mut(maker_account).orders -= 1;
                clients.close(maker.client);
            }
            sink.event(&Event::Trade(Trade {
                maker: OrderId { sequence: Sequence(fill.mark), slot: fill.slot, leg },
                taker: taker.order,
                maker_account,
                taker_account: taker.account,
                instrument,
                taker_side: taker.half.side(),
                phase: Phase::Continuous,
                price: fill.price,
                quantity: fill.quantity,
                maker_fee: Money::new(maker_fee),
                taker_fee: Money::new(taker_fee),
            }));
        });
        if left != open {
            terms[taker.order.slot as usize].fees = taker_fees;
            self.timers.traded(self.applied.time_ns);
        }
        left
    }
}
