//! What is printed of a stream reproduces it: given to the tape, it says there what the judge says
//! here, line for line.

use std::collections::HashMap;

use orison_core::command::{CancelReason, InstrumentFields};
use orison_core::{ClientOrderId, Command, Decimal, InstrumentId, Price, Quantity};
use replay::tape::{LineEnd, Options, run};
use serde_json::Value;

use super::world::World;
use crate::judge::{Id, Said};
use crate::stream::{Step, Stream};
use crate::tape::{Names, lines, name_of};

#[test]
fn a_stream_given_as_a_tape_says_the_same() {
    for seed in 0..4 {
        let steps = with_clocks(Stream::of_tape(seed).take(2_000).filter(has_a_line));
        let mut world = World::new(1);
        let mut answers = Vec::new();
        let mut orders = Orders::new();
        for step in &steps {
            let said = world.judged(step);
            note(&mut orders, step, &said);
            answers.extend(said);
        }
        let shown = |said: &Said| shown(&world.names(), &orders, said);
        let expected: Vec<String> = answers.iter().filter_map(shown).collect();
        let input = lines(&steps, &world.names());
        let options = Options { line_end: LineEnd::Silent, journal: None, instruments: Vec::new() };
        let mut out = Vec::new();
        run(&options, input.as_bytes(), &mut out).unwrap();
        let out = String::from_utf8(out).unwrap();
        let found: Vec<String> = out.lines().map(words).collect();
        let same = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
        assert!(expected.len() > 1_000, "seed {seed} says something");
        let of = |all: &[String]| {
            all.iter().skip(same.saturating_sub(8)).take(14).cloned().collect::<Vec<_>>()
        };
        let (first, second) = (of(&expected), of(&found));
        assert_eq!(first, second, "seed {seed}, line {same} of the answers");
    }
}

/// On the tape time moves by itself: each moment is a clock.
fn with_clocks(steps: impl Iterator<Item = Step>) -> Vec<Step> {
    let mut now_ns = 0;
    let mut all = Vec::new();
    for step in steps {
        let is_first = step.number == 0;
        if !is_first && step.time_ns != now_ns && step.command != Command::Clock {
            let (number, time_ns) = (usize::MAX, step.time_ns);
            let clock = Step { number, time_ns, command: Command::Clock, aims_at: None };
            all.push(clock);
        }
        now_ns = step.time_ns;
        all.push(step);
    }
    all
}

/// Some things are only said by edges and by configuration.
fn has_a_line(step: &Step) -> bool {
    match &step.command {
        Command::Genesis(_) => step.number == 0,
        Command::MassCancel(mass) => mass.reason == CancelReason::Mass,
        Command::Instrument(spec) => {
            let decimals = InstrumentFields::BASE_DECIMALS.with(InstrumentFields::QUOTE_DECIMALS);
            let is_new = !spec.base.is_empty() && !spec.quote.is_empty();
            let fixed = InstrumentFields::BASE
                .with(InstrumentFields::QUOTE)
                .with(InstrumentFields::PRICE_STEP)
                .with(InstrumentFields::QUANTITY_STEP);
            let is_change = spec.fields.0 & fixed.0 == 0;
            spec.fields.0 & decimals.0 == 0 && (is_new || is_change)
        }
        _ => true,
    }
}

/// What an order is called, and what it is in.
type Orders = HashMap<Id, (String, InstrumentId)>;

fn note(orders: &mut Orders, step: &Step, said: &[Said]) {
    let instrument = match &step.command {
        Command::Place(order) => order.instrument,
        Command::Pair(pair) => pair.legs[0].instrument,
        _ => return,
    };
    for said in said {
        if let Said::Accepted { order, .. } = *said {
            let name = name_of((step.number, order.1), ClientOrderId::EMPTY);
            orders.insert(order, (name, instrument));
        }
    }
}

/// In the words that both are compared by; None: nothing is printed of it.
fn shown(names: &Names, orders: &Orders, said: &Said) -> Option<String> {
    let name = |id: Id| &orders[&id].0;
    let known = |id: InstrumentId| names.instruments[usize::from(id.0) - 1];
    let traded = |id: Id| known(orders[&id].1);
    let amount =
        |id: Id, quantity: u64| traded(id).quantity_decimal(Quantity(quantity)).to_string();
    let money = |units: i128| Decimal::new(units, names.asset_decimals).to_string();
    Some(match *said {
        Said::Accepted { order, .. } => format!("accepted {}", name(order)),
        Said::Rejected { op, reason, .. } => format!("rejected {} {reason}", op.word()),
        Said::Trade { maker, taker, price, quantity, .. } => {
            let price = traded(maker).price_decimal(Price(price));
            let quantity = amount(maker, quantity);
            format!("trade {} {} {price} {quantity}", name(maker), name(taker))
        }
        Said::Cancelled { order, quantity, reason } => {
            format!("cancelled {} {} {}", name(order), amount(order, quantity), reason.word())
        }
        Said::Amended { order, quantity, kept, .. } => {
            format!("amended {} {} {kept}", name(order), amount(order, quantity))
        }
        Said::Triggered { order } => format!("triggered {}", name(order)),
        Said::Decremented { maker, taker, quantity } => {
            format!("decremented {} {} {}", name(maker), name(taker), amount(maker, quantity))
        }
        Said::Auction { instrument, volume, .. } => {
            let instrument = known(instrument);
            let volume = instrument.quantity_decimal(Quantity(volume));
            format!("auction {} {volume}", instrument.symbol)
        }
        Said::Status { instrument, status, .. } => {
            format!("status {} {}", known(instrument).symbol, status.word())
        }
        Said::Balance { account, free, locked, .. } => {
            let account = names.accounts[account.0 as usize - 1];
            format!("balance {account} {} {}", money(free), money(locked))
        }
        Said::Prayed(_)
        | Said::Ticker(_)
        | Said::Liquidation(_)
        | Said::ExternalTrade(_)
        | Said::ExternalHead(_)
        | Said::ExternalLevel(_) => return None,
    })
}

/// The same of a line of the tape.
fn words(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap();
    let event = line["event"].as_str().unwrap();
    let keys: &[&str] = match event {
        "accepted" | "triggered" => &["id"],
        "rejected" => &["op", "reason"],
        "trade" => &["maker", "taker", "price", "quantity"],
        "cancelled" => &["id", "quantity", "reason"],
        "amended" => &["id", "quantity", "kept_priority"],
        "decremented" => &["maker", "taker", "quantity"],
        "auction" => &["symbol", "volume"],
        "status" => &["symbol", "status"],
        "balance" => &["account", "free", "locked"],
        _ => panic!("{line} is no answer to these"),
    };
    keys.iter().fold(event.to_owned(), |words, key| match &line[*key] {
        Value::String(text) => format!("{words} {text}"),
        other => format!("{words} {other}"),
    })
}
