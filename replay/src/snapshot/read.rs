//! A snapshot on its way back. Where its sections lie and what each block hashes to is looked up
//! first; then two threads turn them into state, each block by its hash before anything is made of
//! it. Who needs a part of the state reads that part, and nothing of the others is hashed. The core
//! must have its digest in any case.

mod blocks;
mod places;

use std::path::Path;
use std::thread;

use engine::projection::ViewLimits;
use engine::snapshot::{Gaps, Label, LoadError, Loading};
use engine::witness::state_digest;
use orison_core::RULES_VERSION;
use orison_core::snapshot::{Input, Stored};

use self::blocks::Blocks;
use self::places::{Contents, Place, Places};
use super::aside::{CHANGES_VERSION, PLAYBACK_VERSION};
use super::frame::Header;
use super::{Loaded, SnapshotError, Whole};
use crate::playback::{Bookmark, Playback};
use crate::player::Depth;
use crate::{Changes, Player};

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
    /// Sections that would not be moved on are left unread.
    pub depth: Depth,
}

/// Whether every byte is what was written. What the file says of itself.
pub fn check(path: &Path) -> Result<Header, SnapshotError> {
    let places = Places::of(path)?;
    places.check(path)?;
    Ok(places.header)
}

/// What the file says of itself, and nothing else of it.
pub fn header(path: &Path) -> Result<Header, SnapshotError> {
    let (header, _) = Blocks::open(path)?.first()?;
    Ok(header)
}

pub fn load(path: &Path, wanted: &Wanted) -> Result<Loaded, SnapshotError> {
    let places = Places::of(path)?;
    belongs(&places.header, wanted, path)?;
    let needs = wanted.depth.needs();
    let needed = places.sections.iter().filter(|place| needs(&place.name));
    let (views, others): (Vec<_>, Vec<_>) =
        needed.partition(|place| Lane::of(place) == Lane::Views);
    let load = |needed: &[&Place]| Parts::load(Contents::open(path, &places)?, needed, wanted);
    let (views, others) = thread::scope(|scope| {
        let views = scope.spawn(|| load(&views));
        let others = load(&others);
        (views.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)), others)
    });
    let (views, others) = (views?, others?);
    match others.state {
        Some(state) if state == places.footer.state => {
            others.with(views).finish(&places.header, wanted, path)
        }
        Some(_) => Err(SnapshotError::State { path: path.to_owned() }),
        None => Err(missing(path, "core")),
    }
}

/// Which of the two threads reads a section: together the views take as long as the rest.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lane {
    Views,
    Others,
}

impl Lane {
    fn of(place: &Place) -> Self {
        match place.name.as_str() {
            "core" | "witness" | "changes" | "playback" => Self::Others,
            _ => Self::Views,
        }
    }
}

/// What has been loaded and not yet been believed.
struct Parts {
    loading: Loading,
    changes: Option<Changes>,
    bookmark: Option<Bookmark>,
    /// Of the core, once it is there.
    state: Option<[u8; 32]>,
}

impl Parts {
    fn load(
        mut contents: Contents<'_>,
        places: &[&Place],
        wanted: &Wanted,
    ) -> Result<Self, SnapshotError> {
        let limits = wanted.limits.unwrap_or(ViewLimits::DEFAULT);
        let loading = Loading::of_some(limits, wanted.depth.needs());
        let mut parts = Self { loading, changes: None, bookmark: None, state: None };
        for place in places {
            contents.enter(place);
            let mut more = |buffer: &mut Vec<u8>| contents.more(buffer);
            let taken = parts.section(place, &mut Input::new(&mut more));
            contents.end()?;
            taken.map_err(|source| contents.unreadable(source))?;
        }
        Ok(parts)
    }

    fn section(&mut self, place: &Place, input: &mut Input<'_>) -> Result<(), LoadError> {
        let Place { name, version, .. } = place;
        match (name.as_str(), *version) {
            ("changes", CHANGES_VERSION) => aside(name, &mut self.changes, input),
            ("playback", PLAYBACK_VERSION) => aside(name, &mut self.bookmark, input),
            (_, version) => {
                self.loading.section(Label { name, version }, input)?;
                if name == "core" {
                    self.state = self.loading.exchange().map(state_digest);
                }
                Ok(())
            }
        }
    }

    fn with(mut self, views: Self) -> Self {
        self.loading = views.loading.join(self.loading);
        self
    }

    fn finish(
        self,
        header: &Header,
        wanted: &Wanted,
        path: &Path,
    ) -> Result<Loaded, SnapshotError> {
        let Self { loading, changes, bookmark, .. } = self;
        let load = |source| SnapshotError::Load { path: path.to_owned(), source };
        let loaded = loading.finish(wanted.limits, wanted.gaps).map_err(load)?;
        let bookmark = bookmark.ok_or_else(|| missing(path, "playback"))?;
        let changes = match (changes, wanted.depth.needs()("changes")) {
            (Some(changes), _) => changes,
            (None, false) => Changes::default(),
            (None, true) => return Err(missing(path, "changes")),
        };
        let counted =
            |sequence: &&u64| **sequence <= header.sequence && !bookmark.voids.contains(sequence);
        if let Some(&sequence) = wanted.voids.iter().find(counted) {
            return Err(SnapshotError::Quarantined { path: path.to_owned(), sequence });
        }
        let engine::snapshot::Loaded { exchange, views, witness, empty } = loaded;
        let player = Player::of(exchange, views, witness);
        let mut playback = Playback::resume(player, bookmark);
        playback.set_depth(wanted.depth);
        Ok(Loaded { header: *header, whole: Whole { playback, changes }, empty })
    }
}

fn missing(path: &Path, name: &'static str) -> SnapshotError {
    SnapshotError::Load { path: path.to_owned(), source: LoadError::Missing { name } }
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
) -> Result<(), LoadError> {
    let unreadable = |source| LoadError::Unreadable { name: name.to_owned(), source };
    *place = Some(T::load(from).map_err(unreadable)?);
    match from.is_over() {
        true => Ok(()),
        false => Err(LoadError::Longer { name: name.to_owned() }),
    }
}
