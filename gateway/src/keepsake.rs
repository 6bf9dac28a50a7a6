//! A small file beside the journal for what has to outlive the process and is no command: whole or
//! as it was before, never half, and nobody else's to read. What stands in it is not known here.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What a file survives once it is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Survives {
    /// The end of the process.
    Process,
    /// The loss of power too.
    Machine,
}

/// None: there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Written beside its name and renamed. One writer at a time.
pub(crate) fn write(path: &Path, text: &str, survives: Survives) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    if survives == Survives::Machine {
        file.sync_all()?;
    }
    fs::rename(&beside, path)?;
    match (survives, path.parent()) {
        (Survives::Machine, Some(folder)) => File::open(folder)?.sync_all(),
        (Survives::Machine, None) | (Survives::Process, _) => Ok(()),
    }
}
