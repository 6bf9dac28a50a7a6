//! The command line: its words, their forms and their help.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use engine::projection::Interval;
use orison_core::Symbol;
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
    Verify { directory: PathBuf },
    /// Say what a start on this journal would find
    Recover {
        directory: PathBuf,
        /// Open it for writing, as a start does: a torn tail is cut
        #[arg(long)]
        write: bool,
    },
    /// Show an order book as it was
    Book {
        directory: PathBuf,
        #[arg(long, value_parser = symbol)]
        symbol: Symbol,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Show the whole life of an order
    Order {
        directory: PathBuf,
        /// As every wire shows it
        id: String,
    },
    /// Write every command and its events as JSON lines
    Dump {
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
        directory: PathBuf,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
    },
    /// Write what is computed of the market and of every account as JSON lines
    Figures {
        directory: PathBuf,
        /// A sequence, or a time as RFC 3339 or `NANOSECONDSns`
        #[arg(long)]
        at: Option<Until>,
        /// Candles of indicators, returns of risk and weights
        #[arg(long, default_value = "1m", value_parser = interval)]
        interval: Interval,
    },
    /// Find the first command or event that differs between two journals
    Diff { left: PathBuf, right: PathBuf },
    /// Take one command out of every later replay
    Quarantine { directory: PathBuf, sequence: u64 },
    /// Remove snapshots and segments that no start needs
    ///
    /// Says what it would remove; --yes removes it.
    Prune {
        directory: PathBuf,
        /// The newest so many valid snapshots stay, with every command after the oldest of them
        #[arg(long, default_value_t = replay::retention::SNAPSHOTS_MIN)]
        keep_snapshots: usize,
        /// Commands from this sequence or time on stay, whatever the snapshots say
        #[arg(long)]
        before: Option<Until>,
        #[arg(long)]
        yes: bool,
    },
    /// Copy sealed segments into another directory
    Archive { directory: PathBuf, to: PathBuf },
    /// Copy archived segments back into a journal that has lost them
    Restore { directory: PathBuf, from: PathBuf },
    /// Write a snapshot, of the last command or of another one
    Snapshot {
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

fn interval(text: &str) -> Result<Interval, String> {
    Interval::parse(text).ok_or_else(|| {
        let words: Vec<_> = Interval::ALL.iter().map(|interval| interval.word()).collect();
        format!("is none of {}", words.join(", "))
    })
}
