//! A snapshot on its way back: one thread reads blocks, checks each and hashes all, another turns
//! those that are right into state. Nothing that was loaded counts before the footer agrees.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use engine::projection::ViewLimits;
use engine::snapshot::{Gaps, Label, LoadError, Loading, Taken};
use engine::witness::state_digest;
use orison_core::RULES_VERSION;
use orison_core::snapshot::{Input, Stored};

use super::aside::{CHANGES_VERSION, PLAYBACK_VERSION};
use super::frame::{
    self, BLOCK_BYTES_MAX, FORMAT_VERSION, Footer, HEAD_BYTES, Head, Header, Kind, MAGIC,
};
use super::{Loaded, SnapshotError, Whole};
use crate::playback::{Bookmark, Playback};
use crate::player::Depth;
use crate::{Changes, Player};

/// Blocks that have been read and not yet been loaded.
const BLOCKS_AHEAD: usize = 8;

/// What a snapshot is loaded for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Of the journal.
    pub identity: [u8; 16],
    /// How much history the views must keep; None: as much as they do.
    pub limits: Option<ViewLimits>,
    pub gaps: Gaps,
    /// What has been quarantined in the journal, in order.
    pub voids: Vec<u64>,
}

/// Whether every byte is what was written. What the file says of itself.
pub fn check(path: &Path) -> Result<Header, SnapshotError> {
    let mut header = None;
    Blocks::open(path)?.each(|block| {
        if let Block::Header(known) = block {
            header = Some(known);
        }
    })?;
    Ok(header.expect("the first block is the header"))
}

/// What the file says of itself, and nothing else of it.
pub fn header(path: &Path) -> Result<Header, SnapshotError> {
    let mut blocks = Blocks::open(path)?;
    match blocks.next()? {
        (Kind::Header, content) => blocks.header(&content),
        (Kind::Section | Kind::Content | Kind::Footer, _) => {
            Err(blocks.damaged("this is no snapshot"))
        }
    }
}

pub fn load(path: &Path, wanted: &Wanted) -> Result<Loaded, SnapshotError> {
    let blocks = Blocks::open(path)?;
    let (send, receive) = sync_channel(BLOCKS_AHEAD);
    thread::scope(|scope| {
        let reader = scope.spawn(move || blocks.send_to(&send));
        let parts = Parts::load(Stream { receive, next: None }, wanted, path);
        let footer = reader.join().expect("reading a file does not panic");
        // Of damage, its place; what it led to is of no interest.
        let footer = footer?;
        let parts = parts?;
        match parts.state == footer.state {
            true => parts.finish(wanted, path),
            false => Err(SnapshotError::State { path: path.to_owned() }),
        }
    })
}

enum Block {
    Header(Header),
    Section { name: String, version: u32 },
    Content(Vec<u8>),
}

/// The file, block by block, from its beginning.
struct Blocks<'a> {
    path: &'a Path,
    file: File,
    bytes: u64,
    offset: u64,
    number: u32,
    hasher: blake3::Hasher,
}

impl<'a> Blocks<'a> {
    fn open(path: &'a Path) -> Result<Self, SnapshotError> {
        let error = |source| SnapshotError::Io { operation: "open", path: path.to_owned(), source };
        let file = File::open(path).map_err(error)?;
        let bytes = file.metadata().map_err(error)?.len();
        Ok(Self { path, file, bytes, offset: 0, number: 0, hasher: blake3::Hasher::new() })
    }

    fn send_to(self, to: &SyncSender<Block>) -> Result<Footer, SnapshotError> {
        // Nobody listens any more: what was loaded is wrong. The rest is still checked.
        self.each(|block| _ = to.send(block))
    }

    /// Shows every block but the footer, which has spoken for all of them.
    fn each(mut self, mut show: impl FnMut(Block)) -> Result<Footer, SnapshotError> {
        loop {
            let hash = *self.hasher.finalize().as_bytes();
            let length = self.offset;
            let (kind, content) = self.next()?;
            match (kind, self.number) {
                (Kind::Header, 1) => show(Block::Header(self.header(&content)?)),
                (Kind::Section, 2..) => show(self.section(&content)?),
                (Kind::Content, 3..) => show(Block::Content(content)),
                (Kind::Footer, 2..) => {
                    let footer = frame::read::<Footer, _>(&content, |footer| Footer::from(footer));
                    let footer = footer.ok_or_else(|| self.damaged("the footer is none"))?;
                    let agrees = (footer.length, footer.hash) == (length, hash);
                    return match (agrees, self.offset == self.bytes) {
                        (true, true) => Ok(footer),
                        (false, _) => Err(self.damaged("its hash is not the footer's")),
                        (true, false) => Err(self.damaged("it goes on behind its footer")),
                    };
                }
                (Kind::Header | Kind::Section | Kind::Content | Kind::Footer, _) => {
                    return Err(self.damaged("blocks stand in the wrong order"));
                }
            }
        }
    }

    fn damaged(&self, what: &str) -> SnapshotError {
        let what = format!("block {} before byte {}: {what}", self.number, self.offset);
        SnapshotError::Damaged { path: self.path.to_owned(), what }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), SnapshotError> {
        match self.file.read_exact(bytes) {
            Ok(()) => {
                self.hasher.update(bytes);
                self.offset += bytes.len() as u64;
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

    /// A block whose checksum is right.
    fn next(&mut self) -> Result<(Kind, Vec<u8>), SnapshotError> {
        let mut head = [0; HEAD_BYTES];
        self.fill(&mut head)?;
        let head = frame::read::<Head, _>(&head, |head| Head::from(head));
        let head = head.ok_or_else(|| self.damaged("the head is none"))?;
        let length = head.length as usize;
        if length > BLOCK_BYTES_MAX || head.number != self.number {
            return Err(self.damaged("the head is none that belongs there"));
        }
        let mut content = vec![0; length];
        self.fill(&mut content)?;
        self.number += 1;
        match (head.sum(&content) == head.checksum, Kind::from_number(head.kind)) {
            (true, Some(kind)) => Ok((kind, content)),
            (false, _) => Err(self.damaged("its checksum is wrong")),
            (true, None) => Err(self.damaged("it is of no known kind")),
        }
    }

    fn header(&self, content: &[u8]) -> Result<Header, SnapshotError> {
        let header = frame::read::<Header, _>(content, |header| Header::from(header));
        let header = header.filter(|header| header.magic == MAGIC);
        let header = header.ok_or_else(|| self.damaged("this is no snapshot"))?;
        match header.format {
            FORMAT_VERSION => Ok(header),
            found => Err(SnapshotError::Format { path: self.path.to_owned(), found }),
        }
    }

    fn section(&self, content: &[u8]) -> Result<Block, SnapshotError> {
        let section = frame::read::<frame::Section, _>(content, |section| {
            let name = section.name.split(|&byte| byte == 0).next().unwrap_or_default();
            Some((String::from_utf8(name.to_vec()).ok()?, section.version.to_native()))
        });
        match section.flatten() {
            Some((name, version)) => Ok(Block::Section { name, version }),
            None => Err(self.damaged("it names no section")),
        }
    }
}

/// Blocks as they come, one of them looked at ahead.
struct Stream {
    receive: Receiver<Block>,
    next: Option<Block>,
}

impl Stream {
    fn next(&mut self) -> Option<Block> {
        self.next.take().or_else(|| self.receive.recv().ok())
    }

    /// The next content of the section that has begun.
    fn content(&mut self) -> Option<Vec<u8>> {
        match self.next()? {
            Block::Content(bytes) => Some(bytes),
            block @ (Block::Header(_) | Block::Section { .. }) => {
                self.next = Some(block);
                None
            }
        }
    }
}

/// What has been loaded and not yet been believed.
struct Parts {
    header: Header,
    loading: Loading,
    changes: Option<Changes>,
    bookmark: Option<Bookmark>,
    /// Of the core.
    state: [u8; 32],
}

impl Parts {
    fn load(mut stream: Stream, wanted: &Wanted, path: &Path) -> Result<Self, SnapshotError> {
        let cut = || SnapshotError::Damaged { path: path.to_owned(), what: "it ends".to_owned() };
        let Some(Block::Header(header)) = stream.next() else { return Err(cut()) };
        belongs(&header, wanted, path)?;
        let limits = wanted.limits.unwrap_or(ViewLimits::DEFAULT);
        let (mut loading, mut changes, mut bookmark) = (Loading::new(limits), None, None);
        thread::scope(|scope| {
            let mut digest = None;
            while let Some(block) = stream.next() {
                let Block::Section { name, version } = block else { return Err(cut()) };
                let mut more = |buffer: &mut Vec<u8>| match stream.content() {
                    Some(bytes) if buffer.is_empty() => {
                        *buffer = bytes;
                        true
                    }
                    Some(bytes) => {
                        buffer.extend_from_slice(&bytes);
                        true
                    }
                    None => false,
                };
                let mut input = Input::new(&mut more);
                let taken = match (name.as_str(), version) {
                    ("changes", CHANGES_VERSION) => aside(&name, &mut changes, &mut input),
                    ("playback", PLAYBACK_VERSION) => aside(&name, &mut bookmark, &mut input),
                    _ => loading.section(Label { name: &name, version }, &mut input),
                };
                let load = |source| SnapshotError::Load { path: path.to_owned(), source };
                if taken.map_err(load)? == Taken::Passed {
                    while stream.content().is_some() {}
                }
                // The core's digest is computed while views are still coming.
                if let Some(exchange) = loading.take_exchange() {
                    digest = Some(scope.spawn(move || (state_digest(&exchange), exchange)));
                }
            }
            let digest = digest.ok_or_else(cut)?;
            let (state, exchange) = digest.join().expect("a state that was loaded has a digest");
            loading.put_exchange(exchange);
            Ok(Self { header, loading, changes, bookmark, state })
        })
    }

    fn finish(self, wanted: &Wanted, path: &Path) -> Result<Loaded, SnapshotError> {
        let Self { header, loading, changes, bookmark, .. } = self;
        let load = |source| SnapshotError::Load { path: path.to_owned(), source };
        let missing = |name| load(LoadError::Missing { name });
        let loaded = loading.finish(wanted.limits, wanted.gaps).map_err(load)?;
        let bookmark = bookmark.ok_or_else(|| missing("playback"))?;
        let counted =
            |sequence: &&u64| **sequence <= header.sequence && !bookmark.voids.contains(sequence);
        if let Some(&sequence) = wanted.voids.iter().find(counted) {
            return Err(SnapshotError::Quarantined { path: path.to_owned(), sequence });
        }
        let engine::snapshot::Loaded { exchange, views, witness, empty } = loaded;
        let player = Player { exchange, views, witness, depth: Depth::default() };
        let playback = Playback::resume(player, bookmark);
        let whole = Whole { playback, changes: changes.ok_or_else(|| missing("changes"))? };
        Ok(Loaded { header, whole, empty })
    }
}

fn belongs(header: &Header, wanted: &Wanted, path: &Path) -> Result<(), SnapshotError> {
    let path = path.to_owned();
    if header.identity != wanted.identity {
        return Err(SnapshotError::Foreign { path });
    }
    match header.rules_version {
        ..=RULES_VERSION => Ok(()),
        found => Err(SnapshotError::Rules { path, found, known: RULES_VERSION }),
    }
}

fn aside<T: Stored>(
    name: &str,
    place: &mut Option<T>,
    from: &mut Input<'_>,
) -> Result<Taken, LoadError> {
    let unreadable = |source| LoadError::Unreadable { name: name.to_owned(), source };
    *place = Some(T::load(from).map_err(unreadable)?);
    match from.is_over() {
        true => Ok(Taken::Loaded),
        false => Err(LoadError::Longer { name: name.to_owned() }),
    }
}
