//! What a machine that dies leaves of the two writes by which one segment ends and the next one
//! begins: some of their sectors. Both can be made again to the byte, so a half of one is told
//! from damage, and what has been synced behind it stays good. It must not repair.
//! In: bytes as found, and what they were to become. Out: whether they are such a half.

use crate::header::{Begun, HeaderBytes, Link, SEGMENT_HEADER_BYTES, SegmentHeader};

/// What a device writes whole or not at all.
const SECTOR_BYTES: usize = 512;

const _: () = assert!(SEGMENT_HEADER_BYTES.is_multiple_of(SECTOR_BYTES));

/// The header of a ready segment that was being given `begun`, as it was before.
pub(crate) fn header(page: &HeaderBytes, begun: Begun) -> Option<SegmentHeader> {
    let fields = SegmentHeader::decode_unchecked(page).ok()?;
    let ready = SegmentHeader { link: Link::Ready, ..fields };
    let before = ready.encode();
    let after = SegmentHeader { link: Link::Begun(begun), ..fields }.encode();
    is_of_either(page, &before, &after, 0).then_some(ready)
}

/// `found`, at `offset` of its segment, is a part of `seal` and otherwise zero.
pub(crate) fn is_seal(found: &[u8], seal: &[u8], offset: u64) -> bool {
    let nothing = vec![0; seal.len()];
    found.len() == seal.len() && is_of_either(found, &nothing, seal, offset)
}

/// Each sector is that of `before` or that of `after`; all three begin at `offset` of a file.
fn is_of_either(found: &[u8], before: &[u8], after: &[u8], offset: u64) -> bool {
    let mut at = 0;
    while at < found.len() {
        let left = SECTOR_BYTES - (offset as usize + at) % SECTOR_BYTES;
        let sector = at..found.len().min(at + left);
        if found[sector.clone()] != before[sector.clone()]
            && found[sector.clone()] != after[sector.clone()]
        {
            return false;
        }
        at = sector.end;
    }
    true
}
