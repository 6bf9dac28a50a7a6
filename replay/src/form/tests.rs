//! What commands and events look like, line by line. Numbers are those of an instrument whose
//! steps are 0.5 and 0.01, of an asset with three decimals.

use engine::Views;
use engine::projection::ViewLimits;
use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Actor, CancelReason, Direction, EndOfDay,
    ExternalDepth, ExternalTrade, Foreign, Genesis, InstrumentFields, InstrumentSpec, Link,
    MassCancel, Order, OrderFields, OrderType, Pair, SelfTrade, StatusChange, TimeInForce,
    Transfer, Uncross, Venue,
};
use orison_core::event::{
    Accepted, AccountOpened, Amended, AssetOpened, Auction, Balance, Decremented, Entry, Money, Op,
    Phase, Place, Priority, Rejected, StatusCause, StatusChanged, Trade, Triggered,
};
use orison_core::instrument::{Status, Step};
use orison_core::types::AssetId;
use orison_core::{
    AccountId, AccountName, AssetName, ClientOrderId, Command, Decimal, Event, ExecutionId,
    Instrument, InstrumentId, OrderId, Price, Quantity, Reason, Sequence, Side, Stamp, Symbol,
};

use super::command::CommandForm;
use super::event::{EventForm, Naming};
use super::names::ClientNames;
use crate::json::Object;

const EVENTS: &str = include_str!("golden/events.jsonl");
const COMMANDS: &str = include_str!("golden/commands.jsonl");

const STAMP: Stamp = Stamp { sequence: Sequence(9), time_ns: 70 };
const ANN: AccountId = AccountId(1);
const X: InstrumentId = InstrumentId(1);

fn id(sequence: u64) -> OrderId {
    OrderId { sequence: Sequence(sequence), slot: sequence as u32, leg: 0 }
}

fn client(sequence: u64) -> ClientOrderId {
    ClientOrderId::new(&format!("c{sequence}")).unwrap()
}

fn known_events() -> Vec<Event> {
    let asset = |asset, name, decimals| {
        Event::AssetOpened(AssetOpened {
            asset: AssetId(asset),
            name: AssetName::new(name).unwrap(),
            decimals,
        })
    };
    vec![
        asset(1, "AAA", 2),
        asset(2, "USD", 3),
        Event::Instrument(Instrument {
            symbol: Symbol::new("X").unwrap(),
            id: X,
            base: AssetId(1),
            quote: AssetId(2),
            status: Status::Open,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            price_step: Step { mantissa: 5, scale: 1 },
            quantity_step: Step { mantissa: 1, scale: 2 },
        }),
        Event::AccountOpened(AccountOpened {
            account: ANN,
            name: AccountName::new("ann").unwrap(),
        }),
    ]
}

/// Of a market in which orders 1 and 2 were entered, without resting.
fn views() -> Views {
    let mut views = Views::new(ViewLimits::DEFAULT);
    for (index, event) in (0..).zip(known_events().into_iter().chain([accepted(1), accepted(2)])) {
        views.on_event(STAMP, index, &event);
    }
    views.on_end(STAMP);
    views
}

fn accepted(order: u64) -> Event {
    Event::Accepted(Accepted {
        order: id(order),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        order_type: OrderType::Limit,
        time_in_force: TimeInForce::Gtc,
        self_trade: SelfTrade::AccountDefault,
        entry: Entry::New,
        fields: OrderFields::PRICE,
        client_order_id: client(order),
        price: Price(3),
        quantity: Quantity(4),
        level: Quantity(0),
    })
}

fn event_line(views: &Views, naming: Naming<'_>, event: &Event) -> String {
    let mut out = Vec::new();
    let mut object = Object::open(&mut out);
    let execution = ExecutionId { sequence: Sequence(9), index: 0 };
    let execution = matches!(naming, Naming::Engine).then_some(execution);
    EventForm { catalog: &views.catalog, naming }.put(&mut object, event, execution);
    object.close();
    String::from_utf8(out).unwrap()
}

fn trade(taker_fee: i128) -> Event {
    Event::Trade(Trade {
        maker: id(1),
        taker: id(2),
        maker_account: ANN,
        taker_account: ANN,
        instrument: X,
        taker_side: Side::Sell,
        phase: Phase::Uncross,
        price: Price(3),
        quantity: Quantity(40),
        maker_fee: Money::ZERO,
        taker_fee: Money::new(taker_fee),
    })
}

fn amended(price: i64) -> Event {
    Event::Amended(Amended {
        order: id(1),
        account: ANN,
        instrument: X,
        side: Side::Buy,
        priority: Priority::Kept,
        place: Place::OffBook,
        old_price: Price(price),
        price: Price(price),
        quantity: Quantity(4),
        old_level: Quantity(0),
        level: Quantity(0),
    })
}

fn auction(price: i64, surplus: u64, surplus_side: Option<Side>) -> Event {
    let volume = Quantity(if price == 0 { 0 } else { 120 });
    let surplus = Quantity(surplus);
    Event::Auction(Auction { instrument: X, price: Price(price), volume, surplus, surplus_side })
}

fn rejected(op: Op, client_order_id: ClientOrderId) -> Event {
    let (reason, order) = (Reason::BadStatus, OrderId::default());
    Event::Rejected(Rejected { op, reason, account: ANN, instrument: X, order, client_order_id })
}

/// As they stand in `golden/events.jsonl`.
fn events() -> Vec<Event> {
    let triggered =
        Triggered { order: id(2), account: ANN, instrument: X, side: Side::Buy, price: Price(7) };
    let decremented = Decremented {
        maker: id(1),
        taker: id(2),
        account: ANN,
        instrument: X,
        taker_side: Side::Sell,
        phase: Phase::Continuous,
        price: Price(7),
        quantity: Quantity(100),
        level: Quantity(0),
        taker_level: Quantity(0),
    };
    let (status, cause) = (Status::Auction, StatusCause::Interruption);
    let balance = Balance {
        account: ANN,
        asset: AssetId(2),
        free: Money::new(-1_250),
        locked: Money::new(10_000),
    };
    vec![
        accepted(1),
        trade(0),
        trade(-2_500),
        amended(3),
        amended(0),
        Event::Triggered(triggered),
        Event::Decremented(decremented),
        auction(5, 30, Some(Side::Sell)),
        auction(0, 0, None),
        Event::Status(StatusChanged { instrument: X, status, cause }),
        Event::Balance(balance),
        rejected(Op::Oco, client(2)),
        rejected(Op::EndOfDay, ClientOrderId::EMPTY),
    ]
}

#[test]
fn an_event_of_a_tape_has_the_keys_of_its_table_in_their_order() {
    let views = views();
    let names = ClientNames::of_views(&views);
    let written: Vec<_> = events()
        .iter()
        .inspect(|event| assert!(EventForm::shows(event), "{event:?}"))
        .map(|event| event_line(&views, Naming::Client(&names), event))
        .collect();
    assert_eq!(written, EVENTS.lines().collect::<Vec<_>>());
    for event in known_events() {
        assert!(!EventForm::shows(&event), "{event:?}");
    }
}

#[test]
fn a_dump_names_orders_by_the_engine_and_trades_too() {
    let views = views();
    let line = event_line(&views, Naming::Engine, &trade(0));
    let (maker, taker) = (id(1), id(2));
    let execution = ExecutionId { sequence: Sequence(9), index: 0 };
    let expected = format!(
        "{{\"event\":\"trade\",\"maker\":\"{maker}\",\"taker\":\"{taker}\",\
         \"price\":\"1.5\",\"quantity\":\"0.4\",\"exec_id\":\"{execution}\"}}"
    );
    assert_eq!(line, expected);
    let line = event_line(&views, Naming::Engine, &rejected(Op::Oco, client(2)));
    assert_eq!(line, r#"{"event":"rejected","op":"oco","id":null,"reason":"bad_status"}"#);
}

fn boss() -> Actor {
    Actor::new("boss").unwrap()
}

fn leg(order: u64, order_type: OrderType) -> Order {
    let account = AccountRef::Name(AccountName::new("ann").unwrap());
    let mut leg = Order::limit(account, X, Side::Sell, Price(3), Quantity(4));
    leg.order_type = order_type;
    leg.client_order_id = client(order);
    if order_type == OrderType::Stop {
        leg.fields = OrderFields::QUANTITY.with(OrderFields::STOP_PRICE);
        leg.stop_price = Price(2);
    }
    leg
}

fn settings() -> AccountSpec {
    AccountSpec {
        fields: AccountFields(AccountFields::KNOWN.0 & !AccountFields::MAX_NOTIONAL.0),
        cleared: AccountFields::MAX_NOTIONAL,
        self_trade: SelfTrade::CancelBoth,
        access: Access::Disabled,
        max_open_orders: 1,
        orders_per_second: 2,
        maker_fee_ppm: -3,
        taker_fee_ppm: 4,
        max_quantity: Decimal::new(5, 1),
        position_limit: Decimal::new(7, 0),
        actor: boss(),
        ..AccountSpec::of(AccountRef::Id(ANN))
    }
}

fn genesis() -> Genesis {
    Genesis {
        rules_version: 2,
        orders_max: 3,
        accounts_max: 4,
        instruments_max: 5,
        assets_max: 6,
        closed_ids_max: 7,
        closed_ids_per_account_max: 8,
        feed_window: 9,
        positions_max: 10,
        balances_max: 11,
        trailing_max: 12,
        actor: boss(),
    }
}

fn bands() -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new("X").unwrap(),
        fields: InstrumentFields::BAND_LOW.with(InstrumentFields::MIN_NOTIONAL),
        band_low: Price(1),
        min_notional: 2_500,
        actor: boss(),
        ..InstrumentSpec::EMPTY
    }
}

fn transfer(direction: Direction, amount: Decimal, actor: Actor) -> Command {
    let (account, asset) = (AccountRef::Id(ANN), AssetName::new("USD").unwrap());
    Command::Transfer(Transfer { account, asset, direction, amount, actor })
}

/// As they stand in `golden/commands.jsonl`, each with what it led to.
fn commands() -> Vec<(Command, Vec<Event>)> {
    let legs = [leg(1, OrderType::Limit), leg(2, OrderType::Stop)];
    let both = vec![accepted(1), accepted(2)];
    let mass = MassCancel {
        account: AccountRef::Id(ANN),
        instrument: None,
        side: None,
        reason: CancelReason::Admin,
        actor: boss(),
    };
    let status = StatusChange { instrument: X, status: Status::Halted, actor: boss() };
    let unknown = AccountSpec::of(AccountRef::Id(AccountId(5)));
    let first_rules = Genesis { rules_version: 1, actor: Actor::EMPTY, ..genesis() };
    let uncross = |instrument, actor| Command::Uncross(Uncross { instrument, actor });
    let end = |instrument, actor| Command::EndOfDay(EndOfDay { instrument, actor });
    vec![
        (Command::Pair(Pair { link: Link::Oco, legs }), both.clone()),
        (Command::Pair(Pair { link: Link::Oto, legs }), both),
        (Command::Pair(Pair { link: Link::Oco, legs }), Vec::new()),
        (Command::Genesis(first_rules), Vec::new()),
        (Command::Genesis(genesis()), Vec::new()),
        (Command::Instrument(bands()), Vec::new()),
        (Command::MassCancel(mass), Vec::new()),
        (Command::Status(status), Vec::new()),
        (uncross(X, Actor::EMPTY), Vec::new()),
        (uncross(InstrumentId(7), boss()), Vec::new()),
        (end(Some(X), boss()), Vec::new()),
        (end(None, Actor::EMPTY), Vec::new()),
        (transfer(Direction::Deposit, Decimal::new(125, 2), boss()), Vec::new()),
        (transfer(Direction::Withdraw, Decimal::new(-3, 0), Actor::EMPTY), Vec::new()),
        (Command::Account(settings()), Vec::new()),
        (Command::Account(unknown), Vec::new()),
        (Command::ExternalTrade(external_trade()), Vec::new()),
        (Command::ExternalDepth(external_depth()), Vec::new()),
    ]
}

fn external_trade() -> ExternalTrade {
    ExternalTrade {
        venue: Venue::new("upbit").unwrap(),
        symbol: Symbol::new("BTC-KRW").unwrap(),
        side: Side::Sell,
        price: Foreign { mantissa: 84_000_000, scale: 0 },
        quantity: Foreign { mantissa: 12_345, scale: 8 },
        trade_id: 17_000_000_000_000_001,
        event_time_ms: 8,
    }
}

fn external_depth() -> ExternalDepth {
    let of = (Venue::new("binance").unwrap(), Symbol::new("BTCUSDT").unwrap());
    let level = |price, quantity| {
        (Foreign { mantissa: price, scale: 1 }, Foreign { mantissa: quantity, scale: 3 })
    };
    let bids = [level(618_002, 2_507), level(618_001, 14)];
    ExternalDepth::of_levels(of, &bids, &[level(618_003, 3_330)], (5, 6)).unwrap()
}

#[test]
fn a_command_has_the_fields_of_the_tape_and_who_gave_it() {
    let views = views();
    let form = CommandForm { catalog: &views.catalog, orders: &views.orders };
    let written = commands().into_iter().map(|(command, events)| {
        let mut out = Vec::new();
        let mut object = Object::open(&mut out);
        form.put(&mut object, STAMP, &command, &events);
        object.close();
        String::from_utf8(out).unwrap()
    });
    assert_eq!(written.collect::<Vec<_>>(), COMMANDS.lines().collect::<Vec<_>>());
}
