//! The proof that one command is in a journal: its record and the few hashes that lead from it to
//! the Merkle root of its checkpoint interval. To check one takes the root alone, or a certificate
//! that has signed it, and no journal. No other command is shown by it.

mod making;
mod steps;

use engine::{Views, record};
use journal::merkle::{self, Hash, Proof, Step};
use journal::{Damage, Kind, ReadError};
use orison_core::{Command, OrderId, Sequence, Stamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::certificate::{Claims, interval};
use crate::form::command::CommandForm;
use crate::json::Object;
use crate::key::unhex;
use crate::past::Effect;
use crate::verify::SMALL_VIEWS;
pub use making::prove;
use steps::put_steps;

pub const FORMAT_VERSION: u32 = 1;
/// A proof has a step a level of the tree.
const STEPS_MAX: usize = 64;

#[derive(Debug, Error)]
pub enum ProofError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("checkpoint after sequence {sequence}: {source}")]
    Checkpoint { sequence: u64, source: Damage },
    #[error("the journal ends with sequence {last}, sequence {asked} is asked for")]
    NotReached { last: u64, asked: u64 },
    #[error(
        "sequence {asked} has no checkpoint yet, the journal ends with {last}: \
         a certificate of a later sequence has a root of it"
    )]
    NoRoot { last: u64, asked: u64 },
    #[error("sequence {asked} is not in what was certified, up to {last}")]
    NotCertified { last: u64, asked: u64 },
    /// Of those at `oldest` all are.
    #[error("of the commands {from} to {to} not all are left; proofs begin with {oldest}")]
    Pruned { from: u64, to: u64, oldest: u64 },
    #[error("the commands {from} to {to} have the root {computed}, recorded is {recorded}")]
    Root { from: u64, to: u64, computed: String, recorded: String },
    #[error("the proof is none: {0}")]
    Unreadable(String),
    #[error("the record in the proof is damaged: {0}")]
    Record(Damage),
    #[error("{what} is {found}, the proof says {said}")]
    Differs { what: &'static str, said: String, found: String },
    #[error("the record does not lead to the root")]
    Path,
}

/// An inclusion proof. Hashes and bytes are in hexadecimal.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inclusion {
    pub format: u32,
    /// Of the journal.
    pub identity: String,
    pub sequence: u64,
    pub time_ns: u64,
    /// The order whose entry this command acknowledges.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub order: Option<String>,
    /// The record as it lies on disk.
    pub record: String,
    /// The commands under the root.
    pub from: u64,
    pub to: u64,
    /// From the record up.
    pub steps: Vec<Sibling>,
    pub root: String,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sibling {
    /// It stands to the left.
    Left(String),
    Right(String),
}

/// What a proof is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    Command(u64),
    /// The command that an order was entered by: its id is the acknowledgement.
    Order(OrderId),
}

impl About {
    /// Of the command that it is about.
    pub fn sequence(self) -> u64 {
        match self {
            Self::Command(sequence) => sequence,
            Self::Order(order) => order.sequence.0,
        }
    }
}

/// What a proof is held against.
#[derive(Clone, Copy, Debug)]
pub enum Trusted<'a> {
    /// A root that is known to be of that journal.
    Root(&'a str),
    /// What was signed.
    Certificate(&'a Claims),
}

/// What a proof has shown, and nothing that it only says.
#[derive(Clone, Debug)]
pub struct Proven {
    pub stamp: Stamp,
    pub command: Command,
    /// No other command can have entered it. A proof does not tell whether that was accepted.
    pub order: Option<OrderId>,
    /// None: a root alone names no journal, and no command that was quarantined.
    pub certified: Option<Certified>,
}

/// What a certificate adds to a root.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certified {
    /// Of the journal.
    pub identity: String,
    pub effect: Effect,
}

impl Inclusion {
    /// One JSON line.
    pub fn text(&self) -> String {
        serde_json::to_string(self).expect("our own shapes are always JSON") + "\n"
    }

    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let parsed: Self = serde_json::from_str(text)
            .map_err(|error| ProofError::Unreadable(error.to_string()))?;
        match parsed.format {
            FORMAT_VERSION => Ok(parsed),
            format => {
                let what = format!("format {format}, this build reads {FORMAT_VERSION}");
                Err(ProofError::Unreadable(what))
            }
        }
    }

    /// Whether the command is under a root that is trusted, and what follows from it.
    pub fn check(&self, trusted: Trusted<'_>) -> Result<Proven, ProofError> {
        let unreadable = |what: &str| ProofError::Unreadable(what.to_owned());
        let bytes = unhex(&self.record).ok_or_else(|| unreadable("its record is no text"))?;
        let view = journal::decode_alone(&bytes).map_err(ProofError::Record)?;
        let Kind::Command(kind) = view.kind else {
            return Err(unreadable("its record is no command"));
        };
        same("the sequence of the record", self.sequence, view.sequence)?;
        same("its time", self.time_ns, view.time_ns)?;
        let command = record::decode(kind, view.version, view.payload)
            .map_err(|error| unreadable(&error.to_string()))?;
        let order = self.check_order(&command)?;
        self.check_interval()?;
        let certified = self.check_root(trusted)?;
        let root = hash(&self.root).ok_or_else(|| unreadable("its root is none"))?;
        let steps = self.steps.iter().map(|sibling| match sibling {
            Sibling::Left(text) => hash(text).map(Step::Left),
            Sibling::Right(text) => hash(text).map(Step::Right),
        });
        let steps = steps.collect::<Option<Vec<_>>>().filter(|steps| steps.len() <= STEPS_MAX);
        let steps = steps.ok_or_else(|| unreadable("its steps are none"))?;
        let stamp = Stamp { sequence: Sequence(self.sequence), time_ns: self.time_ns };
        match merkle::check(&bytes, &Proof { steps }, &root) {
            true => Ok(Proven { stamp, command, order, certified }),
            false => Err(ProofError::Path),
        }
    }

    /// An order's id names the command that entered it and which of its orders it is.
    fn check_order(&self, command: &Command) -> Result<Option<OrderId>, ProofError> {
        let Some(text) = &self.order else { return Ok(None) };
        let order = OrderId::parse(text)
            .ok_or_else(|| ProofError::Unreadable("its order is none".to_owned()))?;
        same("the sequence of the order", self.sequence, order.sequence.0)?;
        let orders: u16 = if let Command::Place(_) = command {
            1
        } else if let Command::Pair(_) = command {
            2
        } else {
            0
        };
        match order.leg < orders {
            true => Ok(Some(order)),
            false => Err(ProofError::Differs {
                what: "the command",
                said: format!("one that enters {order}"),
                found: format!("{command:?}"),
            }),
        }
    }

    /// The commands under the root are those of the interval that the command is in, or the first
    /// of them.
    fn check_interval(&self) -> Result<(), ProofError> {
        let (from, to) = interval(self.sequence);
        same("the first command of its interval", self.from, from)?;
        match (self.sequence..=to).contains(&self.to) {
            true => Ok(()),
            false => Err(ProofError::Differs {
                what: "the last command of its interval",
                said: self.to.to_string(),
                found: to.to_string(),
            }),
        }
    }

    fn check_root(&self, trusted: Trusted<'_>) -> Result<Option<Certified>, ProofError> {
        match trusted {
            Trusted::Root(root) => {
                same("the root", self.root.as_str(), root)?;
                Ok(None)
            }
            Trusted::Certificate(claims) => {
                same("the journal of the certificate", &self.identity, &claims.identity)?;
                let rung = claims.rungs.iter().find(|rung| rung.sequence == self.to);
                let Some(root) = rung.and_then(|rung| rung.merkle_root.as_ref()) else {
                    let (last, asked) = (claims.sequence, self.to);
                    return Err(ProofError::NotCertified { last, asked });
                };
                same("the certified root", &self.root, root)?;
                let effect = match claims.voids.contains(&self.sequence) {
                    true => Effect::Void,
                    false => Effect::Decided,
                };
                Ok(Some(Certified { identity: claims.identity.clone(), effect }))
            }
        }
    }
}

impl Proven {
    /// As a dump shows it. A proof knows no instrument: what a dump counts in its units is null,
    /// and stands behind in steps.
    pub fn command_text(&self) -> String {
        let mut text = Vec::new();
        let mut object = Object::open(&mut text);
        let views = Views::new(SMALL_VIEWS);
        let form = CommandForm { catalog: &views.catalog, orders: &views.orders };
        form.put(&mut object, self.stamp, &self.command, &[]);
        put_steps(&mut object, &self.command);
        object.close();
        String::from_utf8(text).expect("JSON is UTF-8")
    }
}

fn same<T: PartialEq + ToString>(what: &'static str, said: T, found: T) -> Result<(), ProofError> {
    match said == found {
        true => Ok(()),
        false => {
            let (said, found) = (said.to_string(), found.to_string());
            Err(ProofError::Differs { what, said, found })
        }
    }
}

fn hash(text: &str) -> Option<Hash> {
    unhex(text)?.try_into().ok()
}

impl ProofError {
    /// False: it cannot be judged at all.
    pub fn is_finding(&self) -> bool {
        match self {
            Self::Read(error) => crate::verify::is_finding(error),
            Self::Checkpoint { .. }
            | Self::Root { .. }
            | Self::Record(_)
            | Self::Differs { .. }
            | Self::Path => true,
            Self::NotReached { .. }
            | Self::NoRoot { .. }
            | Self::NotCertified { .. }
            | Self::Pruned { .. }
            | Self::Unreadable(_) => false,
        }
    }
}
