//! The mapped segment: the only file with `unsafe`, because a shared map is written by one thread
//! while others read what is already committed. It knows bytes, offsets and commit words only.
//! In: the one `Tip` appends records. Out: `Mapping::committed_bytes` lends what is committed.
//!
//! Who upholds what: LOCK keeps other processes from writing or shortening the file; `Tip` is
//! unique per map and never clones, so bytes below `committed` are written by nobody any more,
//! and bytes at or above it by its owner alone. The header page is never touched through the map.

#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use memmap2::{Advice, MmapOptions, MmapRaw};

use crate::header::SEGMENT_HEADER_BYTES;
use crate::record::{CHECKSUM_AT, HEAD_BYTES_AT, Head, RECORD_ALIGN, RECORD_HEADER_BYTES};
use crate::record::{checksum_seed, commit_word, padded};

/// A segment in memory, shared by the threads of the journal.
pub(crate) struct Mapping {
    map: MmapRaw,
    /// Offset behind the last committed record; written by the owner of the `Tip` alone.
    committed: AtomicU64,
    epoch: u32,
}

/// The right to append to a mapping: one per map.
pub(crate) struct Tip {
    mapping: Arc<Mapping>,
    at: usize,
}

impl Mapping {
    /// Maps `bytes` of `file`, of which `committed` already hold the header and whole records.
    pub(crate) fn open(file: &File, bytes: u64, committed: u64, epoch: u32) -> io::Result<Tip> {
        let bytes = usize::try_from(bytes).map_err(io::Error::other)?;
        let at = usize::try_from(committed).map_err(io::Error::other)?;
        assert!(at >= SEGMENT_HEADER_BYTES);
        assert!(at.is_multiple_of(RECORD_ALIGN));
        assert!(at <= bytes);
        assert!(file.metadata()?.len() >= bytes as u64, "a segment is never mapped past its end");
        let map = MmapOptions::new().len(bytes).map_raw(file)?;
        let mapping = Arc::new(Mapping { map, committed: AtomicU64::new(committed), epoch });
        Ok(Tip { mapping, at })
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.map.len() as u64
    }

    /// Offset behind the last committed record.
    pub(crate) fn committed(&self) -> u64 {
        self.committed.load(Ordering::Acquire)
    }

    /// The committed records from offset `from` on; whole records if `from` begins one.
    pub(crate) fn committed_bytes(&self, from: u64) -> &[u8] {
        let end = self.committed();
        assert!(from >= SEGMENT_HEADER_BYTES as u64);
        assert!(from <= end);
        let bytes = (end - from) as usize;
        // SAFETY: `from` is at most `committed`, which is at most the length of the map.
        let start = unsafe { self.map.as_ptr().add(from as usize) };
        // SAFETY: the range lies in the map, which lives as long as `self`; bytes below
        // `committed` are initialised and never written again (head of this file), and the
        // Acquire load above pairs with the Release store in `Tip::append`.
        unsafe { std::slice::from_raw_parts(start, bytes) }
    }

    /// Writes the pages of `from..to` to the device and waits for it.
    pub(crate) fn sync(&self, from: u64, to: u64) -> io::Result<()> {
        self.map.flush_range(from as usize, (to - from) as usize)
    }

    /// Makes the pages of `from..to` present and writable, so that the first store is cheap.
    /// Content is untouched.
    pub(crate) fn populate(&self, from: u64, to: u64) -> io::Result<()> {
        self.map.advise_range(Advice::PopulateWrite, from as usize, (to - from) as usize)
    }

    /// Copies `bytes` to offset `at`.
    ///
    /// # Safety
    /// The caller is the `Tip` of this map and the range lies at or above `committed`.
    unsafe fn store(&self, at: usize, bytes: &[u8]) {
        assert!(at <= self.map.len());
        assert!(bytes.len() <= self.map.len() - at);
        // SAFETY: `at` is within the map, asserted above.
        let target = unsafe { self.map.as_mut_ptr().add(at) };
        // SAFETY: the target range is within the map, asserted above; nobody else reads or writes
        // it, as this function's contract says; a slice of Rust memory cannot overlap it, because
        // slices into the map end at `committed`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) }
    }

    /// Stores the commit word at `at`, after everything the record holds.
    ///
    /// # Safety
    /// As for `store`, and `at` is a multiple of 8 that begins the record just stored.
    unsafe fn commit(&self, at: usize, word: u32) {
        assert!(at.is_multiple_of(RECORD_ALIGN));
        assert!(self.map.len() - at >= RECORD_HEADER_BYTES);
        // SAFETY: `at` is within the map, asserted above.
        let target = unsafe { self.map.as_mut_ptr().add(at) };
        // SAFETY: the map begins on a page and `at` is a multiple of 8, so the word is aligned;
        // it lives as long as the map; other processes read it through the page cache only.
        let commit = unsafe { AtomicU32::from_ptr(target.cast::<u32>()) };
        commit.store(word.to_le(), Ordering::Release);
    }
}

impl Tip {
    pub(crate) fn mapping(&self) -> &Arc<Mapping> {
        &self.mapping
    }

    /// Offset of the next record.
    pub(crate) fn at(&self) -> u64 {
        self.at as u64
    }

    /// Bytes left for records.
    #[inline]
    pub(crate) fn room(&self) -> usize {
        self.mapping.map.len() - self.at
    }

    /// Appends one record whose payload is `parts` one behind the other. The caller has checked
    /// that it fits `room`; the space behind the tip is zero, so the padding is already there.
    #[inline]
    pub(crate) fn append(&mut self, head: &Head, parts: &[&[u8]]) {
        let payload: usize = parts.iter().map(|part| part.len()).sum();
        let bytes = RECORD_HEADER_BYTES + payload;
        assert!(padded(bytes) <= self.room(), "the room for a record is checked before it");
        let word = commit_word(bytes);
        let head_bytes = head.encode();
        let mut crc = crc32c::crc32c_append(checksum_seed(word, head.epoch), &head_bytes);
        let mut at = self.at + RECORD_HEADER_BYTES;
        for part in parts {
            crc = crc32c::crc32c_append(crc, part);
            // SAFETY: `self` is the tip and `at` lies above `committed`.
            unsafe { self.mapping.store(at, part) };
            at += part.len();
        }
        // SAFETY: as above.
        unsafe { self.mapping.store(self.at + HEAD_BYTES_AT, &head_bytes) };
        // SAFETY: as above.
        unsafe { self.mapping.store(self.at + CHECKSUM_AT, &crc.to_le_bytes()) };
        // SAFETY: as above; `self.at` began the record that has just been stored.
        unsafe { self.mapping.commit(self.at, word) };
        self.at += padded(bytes);
        self.mapping.committed.store(self.at as u64, Ordering::Release);
    }
}
