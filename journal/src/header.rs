//! The first page of a segment: who it belongs to, where it begins, what came before.
//! It must not know records. Written once, before the file gets its name; never rewritten.
//! In: `SegmentHeader` becomes one page. Out: a page becomes a `SegmentHeader` or its damage.

use crate::record::{u32_at, u64_at};

/// The version of everything on disk that this build writes and reads.
pub const FORMAT_VERSION: u32 = 1;
/// Bytes before the first record of a segment: one page, so that no later write shares it.
pub const SEGMENT_HEADER_BYTES: usize = 4096;

const MAGIC: [u8; 8] = *b"ORISONJL";

//  The header of a segment, little-endian; the rest of the page is zero:
//
//    0  magic "ORISONJL"        8 |  64  base sequence             8
//    8  format version          4 |  72  last sequence before it   8
//   12  rules version           4 |  80  chain value before it    32
//   16  identity               16 | 112  reserved, zero         3980
//   32  boot id                16 | 4092 crc32c of all before      4
//   48  segment bytes           8 |
//   56  epoch                   4 |
//   60  state: 0 ready, 1 begun 4 |
//
//  A segment that is ready but not begun bears a temporary name: its base is not known yet, so
//  base, last sequence and chain value are zero. It begins when the one before it is sealed.
const MAGIC_AT: usize = 0;
const FORMAT_AT: usize = MAGIC_AT + 8;
const RULES_AT: usize = FORMAT_AT + 4;
const IDENTITY_AT: usize = RULES_AT + 4;
const BOOT_AT: usize = IDENTITY_AT + 16;
const CAPACITY_AT: usize = BOOT_AT + 16;
const EPOCH_AT: usize = CAPACITY_AT + 8;
const STATE_AT: usize = EPOCH_AT + 4;
const BASE_AT: usize = STATE_AT + 4;
const LAST_AT: usize = BASE_AT + 8;
const CHAIN_AT: usize = LAST_AT + 8;
const RESERVED_AT: usize = CHAIN_AT + 32;
const CRC_AT: usize = SEGMENT_HEADER_BYTES - 4;

const _: () = assert!(BASE_AT == 64);
const _: () = assert!(RESERVED_AT == 112);
const _: () = assert!(CRC_AT == 4092);

const STATE_READY: u32 = 0;
const STATE_BEGUN: u32 = 1;

pub(crate) type HeaderBytes = [u8; SEGMENT_HEADER_BYTES];

/// What the header of a segment says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    pub rules_version: u32,
    /// Random, drawn at the birth of the journal, the same in all its segments.
    pub identity: [u8; 16],
    /// The boot of the machine in which the records of this segment were written.
    pub boot_id: [u8; 16],
    /// Bytes of the file, header included. A sealed segment may have been shortened.
    pub segment_bytes: u64,
    /// 1 for the first segment, one more for each next.
    pub epoch: u32,
    pub link: Link,
}

/// The state of a segment's link to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Prepared in advance under a temporary name; what comes before it is not known yet.
    Ready,
    Begun(Begun),
}

/// What lies before a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Begun {
    /// Sequence of the last command before this segment; 0 before the first.
    pub last_sequence: u64,
    /// Chain value of the segment before; for the first one derived from the identity.
    pub chain: [u8; 32],
}

impl Begun {
    /// Sequence of the first command this segment can hold; its file is named after it.
    pub fn base(&self) -> u64 {
        self.last_sequence + 1
    }
}

/// Why a page is not the header of a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderDamage {
    #[error("the file is shorter than a header")]
    Short,
    #[error("it does not begin with the magic of a journal segment")]
    Magic,
    #[error("format version {found}, this build reads {FORMAT_VERSION}")]
    Format { found: u32 },
    #[error("header checksum {computed:#010x}, stored {stored:#010x}")]
    Checksum { stored: u32, computed: u32 },
    #[error("a field of the header has no meaning in this version")]
    Field,
}

impl SegmentHeader {
    pub(crate) fn encode(&self) -> HeaderBytes {
        let mut page = [0; SEGMENT_HEADER_BYTES];
        let mut put = |at: usize, bytes: &[u8]| page[at..at + bytes.len()].copy_from_slice(bytes);
        put(MAGIC_AT, &MAGIC);
        put(FORMAT_AT, &FORMAT_VERSION.to_le_bytes());
        put(RULES_AT, &self.rules_version.to_le_bytes());
        put(IDENTITY_AT, &self.identity);
        put(BOOT_AT, &self.boot_id);
        put(CAPACITY_AT, &self.segment_bytes.to_le_bytes());
        put(EPOCH_AT, &self.epoch.to_le_bytes());
        match self.link {
            Link::Ready => put(STATE_AT, &STATE_READY.to_le_bytes()),
            Link::Begun(begun) => {
                put(STATE_AT, &STATE_BEGUN.to_le_bytes());
                put(BASE_AT, &begun.base().to_le_bytes());
                put(LAST_AT, &begun.last_sequence.to_le_bytes());
                put(CHAIN_AT, &begun.chain);
            }
        }
        let crc = crc32c::crc32c(&page[..CRC_AT]);
        page[CRC_AT..].copy_from_slice(&crc.to_le_bytes());
        page
    }

    pub(crate) fn decode(page: &[u8]) -> Result<SegmentHeader, HeaderDamage> {
        if page.len() < SEGMENT_HEADER_BYTES {
            return Err(HeaderDamage::Short);
        }
        if page[MAGIC_AT..FORMAT_AT] != MAGIC {
            return Err(HeaderDamage::Magic);
        }
        let stored = u32_at(page, CRC_AT);
        let computed = crc32c::crc32c(&page[..CRC_AT]);
        if stored != computed {
            return Err(HeaderDamage::Checksum { stored, computed });
        }
        SegmentHeader::decode_unchecked(page)
    }

    /// The fields of a page whose checksum is nobody's promise yet.
    pub(crate) fn decode_unchecked(page: &[u8]) -> Result<SegmentHeader, HeaderDamage> {
        let found = u32_at(page, FORMAT_AT);
        if found != FORMAT_VERSION {
            return Err(HeaderDamage::Format { found });
        }
        let last_sequence = u64_at(page, LAST_AT);
        let link = match u32_at(page, STATE_AT) {
            STATE_READY => Link::Ready,
            STATE_BEGUN if u64_at(page, BASE_AT) == last_sequence.wrapping_add(1) => {
                let chain = page[CHAIN_AT..RESERVED_AT].try_into().expect("thirty-two bytes");
                Link::Begun(Begun { last_sequence, chain })
            }
            _ => return Err(HeaderDamage::Field),
        };
        Ok(SegmentHeader {
            rules_version: u32_at(page, RULES_AT),
            identity: page[IDENTITY_AT..BOOT_AT].try_into().expect("sixteen bytes"),
            boot_id: page[BOOT_AT..CAPACITY_AT].try_into().expect("sixteen bytes"),
            segment_bytes: u64_at(page, CAPACITY_AT),
            epoch: u32_at(page, EPOCH_AT),
            link,
        })
    }
}
