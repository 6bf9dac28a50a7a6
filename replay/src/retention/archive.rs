//! Sealed segments, copied to another directory. A copy has the name of its segment only
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
    #[error(
        "no segment of {} is missing or damaged that {} has",
        directory.display(), from.display()
    )]
    NothingMissing { directory: PathBuf, from: PathBuf },
    #[error(
        "{0}; it is the journal's newest segment, which is never replaced: what an archive lacks \
         of it was acknowledged too. A copy of the directory may have it; to give it up instead, \
         move the file away and restore"
    )]
    Newest(Box<ReadError>),
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

/// None: it is there already, the same.
pub(super) fn copy_into(
    storage: &Storage,
    path: &Path,
    to: &Path,
) -> Result<Option<PathBuf>, ArchiveError> {
    let name = path.file_name().expect("a segment has a name");
    let copy = to.join(name);
    if copy.exists() {
        return match is_same(path, &copy)? {
            true => Ok(None),
            false => Err(ArchiveError::Differs { copy, of: path.to_owned() }),
        };
    }
    let temporary = copy.with_extension("tmp");
    if let Err(error) = copy_whole(storage, path, &temporary) {
        // On a full disk half of a copy only takes room; the error is what matters.
        storage.remove(&temporary).ok();
        return Err(error);
    }
    storage.rename(&temporary, &copy)?;
    storage.sync_directory(to)?;
    Ok(Some(copy))
}

/// Onto the device, and compared.
fn copy_whole(storage: &Storage, path: &Path, temporary: &Path) -> Result<(), ArchiveError> {
    let target = storage.create(temporary)?;
    let mut offset = 0;
    pieces(path, |piece| {
        storage.write(&target, temporary, offset, piece)?;
        offset += piece.len() as u64;
        Ok(())
    })?;
    storage.sync_file_all(&target, temporary)?;
    storage.forget_cached(&target, temporary)?;
    match is_same(path, temporary)? {
        true => Ok(()),
        false => {
            let (copy, of) = (temporary.to_owned(), path.to_owned());
            Err(ArchiveError::Differs { copy, of })
        }
    }
}

pub(super) fn is_same(left: &Path, right: &Path) -> Result<bool, ArchiveError> {
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
