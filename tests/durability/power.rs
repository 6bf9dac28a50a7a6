//! The power goes: the journal lies on an ext4 of its own on a loop device, whose shutdown call
//! throws away all that was not synced. Mounted again, in a new boot, the program finds every
//! order that it had acknowledged. Needs root; `ORISON_POWER_CUTS` makes it longer.

use std::fs;
use std::path::Path;

use super::clients::{self, Ledger};
use super::{dump, every_order_is_there_once, recovers_all_that_was_acknowledged};
use crate::failing::{Mount, is_root};
use crate::seed;
use crate::server::{Durability, Server};
use crate::stream::Dice;

const CUTS_DEFAULT: u64 = 3;
const DISK_BYTES: u64 = 96 << 20;
/// `EXT4_IOC_SHUTDOWN` without flushing anything, its own journal neither.
const SHUT_DOWN: &str = "import fcntl, os, struct, sys\n\
    fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587D, struct.pack('I', 2))";
/// The kernel has not booted: for the program it has.
const IN_ANOTHER_BOOT: [&str; 5] = [
    "unshare",
    "--mount",
    "sh",
    "-c",
    "mount --bind boot /proc/sys/kernel/random/boot_id && exec \"$0\" \"$@\"",
];

#[test]
fn what_was_acknowledged_as_durable_survives_a_power_cut() {
    if !is_root() || !crate::failing::succeeds("python3", &["--version"]) {
        eprintln!("SKIPPED: a power cut needs root, a loop device and python3");
        return;
    }
    let cuts = seed::number("ORISON_POWER_CUTS").unwrap_or(CUTS_DEFAULT);
    let seed = seed::given().unwrap_or(0x0ff);
    let guard = seed::Reproduce::new(format!(
        "ORISON_SEED={seed} ORISON_POWER_CUTS={cuts} cargo test -p tests power_cut"
    ));
    let home = tempfile::tempdir().unwrap();
    let (data, image) = (home.path().join("data"), home.path().join("image"));
    fs::create_dir(&data).unwrap();
    fs::File::create(&image).unwrap().set_len(DISK_BYTES).unwrap();
    let image = image.to_str().unwrap();
    assert!(crate::failing::succeeds("mkfs.ext4", &["-q", image]), "a file system can be made");
    let (mut dice, mut ledger) = (Dice::new(seed), Ledger::default());
    for round in 0..cuts {
        let mount = Mount::new(&["-o", "loop", image], &data);
        let server = boot(home.path(), &mut dice);
        recovers_all_that_was_acknowledged(&server, &ledger, round);
        let enough = 30 + dice.below(120);
        let cut = |server: Server| {
            shut_down(&data);
            server.kill();
        };
        ledger = clients::enter_until(enough, server, ledger, (round, dice.next()), cut);
        drop(mount);
    }
    let _mount = Mount::new(&["-o", "loop", image], &data);
    let server = boot(home.path(), &mut dice);
    recovers_all_that_was_acknowledged(&server, &ledger, cuts);
    every_order_is_there_once(&server, &mut ledger);
    let sequence = server.sequence();
    assert!(server.stop().success(), "SIGTERM ends it with status 0");
    dump::journal_agrees(&data, &ledger, sequence);
    println!("{cuts} power cuts, {} orders acknowledged", ledger.acknowledged().len());
    guard.passed();
}

fn boot(home: &Path, dice: &mut Dice) -> Server {
    let id = format!("{:08x}-0000-4000-8000-{:012x}\n", dice.next() as u32, dice.next() >> 16);
    fs::write(home.join("boot"), id).unwrap();
    Server::start_under(&IN_ANOTHER_BOOT, home, Durability::Durable)
}

fn shut_down(data: &Path) {
    let arguments = ["-c", SHUT_DOWN, data.to_str().unwrap()];
    assert!(crate::failing::succeeds("python3", &arguments), "ext4 can be shut down");
}
