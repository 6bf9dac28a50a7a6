//! A mapped file, as small as can be: what the journal is compared with. The one unsafe act of the
//! benchmarks' own, because a mapping of a file is sound only while nobody else changes the file.

#![allow(unsafe_code, reason = "a file cannot be mapped otherwise")]

use std::fs::File;

use memmap2::{Advice, MmapMut};

/// A new file of that many bytes, written once, mapped and populated; nobody else knows its name.
pub fn zeroed(bytes: usize) -> (File, MmapMut) {
    let file = tempfile::tempfile().expect("a file of our own");
    std::io::Write::write_all(&mut &file, &vec![0; bytes]).expect("room on the disk");
    file.sync_all().expect("the disk works");
    // SAFETY: the file has no name any more and no other process has it open; this one keeps the
    // handle that it gives back to itself and never shortens the file.
    let map = unsafe { MmapMut::map_mut(&file) };
    let map = map.expect("a file can be mapped");
    // As the journal has its own before it is written.
    map.advise(Advice::PopulateWrite).expect("pages of a file that is there");
    (file, map)
}
