//! Reads the short lines of the tests, applies them and shows the events as short lines.

extern crate std;

use std::collections::BTreeMap;
use std::format;
use std::string::{String, ToString as _};
use std::vec::Vec;

use crate::book::Half;
use crate::command::*;
use crate::event::{Entry, Event, Place, Priority};
use crate::id::OrderId;
use crate::text::{AccountName, AssetName, ClientOrderId, Symbol};
use crate::types::{InstrumentId, Price, Quantity, Sequence, Side, Stamp};
use crate::{BookOrder, Exchange};

/// Applies each script in turn (commands parted by commas) and compares all of its events.
#[track_caller]
pub(super) fn rows(rows: &[(&str, &str)]) {
    let mut harness = Harness::new();
    for (script, expected) in rows {
        let events: Vec<_> = script.split(", ").flat_map(|line| harness.line(line)).collect();
        assert_eq!(events.join(", "), *expected, "events of `{script}`");
    }
}

pub(super) struct Harness {
    pub(super) exchange: Exchange,
    sequence: u64,
    pub(super) time_ns: u64,
    names: BTreeMap<OrderId, String>,
}

pub(super) const GENESIS: Genesis =
    Genesis { orders_max: 10_000, accounts_max: 5, closed_ids_max: 100, ..Genesis::DEFAULT };

impl Harness {
    pub(super) fn new() -> Self {
        Self::with(GENESIS)
    }

    pub(super) fn with(genesis: Genesis) -> Self {
        let mut harness = Self::empty();
        harness.apply(&Command::Genesis(genesis));
        harness.apply(&Command::Instrument(instrument("X")));
        harness
    }

    pub(super) fn empty() -> Self {
        let exchange = Exchange::new([7; 16]);
        Self { exchange, sequence: 0, time_ns: 0, names: BTreeMap::new() }
    }

    pub(super) fn apply(&mut self, command: &Command) -> Vec<Event> {
        self.sequence += 1;
        let stamp = Stamp { sequence: Sequence(self.sequence), time_ns: self.time_ns };
        let mut events = Vec::new();
        self.exchange.apply(stamp, command, &mut |event: &Event| events.push(*event));
        assert!(!events.is_empty(), "every command is answered");
        self.check();
        events
    }

    pub(super) fn line(&mut self, line: &str) -> Vec<String> {
        let command = command(line);
        self.apply(&command).iter().map(|event| self.show(event)).collect()
    }

    /// What must hold between commands, whatever they were.
    fn check(&self) {
        let exchange = &self.exchange;
        let mut live = 0;
        for instrument in exchange.instruments() {
            let best = Side::BOTH.map(|side| exchange.book(instrument.id, side).next());
            if let [Some(bid), Some(ask)] = best {
                assert!(bid.price < ask.price, "the book is not crossed");
            }
            for side in Side::BOTH {
                let half = Half::of(instrument.id, side);
                let orders: Vec<BookOrder> = exchange.book(instrument.id, side).collect();
                for pair in orders.windows(2) {
                    let place = |order: &BookOrder| (half.key(order.price), order.ticket);
                    assert!(place(&pair[0]) < place(&pair[1]), "price, then ticket");
                }
                let mut levels = BTreeMap::new();
                for order in &orders {
                    assert!(!order.open.is_zero(), "an order that rests is open");
                    assert_eq!(exchange.order(order.id), Some(*order), "found by its id");
                    *levels.entry(half.key(order.price)).or_insert(0) += order.open.0;
                }
                let shown = exchange.book.levels(half);
                let shown: Vec<_> = shown.map(|(price, q)| (half.key(price), q.0)).collect();
                assert_eq!(shown, levels.into_iter().collect::<Vec<_>>(), "sums of levels");
                let total: u64 = orders.iter().map(|o| o.open.0 + o.hidden.0).sum();
                assert_eq!(exchange.book.total(half).0, total, "sum of the side");
                live += orders.len();
            }
        }
        assert_eq!(exchange.book.orders().live() as usize, live, "no dead orders");
        let owned: u32 = exchange.accounts.iter().map(|account| account.orders).sum();
        assert_eq!(owned as usize, live, "each order is one account's");
    }

    fn name(&self, order: OrderId) -> &str {
        self.names.get(&order).map_or("?", String::as_str)
    }

    fn show(&mut self, event: &Event) -> String {
        match event {
            Event::Accepted(e) => {
                let name = e.client_order_id.to_string();
                let entry = match e.entry {
                    Entry::New => "accepted",
                    Entry::Duplicate => {
                        assert_eq!(self.name(e.order), name, "the first one's id");
                        return format!("repeated {name}");
                    }
                };
                self.names.insert(e.order, name.clone());
                match e.level {
                    Quantity::ZERO => format!("{entry} {name}"),
                    level => format!("{entry} {name} ={level}"),
                }
            }
            Event::Rejected(e) => {
                let name = match e.client_order_id.is_empty() {
                    true if e.order == OrderId::default() => "-".to_string(),
                    true => self.name(e.order).to_string(),
                    false => e.client_order_id.to_string(),
                };
                format!("rejected {} {name} {}", e.op.word(), e.reason)
            }
            Event::Trade(e) => {
                let (maker, taker) = (self.name(e.maker), self.name(e.taker));
                let fees = match (e.maker_fee.units(), e.taker_fee.units()) {
                    (0, 0) => String::new(),
                    (maker, taker) => format!(" fees {maker} {taker}"),
                };
                format!("trade {maker} {taker} {}@{}{fees}", e.quantity, e.price)
            }
            Event::Rested(e) => {
                format!("rested {} {}@{} ={}", self.name(e.order), e.quantity, e.price, e.level)
            }
            Event::Cancelled(e) => {
                let place = match e.place {
                    Place::Book => format!("={}", e.level),
                    Place::OffBook => "off".to_string(),
                };
                let (name, reason) = (self.name(e.order), e.reason.word());
                format!("cancelled {name} {}@{} {reason} {place}", e.quantity, e.price)
            }
            Event::Amended(e) => {
                let place = match e.place {
                    Place::Book => format!("={}", e.level),
                    Place::OffBook => "off".to_string(),
                };
                let priority = match e.priority {
                    Priority::Kept => "kept",
                    Priority::Lost => "lost",
                };
                let from = match e.old_price == e.price {
                    true => String::new(),
                    false => format!(" from {} ={}", e.old_price, e.old_level),
                };
                let name = self.name(e.order);
                format!("amended {name} {}@{} {priority} {place}{from}", e.quantity, e.price)
            }
            Event::Level(e) => format!("level {} ={}", e.price, e.quantity),
            Event::Conditions(e) => format!("conditions {}", self.name(e.order)),
            Event::Waiting(e) => format!("waiting {} {}", self.name(e.order), e.stop_price),
            Event::Triggered(e) => format!("triggered {}", self.name(e.order)),
            Event::Refreshed(e) => {
                format!("refreshed {} {}+{} ={}", self.name(e.order), e.tip, e.hidden, e.level)
            }
            Event::Decremented(e) => {
                format!("decremented {} {} {}", self.name(e.maker), self.name(e.taker), e.quantity)
            }
            Event::Auction(e) => format!("auction {} {} {}", e.price, e.volume, e.surplus),
            Event::Status(e) => format!("status {}", e.status.word()),
            Event::Balance(e) => {
                format!(
                    "balance {} {} {} {}",
                    e.account.0,
                    e.asset,
                    e.free.units(),
                    e.locked.units()
                )
            }
            Event::Bounds(_) => "bounds".to_string(),
            Event::Account(_) => "account".to_string(),
            Event::AssetOpened(e) => format!("asset {} {} {}", e.asset, e.name, e.decimals),
            Event::Instrument(e) => {
                format!("instrument {} {} {}", e.symbol, e.maker_fee_ppm, e.taker_fee_ppm)
            }
            Event::AccountOpened(e) => format!("opened {}", e.name),
            Event::Prayed(e) => format!("prayed {} {}", e.up_total, e.down_total),
            Event::Ticker(_) => "ticker".to_string(),
            Event::Liquidation(_) => "liquidation".to_string(),
            Event::ExternalTrade(_) => "external trade".to_string(),
            Event::ExternalDepth(e) => format!("external depth {} {}", e.bids, e.asks),
            Event::ExternalLevel(e) => format!("external level {:?}", e.side),
            Event::Done => "done".to_string(),
        }
    }
}

pub(super) fn instrument(symbol: &str) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new(symbol).unwrap(),
        base: AssetName::new("B").unwrap(),
        quote: AssetName::new("Q").unwrap(),
        fields: InstrumentFields::BASE.with(InstrumentFields::QUOTE),
        ..InstrumentSpec::EMPTY
    }
}

pub(super) fn account(name: &str) -> AccountRef {
    AccountRef::Name(AccountName::new(name).unwrap())
}

fn command(line: &str) -> Command {
    let words: Vec<_> = line.split(' ').collect();
    let account = account(words[0]);
    let target = || Target::Client(ClientOrderId::new(words[2]).unwrap());
    match words[1] {
        "buy" => Command::Place(order(account, Side::Buy, &words[2..])),
        "sell" => Command::Place(order(account, Side::Sell, &words[2..])),
        "cancel" => Command::Cancel(Cancel { account, target: target() }),
        "amend" => Command::Amend(amend(account, target(), words.get(3).unwrap_or(&""))),
        "mass" => Command::MassCancel(MassCancel {
            account,
            instrument: None,
            side: words.get(2).map(|word| if *word == "buy" { Side::Buy } else { Side::Sell }),
            reason: CancelReason::Mass,
            actor: Actor::EMPTY,
        }),
        word => panic!("no command `{word}`"),
    }
}

fn order(account: AccountRef, side: Side, words: &[&str]) -> Order {
    let (quantity, price) = words[1].split_once('@').unwrap_or((words[1], "0"));
    let (price, quantity) = (Price(price.parse().unwrap()), Quantity(quantity.parse().unwrap()));
    let mut order = Order::limit(account, InstrumentId(1), side, price, quantity);
    order.client_order_id = ClientOrderId::new(words[0]).unwrap();
    for &word in &words[2..] {
        match word {
            "ioc" => order.time_in_force = TimeInForce::Ioc,
            "fok" => order.time_in_force = TimeInForce::Fok,
            "day" => order.time_in_force = TimeInForce::Day,
            "gtd" => order.time_in_force = TimeInForce::Gtd,
            "decrement" => order.self_trade = SelfTrade::Decrement,
            "stop_type" => order.order_type = OrderType::Stop,
            "market" => {
                order.order_type = OrderType::Market;
                order.fields = OrderFields::QUANTITY;
            }
            word => order.fields = order.fields.with(field(word)),
        }
    }
    order
}

fn field(word: &str) -> OrderFields {
    match word {
        "post" => OrderFields::POST_ONLY,
        "stop" => OrderFields::STOP_PRICE,
        "trail" => OrderFields::TRAIL,
        "display" => OrderFields::DISPLAY,
        "minimum" => OrderFields::MIN_QUANTITY,
        "budget" => OrderFields::BUDGET,
        "protection" => OrderFields::PROTECTION,
        "expiry" => OrderFields::EXPIRE_AT,
        word => panic!("no field `{word}`"),
    }
}

fn amend(account: AccountRef, target: Target, to: &str) -> Amend {
    let (quantity, price) = to.split_once('@').unwrap_or((to, ""));
    let mut fields = AmendFields::NONE;
    let mut given = |text: &str, field| {
        if !text.is_empty() {
            fields = fields.with(field);
        }
    };
    given(quantity, AmendFields::QUANTITY);
    given(price, AmendFields::PRICE);
    Amend {
        account,
        target,
        fields,
        quantity: Quantity(quantity.parse().unwrap_or(0)),
        price: Price(price.parse().unwrap_or(0)),
        stop_price: Price(0),
        trail: Price(0),
    }
}
