//! The plain values of commands and events, and the words they are made of.

use super::{Input, Output, Stored, Unreadable};
use crate::command::{
    Access, AccountFields, CancelReason, Direction, ExternalTrade, Foreign, Genesis, Link,
    Liquidation, OrderFields, OrderType, Prayer, SelfTrade, Ticker, TimeInForce,
};
use crate::decimal::Decimal;
use crate::event::{
    Accepted, AccountOpened, AccountSettings, Amended, Amount, AssetOpened, Auction, Balance,
    Cancelled, Conditions, Decremented, Entry, Event, ExternalHead, ExternalQuote, Funding, Level,
    Money, Op, Phase, Place, Prayed, Priority, Refreshed, Rejected, Rested, StatusCause,
    StatusChanged, Trade, Triggered, Waiting,
};
use crate::exchange::BookOrder;
use crate::id::{ExecutionId, OrderId};
use crate::instrument::{Bounds, Instrument, Status, Step};
use crate::text::Text;
use crate::types::{AccountId, AssetId, InstrumentId, Price, Quantity, Sequence, Side, Stamp};

crate::stored_newtypes!(Price, Quantity, Sequence, AccountId, InstrumentId, AssetId);
crate::stored_newtypes!(OrderFields, AccountFields);

crate::stored_words! {
    Side { Buy, Sell }
    OrderType { Limit, Market, Stop, StopLimit, TrailingStop }
    TimeInForce { Gtc, Ioc, Fok, Day, Gtd }
    SelfTrade { AccountDefault, None, CancelTaker, CancelMaker, CancelBoth, Decrement }
    Access { Enabled, Disabled }
    Direction { Deposit, Withdraw }
    Link { Oco, Oto }
    Prayer { Up, Down }
    CancelReason {
        User, Ioc, SelfTrade, Expired, Oco, Mass, Range, Uncross, Closed, Admin, Disconnect, Timer,
    }
    Status { Open, Halted, Auction, Closed }
    StatusCause { Command, Interruption, InterruptionEnd }
    Funding { Unfunded, Funded }
    Entry { New, Duplicate }
    Phase { Continuous, Uncross }
    Place { Book, OffBook }
    Priority { Kept, Lost }
    Op {
        New, Cancel, Amend, MassCancel, Instrument, Pray, Ticker, Liquidation, Genesis, Oco, Oto,
        Status, Uncross, EndOfDay, Deposit, Withdraw, Account, ExternalTrade, ExternalDepth,
    }
}

crate::stored! {
    Stamp { sequence, time_ns }
    OrderId { sequence, slot, leg }
    ExecutionId { sequence, index }
    Step { mantissa, scale }
    Foreign { mantissa, scale }
    Amount { mantissa, scale }
    Genesis {
        rules_version, orders_max, accounts_max, instruments_max, assets_max, closed_ids_max,
        closed_ids_per_account_max, feed_window, positions_max, balances_max, trailing_max, actor,
    }
    Instrument {
        symbol, id, base, quote, status, maker_fee_ppm, taker_fee_ppm, price_step, quantity_step,
    }
    Bounds {
        instrument, band_low, band_high, reference_price, execution_range_ppm, interruption_ns,
        max_quantity, min_notional,
    }
    Ticker { venue, symbol, price, change_24h, event_time_ms }
    Liquidation { venue, symbol, side, quantity, price, event_time_ms }
    ExternalTrade { venue, symbol, side, price, quantity, trade_id, event_time_ms }
    BookOrder {
        id, account, instrument, side, price, open, hidden, client_order_id, ticket,
    }
    Accepted {
        order, account, instrument, side, order_type, time_in_force, self_trade, entry, fields,
        client_order_id, price, quantity, level,
    }
    Rejected { op, reason, account, instrument, order, client_order_id }
    Trade {
        maker, taker, maker_account, taker_account, instrument, taker_side, phase, price, quantity,
        maker_fee, taker_fee,
    }
    Rested { order, account, instrument, side, price, quantity, level }
    Cancelled { order, account, instrument, side, reason, place, price, quantity, level }
    Amended {
        order, account, instrument, side, priority, place, old_price, price, quantity, old_level,
        level,
    }
    Level { instrument, side, price, quantity }
    Conditions {
        order, partner, link, stop_price, trail, display, min_quantity, expire_at_ns, budget,
    }
    Waiting { order, account, instrument, side, stop_price, trail, quantity }
    Triggered { order, account, instrument, side, price }
    Refreshed { order, account, instrument, side, price, tip, hidden, level }
    Decremented {
        maker, taker, account, instrument, taker_side, phase, price, quantity, level, taker_level,
    }
    Auction { instrument, price, volume, surplus, surplus_side }
    StatusChanged { instrument, status, cause }
    Balance { account, asset, free, locked }
    AssetOpened { asset, name, decimals }
    AccountOpened { account, name }
    AccountSettings {
        account, funding, access, self_trade, fields, max_open_orders, orders_per_second,
        maker_fee_ppm, taker_fee_ppm, max_quantity, max_notional, position_limit,
    }
    Prayed { side, count, up_total, down_total }
    ExternalHead { venue, symbol, bids, asks, update_id, event_time_ms }
    ExternalQuote { side, price, quantity }
}

crate::stored_alternatives! {
    Event {
        1 = Accepted, 2 = Rejected, 3 = Trade, 4 = Rested, 5 = Cancelled, 6 = Amended, 7 = Level,
        8 = AssetOpened, 9 = Instrument, 10 = AccountOpened, 11 = Prayed, 12 = Ticker,
        13 = Liquidation, 15 = Conditions, 16 = Waiting, 17 = Triggered, 18 = Refreshed,
        19 = Decremented, 20 = Auction, 21 = Status, 22 = Balance, 23 = Bounds, 24 = Account,
        25 = ExternalTrade, 26 = ExternalDepth, 27 = ExternalLevel;
        14 = Done
    }
}

impl Stored for crate::reason::Reason {
    fn store(&self, to: &mut Output<'_>) {
        to.bytes(&[*self as u8]);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let [code] = from.bytes()?;
        let known = Self::ALL.iter().copied().find(|reason| *reason as u8 == code);
        known.ok_or(Unreadable::Value { of: "reason" })
    }
}

impl Stored for Money {
    #[inline]
    fn store(&self, to: &mut Output<'_>) {
        self.units().store(to);
    }

    #[inline]
    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        i128::load(from).map(Self::new)
    }
}

impl Stored for Decimal {
    fn store(&self, to: &mut Output<'_>) {
        self.mantissa().store(to);
        self.scale().store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mantissa = i128::load(from)?;
        Ok(Self::new(mantissa, u8::load(from)?))
    }
}

/// Its length, then so many bytes.
impl<const N: usize> Stored for Text<N> {
    #[inline]
    fn store(&self, to: &mut Output<'_>) {
        to.bytes(&[self.len() as u8]);
        to.bytes(&self.bytes()[..self.len()]);
    }

    #[inline]
    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let [len] = from.bytes()?;
        let mut bytes = [0; N];
        let unreadable = Unreadable::Value { of: "name" };
        from.copy_to(bytes.get_mut(..usize::from(len)).ok_or(unreadable)?)?;
        let ours = Self::from_parts(bytes, len);
        ours.or_else(|| Self::foreign_from_parts(bytes, len)).ok_or(unreadable)
    }
}

/// What a view has reckoned: its bits are carried, nothing is decided by them.
impl Stored for f64 {
    fn store(&self, to: &mut Output<'_>) {
        to.bytes(&self.to_bits().to_le_bytes());
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        from.bytes().map(u64::from_le_bytes).map(Self::from_bits)
    }
}
