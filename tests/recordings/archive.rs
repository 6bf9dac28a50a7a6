//! One file out of a zip archive: the directory at its end says where it is.
//!
//! ```text
//!  end record: "PK\5\6" .. +10 entries u16  +16 offset of directory u32
//!  directory:  "PK\1\2" .. +20 packed u32  +28 name u16  +30 extra u16  +32 comment u16
//!              .. +42 offset of entry u32  +46 name
//!  entry:      "PK\3\4" .. +26 name u16  +28 extra u16  +30 name, extra, packed bytes
//! ```

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::DeflateDecoder;

const END: &[u8] = b"PK\x05\x06";

/// The first file whose name contains `part`.
pub(super) fn unpack(archive: &Path, part: &str) -> Vec<u8> {
    let bytes = fs::read(archive).unwrap_or_else(|error| panic!("{}: {error}", archive.display()));
    let end = bytes.windows(4).rposition(|window| window == END).expect("a zip has an end record");
    let mut at = u32_at(&bytes, end + 16);
    for _ in 0..u16_at(&bytes, end + 10) {
        let [name, extra, comment] = [28, 30, 32].map(|field| u16_at(&bytes, at + field));
        if String::from_utf8_lossy(&bytes[at + 46..][..name]).contains(part) {
            let (packed, entry) = (u32_at(&bytes, at + 20), u32_at(&bytes, at + 42));
            let from = entry + 30 + u16_at(&bytes, entry + 26) + u16_at(&bytes, entry + 28);
            let mut text = Vec::new();
            DeflateDecoder::new(&bytes[from..][..packed]).read_to_end(&mut text).unwrap();
            return text;
        }
        at += 46 + name + extra + comment;
    }
    panic!("{}: no file is called like {part}", archive.display());
}

fn u16_at(bytes: &[u8], at: usize) -> usize {
    usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u16_at(bytes, at) | u16_at(bytes, at + 2) << 16
}
