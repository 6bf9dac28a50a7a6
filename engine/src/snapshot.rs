//! The whole state at one sequence as named sections: the core, the witness, one for each view.
//! A section is a name, a version and a stream of bytes; where they lie is none of its business.
//! A view that is new enters the list of `Views` and nothing else; one that is not in it does not
//! compile.

use orison_core::Exchange;
use orison_core::snapshot::{EXCHANGE_VERSION, Input, Output, Stored, Unreadable};
use thiserror::Error;

use crate::projection::{ViewLimits, Views};
use crate::witness::Witness;

/// Of what the witness stores.
const WITNESS_VERSION: u32 = 1;

/// Takes the sections of a state one by one: name, version, content.
pub trait Sections {
    fn section(&mut self, name: &'static str, version: u32, content: &dyn Content);
}

/// What a section stores.
pub trait Content {
    fn store(&self, to: &mut Output<'_>);
}

impl<T: Stored> Content for T {
    fn store(&self, to: &mut Output<'_>) {
        Stored::store(self, to);
    }
}

/// The beginning of a section that comes out of a snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label<'a> {
    pub name: &'a str,
    pub version: u32,
}

/// Why a snapshot is not the state it was taken of.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum LoadError {
    #[error("section {name} has version {found}, this build reads {expected}")]
    Version { name: String, found: u32, expected: u32 },
    #[error("section {name}: {source}")]
    Unreadable { name: String, source: Unreadable },
    #[error("section {name} goes on behind its end")]
    Longer { name: String },
    #[error("there is no section {name}")]
    Missing { name: &'static str },
    #[error("views were kept with other limits")]
    Limits,
}

/// Hands out every section: core and witness first.
pub fn store(
    (exchange, views, witness): (&Exchange, &Views, &Witness),
    sections: &mut impl Sections,
) {
    sections.section("core", EXCHANGE_VERSION, exchange);
    sections.section("witness", WITNESS_VERSION, witness);
    views.sections(sections);
}

/// A state that comes together section by section, in any order.
pub struct Loading {
    exchange: Option<Exchange>,
    witness: Option<Witness>,
    views: Views,
    /// Of the views, by name.
    loaded: Vec<&'static str>,
    /// Whether a section of that name, beside the core, is to be there in the end; one that is not
    /// is as it was before the first command.
    needs: fn(&str) -> bool,
}

/// What came of a section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken {
    Loaded,
    /// It is none of this build's, or of another version: nobody has read it.
    Passed,
}

/// What became of views that were not in the snapshot as this build reads them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gaps {
    /// The snapshot is not used: replay can make them.
    Refused,
    /// They begin empty, if the others can do without them: what would make them is gone.
    Empty,
}

/// All three at one sequence, and the views that begin empty.
pub struct Loaded {
    pub exchange: Exchange,
    pub views: Views,
    pub witness: Witness,
    pub empty: Vec<&'static str>,
}

impl Loading {
    pub fn new(limits: ViewLimits) -> Self {
        Self::of_some(limits, |_| true)
    }

    /// Of the sections beside the core, those that are needed alone.
    pub fn of_some(limits: ViewLimits, needs: fn(&str) -> bool) -> Self {
        let views = Views::new(limits);
        Self { exchange: None, witness: None, views, loaded: Vec::new(), needs }
    }

    /// Reads a section to its end.
    pub fn section(&mut self, label: Label<'_>, from: &mut Input<'_>) -> Result<Taken, LoadError> {
        let Label { name, .. } = label;
        let taken = match name {
            "core" => {
                expect(label, EXCHANGE_VERSION)?;
                Exchange::load(from).map(|exchange| self.exchange = Some(exchange))
            }
            "witness" => {
                expect(label, WITNESS_VERSION)?;
                Witness::load(from).map(|witness| self.witness = Some(witness))
            }
            _ => match self.views.restore_section(label, from) {
                None => return Ok(Taken::Passed),
                Some(read) => read.map(|name| self.loaded.push(name)),
            },
        };
        taken.map_err(|source| LoadError::Unreadable { name: name.to_owned(), source })?;
        match from.is_over() {
            true => Ok(Taken::Loaded),
            false => Err(LoadError::Longer { name: name.to_owned() }),
        }
    }

    /// The core, once its section has been read.
    pub fn exchange(&self) -> Option<&Exchange> {
        self.exchange.as_ref()
    }

    /// With core and witness of another one; the views are those of this one.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        Self { exchange: other.exchange, witness: other.witness, ..self }
    }

    /// `limits`: how much history the views must keep; None: as much as they were stored with.
    pub fn finish(self, limits: Option<ViewLimits>, gaps: Gaps) -> Result<Loaded, LoadError> {
        let Self { exchange, witness, views, loaded, needs } = self;
        let exchange = exchange.ok_or(LoadError::Missing { name: "core" })?;
        let witness = match (witness, needs("witness")) {
            (Some(witness), _) => witness,
            (None, false) => Witness::new(),
            (None, true) => return Err(LoadError::Missing { name: "witness" }),
        };
        let mut empty = Vec::new();
        for (name, need) in Views::SECTIONS {
            if loaded.contains(&name) || !needs(name) {
                continue;
            }
            match (gaps, need) {
                (Gaps::Empty, Need::History) => empty.push(name),
                (Gaps::Refused, _) | (Gaps::Empty, Need::Always) => {
                    return Err(LoadError::Missing { name });
                }
            }
        }
        match limits.is_none_or(|limits| views.limits() == limits) {
            true => Ok(Loaded { exchange, views, witness, empty }),
            false => Err(LoadError::Limits),
        }
    }
}

fn expect(label: Label<'_>, expected: u32) -> Result<(), LoadError> {
    let Label { name, version: found } = label;
    match found == expected {
        true => Ok(()),
        false => Err(LoadError::Version { name: name.to_owned(), found, expected }),
    }
}

/// What an exchange can do without a view's past.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// Later events only make sense on top of it.
    Always,
    /// It tells of the past: without, it begins empty.
    History,
}
