//! What a journal has lost, brought back from an archive: at its beginning, in its middle, or all
//! of it. The whole, as it would be, is verified first, and nothing is touched unless it is in
//! order. A damaged file is kept beside the one that takes its place. The newest segment is never
//! replaced: no archive knows what else was in it, and somebody may be writing it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use journal::{Damage, Files, ReadError, Reader, SegmentHeader, Storage};

use super::archive::{ArchiveError, copy_into, is_same};

/// Behind the name of a damaged file that was replaced.
const ASIDE_SUFFIX: &str = ".damaged";

/// What was done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Restored {
    /// In the order in which they were copied.
    pub copied: Vec<PathBuf>,
    /// Where damaged files are now.
    pub aside: Vec<PathBuf>,
    /// Of the last command of the journal as it is now.
    pub last_sequence: u64,
    pub end: End,
}

/// What a journal that was restored ends with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Its own last segment: nothing is lost.
    Own,
    /// An archived segment: what came after it is not in the archive.
    Archived,
}

/// A journal as it would be: from each name to the file that would bear it.
struct Whole<'a> {
    directory: &'a Path,
    chosen: BTreeMap<OsString, PathBuf>,
    archived: BTreeMap<OsString, PathBuf>,
    /// The last of the journal's own: somebody may be writing it.
    newest: Option<PathBuf>,
    has_ready: bool,
}

/// Copies each segment that the journal in `directory` has not got, or has damaged, back from an
/// archive, if the journal is then in order: one identity, no gap, every checksum and chain value.
pub fn restore(storage: &Storage, directory: &Path, from: &Path) -> Result<Restored, ArchiveError> {
    let mut whole = Whole::of(directory, from)?;
    let last = whole.settle()?;
    // Newest first: what is complete is one row at any moment, but for holes that were there.
    let wanted = whole.chosen.values().rev().filter(|path| !is_in(directory, path));
    let wanted: Vec<_> = wanted.cloned().collect();
    if wanted.is_empty() {
        let (directory, from) = (directory.to_owned(), from.to_owned());
        return Err(ArchiveError::NothingMissing { directory, from });
    }
    std::fs::create_dir_all(directory).map_err(|source| ArchiveError::Io {
        operation: "create",
        path: directory.to_owned(),
        source,
    })?;
    let mut done = Done::default();
    match done.carry_out(storage, directory, (&wanted, last.as_ref())) {
        Ok(report) => Ok(Restored {
            copied: done.copied,
            aside: done.aside.into_iter().map(|(_, aside)| aside).collect(),
            last_sequence: report.last_sequence,
            end: if whole.newest.as_ref() == whole.chosen.values().next_back() {
                End::Own
            } else {
                End::Archived
            },
        }),
        Err(error) => {
            done.take_back(storage, directory)?;
            Err(error)
        }
    }
}

fn by_name(paths: &[PathBuf]) -> BTreeMap<OsString, PathBuf> {
    let named = |path: &PathBuf| path.file_name().map(|name| (name.to_owned(), path.clone()));
    paths.iter().filter_map(named).collect()
}

/// The archive may lie below the journal.
fn is_in(directory: &Path, path: &Path) -> bool {
    path.parent() == Some(directory)
}

impl<'a> Whole<'a> {
    fn of(directory: &'a Path, from: &Path) -> Result<Self, ArchiveError> {
        let own = Files::of(directory)?;
        let archived = by_name(&Files::of(from)?.segments);
        if archived.is_empty() {
            return Err(ReadError::NotAJournal { path: from.to_owned() }.into());
        }
        let mut chosen = archived.clone();
        chosen.extend(by_name(&own.segments));
        let has_ready = !own.ready.is_empty();
        let newest = own.segments.last().cloned();
        Ok(Self { directory, chosen, archived, newest, has_ready })
    }

    /// Takes what is damaged from the archive until all is in order. Some: all ends with this
    /// sealed segment of the archive.
    fn settle(&mut self) -> Result<Option<SegmentHeader>, ArchiveError> {
        loop {
            let chosen: Vec<_> = self.chosen.values().cloned().collect();
            let assembled = journal::assemble(self.directory, &chosen);
            let verified = assembled.and_then(|reader| {
                journal::verify_reader(&reader, |_| {})
                    .map_or_else(|error| self.archived_end(&reader, error).map(Some), |_| Ok(None))
            });
            match verified {
                Ok(last) => return Ok(last),
                Err(error) => self.replace(error)?,
            }
        }
    }

    /// No error if all that is wrong is that nothing comes behind the last archived segment.
    fn archived_end(&self, reader: &Reader, error: ReadError) -> Result<SegmentHeader, ReadError> {
        let last = reader.segments().next_back();
        match (&error, last) {
            (
                ReadError::Corrupt { path, reason: Damage::SuccessorMissing, .. },
                Some((last, header)),
            ) if path == last && !self.has_ready && !is_in(self.directory, path) => Ok(*header),
            _ => Err(error),
        }
    }

    /// The file in which the error was found gives way to an archived one that is another.
    fn replace(&mut self, error: ReadError) -> Result<(), ArchiveError> {
        let Some(path) = damaged(&error).map(Path::to_owned) else { return Err(error.into()) };
        if self.newest.as_ref() == Some(&path) {
            return Err(ArchiveError::Newest(Box::new(error)));
        }
        let name = path.file_name().unwrap_or_default();
        match self.archived.get(name) {
            Some(archived)
                if is_in(self.directory, &path) && !is_same(archived, &path).unwrap_or(false) =>
            {
                self.chosen.insert(name.to_owned(), archived.clone());
                Ok(())
            }
            Some(_) | None => Err(error.into()),
        }
    }
}

/// The file whose bytes are wrong, or cannot be read off the disk.
fn damaged(error: &ReadError) -> Option<&Path> {
    match error {
        ReadError::Header { path, .. }
        | ReadError::Name { path, .. }
        | ReadError::Corrupt { path, .. } => Some(path),
        ReadError::Io { path, source, .. } => match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => None,
            _ => Some(path),
        },
        // Both files may be in order, of two journals or not of one row.
        ReadError::NotAJournal { .. }
        | ReadError::Foreign { .. }
        | ReadError::Missing { .. }
        | ReadError::LinkSequence { .. }
        | ReadError::LinkChain { .. }
        | ReadError::Pruned { .. } => None,
    }
}

/// What has been changed so far, so that it can be taken back.
#[derive(Default)]
struct Done {
    copied: Vec<PathBuf>,
    /// Its name, and where it is now.
    aside: Vec<(PathBuf, PathBuf)>,
    end: Option<PathBuf>,
}

impl Done {
    fn carry_out(
        &mut self,
        storage: &Storage,
        directory: &Path,
        (wanted, last): (&[PathBuf], Option<&SegmentHeader>),
    ) -> Result<journal::Report, ArchiveError> {
        if let Some(last) = last {
            self.end = Some(journal::end_behind(storage, directory, last)?);
        }
        for path in wanted {
            let own = directory.join(path.file_name().unwrap_or_default());
            if own.exists() {
                let aside = free_name(&own);
                storage.rename(&own, &aside)?;
                self.aside.push((own, aside));
            }
            self.copied.extend(copy_into(storage, path, directory)?);
        }
        Ok(journal::verify(directory, |_| {})?)
    }

    /// Oldest first, so that what is left is one row.
    fn take_back(&self, storage: &Storage, directory: &Path) -> Result<(), ArchiveError> {
        for path in self.copied.iter().rev().chain(&self.end) {
            storage.remove(path)?;
        }
        for (own, aside) in &self.aside {
            storage.rename(aside, own)?;
        }
        Ok(storage.sync_directory(directory)?)
    }
}

/// Beside a file, under a name that nothing bears yet.
fn free_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ASIDE_SUFFIX);
    let plain = PathBuf::from(&name);
    let numbered = |number: u32| {
        let mut name = name.clone();
        name.push(format!("-{number}"));
        PathBuf::from(name)
    };
    let names = std::iter::once(plain).chain((2..).map(numbered));
    names.into_iter().find(|path| !path.exists()).expect("there are more names than files")
}
