//! Views that are fed hand-made commands, and the events those are made of.

use orison_core::command::{CancelReason, OrderFields, OrderType, SelfTrade, TimeInForce};
use orison_core::event::{
    Accepted, AssetOpened, Balance, Cancelled, Conditions, Decremented, Entry, Level, Money, Phase,
    Place, Refreshed, Rested, StatusCause, StatusChanged, Trade, Triggered, Waiting,
};
use orison_core::instrument::{Status, Step};
use orison_core::types::AssetId;
use orison_core::{
    AccountId, AssetName, ClientOrderId, Event, Instrument, InstrumentId, OrderId, Price, Quantity,
    Sequence, Side, Stamp, Symbol,
};

use crate::projection::{ViewLimits, Views};

pub(crate) const X: InstrumentId = InstrumentId(1);
pub(crate) const BASE: AssetId = AssetId(1);
pub(crate) const QUOTE: AssetId = AssetId(2);
pub(crate) const ANN: AccountId = AccountId(1);
pub(crate) const BOB: AccountId = AccountId(2);
pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;
pub(crate) const DAY: u64 = 1_440 * MINUTE;

/// Views of one open instrument, `X`, fed with whole commands, numbered from 1.
pub(crate) struct Feed {
    pub(crate) views: Views,
    sequence: u64,
    time_ns: u64,
}

impl Feed {
    pub(crate) fn new() -> Self {
        Self::with(ViewLimits::DEFAULT)
    }

    pub(crate) fn with(limits: ViewLimits) -> Self {
        let mut views = Views::new(limits);
        let opened = |asset, name| {
            let name = AssetName::new(name).unwrap();
            Event::AssetOpened(AssetOpened { asset, name, decimals: 0 })
        };
        let begun = [opened(BASE, "BASE"), opened(QUOTE, "QUOTE"), Event::Instrument(instrument())];
        for (index, event) in (0..).zip(&begun) {
            views.on_event(Stamp::default(), index, event);
        }
        views.on_end(Stamp::default());
        Self { views, sequence: 0, time_ns: 0 }
    }

    pub(crate) fn at(&mut self, time_ns: u64) -> &mut Self {
        self.time_ns = time_ns;
        self
    }

    pub(crate) fn command(&mut self, events: &[Event]) -> &mut Self {
        self.sequence += 1;
        let stamp = self.stamp(self.sequence);
        for (index, event) in (0..).zip(events) {
            self.views.on_event(stamp, index, event);
        }
        self.views.on_end(stamp);
        self
    }

    pub(crate) fn trade(&mut self, price: i64, quantity: u64) -> &mut Self {
        let maker = self.sequence + 1;
        self.command(&[accepted(ANN, maker, Side::Sell, price, quantity, quantity)]);
        let taker = self.sequence + 1;
        self.command(&[
            accepted(BOB, taker, Side::Buy, price, quantity, 0),
            trade((ANN, maker), (BOB, taker), Side::Buy, price, quantity),
        ])
    }

    /// The stamp of a command at the present time.
    pub(crate) fn stamp(&self, sequence: u64) -> Stamp {
        Stamp { sequence: Sequence(sequence), time_ns: self.time_ns }
    }
}

/// Its steps are the units of its assets.
pub(crate) fn instrument() -> Instrument {
    Instrument {
        symbol: Symbol::new("X").unwrap(),
        id: X,
        base: BASE,
        quote: QUOTE,
        status: Status::Open,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        price_step: Step::ONE,
        quantity_step: Step::ONE,
    }
}

pub(crate) fn id(sequence: u64) -> OrderId {
    OrderId { sequence: Sequence(sequence), slot: (sequence % 4) as u32, leg: 0 }
}

pub(crate) fn named(account: AccountId, order: u64, name: &str) -> Event {
    let Event::Accepted(accepted) = accepted(account, order, Side::Buy, 100, 10, 10) else {
        unreachable!()
    };
    let client_order_id = ClientOrderId::new(name).unwrap();
    Event::Accepted(Accepted { client_order_id, ..accepted })
}

pub(crate) fn accepted(
    account: AccountId,
    order: u64,
    side: Side,
    price: i64,
    quantity: u64,
    level: u64,
) -> Event {
    Event::Accepted(Accepted {
        order: id(order),
        account,
        instrument: X,
        side,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::AccountDefault,
        entry: Entry::New,
        fields: OrderFields::PRICE.with(OrderFields::QUANTITY),
        client_order_id: ClientOrderId::EMPTY,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

pub(crate) fn trade(
    (maker_account, maker): (AccountId, u64),
    (taker_account, taker): (AccountId, u64),
    taker_side: Side,
    price: i64,
    quantity: u64,
) -> Event {
    Event::Trade(Trade {
        maker: id(maker),
        taker: id(taker),
        maker_account,
        taker_account,
        instrument: X,
        taker_side,
        phase: Phase::Continuous,
        price: Price(price),
        quantity: Quantity(quantity),
        maker_fee: Money::new(-1),
        taker_fee: Money::new(3),
    })
}

pub(crate) fn rested(
    account: AccountId,
    order: u64,
    side: Side,
    price: i64,
    quantity: u64,
    level: u64,
) -> Event {
    Event::Rested(Rested {
        order: id(order),
        account,
        instrument: X,
        side,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

pub(crate) fn cancelled(
    account: AccountId,
    order: u64,
    side: Side,
    price: i64,
    (quantity, level): (u64, u64),
    (reason, place): (CancelReason, Place),
) -> Event {
    Event::Cancelled(Cancelled {
        order: id(order),
        account,
        instrument: X,
        side,
        reason,
        place,
        price: Price(price),
        quantity: Quantity(quantity),
        level: Quantity(level),
    })
}

pub(crate) const BY_USER: (CancelReason, Place) = (CancelReason::User, Place::Book);

pub(crate) fn levels(views: &Views, side: Side) -> Vec<(i64, u64)> {
    let book = views.depth.book(X).unwrap();
    book.levels(side).map(|(price, quantity)| (price.0, quantity.0)).collect()
}

pub(crate) fn changes(views: &Views) -> Vec<(Side, i64, u64)> {
    let changes = views.depth.book(X).unwrap().changes();
    changes.iter().map(|change| (change.side, change.price.0, change.quantity.0)).collect()
}

/// Nothing was said beyond the type; a test names what it is about.
pub(crate) fn conditions(order: u64) -> Conditions {
    Conditions {
        order: id(order),
        partner: OrderId::default(),
        link: None,
        stop_price: Price(0),
        trail: Price(0),
        display: Quantity::ZERO,
        min_quantity: Quantity::ZERO,
        expire_at_ns: 0,
        budget: Money::ZERO,
    }
}

pub(crate) fn waiting(account: AccountId, order: u64, stop_price: i64, quantity: u64) -> Event {
    Event::Waiting(Waiting {
        order: id(order),
        account,
        instrument: X,
        side: Side::Buy,
        stop_price: Price(stop_price),
        trail: Price(0),
        quantity: Quantity(quantity),
    })
}

pub(crate) fn triggered(account: AccountId, order: u64, price: i64) -> Event {
    Event::Triggered(Triggered {
        order: id(order),
        account,
        instrument: X,
        side: Side::Buy,
        price: Price(price),
    })
}

pub(crate) fn refreshed(
    account: AccountId,
    order: u64,
    (tip, hidden): (u64, u64),
    level: u64,
) -> Event {
    Event::Refreshed(Refreshed {
        order: id(order),
        account,
        instrument: X,
        side: Side::Sell,
        price: Price(101),
        tip: Quantity(tip),
        hidden: Quantity(hidden),
        level: Quantity(level),
    })
}

/// Of a buying taker, by its account's own offer at 101.
pub(crate) fn decremented(
    phase: Phase,
    (maker, taker): (u64, u64),
    quantity: u64,
    (level, taker_level): (u64, u64),
) -> Event {
    Event::Decremented(Decremented {
        maker: id(maker),
        taker: id(taker),
        account: ANN,
        instrument: X,
        taker_side: Side::Buy,
        phase,
        price: Price(101),
        quantity: Quantity(quantity),
        level: Quantity(level),
        taker_level: Quantity(taker_level),
    })
}

/// As `trade`, of two orders that rested.
pub(crate) fn uncrossed(
    maker: (AccountId, u64),
    taker: (AccountId, u64),
    taker_side: Side,
    price: i64,
    quantity: u64,
) -> Event {
    match trade(maker, taker, taker_side, price, quantity) {
        Event::Trade(trade) => Event::Trade(Trade { phase: Phase::Uncross, ..trade }),
        _ => unreachable!(),
    }
}

pub(crate) fn level(side: Side, price: i64, quantity: u64) -> Event {
    Event::Level(Level { instrument: X, side, price: Price(price), quantity: Quantity(quantity) })
}

pub(crate) fn status(status: Status, cause: StatusCause) -> StatusChanged {
    StatusChanged { instrument: X, status, cause }
}

pub(crate) fn balance(account: AccountId, asset: AssetId, free: i128, locked: i128) -> Balance {
    Balance { account, asset, free: Money::new(free), locked: Money::new(locked) }
}
