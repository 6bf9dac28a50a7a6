//! Where the sections of a snapshot lie, by the heads of its blocks, and what each block must hash
//! to. What lies there is read by whoever needs it, and checked then; of the first format, which
//! has one hash for all, everything is checked at once. In: a path. Out: places, and the content
//! of one of them.

use std::path::Path;

use engine::snapshot::LoadError;

use super::blocks::{Blocks, Position};
use crate::snapshot::SnapshotError;
use crate::snapshot::frame::{FORMAT_HASHED_WHOLE, Footer, HASH_BYTES, Hash, Header, Kind};

pub(super) struct Places {
    pub(super) header: Header,
    pub(super) sections: Vec<Place>,
    pub(super) footer: Footer,
    /// Of each block; None: every byte has been hashed already.
    hashes: Option<Vec<Hash>>,
}

/// Of one section.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) version: u32,
    begin: Position,
    /// Blocks of content.
    blocks: u32,
}

impl Places {
    pub(super) fn of(path: &Path) -> Result<Self, SnapshotError> {
        let mut blocks = Blocks::open(path)?;
        let (header, hash) = blocks.first()?;
        let mut sections: Vec<Place> = Vec::new();
        // Those that are read here, and what the file has of all.
        let (mut read, mut listed) = (vec![(0, hash)], Vec::new());
        let mut bytes = Vec::new();
        loop {
            let Position { offset: length, number } = blocks.at();
            let (kind, head) = blocks.head()?;
            if !listed.is_empty() && matches!(kind, Kind::Section | Kind::Content) {
                return Err(blocks.order());
            }
            if kind == Kind::Content {
                blocks.pass(&head);
                sections.last_mut().ok_or_else(|| blocks.order())?.blocks += 1;
                continue;
            }
            bytes.clear();
            blocks.content_into(&head, &mut bytes)?;
            match kind {
                Kind::Section => {
                    let (name, version) = blocks.section(&bytes)?;
                    sections.push(Place { name, version, begin: blocks.at(), blocks: 0 });
                    read.push((number, head.hash(&bytes)));
                }
                Kind::Hashes => listed.extend_from_slice(&bytes),
                Kind::Footer => {
                    let footer = blocks.footer(&bytes, length)?;
                    let hashes = match header.format {
                        FORMAT_HASHED_WHOLE => hashed_whole(&mut blocks, &footer)?,
                        _ => Some(hashes(&blocks, &footer, (&listed, &read))?),
                    };
                    return Ok(Self { header, sections, footer, hashes });
                }
                Kind::Header | Kind::Content => return Err(blocks.order()),
            }
        }
    }

    /// Reads what is in every section.
    pub(super) fn check(&self, path: &Path) -> Result<(), SnapshotError> {
        let mut contents = Contents::open(path, self)?;
        self.sections.iter().try_for_each(|place| {
            contents.enter(place);
            contents.end()
        })
    }
}

fn hashed_whole(
    blocks: &mut Blocks<'_>,
    footer: &Footer,
) -> Result<Option<Vec<Hash>>, SnapshotError> {
    match blocks.hash(footer.length)? == footer.hash {
        true => Ok(None),
        false => Err(blocks.damaged("its hash is not the footer's")),
    }
}

/// The hashes that are listed, if they are those of the footer and of what has been read.
fn hashes(
    blocks: &Blocks<'_>,
    footer: &Footer,
    (listed, read): (&[u8], &[(u32, Hash)]),
) -> Result<Vec<Hash>, SnapshotError> {
    let (hashes, rest) = listed.as_chunks::<HASH_BYTES>();
    if blake3::hash(listed) != footer.hash || !rest.is_empty() {
        return Err(blocks.damaged("the hashes are not the footer's"));
    }
    let differs = |(number, hash): &&(u32, Hash)| hashes.get(*number as usize) != Some(hash);
    match read.iter().find(differs) {
        None => Ok(hashes.to_vec()),
        Some((number, _)) => Err(blocks.damaged(&format!("block {number} has another hash"))),
    }
}

/// What stands in one section after the other.
pub(super) struct Contents<'a> {
    blocks: Blocks<'a>,
    hashes: Option<&'a [Hash]>,
    /// Of the section that was entered, not yet read.
    left: u32,
    /// What was wrong with a block.
    failure: Option<SnapshotError>,
}

impl<'a> Contents<'a> {
    pub(super) fn open(path: &'a Path, places: &'a Places) -> Result<Self, SnapshotError> {
        let hashes = places.hashes.as_deref();
        Ok(Self { blocks: Blocks::open(path)?, hashes, left: 0, failure: None })
    }

    pub(super) fn enter(&mut self, place: &Place) {
        self.blocks.go(place.begin);
        self.left = place.blocks;
    }

    /// Puts the next block to `bytes`. False: there is none, or it is damaged.
    pub(super) fn more(&mut self, bytes: &mut Vec<u8>) -> bool {
        if self.left == 0 || self.failure.is_some() {
            return false;
        }
        self.left -= 1;
        self.failure = self.block(bytes).err();
        self.failure.is_none()
    }

    fn block(&mut self, bytes: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let number = self.blocks.at().number;
        let (kind, head) = self.blocks.head()?;
        if kind != Kind::Content {
            return Err(self.blocks.order());
        }
        let begin = bytes.len();
        self.blocks.content_into(&head, bytes)?;
        let hash = self.hashes.map(|hashes| hashes.get(number as usize));
        match hash.is_none_or(|hash| hash == Some(&head.hash(&bytes[begin..]))) {
            true => Ok(()),
            false => Err(self.blocks.damaged("its hash is not the one that is listed")),
        }
    }

    /// What is whole and nobody can make anything of.
    pub(super) fn unreadable(&self, source: LoadError) -> SnapshotError {
        self.blocks.unreadable(source)
    }

    /// What was wrong with the section, with what nobody took of it, too.
    pub(super) fn end(&mut self) -> Result<(), SnapshotError> {
        let mut bytes = Vec::new();
        while self.more(&mut bytes) {
            bytes.clear();
        }
        self.failure.take().map_or(Ok(()), Err)
    }
}
