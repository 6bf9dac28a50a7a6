//! Brings a journal to the device as it lies there, beside a running writer too: whoever has read
//! a command may then rely on it. It must not know what was read. In: a directory. Out: nothing,
//! or the operation that failed.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::directory::{READY_SUFFIX, SEGMENT_SUFFIX};
use crate::storage::{Storage, StorageError};

/// Syncs every segment, those too that have no name of their own yet: readers enter them. One that
/// is given its name meanwhile may be missing in a listing: nothing is done before two agree.
pub fn settle(storage: &Storage, directory: &Path) -> Result<(), StorageError> {
    let mut listed = segments(directory)?;
    loop {
        for path in &listed {
            match File::open(path) {
                Ok(file) => storage.sync_file_all(&file, path)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(source) => return Err(failed("open", path, source)),
            }
        }
        let again = segments(directory)?;
        if again == listed {
            return storage.sync_directory(directory);
        }
        listed = again;
    }
}

fn segments(directory: &Path) -> Result<Vec<PathBuf>, StorageError> {
    let error = |source| failed("list", directory, source);
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(error)? {
        let entry = entry.map_err(error)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.ends_with(SEGMENT_SUFFIX) || name.ends_with(READY_SUFFIX) {
            found.push(entry.path());
        }
    }
    found.sort_unstable();
    Ok(found)
}

fn failed(operation: &'static str, path: &Path, source: io::Error) -> StorageError {
    StorageError { operation, path: path.to_owned(), source }
}
