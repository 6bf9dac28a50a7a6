//! The bytes around the content of a snapshot, little-endian:
//!
//! ```text
//!   head | header | head | section | head | content ... | head | hashes ... | head | footer
//! ```
//! Every head says what follows, how long it is, how many came before, and the checksum of it all.
//! The hashes are the BLAKE3 of each block before them, the footer has that of the hashes, and the
//! file ends with it. Format 1 had no hashes: its footer's was of every byte before its own head.

use orison_core::Stamp;
use rkyv::api::low;
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{Failure, Strategy};
use rkyv::ser::writer::Buffer;
use rkyv::util::Align;
use rkyv::{Archive, Archived, Portable, Serialize};

pub(super) const MAGIC: [u8; 8] = *b"ORISNAP1";
/// Of frames and of the numbers in sections; sections have versions of their own.
pub const FORMAT_VERSION: u32 = 2;
/// The one that has to be hashed whole before any of it counts; it is read and never written.
pub(super) const FORMAT_HASHED_WHOLE: u32 = 1;
pub(super) const HEAD_BYTES: usize = size_of::<Archived<Head>>();
/// Content of one block; far below the 256 MiB that an archive can address.
pub(super) const BLOCK_BYTES_MAX: usize = 1 << 20;
pub(super) const NAME_BYTES: usize = 24;
const BUILD_BYTES: usize = 32;
pub(super) const HASH_BYTES: usize = blake3::OUT_LEN;

pub(super) type Hash = [u8; HASH_BYTES];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub(super) enum Kind {
    Header = 1,
    Section = 2,
    Content = 3,
    Footer = 4,
    Hashes = 5,
}

impl Kind {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        [Self::Header, Self::Section, Self::Content, Self::Footer, Self::Hashes]
            .into_iter()
            .find(|kind| *kind as u32 == number)
    }
}

/// Before every block.
#[derive(Clone, Copy, Archive, Serialize)]
pub(super) struct Head {
    pub(super) kind: u32,
    pub(super) length: u32,
    /// Blocks before this one.
    pub(super) number: u32,
    /// CRC-32C of kind, length, number and what follows.
    pub(super) checksum: u32,
}

/// What a snapshot is of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Archive, Serialize)]
pub struct Header {
    pub magic: [u8; 8],
    /// Of the journal.
    pub identity: [u8; 16],
    /// The last command in it.
    pub sequence: u64,
    pub time_ns: u64,
    pub format: u32,
    pub rules_version: u32,
    /// Which build wrote it, zero-padded.
    pub build: [u8; BUILD_BYTES],
}

impl Header {
    pub(super) fn new(identity: [u8; 16], at: Stamp, rules_version: u32) -> Self {
        let mut build = [0; BUILD_BYTES];
        let name = concat!("orison ", env!("CARGO_PKG_VERSION")).as_bytes();
        build[..name.len()].copy_from_slice(name);
        Self {
            magic: MAGIC,
            identity,
            sequence: at.sequence.0,
            time_ns: at.time_ns,
            format: FORMAT_VERSION,
            rules_version,
            build,
        }
    }
}

#[derive(Clone, Copy, Archive, Serialize)]
pub(super) struct Section {
    pub(super) name: [u8; NAME_BYTES],
    pub(super) version: u32,
    pub(super) reserved: u32,
}

#[derive(Clone, Copy, Archive, Serialize)]
pub(super) struct Footer {
    pub(super) sequence: u64,
    /// Bytes before the footer's head.
    pub(super) length: u64,
    /// BLAKE3 of the hashes; in format 1 of all those bytes.
    pub(super) hash: Hash,
    /// Digest of the core's state.
    pub(super) state: [u8; 32],
    /// Digest of all events so far.
    pub(super) events: [u8; 32],
}

impl Head {
    pub(super) fn of(kind: Kind, number: u32, content: &[u8]) -> Self {
        let length = u32::try_from(content.len()).expect("blocks are short");
        let mut head = Self { kind: kind as u32, length, number, checksum: 0 };
        head.checksum = head.sum(content);
        head
    }

    /// The checksum that goes with this content.
    pub(super) fn sum(&self, content: &[u8]) -> u32 {
        let mut words = [0; 12];
        words[..4].copy_from_slice(&self.kind.to_le_bytes());
        words[4..8].copy_from_slice(&self.length.to_le_bytes());
        words[8..].copy_from_slice(&self.number.to_le_bytes());
        crc32c::crc32c_append(crc32c::crc32c(&words), content)
    }

    /// Of the block: of this head and the content behind it.
    pub(super) fn hash(&self, content: &[u8]) -> Hash {
        *blake3::Hasher::new().update(&bytes(self)).update(content).finalize().as_bytes()
    }
}

/// The archived bytes of a frame.
pub(super) fn bytes<T>(frame: &T) -> Vec<u8>
where
    T: Archive + for<'a> Serialize<Strategy<rkyv::ser::Serializer<Buffer<'a>, (), ()>, Failure>>,
{
    let mut bytes = Align([0; FRAME_BYTES_MAX]);
    let mut serializer = rkyv::ser::Serializer::new(Buffer::from(&mut *bytes), (), ());
    rkyv::api::serialize_using::<_, Failure>(frame, &mut serializer)
        .expect("a frame is smaller than the room for the largest");
    bytes[..size_of::<T::Archived>()].to_vec()
}

const FRAME_BYTES_MAX: usize = 128;

/// None: it has another length.
pub(super) fn read<T, R>(bytes: &[u8], read: impl FnOnce(&T::Archived) -> R) -> Option<R>
where
    T: Archive,
    T::Archived: Portable + for<'a> CheckBytes<low::LowValidator<'a, Failure>>,
{
    if bytes.len() != size_of::<T::Archived>() {
        return None;
    }
    let mut aligned = Align([0; FRAME_BYTES_MAX]);
    aligned[..bytes.len()].copy_from_slice(bytes);
    low::access::<T::Archived, Failure>(&aligned[..bytes.len()]).ok().map(read)
}

impl From<&Archived<Header>> for Header {
    fn from(header: &Archived<Self>) -> Self {
        Self {
            magic: header.magic,
            identity: header.identity,
            sequence: header.sequence.to_native(),
            time_ns: header.time_ns.to_native(),
            format: header.format.to_native(),
            rules_version: header.rules_version.to_native(),
            build: header.build,
        }
    }
}

impl From<&Archived<Head>> for Head {
    fn from(head: &Archived<Self>) -> Self {
        Self {
            kind: head.kind.to_native(),
            length: head.length.to_native(),
            number: head.number.to_native(),
            checksum: head.checksum.to_native(),
        }
    }
}

impl From<&Archived<Footer>> for Footer {
    fn from(footer: &Archived<Self>) -> Self {
        Self {
            sequence: footer.sequence.to_native(),
            length: footer.length.to_native(),
            hash: footer.hash,
            state: footer.state,
            events: footer.events,
        }
    }
}

const _: () = {
    assert!(size_of::<Archived<Head>>() == 16);
    assert!(size_of::<Archived<Header>>() == 80);
    assert!(size_of::<Archived<Section>>() == 32);
    assert!(size_of::<Archived<Footer>>() == 112);
    assert!(size_of::<Archived<Footer>>() <= FRAME_BYTES_MAX);
};
