//! Recovery as a start of the server uses it. In a process of its own: a lock that is let go here
//! is still held by any child that another thread has forked and that has not started yet.
#![allow(clippy::unwrap_used, reason = "all of this is test code")]

use std::path::Path;

use engine::projection::ViewLimits;
use orison_core::command::{Genesis, InstrumentFields, InstrumentSpec};
use orison_core::instrument::Step;
use orison_core::{AssetName, Symbol};
use replay::{Recovered, genesis, recover};

fn start(directory: &Path) -> Recovered {
    let options = journal::Options { segment_bytes: 1 << 20, ..journal::Options::default() };
    recover(directory, &options, ViewLimits::DEFAULT, |_| {}).unwrap()
}

fn instrument(symbol: &str, fee_ppm: i32) -> InstrumentSpec {
    InstrumentSpec {
        symbol: Symbol::new(symbol).unwrap(),
        base: AssetName::new(symbol).unwrap(),
        quote: AssetName::new("KRW").unwrap(),
        fields: InstrumentFields::BASE
            .with(InstrumentFields::QUOTE)
            .with(InstrumentFields::PRICE_STEP)
            .with(InstrumentFields::QUANTITY_STEP)
            .with(InstrumentFields::TAKER_FEE),
        price_step: Step { mantissa: 5, scale: 1 },
        taker_fee_ppm: fee_ppm,
        ..InstrumentSpec::EMPTY
    }
}

#[test]
fn an_empty_journal_begins_with_its_genesis_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let specs = [instrument("A", 10), instrument("B", 0)];
    let mut first = start(folder.path());
    assert!(first.opened.created);
    let differences = genesis(&mut first, &Genesis::DEFAULT, &specs, 7).unwrap();
    assert_eq!(differences, Vec::<String>::new());
    assert_eq!(first.exchange.applied().sequence.0, 3);
    assert_eq!(first.views.at(), first.exchange.applied());
    let digests = first.witness.digests();
    drop(first);

    let mut second = start(folder.path());
    assert_eq!((second.commands, second.opened.created), (3, false));
    assert_eq!(second.witness.digests(), digests);
    assert_eq!(second.exchange.applied().time_ns, 7);
    let changed = [
        instrument("C", 0),
        InstrumentSpec { price_step: Step::ONE, ..instrument("A", 20) },
        instrument("B", 0),
    ];
    let differences = genesis(&mut second, &Genesis::DEFAULT, &changed, 8).unwrap();
    assert_eq!(
        differences,
        [
            "instrument C is not in the journal",
            "A: price_step is 0.5, configured is 1",
            "A: taker_fee_ppm is 10, configured is 20",
        ]
    );
    assert_eq!(second.exchange.applied().sequence.0, 3, "a difference changes nothing");
}

#[test]
fn a_beginning_that_was_cut_short_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    let specs = [instrument("A", 10), instrument("B", 0)];
    let mut first = start(folder.path());
    genesis(&mut first, &Genesis::DEFAULT, &specs[..1], 7).unwrap();
    drop(first);
    let mut second = start(folder.path());
    let differences = genesis(&mut second, &Genesis::DEFAULT, &specs, 6).unwrap();
    assert_eq!(differences, Vec::<String>::new());
    let symbols: Vec<_> =
        second.exchange.instruments().iter().map(|known| known.symbol.to_string()).collect();
    assert_eq!(symbols, ["A", "B"]);
    let applied = second.exchange.applied();
    assert_eq!((applied.sequence.0, applied.time_ns), (3, 7), "time does not go back");
}

#[test]
fn an_instrument_that_is_refused_names_itself() {
    let folder = tempfile::tempdir().unwrap();
    let mut recovered = start(folder.path());
    let wrong = [instrument("A", 1_000_000)];
    let error = genesis(&mut recovered, &Genesis::DEFAULT, &wrong, 0).unwrap_err();
    let text = error.to_string();
    assert_eq!(text, "beginning the journal: instrument A was refused: bad_amount");
}

#[test]
fn a_journal_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = start(folder.path());
    let options = journal::Options::default();
    let second = recover(folder.path(), &options, ViewLimits::DEFAULT, |_| {});
    let text = second.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains(&format!("in use by process {}", std::process::id())), "{text}");
    drop(first);
}
