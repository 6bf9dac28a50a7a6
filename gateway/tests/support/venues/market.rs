//! A market for the fake venues to tell of: a seeded random walk with a real book behind it, every
//! documented field filled in. One beat is a tenth of a second.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{House, binance, upbit};

/// splitmix64: the same market for the same seed.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }
}

/// Prices in tenths.
pub(crate) struct Futures {
    symbol: String,
    dice: Dice,
    middle: i64,
    bids: BTreeMap<i64, u64>,
    asks: BTreeMap<i64, u64>,
    update_id: u64,
    trade_id: u64,
    start_ms: u64,
    beat: u64,
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}

fn tenths(price: i64) -> String {
    format!("{}.{}0", price / 10, price % 10)
}

fn thousandths(quantity: u64) -> String {
    format!("{}.{:03}", quantity / 1000, quantity % 1000)
}

impl Futures {
    pub(crate) fn new(symbol: &str, price: i64, seed: u64) -> Self {
        let (middle, mut dice) = (price * 10, Dice(seed));
        let mut side = |sign: i64| {
            (1..=200).map(|n| (middle + sign * n, 1 + dice.roll(5_000))).collect::<BTreeMap<_, _>>()
        };
        let (bids, asks) = (side(-1), side(1));
        let symbol = symbol.into();
        Self {
            symbol,
            dice,
            middle,
            bids,
            asks,
            update_id: 1_000,
            trade_id: 0,
            start_ms: now_ms(),
            beat: 0,
        }
    }

    /// `lose` keeps an update to itself: the next one does not follow the last that was told.
    pub(crate) fn beat(&mut self, house: &House, lose: bool) {
        self.beat += 1;
        let time = self.start_ms + self.beat * 100;
        let update = self.depth(time);
        self.show_snapshot(house, time);
        let lower = self.symbol.to_ascii_lowercase();
        if !lose {
            binance::say(house, &[&format!("{lower}@depth")], &update.to_string());
        }
        binance::say(house, &[&format!("{lower}@aggTrade")], &self.trade(time).to_string());
        binance::say(house, &[&format!("{lower}@trade")], &self.single(time).to_string());
        binance::say(house, &[&format!("{lower}@bookTicker")], &self.best(time).to_string());
        if self.beat.is_multiple_of(10) {
            binance::say(house, &[&format!("{lower}@ticker")], &self.ticker(time).to_string());
            let mini = self.mini_ticker(time).to_string();
            binance::say(house, &[&format!("{lower}@miniTicker")], &mini);
        }
        if self.dice.roll(10) == 0 {
            let forced = self.forced(time).to_string();
            let own = format!("{lower}@forceOrder");
            binance::say(house, &[&own, "!forceOrder@arr"], &forced);
        }
    }

    /// The next update of the book, its best and its snapshot after it.
    pub(crate) fn recorded(&mut self) -> (Value, Value, Value) {
        self.beat += 1;
        let time = self.start_ms + self.beat * 100;
        (self.depth(time), self.best(time), self.snapshot(time))
    }

    fn depth(&mut self, time: u64) -> Value {
        self.middle += self.dice.roll(5) as i64 - 2;
        let (first, previous) = (self.update_id + 1, self.update_id);
        let (mut bids, mut asks) = (Vec::new(), Vec::new());
        // What the walk has crossed goes; the best level is always there.
        let crossed: Vec<i64> = self.bids.range(self.middle..).map(|(p, _)| *p).collect();
        for price in crossed {
            self.bids.remove(&price);
            bids.push((price, 0));
        }
        let crossed: Vec<i64> = self.asks.range(..=self.middle).map(|(p, _)| *p).collect();
        for price in crossed {
            self.asks.remove(&price);
            asks.push((price, 0));
        }
        for distance in [1, 1 + self.dice.roll(150) as i64, 1 + self.dice.roll(150) as i64] {
            let gone = distance > 1 && self.dice.roll(4) == 0;
            let quantity = if gone { 0 } else { 1 + self.dice.roll(5_000) };
            for (price, side, told) in [
                (self.middle - distance, &mut self.bids, &mut bids),
                (self.middle + distance, &mut self.asks, &mut asks),
            ] {
                match quantity {
                    0 => side.remove(&price),
                    quantity => side.insert(price, quantity),
                };
                told.push((price, quantity));
            }
        }
        self.update_id += 1 + self.dice.roll(20);
        let written = |levels: Vec<(i64, u64)>| -> Vec<Value> {
            levels.into_iter().map(|(p, q)| json!([tenths(p), thousandths(q)])).collect()
        };
        json!({"e": "depthUpdate", "E": time, "T": time, "s": self.symbol, "U": first,
            "u": self.update_id, "pu": previous, "b": written(bids), "a": written(asks), "st": 1,
            "ps": self.symbol})
    }

    fn show_snapshot(&self, house: &House, time: u64) {
        let body = self.snapshot(time).to_string();
        house.lock().snapshots.insert(self.symbol.clone(), body);
    }

    fn snapshot(&self, time: u64) -> Value {
        let level =
            |(price, quantity): (&i64, &u64)| json!([tenths(*price), thousandths(*quantity)]);
        let bids: Vec<Value> = self.bids.iter().rev().take(1000).map(level).collect();
        let asks: Vec<Value> = self.asks.iter().take(1000).map(level).collect();
        json!({"lastUpdateId": self.update_id, "E": time, "T": time, "bids": bids, "asks": asks})
    }

    fn trade(&mut self, time: u64) -> Value {
        self.trade_id += 1;
        let quantity = thousandths(1 + self.dice.roll(2_000));
        let is_maker = self.dice.roll(2) == 0;
        json!({"e": "aggTrade", "E": time, "s": self.symbol, "a": self.trade_id,
            "p": tenths(self.middle), "q": quantity, "nq": quantity, "f": self.trade_id * 2,
            "l": self.trade_id * 2 + 1, "T": time, "m": is_maker, "st": 1})
    }

    /// A trade of its own, as `@trade` tells it.
    fn single(&self, time: u64) -> Value {
        json!({"e": "trade", "E": time, "T": time, "s": self.symbol, "t": self.trade_id,
            "p": tenths(self.middle), "q": "0.006", "X": "MARKET", "m": false})
    }

    fn best(&self, time: u64) -> Value {
        let bid = self.bids.last_key_value().map_or((0, 0), |(p, q)| (*p, *q));
        let ask = self.asks.first_key_value().map_or((0, 0), |(p, q)| (*p, *q));
        json!({"e": "bookTicker", "u": self.update_id, "s": self.symbol, "b": tenths(bid.0),
            "B": thousandths(bid.1), "a": tenths(ask.0), "A": thousandths(ask.1), "T": time,
            "E": time})
    }

    fn ticker(&self, time: u64) -> Value {
        let price = tenths(self.middle);
        json!({"e": "24hrTicker", "E": time, "s": self.symbol, "p": "12.30", "P": "0.123",
            "w": price, "c": price, "Q": "0.100", "o": price, "h": price, "l": price,
            "v": "1000.000", "q": "50000000.00", "O": time - 86_400_000, "C": time, "F": 1,
            "L": self.trade_id, "n": self.trade_id, "st": 1, "ps": self.symbol})
    }

    fn mini_ticker(&self, time: u64) -> Value {
        let price = tenths(self.middle);
        json!({"e": "24hrMiniTicker", "E": time, "s": self.symbol, "c": price, "o": price,
            "h": price, "l": price, "v": "1000.000", "q": "50000000.00", "st": 1})
    }

    fn forced(&mut self, time: u64) -> Value {
        let quantity = thousandths(1 + self.dice.roll(4_000));
        let side = if self.dice.roll(2) == 0 { "BUY" } else { "SELL" };
        json!({"e": "forceOrder", "E": time, "o": {"s": self.symbol, "S": side, "o": "LIMIT",
            "f": "IOC", "q": quantity, "p": tenths(self.middle), "ap": tenths(self.middle),
            "X": "FILLED", "l": quantity, "z": quantity, "T": time}, "st": 1})
    }
}

pub(crate) struct Won {
    code: String,
    dice: Dice,
    price: i64,
    trade_id: u64,
    start_ms: u64,
    beat: u64,
}

impl Won {
    pub(crate) fn new(code: &str, price: i64, seed: u64) -> Self {
        Self {
            code: code.into(),
            dice: Dice(seed),
            price,
            trade_id: 0,
            start_ms: now_ms(),
            beat: 0,
        }
    }

    pub(crate) fn beat(&mut self, house: &House) {
        self.beat += 1;
        let time = self.start_ms + self.beat * 100;
        self.price += (self.dice.roll(5) as i64 - 2) * 1000;
        upbit::say(house, &self.trade(time));
        upbit::say(house, &self.book(time));
        if self.beat.is_multiple_of(5) {
            upbit::say(house, &self.ticker(time));
        }
        if self.beat.is_multiple_of(20) {
            upbit::say(house, &own_order(&self.code, self.beat, time));
            upbit::say(house, &own_assets(self.beat, time));
        }
    }

    /// The next trade and the book after it.
    pub(crate) fn recorded(&mut self) -> (Value, Value) {
        self.beat += 1;
        let time = self.start_ms + self.beat * 100;
        self.price += (self.dice.roll(5) as i64 - 2) * 1000;
        (self.trade(time), self.book(time))
    }

    fn volume(&mut self) -> f64 {
        self.dice.roll(100_000_000) as f64 / 1e8
    }

    fn trade(&mut self, time: u64) -> Value {
        self.trade_id += 1;
        let (price, volume) = (self.price as f64, self.volume());
        let side = if self.dice.roll(2) == 0 { "ASK" } else { "BID" };
        json!({"type": "trade", "code": self.code, "timestamp": time, "trade_date": "2026-11-21",
            "trade_time": "12:00:00", "trade_timestamp": time, "trade_price": price,
            "trade_volume": volume, "ask_bid": side, "prev_closing_price": price,
            "change": "EVEN", "change_price": 0.0, "sequential_id": time * 10_000 + self.trade_id,
            "best_ask_price": price + 1000.0, "best_ask_size": 0.5, "best_bid_price": price,
            "best_bid_size": 0.5})
    }

    fn book(&mut self, time: u64) -> Value {
        let units: Vec<Value> = (0..30)
            .map(|n| {
                json!({"ask_price": (self.price + 1000 * (n + 1)) as f64,
                    "bid_price": (self.price - 1000 * n) as f64,
                    "ask_size": self.volume(), "bid_size": self.volume()})
            })
            .collect();
        json!({"type": "orderbook", "code": self.code, "timestamp": time, "total_ask_size": 15.0,
            "total_bid_size": 15.0, "orderbook_units": units, "level": 0})
    }

    fn ticker(&mut self, time: u64) -> Value {
        let price = self.price as f64;
        json!({"type": "ticker", "code": self.code, "opening_price": price, "high_price": price,
            "low_price": price, "trade_price": price, "prev_closing_price": price,
            "change": "RISE", "change_price": 1000.0, "signed_change_price": 1000.0,
            "change_rate": 0.00002, "signed_change_rate": 0.00002, "trade_volume": self.volume(),
            "acc_trade_volume": 1.0, "acc_trade_volume_24h": 2.0, "acc_trade_price": 3.0,
            "acc_trade_price_24h": 4.0, "trade_date": "20261121", "trade_time": "120000",
            "trade_timestamp": time, "ask_bid": "BID", "acc_ask_volume": 0.5,
            "acc_bid_volume": 0.5, "highest_52_week_price": price,
            "highest_52_week_date": "2026-01-01", "lowest_52_week_price": price,
            "lowest_52_week_date": "2026-01-02", "market_state": "ACTIVE",
            "is_trading_suspended": false, "delisting_date": null, "market_warning": "NONE",
            "timestamp": time})
    }
}

fn own_order(code: &str, number: u64, time: u64) -> Value {
    json!({"type": "myOrder", "code": code, "uuid": format!("order-{number}"), "ask_bid": "BID",
        "order_type": "limit", "state": "trade", "trade_uuid": format!("trade-{number}"),
        "price": 1000.0, "avg_price": 1000.0, "volume": 0.5, "remaining_volume": 0.25,
        "executed_volume": 0.25, "trades_count": 1, "reserved_fee": 0.1, "remaining_fee": 0.1,
        "paid_fee": 0.1, "locked": 500.0, "executed_funds": 250.0, "time_in_force": null,
        "trade_timestamp": time, "order_timestamp": time, "timestamp": time})
}

fn own_assets(number: u64, time: u64) -> Value {
    json!({"type": "myAsset", "asset_uuid": format!("asset-{number}"),
        "assets": [{"currency": "KRW", "balance": 1_386_929.37, "locked": 500.0}],
        "asset_timestamp": time, "timestamp": time})
}
