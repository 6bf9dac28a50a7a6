//! The directory of a journal: names of its files, their headers, and in which boot we live.
//! It must not read records. In: a path. Out: headers in order, checked against each other.
//!
//! `00000000000000000001.seg` is a segment, named after the first sequence it can hold.
//! `0000000002.next` is being prepared or ready, named after its epoch; it gets its final name
//! when the segment before it is sealed on disk.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::assembly::Files;
use crate::chain;
use crate::error::ReadError;
use crate::header::{Begun, HeaderDamage, Link, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::torn;

pub(crate) const SEGMENT_SUFFIX: &str = ".seg";
pub(crate) const READY_SUFFIX: &str = ".next";
const BASE_DIGITS: usize = 20;
const BOOT_ID_PATH: &str = "/proc/sys/kernel/random/boot_id";
const RANDOM_PATH: &str = "/dev/urandom";

/// A named segment and what its header says.
#[derive(Debug, Clone)]
pub(crate) struct SegmentFile {
    pub(crate) path: PathBuf,
    pub(crate) header: SegmentHeader,
    pub(crate) begun: Begun,
}

/// Everything in the directory that belongs to the journal.
pub(crate) struct Listing {
    /// In order; never empty unless there is no journal.
    pub(crate) segments: Vec<SegmentFile>,
    /// Files with a temporary name.
    pub(crate) ready: Vec<PathBuf>,
}

pub(crate) fn segment_path(directory: &Path, base: u64) -> PathBuf {
    directory.join(format!("{base:020}{SEGMENT_SUFFIX}"))
}

pub(crate) fn ready_path(directory: &Path, epoch: u32) -> PathBuf {
    directory.join(format!("{epoch:010}{READY_SUFFIX}"))
}

/// Lists the directory and checks that its segments are one unbroken row of one journal.
pub(crate) fn list(directory: &Path) -> Result<Listing, ReadError> {
    let Files { segments, ready } = files(directory)?;
    Ok(Listing { segments: read_row(&segments)?, ready })
}

/// By their names alone.
pub(crate) fn files(directory: &Path) -> Result<Files, ReadError> {
    let mut names = Vec::new();
    let entries = fs::read_dir(directory).map_err(|e| io_error("list", directory, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| io_error("list", directory, e))?;
        if let Ok(name) = entry.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort_unstable();
    let mut files = Files::default();
    for name in names {
        if base_of(&name).is_some() {
            files.segments.push(directory.join(&name));
        } else if name.ends_with(READY_SUFFIX) {
            files.ready.push(directory.join(&name));
        }
    }
    Ok(files)
}

/// Their headers, which must be one unbroken row of one journal.
pub(crate) fn read_row(paths: &[PathBuf]) -> Result<Vec<SegmentFile>, ReadError> {
    let mut segments = Vec::with_capacity(paths.len());
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(base) = name.and_then(base_of) {
            segments.push(read_segment(path.clone(), base)?);
        }
    }
    check_row(&segments)?;
    Ok(segments)
}

fn base_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SEGMENT_SUFFIX)?;
    let plain = digits.len() == BASE_DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

pub(crate) fn read_segment(path: PathBuf, base: u64) -> Result<SegmentFile, ReadError> {
    let header = read_header(&path)?;
    match header.link {
        Link::Begun(begun) if begun.base() == base => Ok(SegmentFile { path, header, begun }),
        Link::Begun(begun) => Err(ReadError::Name { path, base: begun.base() }),
        Link::Ready => Err(ReadError::Header { path, reason: HeaderDamage::Field }),
    }
}

fn read_header(path: &Path) -> Result<SegmentHeader, ReadError> {
    let file = File::open(path).map_err(|e| io_error("open", path, e))?;
    let mut page = [0; SEGMENT_HEADER_BYTES];
    match file.read_exact_at(&mut page, 0) {
        Ok(()) => SegmentHeader::decode(&page)
            .map_err(|reason| ReadError::Header { path: path.to_owned(), reason }),
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => {
            Err(ReadError::Header { path: path.to_owned(), reason: HeaderDamage::Short })
        }
        Err(e) => Err(io_error("read", path, e)),
    }
}

/// The header of a segment without a name, from half of it too if it was being given `begun`.
pub(crate) fn read_ready_header(
    file: &File,
    path: &Path,
    begun: Begun,
) -> Result<Option<SegmentHeader>, ReadError> {
    let mut page = [0; SEGMENT_HEADER_BYTES];
    match file.read_exact_at(&mut page, 0) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(io_error("read", path, error)),
    }
    Ok(SegmentHeader::decode(&page).ok().or_else(|| torn::header(&page, begun)))
}

fn check_row(segments: &[SegmentFile]) -> Result<(), ReadError> {
    let Some(first) = segments.first() else { return Ok(()) };
    if first.begun.last_sequence == 0 {
        expect_epoch(first, 1)?;
        let expected = chain::birth(&first.header.identity);
        let found = first.begun.chain;
        if found != expected {
            return Err(ReadError::LinkChain { path: first.path.clone(), found, expected });
        }
    }
    for pair in segments.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let (found, expected) = (after.header.identity, before.header.identity);
        if found != expected {
            return Err(ReadError::Foreign { path: after.path.clone(), found, expected });
        }
        expect_epoch(after, before.header.epoch + 1)?;
    }
    Ok(())
}

fn expect_epoch(segment: &SegmentFile, expected: u32) -> Result<(), ReadError> {
    let found = segment.header.epoch;
    match found == expected {
        true => Ok(()),
        false => Err(ReadError::Missing { path: segment.path.clone(), found, expected }),
    }
}

/// The boot in which this process runs.
pub(crate) fn boot_id() -> io::Result<[u8; 16]> {
    let text = fs::read_to_string(BOOT_ID_PATH)?;
    let digits: String = text.trim().chars().filter(|&c| c != '-').collect();
    match u128::from_str_radix(&digits, 16) {
        Ok(id) => Ok(id.to_be_bytes()),
        Err(_) => Err(io::Error::other(format!("{BOOT_ID_PATH} holds {text:?}"))),
    }
}

pub(crate) fn random_identity() -> io::Result<[u8; 16]> {
    let mut identity = [0; 16];
    File::open(RANDOM_PATH)?.read_exact(&mut identity)?;
    Ok(identity)
}

pub(crate) fn io_error(operation: &'static str, path: &Path, source: io::Error) -> ReadError {
    ReadError::Io { operation, path: path.to_owned(), source }
}
