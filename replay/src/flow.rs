//! Recorded order flow through the engine, checked against what the venue reported: each fill,
//! each cancelled quantity and, with a recorded order book, each row of it. A recording is foreign
//! text: what cannot be read is an error with its place, what differs is counted.

mod direct;
mod input;
mod judge;
mod levels;
mod orderbook;
mod orders;
mod pipeline;
mod plan;
mod recording;

use std::path::PathBuf;
use std::time::Instant;

use orison_core::Symbol;
use thiserror::Error;

use direct::Direct;
pub use input::InputError;
use judge::Judge;
pub use judge::Mismatch;
use pipeline::Pipeline;
pub use pipeline::PipelineError;
use recording::{Recording, Row};

#[derive(Clone, Debug)]
pub struct Options {
    pub recording: PathBuf,
    /// Through rings and journal into this directory, which must hold no journal yet; None: on
    /// the core alone.
    pub journal: Option<PathBuf>,
    pub symbol: Symbol,
    /// A recorded order book to compare with.
    pub depth: Option<PathBuf>,
    /// Where to write every execution.
    pub executions: Option<PathBuf>,
}

#[derive(Debug, Error)]
pub enum FlowError {
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
    #[error("writing {}: {source}", path.display())]
    Executions { path: PathBuf, source: std::io::Error },
}

/// What a run came to. Equal runs give equal reports but for the time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub commands: u64,
    pub fills: u64,
    /// Commands whose fills were other than recorded, refused ones included.
    pub fill_mismatches: u64,
    /// Cancels and amends that met another quantity than recorded, or no order.
    pub quantity_mismatches: u64,
    pub depth_rows: u64,
    pub depth_mismatches: u64,
    pub first_mismatch: Option<Mismatch>,
    pub seconds: f64,
}

impl Report {
    pub fn is_equal(&self) -> bool {
        self.fill_mismatches == 0 && self.quantity_mismatches == 0 && self.depth_mismatches == 0
    }

    pub fn commands_per_second(&self) -> f64 {
        if self.seconds > 0.0 { self.commands as f64 / self.seconds } else { 0.0 }
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub commands: u64,
    /// Of the file, as it lies on disk.
    pub bytes: u64,
    pub bytes_total: u64,
}

/// Commands between two calls of the progress callback.
const PROGRESS_COMMANDS: u64 = 1 << 12;

/// Runs the whole recording.
pub fn run(options: &Options, mut progress: impl FnMut(Progress)) -> Result<Report, FlowError> {
    let mut recording = Recording::open(&options.recording)?;
    let mut judge = Judge::new(options)?;
    let mut drive = match &options.journal {
        Some(directory) => Drive::Pipeline(Box::new(Pipeline::start(directory, options.symbol)?)),
        None => Drive::Direct(Box::new(Direct::start(options.symbol))),
    };
    let started = Instant::now();
    let mut commands = 0;
    while let Some(row) = recording.next_row()? {
        drive.row(row, &mut judge)?;
        commands += 1;
        if commands % PROGRESS_COMMANDS == 0 {
            let (bytes, bytes_total) = recording.bytes();
            progress(Progress { commands, bytes, bytes_total });
        }
    }
    drive.finish(&mut judge)?;
    let mut report = judge.finish()?;
    report.commands = commands;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// The two ways through the engine.
enum Drive {
    Direct(Box<Direct>),
    Pipeline(Box<Pipeline>),
}

impl Drive {
    fn row(&mut self, row: Row, judge: &mut Judge) -> Result<(), FlowError> {
        match self {
            Self::Direct(direct) => direct.row(row, judge),
            Self::Pipeline(pipeline) => pipeline.row(row, judge),
        }
    }

    fn finish(self, judge: &mut Judge) -> Result<(), FlowError> {
        match self {
            Self::Direct(_) => Ok(()),
            Self::Pipeline(pipeline) => pipeline.finish(judge),
        }
    }
}
