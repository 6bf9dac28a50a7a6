//! The proof that one command is in a journal: its record and the few hashes that lead from it to
//! the Merkle root of its checkpoint interval. To check one takes the root alone, or a certificate
//! that has signed it, and no journal. No other command is shown by it.

use std::path::Path;

use engine::{Views, record};
use journal::merkle::{self, Hash, Proof, Step};
use journal::{CHECKPOINT_COMMANDS, Checkpoint, Damage, Kind, ReadError, Reader};
use orison_core::command::{AmendFields, OrderFields};
use orison_core::{Command, OrderId, Sequence, Stamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::certificate::{Claims, interval_start};
use crate::form::command::CommandForm;
use crate::json::{Hex, Object};
use crate::key::unhex;
use crate::verify::SMALL_VIEWS;

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
    #[error("of the commands {from} to {to} not all are left")]
    Pruned { from: u64, to: u64 },
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

/// Under the root of its checkpoint; or of the interval of a certificate, if there is one.
pub fn prove(
    directory: &Path,
    about: About,
    certified: Option<&Claims>,
    mut progress: impl FnMut(u64),
) -> Result<Inclusion, ProofError> {
    let reader = Reader::open(directory)?;
    let asked = about.sequence();
    let from = interval_start(asked.max(1));
    let to = match certified {
        None => from + CHECKPOINT_COMMANDS - 1,
        Some(claims) => (from + CHECKPOINT_COMMANDS - 1).min(claims.sequence),
    };
    if asked == 0 || asked > to {
        let last = certified.map_or(0, |claims| claims.sequence);
        return Err(ProofError::NotCertified { last, asked });
    }
    if reader.first_sequence() > from {
        return Err(ProofError::Pruned { from, to });
    }
    let mut records = reader.records_from(from)?;
    let mut found = Interval::default();
    while let Some(record) = records.next()? {
        match record.kind {
            Kind::Command(_) if record.sequence <= to => {
                found.leaves.push(merkle::leaf(record.bytes));
                progress(record.sequence);
                if record.sequence == asked {
                    found.record = Some((record.bytes.to_vec(), record.time_ns));
                }
            }
            Kind::Checkpoint if certified.is_none() => {
                let sequence = record.sequence;
                let checkpoint = Checkpoint::decode(record.payload)
                    .map_err(|source| ProofError::Checkpoint { sequence, source })?;
                if checkpoint.about == to {
                    found.recorded = Some(checkpoint.merkle_root);
                }
            }
            Kind::Command(_) | Kind::Checkpoint | Kind::Seal | Kind::Close | Kind::Void => {}
        }
        let is_certified = certified.is_some() && record.sequence >= to;
        if found.recorded.is_some() || is_certified {
            break;
        }
    }
    let last = records.last_sequence();
    if let Some(claims) = certified {
        let rung = claims.rungs.iter().find(|rung| rung.sequence == to);
        let root = rung.and_then(|rung| rung.merkle_root.as_deref()).and_then(hash);
        found.recorded = Some(root.ok_or(ProofError::Pruned { from, to })?);
    }
    let identity = Hex(&reader.identity()).to_string();
    found.inclusion(identity, about, (from, to), last)
}

/// The commands of an interval.
#[derive(Default)]
struct Interval {
    leaves: Vec<Hash>,
    /// The one asked for, and its time.
    record: Option<(Vec<u8>, u64)>,
    recorded: Option<Hash>,
}

impl Interval {
    fn inclusion(
        self,
        identity: String,
        about: About,
        (from, to): (u64, u64),
        last: u64,
    ) -> Result<Inclusion, ProofError> {
        let asked = about.sequence();
        let Some((record, time_ns)) = self.record else {
            return Err(ProofError::NotReached { last, asked });
        };
        let Some(recorded) = self.recorded else {
            return Err(ProofError::NoRoot { last, asked });
        };
        if self.leaves.len() as u64 != to + 1 - from {
            return Err(ProofError::NotReached { last, asked: to });
        }
        let root = merkle::root(&self.leaves).expect("the interval has a command");
        if root != recorded {
            let (computed, recorded) = (Hex(&root).to_string(), Hex(&recorded).to_string());
            return Err(ProofError::Root { from, to, computed, recorded });
        }
        let index = usize::try_from(asked - from).expect("an interval fits memory");
        let proof = merkle::prove(&self.leaves, index).expect("the interval has the command");
        let steps = proof.steps.iter().map(|step| match step {
            Step::Left(hash) => Sibling::Left(Hex(hash).to_string()),
            Step::Right(hash) => Sibling::Right(Hex(hash).to_string()),
        });
        let order = match about {
            About::Command(_) => None,
            About::Order(order) => Some(order.to_string()),
        };
        Ok(Inclusion {
            format: FORMAT_VERSION,
            identity,
            sequence: asked,
            time_ns,
            order,
            record: Hex(&record).to_string(),
            from,
            to,
            steps: steps.collect(),
            root: Hex(&root).to_string(),
        })
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

    /// Whether the command is under a root that is trusted. The command.
    pub fn check(&self, trusted: Trusted<'_>) -> Result<Command, ProofError> {
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
        self.check_order(&command)?;
        self.check_root(trusted)?;
        let root = hash(&self.root).ok_or_else(|| unreadable("its root is none"))?;
        let steps = self.steps.iter().map(|sibling| match sibling {
            Sibling::Left(text) => hash(text).map(Step::Left),
            Sibling::Right(text) => hash(text).map(Step::Right),
        });
        let steps = steps.collect::<Option<Vec<_>>>().filter(|steps| steps.len() <= STEPS_MAX);
        let steps = steps.ok_or_else(|| unreadable("its steps are none"))?;
        match merkle::check(&bytes, &Proof { steps }, &root) {
            true => Ok(command),
            false => Err(ProofError::Path),
        }
    }

    /// As a dump shows it. A proof knows no instrument: what a dump counts in its units is null,
    /// and stands behind in steps.
    pub fn command_text(&self, command: &Command) -> String {
        let stamp = Stamp { sequence: Sequence(self.sequence), time_ns: self.time_ns };
        let mut text = Vec::new();
        let mut object = Object::open(&mut text);
        let views = Views::new(SMALL_VIEWS);
        let form = CommandForm { catalog: &views.catalog, orders: &views.orders };
        form.put(&mut object, stamp, command, &[]);
        put_steps(&mut object, command);
        object.close();
        String::from_utf8(text).expect("JSON is UTF-8")
    }

    /// An order's id names the command that entered it and which of its orders it is.
    fn check_order(&self, command: &Command) -> Result<(), ProofError> {
        let Some(text) = &self.order else { return Ok(()) };
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
            true => Ok(()),
            false => Err(ProofError::Differs {
                what: "the command",
                said: format!("one that enters {text}"),
                found: format!("{command:?}"),
            }),
        }
    }

    fn check_root(&self, trusted: Trusted<'_>) -> Result<(), ProofError> {
        match trusted {
            Trusted::Root(root) => same("the root", &self.root, &root.to_owned()),
            Trusted::Certificate(claims) => {
                same("the journal of the certificate", &self.identity, &claims.identity)?;
                let rung = claims.rungs.iter().find(|rung| rung.sequence == self.to);
                let Some(root) = rung.and_then(|rung| rung.merkle_root.as_ref()) else {
                    let (last, asked) = (claims.sequence, self.to);
                    return Err(ProofError::NotCertified { last, asked });
                };
                same("the certified root", &self.root, root)
            }
        }
    }
}

/// The numbers of a command's orders as it holds them, one item an order.
fn put_steps(object: &mut Object<'_>, command: &Command) {
    let orders = match command {
        Command::Place(order) => std::slice::from_ref(order),
        Command::Pair(pair) => pair.legs.as_slice(),
        Command::Amend(amend) => {
            let mut steps = object.object("in_steps");
            for (field, key, steps_of) in [
                (AmendFields::PRICE, "price", i128::from(amend.price.0)),
                (AmendFields::QUANTITY, "quantity", i128::from(amend.quantity.0)),
                (AmendFields::STOP_PRICE, "stop_price", i128::from(amend.stop_price.0)),
                (AmendFields::TRAIL, "trail", i128::from(amend.trail.0)),
            ] {
                if amend.fields.has(field) {
                    steps.shown(key, steps_of);
                }
            }
            steps.close();
            return;
        }
        Command::Genesis(_)
        | Command::Instrument(_)
        | Command::Cancel(_)
        | Command::MassCancel(_)
        | Command::Status(_)
        | Command::Uncross(_)
        | Command::EndOfDay(_)
        | Command::Transfer(_)
        | Command::Account(_)
        | Command::Clock
        | Command::Pray(_)
        | Command::Ticker(_)
        | Command::Liquidation(_)
        | Command::ExternalTrade(_)
        | Command::ExternalDepth(_) => return,
    };
    let mut list = object.list("in_steps");
    for order in orders {
        let mut steps = list.item();
        steps.bare("instrument", order.instrument.0);
        for (field, key, steps_of) in [
            (OrderFields::PRICE, "price", i128::from(order.price.0)),
            (OrderFields::QUANTITY, "quantity", i128::from(order.quantity.0)),
            (OrderFields::DISPLAY, "display", i128::from(order.display.0)),
            (OrderFields::STOP_PRICE, "stop_price", i128::from(order.stop_price.0)),
            (OrderFields::TRAIL, "trail", i128::from(order.trail.0)),
            (OrderFields::BUDGET, "budget", order.budget),
            (OrderFields::MIN_QUANTITY, "min_quantity", i128::from(order.min_quantity.0)),
            (OrderFields::PROTECTION, "protection", i128::from(order.protection.0)),
        ] {
            if order.has(field) {
                steps.shown(key, steps_of);
            }
        }
        steps.close();
    }
    list.close();
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
