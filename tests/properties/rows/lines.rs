//! The short words of the rows: a line becomes a step, what was said of it becomes a line again.

use std::collections::BTreeMap;

use orison_core::command::{
    Access, AccountFields, AccountRef, AccountSpec, Actor, Amend, AmendFields, Cancel, Direction,
    EndOfDay, Genesis, InstrumentFields, InstrumentSpec, Link, Order, OrderFields, OrderType, Pair,
    SelfTrade, StatusChange, Target, TimeInForce, Transfer, Uncross,
};
use orison_core::instrument::Status;
use orison_core::text::Text;
use orison_core::{AccountId, AssetName, Command, Decimal, InstrumentId, Price, Quantity, Side};

use crate::judge::{Id, Said};
use crate::stream::Step;

const X: InstrumentId = InstrumentId(1);

/// Limits, and an instrument whose steps and units are all 1.
pub(super) fn opening() -> Vec<Step> {
    let fields = InstrumentFields::BASE
        .with(InstrumentFields::QUOTE)
        .with(InstrumentFields::BASE_DECIMALS)
        .with(InstrumentFields::QUOTE_DECIMALS);
    let spec = InstrumentSpec {
        symbol: text("X"),
        base: text("X"),
        quote: text("USD"),
        fields,
        ..InstrumentSpec::EMPTY
    };
    let genesis = Genesis { orders_max: 100, accounts_max: 20, ..Genesis::DEFAULT };
    vec![at(0, 0, Command::Genesis(genesis)), at(1, 0, Command::Instrument(spec))]
}

/// What orders and accounts are called in the rows, by what the exchange calls them.
#[derive(Default)]
pub(super) struct Names {
    orders: BTreeMap<Id, String>,
    accounts: Vec<String>,
    now_ns: u64,
    /// Orders of the running line, which are named once they are accepted.
    asked: Vec<String>,
}

impl Names {
    pub(super) fn step(&mut self, line: &str, number: usize) -> Step {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.asked.clear();
        let command = match words[0] {
            "cancel" => Command::Cancel(Cancel {
                account: account(owner(&words[1..])),
                target: Target::Client(text(words[1])),
            }),
            "amend" => Command::Amend(amend(&words[1..])),
            "oco" => Command::Pair(self.pair(Link::Oco, &words[1..])),
            "oto" => Command::Pair(self.pair(Link::Oto, &words[1..])),
            "status" => {
                let status = match words[1] {
                    "open" => Status::Open,
                    "halted" => Status::Halted,
                    "auction" => Status::Auction,
                    "closed" => Status::Closed,
                    other => panic!("no status: {other}"),
                };
                Command::Status(StatusChange { instrument: X, status, actor: Actor::EMPTY })
            }
            "uncross" => Command::Uncross(Uncross { instrument: X, actor: Actor::EMPTY }),
            "end_of_day" => Command::EndOfDay(EndOfDay { instrument: None, actor: Actor::EMPTY }),
            "time" => {
                self.now_ns = number_of(words[1]);
                Command::Clock
            }
            "instrument" => Command::Instrument(instrument(&words[1..])),
            "deposit" => self.transfer(Direction::Deposit, &words[1..]),
            "withdraw" => self.transfer(Direction::Withdraw, &words[1..]),
            "account" => self.settings(&words[1..]),
            _ => Command::Place(self.order(&words)),
        };
        at(number, self.now_ns, command)
    }

    fn order(&mut self, words: &[&str]) -> Order {
        let who = owner(words);
        self.meet(who);
        self.asked.push(words[0].into());
        let side = if words[1] == "buy" { Side::Buy } else { Side::Sell };
        let mut order = Order::limit(account(who), X, side, Price(0), Quantity(0));
        order.fields = OrderFields::NONE;
        order.client_order_id = text(words[0]);
        for word in &words[2..] {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let mut given = OrderFields::NONE;
            match key {
                "as" => {}
                "market" => order.order_type = OrderType::Market,
                "stop" if value.is_empty() => order.order_type = OrderType::Stop,
                "trailing" => order.order_type = OrderType::TrailingStop,
                "ioc" => order.time_in_force = TimeInForce::Ioc,
                "fok" => order.time_in_force = TimeInForce::Fok,
                "day" => order.time_in_force = TimeInForce::Day,
                "gtd" => order.time_in_force = TimeInForce::Gtd,
                "post" => given = OrderFields::POST_ONLY,
                "stop" => (given, order.stop_price) = (OrderFields::STOP_PRICE, price(value)),
                "trail" => (given, order.trail) = (OrderFields::TRAIL, price(value)),
                "display" => (given, order.display) = (OrderFields::DISPLAY, quantity(value)),
                "min" => (given, order.min_quantity) = (OrderFields::MIN_QUANTITY, quantity(value)),
                "budget" => {
                    (given, order.budget) = (OrderFields::BUDGET, number_of(value).into());
                }
                "protection" => (given, order.protection) = (OrderFields::PROTECTION, price(value)),
                "expire" => {
                    (given, order.expire_at_ns) = (OrderFields::EXPIRE_AT, number_of(value));
                }
                "stp" => order.self_trade = mode(value),
                _ if key.starts_with('@') => {
                    (given, order.price) = (OrderFields::PRICE, price(&key[1..]));
                }
                _ => (given, order.quantity) = (OrderFields::QUANTITY, quantity(key)),
            }
            order.fields = order.fields.with(given);
        }
        if order.time_in_force != TimeInForce::Gtc {
            order.fields = order.fields.with(OrderFields::TIME_IN_FORCE);
        }
        order
    }

    fn pair(&mut self, link: Link, words: &[&str]) -> Pair {
        let mut legs = words.split(|word| *word == "|");
        let legs = [(); 2].map(|()| self.order(legs.next().expect("a pair has two legs")));
        Pair { link, legs }
    }

    fn transfer(&mut self, direction: Direction, words: &[&str]) -> Command {
        self.meet(words[0]);
        let amount = Decimal::parse(words[2]).expect("the rows name numbers");
        let (account, asset) = (account(words[0]), text::<{ AssetName::LENGTH_MAX }>(words[1]));
        Command::Transfer(Transfer { account, asset, direction, amount, actor: Actor::EMPTY })
    }

    fn settings(&mut self, words: &[&str]) -> Command {
        self.meet(words[0]);
        let mut spec = AccountSpec::of(account(words[0]));
        for word in &words[1..] {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            let given = match key {
                "open" => {
                    spec.max_open_orders = number_of(value) as u32;
                    AccountFields::MAX_OPEN_ORDERS
                }
                "position" => {
                    spec.position_limit = Decimal::parse(value).expect("the rows name numbers");
                    AccountFields::POSITION_LIMIT
                }
                "off" => {
                    spec.access = Access::Disabled;
                    AccountFields::ENABLED
                }
                other => panic!("no setting: {other}"),
            };
            spec.fields = spec.fields.with(given);
        }
        Command::Account(spec)
    }

    /// In the order in which the exchange opens them.
    fn meet(&mut self, who: &str) {
        if !self.accounts.iter().any(|known| known == who) {
            self.accounts.push(who.into());
        }
    }

    pub(super) fn shown(&mut self, step: &Step, said: &[Said]) -> String {
        let lines: Vec<String> = said.iter().map(|said| self.word(step, said)).collect();
        lines.join(", ")
    }

    fn word(&mut self, step: &Step, said: &Said) -> String {
        let name = |id: &Id| self.orders.get(id).cloned().unwrap_or_else(|| format!("{id:?}"));
        match said {
            Said::Accepted { order, duplicate: false } => {
                let name = self.asked[usize::from(order.1)].clone();
                self.orders.insert(*order, name.clone());
                format!("accepted {name}")
            }
            Said::Accepted { order, .. } => format!("duplicate {}", name(order)),
            Said::Rejected { op, order, client, reason } => {
                let order = if *order == (0, 0) { client.to_string() } else { name(order) };
                let space = if order.is_empty() { "" } else { " " };
                format!("rejected {}{space}{order} {reason}", op.word())
            }
            Said::Trade { maker, taker, price, quantity, maker_fee, taker_fee } => {
                let fees = match (maker_fee, taker_fee) {
                    (0, 0) => String::new(),
                    _ => format!(" fees {maker_fee} {taker_fee}"),
                };
                format!("trade {} {} @{price} {quantity}{fees}", name(maker), name(taker))
            }
            Said::Cancelled { order, quantity, reason } => {
                format!("cancelled {} {quantity} {}", name(order), reason.word())
            }
            Said::Amended { order, quantity, price, kept } => {
                let kept = if *kept { "kept" } else { "lost" };
                format!("amended {} {quantity} @{price} {kept}", name(order))
            }
            Said::Triggered { order } => format!("triggered {}", name(order)),
            Said::Decremented { maker, taker, quantity } => {
                format!("decremented {} {} {quantity}", name(maker), name(taker))
            }
            Said::Auction { price, volume, surplus, on, .. } => {
                let price = if *price == 0 { "none".into() } else { format!("@{price}") };
                let on = on.map_or("", |side| if side == Side::Buy { " buy" } else { " sell" });
                format!("auction {price} {volume} {surplus}{on}")
            }
            Said::Status { status, .. } => format!("status {}", status.word()),
            Said::Balance { account: AccountId(account), asset, free, locked } => {
                let asset = if asset.0 == 1 { "X" } else { "USD" };
                let account = &self.accounts[*account as usize - 1];
                format!("balance {account} {asset} {free} {locked}")
            }
            Said::Prayed(_)
            | Said::Ticker(_)
            | Said::Liquidation(_)
            | Said::ExternalTrade(_)
            | Said::ExternalHead(_)
            | Said::ExternalLevel(_) => {
                panic!("{step:?} is about orders")
            }
        }
    }
}

fn amend(words: &[&str]) -> Amend {
    let mut amend = Amend {
        account: account(owner(words)),
        target: Target::Client(text(words[0])),
        fields: AmendFields::NONE,
        quantity: Quantity(0),
        price: Price(0),
        stop_price: Price(0),
        trail: Price(0),
    };
    for word in &words[1..] {
        let (key, value) = word.split_once('=').expect("an amend names values");
        let given = match key {
            "as" => continue,
            "quantity" => {
                amend.quantity = quantity(value);
                AmendFields::QUANTITY
            }
            "price" => {
                amend.price = price(value);
                AmendFields::PRICE
            }
            "trail" => {
                amend.trail = price(value);
                AmendFields::TRAIL
            }
            other => panic!("no field of an amend: {other}"),
        };
        amend.fields = amend.fields.with(given);
    }
    amend
}

fn instrument(words: &[&str]) -> InstrumentSpec {
    let mut spec = InstrumentSpec { symbol: text("X"), ..InstrumentSpec::EMPTY };
    for word in words {
        let (key, value) = word.split_once('=').expect("an instrument names values");
        let given = match key {
            "fees" => {
                let (maker, taker) = value.split_once('/').expect("maker/taker");
                (spec.maker_fee_ppm, spec.taker_fee_ppm) =
                    (number_of(maker) as i32, number_of(taker) as i32);
                InstrumentFields::MAKER_FEE.with(InstrumentFields::TAKER_FEE)
            }
            "low" => {
                spec.band_low = price(value);
                InstrumentFields::BAND_LOW
            }
            "high" => {
                spec.band_high = price(value);
                InstrumentFields::BAND_HIGH
            }
            "reference" => {
                spec.reference_price = price(value);
                InstrumentFields::REFERENCE_PRICE
            }
            "range" => {
                spec.execution_range_ppm = number_of(value) as u32;
                InstrumentFields::EXECUTION_RANGE
            }
            "interruption" => {
                spec.interruption_ns = number_of(value);
                InstrumentFields::INTERRUPTION
            }
            other => panic!("no field of an instrument: {other}"),
        };
        spec.fields = spec.fields.with(given);
    }
    spec
}

fn at(number: usize, time_ns: u64, command: Command) -> Step {
    Step { number, time_ns, command, aims_at: None }
}

/// Who `as=` says, else the account that is called like the order.
fn owner<'a>(words: &[&'a str]) -> &'a str {
    words.iter().find_map(|word| word.strip_prefix("as=")).unwrap_or(words[0])
}

fn account(name: &str) -> AccountRef {
    AccountRef::Name(text(name))
}

fn mode(word: &str) -> SelfTrade {
    match word {
        "cancel_taker" => SelfTrade::CancelTaker,
        "cancel_maker" => SelfTrade::CancelMaker,
        "cancel_both" => SelfTrade::CancelBoth,
        "decrement" => SelfTrade::Decrement,
        other => panic!("no mode: {other}"),
    }
}

fn price(word: &str) -> Price {
    Price(word.parse().expect("the rows name numbers"))
}

fn quantity(word: &str) -> Quantity {
    Quantity(number_of(word))
}

fn number_of(word: &str) -> u64 {
    word.parse().expect("the rows name numbers")
}

fn text<const N: usize>(word: &str) -> Text<N> {
    Text::new(word).expect("the rows name short words")
}
