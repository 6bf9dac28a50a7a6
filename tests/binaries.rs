//! The real programs, as a user has them: built once in the profile of this test and found in the
//! target directory beside it. Tests that judge from outside know nothing else of the product.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The exchange.
pub(crate) fn orison() -> Command {
    Command::new(folder().join("orison"))
}

/// The exchange as what `wrapper` runs in the end, in the same process.
pub(crate) fn orison_under(wrapper: &[&str]) -> Command {
    let Some((program, arguments)) = wrapper.split_first() else { return orison() };
    let mut command = Command::new(program);
    command.args(arguments).arg(orison().get_program());
    command
}

/// Its tools for the journal.
pub(crate) fn orison_replay() -> Command {
    Command::new(folder().join("orison-replay"))
}

fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(build)
}

/// `ORISON_PROGRAMS` names a folder where they lie already, for runs so long that the tree changes.
/// The executable of this test is `TARGET/PROFILE/deps/it-HASH`; the programs are in `PROFILE`.
fn build() -> PathBuf {
    if let Some(kept) = std::env::var_os("ORISON_PROGRAMS") {
        return kept.into();
    }
    let test = std::env::current_exe().expect("a running program has a path");
    let folder = test.ancestors().nth(2).expect("tests run from target/PROFILE/deps").to_owned();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(other) => other,
        None => panic!("{} names no profile", folder.display()),
    };
    let target = folder.parent().expect("a profile lies in the target directory");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--quiet", "--workspace", "--bins", "--profile", profile])
        .arg("--target-dir")
        .arg(target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cargo runs, as it runs this test");
    assert!(built.success(), "the programs do not build");
    folder
}
