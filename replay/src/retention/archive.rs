//! Sealed segments, copied to another directory and back. A copy has the name of its segment only
//! once it is on the device and has been compared with it; what is there already must be the same.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use journal::{ReadError, Reader, Storage};
use thiserror::Error;

/// Read and written at once.
const PIECE_BYTES: usize = 1 << 20;

#[derive(Debug, Error)]
pub enum ArchiveError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Storage(#[from] journal::StorageError),
    #[error("{operation} {}: {source}", path.display())]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("{} is there already and is another file than {}", copy.display(), of.display())]
    Differs { copy: PathBuf, of: PathBuf },
    #[error("{}: belongs to another journal", path.display())]
    Foreign { path: PathBuf },
    #[error("no segment of {} is missing that {} has", directory.display(), from.display())]
    NothingMissing { directory: PathBuf, from: PathBuf },
}

/// Copies every sealed segment of the journal that `to` has not yet got; the journal is verified
/// first. Which were copied.
pub fn archive(
    storage: &Storage,
    directory: &Path,
    to: &Path,
) -> Result<Vec<PathBuf>, ArchiveError> {
    journal::verify(directory, |_| {})?;
    let reader = Reader::open(directory)?;
    std::fs::create_dir_all(to).map_err(|source| ArchiveError::Io {
        operation: "create",
        path: to.to_owned(),
        source,
    })?;
    let paths: Vec<_> = reader.segments().map(|(path, _)| path.to_owned()).collect();
    let Some((_, sealed)) = paths.split_last() else { return Ok(Vec::new()) };
    sealed.iter().filter_map(|path| copy_into(storage, path, to).transpose()).collect()
}

/// Copies what the journal has lost at its beginning back from an archive, newest first, so that
/// its segments are one row at any moment; then the whole journal is verified, and what was copied
/// goes again if it is not in order. Which were copied.
pub fn restore(
    storage: &Storage,
    directory: &Path,
    from: &Path,
) -> Result<Vec<PathBuf>, ArchiveError> {
    let (kept, archived) = (Reader::open(directory)?, Reader::open(from)?);
    if kept.identity() != archived.identity() {
        return Err(ArchiveError::Foreign { path: from.to_owned() });
    }
    let first = kept.headers().next().map_or(1, |header| header.epoch);
    let missing = archived.segments().filter(|(_, header)| header.epoch < first);
    let missing: Vec<_> = missing.map(|(path, _)| path.to_owned()).collect();
    if missing.is_empty() {
        let (directory, from) = (directory.to_owned(), from.to_owned());
        return Err(ArchiveError::NothingMissing { directory, from });
    }
    let mut copied = Vec::new();
    let result = missing
        .iter()
        .rev()
        .try_for_each(|path| {
            copied.extend(copy_into(storage, path, directory)?);
            Ok(())
        })
        .and_then(|()| Ok(journal::verify(directory, |_| {})?));
    match result {
        Ok(_) => Ok(copied),
        Err(error) => {
            // Oldest first, for the same reason.
            for path in copied.iter().rev() {
                storage.remove(path)?;
            }
            Err(error)
        }
    }
}

/// None: it is there already, the same.
fn copy_into(storage: &Storage, path: &Path, to: &Path) -> Result<Option<PathBuf>, ArchiveError> {
    let name = path.file_name().expect("a segment has a name");
    let copy = to.join(name);
    if copy.exists() {
        return match is_same(path, &copy)? {
            true => Ok(None),
            false => Err(ArchiveError::Differs { copy, of: path.to_owned() }),
        };
    }
    let temporary = copy.with_extension("tmp");
    let target = storage.create(&temporary)?;
    let mut offset = 0;
    pieces(path, |piece| {
        storage.write(&target, &temporary, offset, piece)?;
        offset += piece.len() as u64;
        Ok(())
    })?;
    storage.sync_file_all(&target, &temporary)?;
    storage.forget_cached(&target, &temporary)?;
    if !is_same(path, &temporary)? {
        return Err(ArchiveError::Differs { copy: temporary, of: path.to_owned() });
    }
    storage.rename(&temporary, &copy)?;
    storage.sync_directory(to)?;
    Ok(Some(copy))
}

fn is_same(left: &Path, right: &Path) -> Result<bool, ArchiveError> {
    Ok(hash(left)? == hash(right)?)
}

fn hash(path: &Path) -> Result<blake3::Hash, ArchiveError> {
    let mut hasher = blake3::Hasher::new();
    pieces(path, |piece| {
        hasher.update(piece);
        Ok(())
    })?;
    Ok(hasher.finalize())
}

fn pieces(
    path: &Path,
    mut each: impl FnMut(&[u8]) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let error =
        |operation| move |source| ArchiveError::Io { operation, path: path.to_owned(), source };
    let mut file = File::open(path).map_err(error("open"))?;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        match file.read(&mut piece).map_err(error("read"))? {
            0 => return Ok(()),
            bytes => each(&piece[..bytes])?,
        }
    }
}
