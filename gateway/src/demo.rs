//! A synthetic market, so that a newcomer sees one move: a seeded random walk, makers around it
//! and takers across it, on every instrument. Its orders are ordinary commands of ordinary
//! accounts, entered at the desk like anybody's; its numbers never pretend to be a venue's.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use engine::Views;
use orison_core::command::{AccountRef, Cancel, Order, OrderFields, Target, TimeInForce};
use orison_core::{
    AccountName, Command, Event, Instrument, InstrumentId, OrderId, Price, Quantity, Side,
};
use tokio::time::{MissedTickBehavior, interval};

use crate::App;
use crate::desk::DeskError;

/// Each tick is a step of every instrument's market.
const TICK: Duration = Duration::from_millis(400);
/// Resting demo orders of an instrument; the oldest goes when one more is placed.
const RESTING_MAX: usize = 60;
/// Orders that a market starts with, so that the first book has depth.
const RESTING_FIRST: usize = 24;
const MAKERS: [&str; 3] = ["demo-maker-1", "demo-maker-2", "demo-maker-3"];
const TAKERS: [&str; 2] = ["demo-taker-1", "demo-taker-2"];
/// One tick in this many brings a taker.
const TAKER_EVERY: u64 = 3;
/// Where a market starts that never traded, in price steps; others start at `START_OTHER`.
const STARTS: [(&str, i64); 3] =
    [("BTC-KRW", 50_000_000), ("ETH-KRW", 3_000_000), ("AAPL", 19_000)];
const START_OTHER: i64 = 10_000;
/// A walk never goes below, in price steps.
const MID_MIN: i64 = 100;
const SEED: u64 = 20_190_723;

/// Moves every market until the desk closes.
pub async fn run(app: Arc<App>) {
    let mut markets: Vec<Market> = {
        let views = app.views.read();
        views.catalog.instruments().iter().map(|i| Market::resumed(&views, i)).collect()
    };
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for market in &mut markets {
        for _ in market.resting.len()..RESTING_FIRST {
            if market.make(&app).await.is_err() {
                return;
            }
        }
    }
    loop {
        ticks.tick().await;
        for market in &mut markets {
            match market.step(&app).await {
                Ok(()) => {}
                Err(DeskError::Busy | DeskError::JournalFull | DeskError::Timeout) => {
                    tracing::debug!("demo: left out")
                }
                Err(DeskError::Stopping) => return,
            }
        }
    }
}

/// One instrument's crowd.
struct Market {
    instrument: InstrumentId,
    /// Whole units of the base asset, in quantity steps.
    unit: u64,
    /// What the crowd thinks it is worth, in price steps.
    mid: i64,
    random: Random,
    /// Oldest first.
    resting: VecDeque<(AccountName, OrderId)>,
}

impl Market {
    /// Goes on where the journal stands: the last price, and the orders that still rest.
    fn resumed(views: &Views, instrument: &Instrument) -> Self {
        let symbol = instrument.symbol.as_str();
        let start = STARTS.iter().find(|(known, _)| *known == symbol);
        let start = start.map_or(START_OTHER, |&(_, price)| price);
        let last = views.statistics.day(instrument.id).last.map(|price| price.0);
        let mut resting: Vec<(AccountName, OrderId)> = Vec::new();
        for name in MAKERS.map(account) {
            let Some(id) = views.catalog.account(&name) else { continue };
            let orders = views.orders.of_account(id);
            let own = orders.filter(|o| o.status.is_open() && o.instrument == instrument.id);
            resting.extend(own.map(|order| (name, order.id)));
        }
        resting.sort_unstable_by_key(|(_, id)| id.sequence);
        let step = instrument.quantity_step;
        let unit = 10u64.saturating_pow(u32::from(step.scale)) / step.mantissa;
        Self {
            instrument: instrument.id,
            unit: unit.max(100),
            mid: last.unwrap_or(start),
            random: Random(SEED ^ u64::from(instrument.id.0)),
            resting: resting.into(),
        }
    }

    async fn step(&mut self, app: &App) -> Result<(), DeskError> {
        // At most 0.03 % either way, and at least one step.
        let reach = (self.mid / 3333).max(1).unsigned_abs();
        let moved = i64::try_from(self.random.below(2 * reach + 1)).unwrap_or(0);
        self.mid = (self.mid + moved - i64::try_from(reach).unwrap_or(0)).max(MID_MIN);
        self.make(app).await?;
        if self.random.below(TAKER_EVERY) == 0 {
            self.take(app).await?;
        }
        Ok(())
    }

    /// A maker rests up to 0.2 % away from the middle.
    async fn make(&mut self, app: &App) -> Result<(), DeskError> {
        if self.resting.len() >= RESTING_MAX
            && let Some((name, id)) = self.resting.pop_front()
        {
            let (account, target) = (AccountRef::Name(name), Target::Order(id));
            app.desk.submit(Command::Cancel(Cancel { account, target })).await?;
        }
        let name = self.random.one_of(&MAKERS);
        let side = self.random.one_of(&Side::BOTH);
        let away = 1 + self.random.below((self.mid / 500).max(4).unsigned_abs());
        let away = i64::try_from(away).unwrap_or(1);
        let price = match side {
            Side::Buy => self.mid - away,
            Side::Sell => self.mid + away,
        };
        let outcome = self.place(app, name, side, price.max(1), TimeInForce::Gtc).await?;
        if let Event::Accepted(accepted) = outcome {
            self.resting.push_back((account(name), accepted.order));
        }
        Ok(())
    }

    /// A taker crosses up to 0.05 % beyond the middle and leaves nothing behind.
    async fn take(&mut self, app: &App) -> Result<(), DeskError> {
        let name = self.random.one_of(&TAKERS);
        let side = self.random.one_of(&Side::BOTH);
        let beyond = (self.mid / 2000).max(2);
        let price = match side {
            Side::Buy => self.mid + beyond,
            Side::Sell => self.mid - beyond,
        };
        self.place(app, name, side, price.max(1), TimeInForce::Ioc).await?;
        Ok(())
    }

    async fn place(
        &mut self,
        app: &App,
        name: &str,
        side: Side,
        price: i64,
        time_in_force: TimeInForce,
    ) -> Result<Event, DeskError> {
        let quantity = Quantity((1 + self.random.below(100)) * (self.unit / 100));
        let account = AccountRef::Name(account(name));
        let order = Order::limit(account, self.instrument, side, Price(price), quantity);
        let fields = order.fields.with(OrderFields::TIME_IN_FORCE);
        let order = Order { time_in_force, fields, ..order };
        Ok(app.desk.submit(Command::Place(order)).await?.answer)
    }
}

fn account(name: &str) -> AccountName {
    AccountName::new(name).expect("the demo's names are short and plain")
}

/// SplitMix64: small, and the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// Of `0..bound`, `bound` above 0; the bias of so small bounds is beyond notice.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        let count = u64::try_from(choices.len()).expect("a handful");
        choices[usize::try_from(self.below(count)).expect("below a handful")]
    }
}
