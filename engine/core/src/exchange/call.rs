//! A call auction: orders are collected, what would trade is told, and the uncross trades it all
//! at one price. Pairing always looks at the first of both sides, so that whatever a trade does
//! to other orders is seen by the next one; linear in the orders that trade.

use super::{Ending, Exchange};
use crate::auction::{Call, Cross, cross};
use crate::book::Half;
use crate::command::{CancelReason, SelfTrade};
use crate::event::{self, Decremented, Event, Level, Phase, Sink};
use crate::types::{InstrumentId, Price, Quantity, Side};

impl Exchange {
    /// What the call would trade now.
    fn indication(&mut self, instrument: InstrumentId) -> Option<Cross> {
        let mut sides = core::mem::take(&mut self.collected);
        let mut markets = [Quantity::ZERO; 2];
        for side in Side::BOTH {
            let (levels, market) = (&mut sides[side as usize], &mut markets[side as usize]);
            levels.clear();
            let half = Half::of(instrument, side);
            for slot in self.book.queue(half) {
                let (_, price) = self.book.place(slot).expect("a queue holds resting orders");
                let open = self.open(slot);
                match levels.last_mut() {
                    _ if price == half.market() => *market += open,
                    Some((last, sum)) if *last == price => *sum += open,
                    Some(_) | None => levels.push((price, open)),
                }
            }
        }
        let market = self.instruments.market(instrument);
        let reference = match market.last {
            Price(0) => market.bounds.reference_price,
            last => last,
        };
        let found = cross(&Call {
            bids: &sides[Side::Buy as usize],
            asks: &sides[Side::Sell as usize],
            market_buy: markets[Side::Buy as usize],
            market_sell: markets[Side::Sell as usize],
            reference: (reference.0 > 0).then_some(reference),
        });
        self.collected = sides;
        found
    }

    pub(super) fn tell_indication<S: Sink>(
        &mut self,
        instrument: InstrumentId,
        sink: &mut S,
    ) -> Option<Cross> {
        let found = self.indication(instrument);
        let nothing = (Price(0), Quantity::ZERO, Quantity::ZERO, None);
        let (price, volume, surplus, surplus_side) = found.map_or(nothing, |cross| {
            (cross.price, cross.volume, cross.surplus, cross.surplus_side)
        });
        sink.event(&Event::Auction(event::Auction {
            instrument,
            price,
            volume,
            surplus,
            surplus_side,
        }));
        found
    }

    /// Trades all that can, then sends away what is left of market orders. The status is still
    /// that of the call.
    pub(super) fn uncross<S: Sink>(&mut self, instrument: InstrumentId, sink: &mut S) {
        let mut found = self.tell_indication(instrument, sink);
        while let Some(Cross { price, .. }) = found {
            while let Some((buy, sell)) = self.pair_at(instrument, price) {
                self.trade_pair(buy, sell, price, sink);
            }
            self.tell_levels(instrument, sink);
            // Preventions may have taken away so much of one side that the rest still crosses.
            found = if self.is_crossed(instrument) { self.indication(instrument) } else { None };
        }
        for side in Side::BOTH {
            let half = Half::of(instrument, side);
            while let Some((slot, price)) = self.book.first(half)
                && price == half.market()
            {
                self.withdraw(slot, CancelReason::Uncross, sink);
            }
        }
    }

    fn is_crossed(&self, instrument: InstrumentId) -> bool {
        let [bid, ask] = Side::BOTH.map(|side| self.book.best(Half::of(instrument, side)));
        bid.zip(ask).is_some_and(|(bid, ask)| bid >= ask)
    }

    /// Every level that trades may have changed: those that are gone, and the best that is left.
    fn tell_levels<S: Sink>(&mut self, instrument: InstrumentId, sink: &mut S) {
        for side in Side::BOTH {
            let half = Half::of(instrument, side);
            let best = self.book.first(half);
            let levels = self.collected[side as usize].iter().map(|&(price, _)| price);
            for price in levels {
                let quantity = match best {
                    Some((_, best)) if half.key(price) > half.key(best) => break,
                    Some((slot, best)) if price == best => self.book.level_of(slot),
                    Some(_) | None => Quantity::ZERO,
                };
                sink.event(&Event::Level(Level { instrument, side, price, quantity }));
            }
        }
    }

    /// The first of both sides, if both trade at this price.
    fn pair_at(&self, instrument: InstrumentId, price: Price) -> Option<(u32, u32)> {
        let [buys, sells] = Side::BOTH.map(|side| Half::of(instrument, side));
        let (buy, bid) = self.book.first(buys)?;
        let (sell, ask) = self.book.first(sells)?;
        (buys.key(bid) <= buys.key(price) && sells.key(ask) <= sells.key(price))
            .then_some((buy, sell))
    }

    fn trade_pair<S: Sink>(&mut self, buy: u32, sell: u32, price: Price, sink: &mut S) {
        let ticket = |slot: u32| self.terms[slot as usize].ticket;
        let (maker, taker) = if ticket(buy) < ticket(sell) { (buy, sell) } else { (sell, buy) };
        if self.partner_of(taker) == Some(maker) {
            return self.drop_sibling(taker, sink);
        }
        let account = self.owner(taker);
        let mode = self.terms[taker as usize].self_trade;
        let prevents = !matches!(mode, SelfTrade::None | SelfTrade::AccountDefault);
        if account == self.owner(maker) && prevents {
            return self.prevent_pair(maker, taker, mode, sink);
        }
        // A market order names no price that its money could have been judged by: what cannot be
        // counted in one trade is counted in several.
        let countable = self.instruments.worth(self.terms[taker as usize].half.instrument());
        let countable = countable.quantity_max(price);
        let quantity = self.open(maker).min(self.open(taker)).min(countable);
        let held = (self.held(maker), self.held(taker));
        for slot in [maker, taker] {
            self.fill_collected(slot, quantity);
        }
        self.exchange((maker, held.0), (taker, held.1), price, quantity, Phase::Uncross, sink);
        let ids = [maker, taker].map(|slot| self.order_id(slot));
        for id in ids {
            // The one's partner may be the other.
            if let Some(slot) = self.live(id) {
                self.drop_sibling(slot, sink);
                if self.open(slot).is_zero() {
                    self.end(slot, Ending::Filled, sink);
                }
            }
        }
    }

    /// An order trades at its full size and stays where it is; what it shows then is a new tip.
    fn fill_collected(&mut self, slot: u32, quantity: Quantity) {
        let left = self.open(slot) - quantity;
        self.hide(slot, Quantity::ZERO);
        if left.is_zero() {
            self.book.leave(slot);
            return self.book.set_open(slot, Quantity::ZERO);
        }
        let tip = self.tip(slot, left);
        self.book.show(slot, tip);
        self.hide(slot, left - tip);
    }

    fn prevent_pair<S: Sink>(&mut self, maker: u32, taker: u32, mode: SelfTrade, sink: &mut S) {
        let reason = CancelReason::SelfTrade;
        match mode {
            SelfTrade::None | SelfTrade::AccountDefault => unreachable!("they would trade"),
            SelfTrade::CancelTaker => self.withdraw(taker, reason, sink),
            SelfTrade::CancelMaker => self.withdraw(maker, reason, sink),
            SelfTrade::CancelBoth => {
                let taker_id = self.order_id(taker);
                self.withdraw(maker, reason, sink);
                if let Some(taker) = self.live(taker_id) {
                    self.withdraw(taker, reason, sink);
                }
            }
            SelfTrade::Decrement => self.decrement_pair(maker, taker, sink),
        }
    }

    fn decrement_pair<S: Sink>(&mut self, maker: u32, taker: u32, sink: &mut S) {
        let quantity = self.open(maker).min(self.open(taker));
        let level = self.lessen(maker, quantity);
        let taker_level = self.lessen(taker, quantity);
        let half = self.terms[taker as usize].half;
        let price = self.terms[maker as usize].price;
        sink.event(&Event::Decremented(Decremented {
            maker: self.order_id(maker),
            taker: self.order_id(taker),
            account: self.owner(maker),
            instrument: half.instrument(),
            taker_side: half.side(),
            phase: Phase::Uncross,
            price,
            quantity,
            level,
            taker_level,
        }));
        for id in [maker, taker].map(|slot| self.order_id(slot)) {
            if let Some(slot) = self.live(id)
                && self.open(slot).is_zero()
            {
                self.withdraw(slot, CancelReason::SelfTrade, sink);
            }
        }
    }
}
