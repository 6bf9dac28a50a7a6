//! One command of each kind, every field with a value of its own.

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Actor, Amend, AmendFields, Cancel,
    CancelReason, Direction, EndOfDay, ExternalDepth, ExternalLevel, ExternalSide, ExternalTrade,
    Foreign, Genesis, InstrumentFields, InstrumentSpec, Link, Liquidation, MassCancel, Order,
    OrderType, Pair, Pray, Prayer, SelfTrade, StatusChange, Target, Ticker, TimeInForce, Transfer,
    Uncross,
};
use orison_core::instrument::{Status, Step};
use orison_core::text::Text;
use orison_core::{
    AccountId, AccountName, ClientOrderId, Command, Decimal, InstrumentId, OrderId, Price,
    Quantity, Sequence, Side, Symbol,
};

use super::super::Kind;

const ORDER: OrderId = OrderId { sequence: Sequence(0x0102_0304_0506_0708), slot: 9, leg: 10 };
const KNOWN: AccountRef = AccountRef::Id(AccountId(7));

/// What the narrow form of a genesis holds, whatever the limits of today are.
pub(super) const FIRST_RULES: Genesis = Genesis {
    rules_version: 1,
    orders_max: 1 << 20,
    accounts_max: 1 << 16,
    instruments_max: 256,
    assets_max: 256,
    closed_ids_max: 1 << 20,
    closed_ids_per_account_max: 1024,
    feed_window: 4096,
    positions_max: 1 << 18,
    balances_max: 1 << 18,
    trailing_max: 1 << 16,
    actor: Actor::EMPTY,
};
pub(super) const SECOND_RULES: Genesis =
    Genesis { rules_version: 2, positions_max: 1, balances_max: 2, trailing_max: 3, ..FIRST_RULES };

pub(super) fn ann() -> Actor {
    Actor::new("ann").unwrap()
}

fn named() -> AccountRef {
    AccountRef::Name(AccountName::new("demo").unwrap())
}

fn level(price: i64, quantity: i64) -> ExternalLevel {
    ExternalLevel { price, quantity }
}

fn client() -> ClientOrderId {
    ClientOrderId::new("c-1").unwrap()
}

pub(super) fn limit() -> Order {
    Order::limit(KNOWN, InstrumentId(2), Side::Sell, Price(-3), Quantity(4))
}

fn wide() -> Order {
    Order {
        account: named(),
        order_type: OrderType::StopLimit,
        time_in_force: TimeInForce::Gtd,
        self_trade: SelfTrade::Decrement,
        client_order_id: client(),
        stop_price: Price(5),
        trail: Price(6),
        display: Quantity(7),
        min_quantity: Quantity(8),
        budget: -9,
        protection: Price(10),
        expire_at_ns: 11,
        ..limit()
    }
}

fn settings() -> AccountSpec {
    AccountSpec {
        fields: AccountFields::SELF_TRADE.with(AccountFields::ENABLED),
        cleared: AccountFields::MAX_QUANTITY,
        self_trade: SelfTrade::CancelBoth,
        access: Access::Disabled,
        max_open_orders: 1,
        orders_per_second: 2,
        maker_fee_ppm: -3,
        taker_fee_ppm: 4,
        max_quantity: Decimal::new(5, 1),
        max_notional: Decimal::new(6, 2),
        position_limit: Decimal::new(7, 3),
        actor: ann(),
        ..AccountSpec::of(KNOWN)
    }
}

fn spec() -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new("BTC-KRW").unwrap(),
        base: Text::new("BTC").unwrap(),
        quote: Text::new("KRW").unwrap(),
        fields: InstrumentFields::PRICE_STEP.with(InstrumentFields::QUOTE_DECIMALS),
        base_decimals: 8,
        quote_decimals: 2,
        status: Status::Auction,
        price_step: Step { mantissa: 5, scale: 1 },
        quantity_step: Step { mantissa: 6, scale: 3 },
        maker_fee_ppm: -1,
        taker_fee_ppm: 2,
        execution_range_ppm: 3,
        interruption_ns: 4,
        band_low: Price(5),
        band_high: Price(6),
        reference_price: Price(7),
        max_quantity: Quantity(8),
        min_notional: -2,
        actor: Actor::EMPTY,
    }
}

/// One command of each kind, in the order of the table.
pub(super) fn samples() -> Vec<(Kind, Command)> {
    let amend = Amend {
        account: KNOWN,
        target: Target::Order(ORDER),
        fields: AmendFields::PRICE,
        quantity: Quantity(5),
        price: Price(6),
        stop_price: Price(0),
        trail: Price(0),
    };
    let mass = MassCancel {
        account: KNOWN,
        instrument: Some(InstrumentId(3)),
        side: Some(Side::Sell),
        reason: CancelReason::Mass,
        actor: Actor::EMPTY,
    };
    let (venue, symbol) = (Text::new("upbit").unwrap(), Symbol::new("KRW-BTC").unwrap());
    let by_order = Target::Order(ORDER);
    let by_client = Target::Client(client());
    vec![
        (Kind::Genesis, Command::Genesis(FIRST_RULES)),
        (Kind::Instrument, Command::Instrument(spec())),
        (Kind::Clock, Command::Clock),
        (Kind::GenesisWide, Command::Genesis(Genesis { actor: ann(), ..SECOND_RULES })),
        (Kind::InstrumentBy, Command::Instrument(InstrumentSpec { actor: ann(), ..spec() })),
        (Kind::Place, Command::Place(limit())),
        (Kind::PlaceClient, Command::Place(Order { client_order_id: client(), ..limit() })),
        (Kind::PlaceWide, Command::Place(wide())),
        (
            Kind::Pair,
            Command::Pair(Pair {
                link: Link::Oto,
                legs: [wide(), Order { instrument: InstrumentId(0x0304), ..limit() }],
            }),
        ),
        (Kind::Cancel, Command::Cancel(Cancel { account: KNOWN, target: by_order })),
        (Kind::CancelClient, Command::Cancel(Cancel { account: KNOWN, target: by_client })),
        (Kind::CancelNamed, Command::Cancel(Cancel { account: named(), target: by_order })),
        (Kind::CancelClientNamed, Command::Cancel(Cancel { account: named(), target: by_client })),
        (Kind::Amend, Command::Amend(amend)),
        (Kind::AmendClient, Command::Amend(Amend { target: by_client, ..amend })),
        (
            Kind::AmendWide,
            Command::Amend(Amend {
                account: named(),
                target: by_client,
                stop_price: Price(-1),
                trail: Price(2),
                ..amend
            }),
        ),
        (Kind::MassCancel, Command::MassCancel(mass)),
        (Kind::MassCancelNamed, Command::MassCancel(MassCancel { account: named(), ..mass })),
        (
            Kind::MassCancelBy,
            Command::MassCancel(MassCancel { reason: CancelReason::Admin, actor: ann(), ..mass }),
        ),
        (Kind::Pray, Command::Pray(Pray { side: Prayer::Down, count: 100 })),
        (
            Kind::Ticker,
            Command::Ticker(Ticker {
                venue,
                symbol,
                price: Foreign { mantissa: 12, scale: 1 },
                change_24h: Foreign { mantissa: -34, scale: 2 },
                event_time_ms: 5,
            }),
        ),
        (
            Kind::Liquidation,
            Command::Liquidation(Liquidation {
                venue,
                symbol,
                side: Side::Sell,
                quantity: Foreign { mantissa: 1, scale: 3 },
                price: Foreign { mantissa: 2, scale: 4 },
                event_time_ms: 6,
            }),
        ),
        (
            Kind::ExternalTrade,
            Command::ExternalTrade(ExternalTrade {
                venue,
                symbol,
                side: Side::Sell,
                quantity: Foreign { mantissa: 1, scale: 3 },
                price: Foreign { mantissa: 2, scale: 4 },
                trade_id: 7,
                event_time_ms: 6,
            }),
        ),
        (
            Kind::ExternalDepth,
            Command::ExternalDepth(ExternalDepth {
                venue,
                symbol,
                price_scale: 1,
                quantity_scale: 3,
                bids: ExternalSide::new([level(10, 1), level(9, 2)]),
                asks: ExternalSide::new([level(11, 3)]),
                update_id: 8,
                event_time_ms: 6,
            }),
        ),
        (
            Kind::Status,
            Command::Status(StatusChange {
                instrument: InstrumentId(3),
                status: Status::Auction,
                actor: ann(),
            }),
        ),
        (
            Kind::Uncross,
            Command::Uncross(Uncross { instrument: InstrumentId(3), actor: Actor::EMPTY }),
        ),
        (
            Kind::EndOfDay,
            Command::EndOfDay(EndOfDay { instrument: Some(InstrumentId(3)), actor: ann() }),
        ),
        (
            Kind::Transfer,
            Command::Transfer(Transfer {
                account: named(),
                asset: Text::new("KRW").unwrap(),
                direction: Direction::Withdraw,
                amount: Decimal::new(-105, 1),
                actor: ann(),
            }),
        ),
        (Kind::Account, Command::Account(settings())),
    ]
}
