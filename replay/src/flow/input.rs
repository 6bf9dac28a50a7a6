//! Files of a recording: plain or zstd text, read with the place of every error known. Neither
//! what columns mean nor how values are compared is known here.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use thiserror::Error;

/// The input is not what it should be; nothing can be said about it.
#[derive(Debug, Error)]
pub enum InputError {
    #[error("{}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{} line {line}: {source}", path.display())]
    Read { path: PathBuf, line: u64, source: io::Error },
    #[error("{} line 1, column {column}: the header must be {expected}", path.display())]
    Header { path: PathBuf, column: usize, expected: &'static str },
    #[error("{} line {line}, column {column}: {reason}", path.display())]
    Field { path: PathBuf, line: u64, column: String, reason: String },
}

/// A file as text, and how many of its bytes have been read.
pub(super) struct Input {
    pub(super) reader: Box<dyn BufRead>,
    pub(super) bytes: Rc<Cell<u64>>,
    pub(super) bytes_total: u64,
}

/// Opens a file; one that ends in `.zst` is decompressed on the way.
pub(super) fn open(path: &Path) -> Result<Input, InputError> {
    let failed = |source| InputError::Open { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let bytes_total = file.metadata().map_err(failed)?.len();
    let bytes = Rc::new(Cell::new(0));
    let counted = Counted { file, bytes: Rc::clone(&bytes) };
    let reader: Box<dyn BufRead> = match path.extension().is_some_and(|end| end == "zst") {
        true => Box::new(BufReader::new(zstd::Decoder::new(counted).map_err(failed)?)),
        false => Box::new(BufReader::with_capacity(1 << 16, counted)),
    };
    Ok(Input { reader, bytes, bytes_total })
}

struct Counted {
    file: File,
    bytes: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }
}
