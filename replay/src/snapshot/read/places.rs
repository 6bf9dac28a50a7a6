//! Where the sections of a snapshot lie, by the heads of its blocks. What lies there is read by
//! whoever needs it, and checked then. In: a path. Out: places, and the content of one of them.

use std::path::Path;

use super::blocks::{Blocks, Position};
use crate::snapshot::SnapshotError;
use crate::snapshot::frame::{Footer, Header, Kind};

pub(super) struct Places {
    pub(super) header: Header,
    pub(super) sections: Vec<Place>,
    pub(super) footer: Footer,
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
        let header = blocks.first()?;
        let mut sections: Vec<Place> = Vec::new();
        let mut bytes = Vec::new();
        loop {
            let length = blocks.at().offset;
            let (kind, head) = blocks.head()?;
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
                }
                Kind::Footer => {
                    let footer = blocks.footer(&bytes, length)?;
                    return Ok(Self { header, sections, footer });
                }
                Kind::Header | Kind::Content => return Err(blocks.order()),
            }
        }
    }
}

/// What stands in one section after the other.
pub(super) struct Contents<'a> {
    blocks: Blocks<'a>,
    /// Of the section that was entered, not yet read.
    left: u32,
    /// What was wrong with a block.
    failure: Option<SnapshotError>,
}

impl<'a> Contents<'a> {
    pub(super) fn open(path: &'a Path) -> Result<Self, SnapshotError> {
        Ok(Self { blocks: Blocks::open(path)?, left: 0, failure: None })
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
        let read = self.blocks.head().and_then(|(kind, head)| match kind {
            Kind::Content => self.blocks.content_into(&head, bytes),
            Kind::Header | Kind::Section | Kind::Footer => Err(self.blocks.order()),
        });
        self.failure = read.err();
        self.failure.is_none()
    }

    /// What was wrong with what `more` has read.
    pub(super) fn end(&mut self) -> Result<(), SnapshotError> {
        self.failure.take().map_or(Ok(()), Err)
    }
}
