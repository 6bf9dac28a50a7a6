//! An engine whose time we set, a hub on it, and readers of outboxes.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use engine::runtime::{Clock, Ingress, Settings as RuntimeSettings};
use engine::{Runtime, Token};
use orison_core::command::{
    AccountRef, Actor, Cancel, Direction, Order, OrderFields, OrderType, SelfTrade, Target,
    Transfer,
};
use orison_core::{
    AccountName, AssetName, ClientOrderId, Command, Decimal, InstrumentId, Price, Quantity,
    Sequence, Side,
};
use serde_json::Value;
use tempfile::TempDir;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::Config;
use crate::config::Durability;
use crate::desk::Desk;
use crate::fanout::{Ask, Asker, Hub, Seat, Settings, Topic, Wish};
use crate::publisher::Publisher;

pub(super) const BTC: InstrumentId = InstrumentId(1);
/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Bench {
    pub(super) runtime: Runtime,
    pub(super) hub: Hub,
    ingress: Ingress,
    time_ns: u64,
    random: u64,
    entered: u64,
    _directory: TempDir,
}

impl Bench {
    pub(super) fn start(seed: u64, settings: Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = Config::for_tests(directory.path());
        config.segment_bytes = 1 << 24;
        config.durability = Durability::Journaled;
        let recovered = crate::app::recover(&config).unwrap();
        let (_desk, completions) = Desk::new();
        let (publisher, hub_joins) = Publisher::new(completions);
        let manual = RuntimeSettings { clock: Clock::Manual, ..RuntimeSettings::DEFAULT };
        let runtime = Runtime::start(recovered.into_parts(), manual, publisher).unwrap();
        let (hub, feed) = Hub::start(runtime.views(), settings);
        hub_joins.send(feed).unwrap();
        let at = runtime.views().read().at();
        let (ingress, directory) = (runtime.ingress(), directory);
        let (time_ns, entered) = (at.time_ns, at.sequence.0);
        Self { runtime, hub, ingress, time_ns, random: seed, entered, _directory: directory }
    }

    /// Numbers that look random, the same for the same seed (splitmix64).
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ z >> 31) % bound
    }

    /// Enters random orders and cancels of four accounts, so much time apart at most: stops and
    /// orders that meet their own among them.
    pub(super) fn trade(&mut self, commands: u64, apart_ms: u64) {
        for _ in 0..commands {
            let account = ["alice", "bob", "carol", "dave"][self.below(4) as usize];
            let account = AccountRef::Name(AccountName::new(account).unwrap());
            let named = ClientOrderId::new(&format!("c{}", self.entered)).unwrap();
            let recent = self.entered.saturating_sub(self.below(20));
            let command = if self.below(4) == 0 {
                let target = Target::Client(ClientOrderId::new(&format!("c{recent}")).unwrap());
                Command::Cancel(Cancel { account, target })
            } else {
                let side = Side::BOTH[self.below(2) as usize];
                let price = Price(1_000 + self.below(30) as i64);
                let quantity = Quantity(1 + self.below(5));
                let mut order = Order::limit(account, BTC, side, price, quantity);
                order.client_order_id = named;
                if self.below(50) == 0 {
                    order.order_type = OrderType::Market;
                    order.fields = OrderFields::QUANTITY;
                    (order.price, order.quantity) = (Price(0), Quantity(40));
                } else if self.below(10) == 0 {
                    order.order_type = OrderType::StopLimit;
                    order.fields = order.fields.with(OrderFields::STOP_PRICE);
                    order.stop_price = Price(1_000 + self.below(30) as i64);
                }
                if self.below(10) == 0 {
                    order.self_trade = SelfTrade::Decrement;
                }
                Command::Place(order)
            };
            self.time_ns += 1_000_000 * self.below(apart_ms.max(1));
            self.enter(&command);
        }
    }

    pub(super) fn deposit(&mut self, account: &str, asset: &str) {
        self.enter(&Command::Transfer(Transfer {
            account: AccountRef::Name(AccountName::new(account).unwrap()),
            asset: AssetName::new(asset).unwrap(),
            direction: Direction::Deposit,
            amount: Decimal::parse("1000000").unwrap(),
            actor: Actor::EMPTY,
        }));
    }

    pub(super) fn enter(&mut self, command: &Command) {
        while self.ingress.submit_at(Token::default(), self.time_ns, command).is_err() {
            thread::yield_now();
        }
        self.entered += 1;
    }

    /// Waits until the views show all that was entered.
    pub(super) fn settle(&self) {
        let since = Instant::now();
        while self.runtime.views().read().at().sequence < Sequence(self.entered) {
            assert!(since.elapsed() < PATIENCE, "the engine carries out what was entered");
            thread::sleep(Duration::from_millis(1));
        }
    }

    pub(super) fn join(&self) -> Reader {
        let seat = self.hub.join("127.0.0.1:1".parse().unwrap());
        Reader { seat, messages: Vec::new() }
    }

    /// A mark behind everything that was entered: the reader knows that it has read all.
    pub(super) fn sequence(&self) -> u64 {
        self.entered
    }
}

/// A client that keeps all it is told.
pub(super) struct Reader {
    pub(super) seat: Seat,
    pub(super) messages: Vec<Value>,
}

impl Reader {
    /// None: what is asked for is too old.
    pub(super) fn subscribe(
        &mut self,
        topics: &[Topic],
        wish: Wish,
        from_sequence: Option<u64>,
    ) -> Option<()> {
        let reply = Utf8Bytes::from_static(r#"{"type":"SubscribeSuccess"}"#);
        let (topics, reply) = (topics.to_vec(), Some(reply));
        let ask = Ask { topics, wish, from_sequence, reply, asker: Asker::default() };
        let answer = pollster(self.seat.subscribe(ask)).expect("the hub runs");
        answer.ok().map(|_at| ())
    }

    /// Takes what waits now.
    pub(super) fn read(&mut self) {
        let mut chunk = VecDeque::new();
        let taken = self.seat.client.outbox.take(&mut chunk, 16 << 10);
        if taken.room {
            self.seat.room();
        }
        let parsed = chunk.iter().map(|due| serde_json::from_str(due.text.as_str()).unwrap());
        self.messages.extend(parsed);
    }

    /// Reads on until the messages satisfy.
    pub(super) fn read_until(&mut self, done: impl Fn(&[Value]) -> bool) {
        let since = Instant::now();
        while !done(&self.messages) {
            assert_eq!(self.seat.client.outbox.ending(), None, "the session lives");
            assert!(since.elapsed() < PATIENCE, "only {} messages came", self.messages.len());
            self.read();
            thread::sleep(Duration::from_micros(200));
        }
    }

    pub(super) fn of(&self, kind: &str) -> impl Iterator<Item = &Value> {
        self.messages.iter().filter(move |message| message["type"] == kind)
    }
}

/// Waits for a future that another thread completes.
fn pollster<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}
