//! The file of a snapshot block by block, each by its own checksum. A content that nobody needs
//! may be passed by: then its head alone is looked at, and the sum of neither. It must not know
//! what sections hold.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use engine::snapshot::LoadError;

use crate::snapshot::SnapshotError;
use crate::snapshot::frame::{
    self, BLOCK_BYTES_MAX, FORMAT_HASHED_WHOLE, FORMAT_VERSION, Footer, HEAD_BYTES, Hash, Head,
    Header, Kind, MAGIC,
};

/// Where a block begins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Position {
    pub(super) offset: u64,
    /// Blocks before it.
    pub(super) number: u32,
}

pub(super) struct Blocks<'a> {
    path: &'a Path,
    file: File,
    bytes: u64,
    at: Position,
}

impl<'a> Blocks<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, SnapshotError> {
        let error = |source| SnapshotError::Io { operation: "open", path: path.to_owned(), source };
        let file = File::open(path).map_err(error)?;
        let bytes = file.metadata().map_err(error)?.len();
        Ok(Self { path, file, bytes, at: Position { offset: 0, number: 0 } })
    }

    /// The first block, which is the header, and its hash.
    pub(super) fn first(&mut self) -> Result<(Header, Hash), SnapshotError> {
        let mut content = Vec::new();
        let (kind, head) = self.head()?;
        self.content_into(&head, &mut content)?;
        match kind {
            Kind::Header => Ok((self.header(&content)?, head.hash(&content))),
            Kind::Section | Kind::Content | Kind::Footer | Kind::Hashes => {
                Err(self.damaged("this is no snapshot"))
            }
        }
    }

    /// BLAKE3 of that many bytes from the beginning.
    pub(super) fn hash(&mut self, length: u64) -> Result<Hash, SnapshotError> {
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; BLOCK_BYTES_MAX];
        self.at.offset = 0;
        while self.at.offset < length {
            let left = usize::try_from(length - self.at.offset).unwrap_or(usize::MAX);
            let piece = &mut piece[..left.min(BLOCK_BYTES_MAX)];
            self.fill(piece)?;
            hasher.update(piece);
        }
        Ok(*hasher.finalize().as_bytes())
    }

    /// Where the next block begins.
    pub(super) fn at(&self) -> Position {
        self.at
    }

    /// Goes to a block.
    pub(super) fn go(&mut self, to: Position) {
        self.at = to;
    }

    /// The head of the next block. Its content is to be read, or passed by.
    pub(super) fn head(&mut self) -> Result<(Kind, Head), SnapshotError> {
        let mut bytes = [0; HEAD_BYTES];
        self.fill(&mut bytes)?;
        let head = frame::read::<Head, _>(&bytes, |head| Head::from(head));
        let head = head.ok_or_else(|| self.damaged("the head is none"))?;
        if head.length as usize > BLOCK_BYTES_MAX || head.number != self.at.number {
            return Err(self.damaged("the head is none that belongs there"));
        }
        let kind = Kind::from_number(head.kind);
        let kind = kind.ok_or_else(|| self.damaged("it is of no known kind"))?;
        Ok((kind, head))
    }

    pub(super) fn pass(&mut self, head: &Head) {
        self.at.offset += u64::from(head.length);
        self.at.number += 1;
    }

    /// Puts the content behind that head to `bytes`, if its sum is right.
    pub(super) fn content_into(
        &mut self,
        head: &Head,
        bytes: &mut Vec<u8>,
    ) -> Result<(), SnapshotError> {
        let begin = bytes.len();
        bytes.resize(begin + head.length as usize, 0);
        self.fill(&mut bytes[begin..])?;
        self.at.number += 1;
        match head.sum(&bytes[begin..]) == head.checksum {
            true => Ok(()),
            false => Err(self.damaged("its checksum is wrong")),
        }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        match self.file.read_exact_at(bytes, self.at.offset) {
            Ok(()) => {
                self.at.offset += bytes.len() as u64;
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(self.damaged("the file ends"))
            }
            Err(source) => {
                let path = self.path.to_owned();
                Err(SnapshotError::Io { operation: "read", path, source })
            }
        }
    }

    pub(super) fn damaged(&self, what: &str) -> SnapshotError {
        let what = format!("block {} before byte {}: {what}", self.at.number, self.at.offset);
        SnapshotError::Damaged { path: self.path.to_owned(), what }
    }

    pub(super) fn unreadable(&self, source: LoadError) -> SnapshotError {
        SnapshotError::Load { path: self.path.to_owned(), source }
    }

    pub(super) fn order(&self) -> SnapshotError {
        self.damaged("blocks stand in the wrong order")
    }

    fn header(&self, content: &[u8]) -> Result<Header, SnapshotError> {
        let header = frame::read::<Header, _>(content, |header| Header::from(header));
        let header = header.filter(|header| header.magic == MAGIC);
        let header = header.ok_or_else(|| self.damaged("this is no snapshot"))?;
        match header.format {
            FORMAT_HASHED_WHOLE | FORMAT_VERSION => Ok(header),
            found => Err(SnapshotError::Format { path: self.path.to_owned(), found }),
        }
    }

    /// Name and version.
    pub(super) fn section(&self, content: &[u8]) -> Result<(String, u32), SnapshotError> {
        let section = frame::read::<frame::Section, _>(content, |section| {
            let name = section.name.split(|&byte| byte == 0).next().unwrap_or_default();
            Some((String::from_utf8(name.to_vec()).ok()?, section.version.to_native()))
        });
        section.flatten().ok_or_else(|| self.damaged("it names no section"))
    }

    /// The footer, which has just been read; `length`: so many bytes are before its head.
    pub(super) fn footer(&self, content: &[u8], length: u64) -> Result<Footer, SnapshotError> {
        let footer = frame::read::<Footer, _>(content, |footer| Footer::from(footer));
        let footer = footer.ok_or_else(|| self.damaged("the footer is none"))?;
        match (footer.length == length, self.at.offset == self.bytes) {
            (true, true) => Ok(footer),
            (false, _) => Err(self.damaged("its length is not the footer's")),
            (true, false) => Err(self.damaged("it goes on behind its footer")),
        }
    }
}
