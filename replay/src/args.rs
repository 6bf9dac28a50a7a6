//! The command line: its words, their forms and their help.

use std::path::PathBuf;

use clap::{ArgGroup, Parser, Subcommand};
use engine::projection::Interval;
use orison_core::{AccountName, Symbol};
use replay::fork::Field;
use replay::past::Until;

/// Replays, verifies and drives the journals of Orison.
///
/// Exit status: 0 fine, 1 something was found, 2 the input cannot be used.
#[derive(Debug, Parser)]
#[command(name = "orison-replay", version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) action: Action,
    /// Answer in JSON, one object a line
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Check every byte, link and digest of a journal against a replay of it
    Verify {
        /// Of the journal
        directory: PathBuf,
    },
    /// Say what a start on this journal would find
    Recover {
        /// Of the journal
        directory: PathBuf,
        /// Open it for writing, as a start does: a torn tail is cut
        #[arg(long)]
        write: bool,
    },
    /// Show an order book as it was
    Book {
        /// Of the journal
        directory: PathBuf,
        #[arg(long, value_parser = symbol)]
        symbol: Symbol,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Show the statistics of the 24 hours before a point, a line an instrument
    Statistics {
        /// Of the journal
        directory: PathBuf,
        #[arg(long, value_parser = symbol)]
        symbol: Option<Symbol>,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Show balances as they were, a line for each account and asset
    Balances {
        /// Of the journal
        directory: PathBuf,
        #[arg(long, value_parser = account)]
        account: Option<AccountName>,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Show an account as it was: settings, balances, positions, open orders
    Account {
        /// Of the journal
        directory: PathBuf,
        #[arg(value_parser = account)]
        name: AccountName,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Show the whole life of an order: what was ahead of it, what moved it, which rule decided
    Order {
        /// Of the journal
        directory: PathBuf,
        /// As every wire shows it, or as its client called it
        id: String,
        /// Up to a sequence or time
        #[arg(long)]
        at: Option<Until>,
    },
    /// Write every command and its events as JSON lines
    Dump {
        /// Of the journal
        directory: PathBuf,
        /// The first sequence
        #[arg(long)]
        from: Option<u64>,
        /// The last sequence
        #[arg(long)]
        to: Option<u64>,
    },
    /// Show the digests of state and events
    Digest {
        /// Of the journal
        directory: PathBuf,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Write what is computed of the market and of every account as JSON lines
    Figures {
        /// Of the journal
        directory: PathBuf,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
        /// Candles of indicators, returns of risk and weights
        #[arg(long, default_value = "1m", value_parser = interval)]
        interval: Interval,
    },
    /// Play the journal with one command left out or changed, and show the executions that differ
    #[command(group = ArgGroup::new("change").required(true))]
    Fork {
        /// Of the journal
        directory: PathBuf,
        /// The sequence of that command
        #[arg(long)]
        at: u64,
        /// Leave it out
        #[arg(long, group = "change")]
        omit: bool,
        /// NAME=VALUE of a new order or an amend, any number of times
        #[arg(long, group = "change")]
        set: Vec<Field>,
        /// As far as a sequence or time
        #[arg(long)]
        to: Option<Until>,
    },
    /// Draw an Ed25519 key into a new file, and show its public half
    Key {
        /// Where it goes; must not be there yet
        file: PathBuf,
    },
    /// Sign what the journal leads to: a replay certificate
    Certify {
        /// Of the journal
        directory: PathBuf,
        /// A private key in PKCS #8 that only its owner may read
        #[arg(long)]
        key: PathBuf,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
        /// Write it to this file, not to standard output
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Hold a journal against a certificate
    CheckCertificate {
        /// Of the journal
        directory: PathBuf,
        certificate: PathBuf,
        /// 64 hexadecimal digits, or a file with them or with a PEM
        #[arg(long)]
        public: String,
    },
    /// Prove that a command, or the one that entered an order, is in the journal
    Prove {
        /// Of the journal
        directory: PathBuf,
        /// A sequence or the id of an order
        what: String,
        /// Under a root of this certificate, not of the journal's own checkpoint
        #[arg(long)]
        certificate: Option<PathBuf>,
        /// Whose certificate it must be: 64 hexadecimal digits, or a file with them or with a PEM
        #[arg(long)]
        public: Option<String>,
        /// Write it to this file, not to standard output
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Check a proof without any journal
    CheckProof {
        proof: PathBuf,
        /// A root that is trusted
        #[arg(long)]
        root: Option<String>,
        #[arg(long)]
        certificate: Option<PathBuf>,
        /// Whose certificate it must be: 64 hexadecimal digits, or a file with them or with a PEM
        #[arg(long)]
        public: Option<String>,
    },
    /// Find the first command or event that differs between two journals
    Diff {
        /// The directory of one journal
        left: PathBuf,
        /// The directory of the other
        right: PathBuf,
    },
    /// Take one command out of every later replay
    Quarantine {
        /// Of the journal, which no server may be writing
        directory: PathBuf,
        /// Of the command
        sequence: u64,
    },
    /// Remove snapshots and segments that no start needs
    ///
    /// Says what it would remove; --yes removes it.
    Prune {
        /// Of the journal
        directory: PathBuf,
        /// The newest so many valid snapshots stay, with every command after the oldest of them
        #[arg(long, default_value_t = replay::retention::SNAPSHOTS_MIN)]
        keep_snapshots: usize,
        /// Commands from this sequence or time on stay, whatever the snapshots say
        #[arg(long)]
        before: Option<Until>,
        /// Remove it; without this, it is only said
        #[arg(long)]
        yes: bool,
    },
    /// Copy sealed segments into another directory
    Archive {
        /// Of the journal
        directory: PathBuf,
        /// Where the copies go; made if it is not there
        to: PathBuf,
    },
    /// Copy archived segments back into a journal that has lost or damaged them
    ///
    /// Wherever they are missing; into an empty directory too. What is damaged is replaced and
    /// kept as `NAME.damaged`, but never the newest segment, of which an archive has no more than
    /// a part. Nothing is changed unless the journal is in order afterwards, from its first byte
    /// to its last.
    Restore {
        /// Of the journal
        directory: PathBuf,
        /// Of the archive
        from: PathBuf,
    },
    /// Write a snapshot, of the last command or of another one
    Snapshot {
        /// Of the journal
        directory: PathBuf,
        /// After the command with this sequence
        #[arg(long)]
        at: Option<u64>,
    },
    /// Apply the commands of standard input, one JSON object a line
    Tape {
        /// A configuration whose instruments are created first
        #[arg(long)]
        config: Option<PathBuf>,
        /// Journal the commands into this directory
        #[arg(long)]
        journal: Option<PathBuf>,
        /// Follow each line's events by a `done` line
        #[arg(long)]
        done: bool,
    },
    /// Drive a recorded order flow and compare what it led to
    Flow {
        /// CSV, or CSV.zst
        recording: PathBuf,
        /// Go through the whole pipeline, with a new journal in this directory
        #[arg(long)]
        journal: Option<PathBuf>,
        #[arg(long, default_value = "X", value_parser = symbol)]
        symbol: Symbol,
        /// A recorded order book to compare with
        #[arg(long)]
        depth: Option<PathBuf>,
        /// Write every execution to this file
        #[arg(long)]
        executions: Option<PathBuf>,
    },
}

fn symbol(text: &str) -> Result<Symbol, String> {
    match Symbol::new(text) {
        Ok(symbol) if symbol.is_empty() => Err("is empty".to_owned()),
        Ok(symbol) => Ok(symbol),
        Err(bad) => Err(bad.to_string()),
    }
}

fn account(text: &str) -> Result<AccountName, String> {
    match AccountName::new(text) {
        Ok(name) if name.is_empty() => Err("is empty".to_owned()),
        Ok(name) => Ok(name),
        Err(bad) => Err(bad.to_string()),
    }
}

fn interval(text: &str) -> Result<Interval, String> {
    Interval::parse(text).ok_or_else(|| {
        let words: Vec<_> = Interval::ALL.iter().map(|interval| interval.word()).collect();
        format!("is none of {}", words.join(", "))
    })
}
