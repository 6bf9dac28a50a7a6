//! A simulated disk: the machine dies before some operation; names are those of the last synced
//! directory or later, each unsynced sector is old or new. Then it starts, may die again while it
//! starts, and in the end everything durable is there, nothing else than a prefix, and no start
//! was refused. A failure prints the seed that repeats it.

use std::sync::Arc;

use journal::{Durability, Faults, Options};

use crate::disk::{Dead, Disk, Files, Random, place, scratch};
use crate::support::*;

/// Seeds of a plain run; `JOURNAL_SEEDS=FIRST..END` names others.
const SEEDS: std::ops::Range<u64> = 0..20;
/// Operations among which a machine dies, counted from its start.
const OPERATIONS: u64 = 60;

/// A boot of the machine on what the last one left: opens, appends, and dies on the way.
/// Returns what it leaves and how many commands were appended at most.
fn live_and_die(
    files: &Files,
    boot: u8,
    seed: &str,
    random: &mut Random,
    (durable, appended): (u64, u64),
) -> (Dead, u64) {
    let directory = scratch();
    place(files, directory.path());
    let dies_after = random.below(OPERATIONS);
    let disk = Disk::new(directory.path(), Random(random.next()), dies_after);
    let mut options = Options { segment_bytes: 8192, ..options() };
    options.seams.boot_id = Some([boot; 16]);
    options.seams.faults = Some(Arc::clone(&disk) as Arc<dyn Faults>);
    if random.below(3) == 0 {
        options.durability = Durability::Journaled;
        options.sync_interval = std::time::Duration::from_micros(500);
    }
    let mut most = appended;
    match open(directory.path(), &options) {
        Err(journal::OpenError::Storage(_)) => assert!(disk.is_dead(), "seed {seed}: no disk"),
        Err(error) => panic!("seed {seed}: the start was refused: {error}"),
        Ok((mut writer, opened, found)) => {
            check(&found, durable, appended, seed);
            disk.watch(writer.positions());
            let mut last = opened.last_sequence;
            loop {
                let next = command(last + 1);
                let parts: &[&[u8]] = &[&next.payload];
                if writer.append_parts(next.kind, 1, last + 1, next.time_ns, parts).is_err() {
                    break;
                }
                last += 1;
                let burst = random.below(12) != 0;
                if !burst && writer.positions().wait_durable(last).is_err() {
                    break;
                }
            }
            // A shorter tail may have been found before; what is appended now replaces it.
            most = last;
        }
    }
    let dead = disk.dead().expect("it ran until the machine died");
    let durable = dead.durable.max(durable);
    (Dead { durable, ..dead }, most.max(durable))
}

fn seeds() -> std::ops::Range<u64> {
    let Ok(named) = std::env::var("JOURNAL_SEEDS") else { return SEEDS };
    let (first, end) = named.split_once("..").expect("JOURNAL_SEEDS is FIRST..END");
    first.parse().unwrap()..end.parse().unwrap()
}

/// The command that runs a seed again.
fn repeat(seed: u64) -> String {
    format!("JOURNAL_SEEDS={seed}..{} cargo test -p journal power_cuts", seed + 1)
}

fn check(found: &[Command], durable: u64, appended: u64, seed: &str) {
    let last = found.len() as u64;
    assert!(last >= durable, "seed {seed}: durable {durable}, found {last}");
    assert!(last <= appended, "seed {seed}: appended {appended}, found {last}");
    assert_eq!(found, commands(last), "seed {seed}");
}

#[test]
fn after_any_row_of_power_cuts_everything_durable_is_there_and_nothing_is_refused() {
    for seed in seeds() {
        let mut random = Random(seed);
        let mut files = Files::new();
        let (mut durable, mut appended) = (0, 0);
        for boot in 1..=5_u8 {
            let label = format!("{seed} boot {boot}: {}", repeat(seed));
            let (dead, most) = live_and_die(&files, boot, &label, &mut random, (durable, appended));
            (files, durable, appended) = (dead.files, dead.durable, most.max(appended));
        }
        let directory = scratch();
        place(&files, directory.path());
        let mut last_options = Options { segment_bytes: 8192, ..options() };
        last_options.seams.boot_id = Some([99; 16]);
        let (_, _, found) = open(directory.path(), &last_options).unwrap();
        check(&found, durable, appended, &format!("{seed} last boot: {}", repeat(seed)));
        let (_, opened, again) = open(directory.path(), &last_options).unwrap();
        assert_eq!((again, opened.cut), (found, None), "seed {seed} second start");
    }
}
