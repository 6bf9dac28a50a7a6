//! The recording through everything a command of a server passes: ring, sequencer, journal,
//! matcher, output ring. Commands are sent ahead of their answers up to a window; a row waits
//! where it needs to know what became of an earlier one.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use engine::projection::{ViewLimits, Views};
use engine::runtime::{Clock, Output, Publisher, Settings, StartError, StopError, Token};
use engine::{Ingress, Runtime};
use journal::Reader;
use orison_core::{Command, Event, Stamp, Symbol};
use thiserror::Error;

use super::FlowError;
use super::direct::beginning;
use super::judge::Judge;
use super::plan::{Plan, plan};
use super::recording::{Op, Row};
use crate::recovery::{RecoverError, genesis, recover};
use crate::tape::journal_options;

/// Commands sent and not answered, at most.
const WINDOW_ROWS: usize = 1024;
/// Between two looks at whether the engine still lives.
const ALIVE_INTERVAL: Duration = Duration::from_millis(500);

#[derive(Debug, Error)]
pub enum PipelineError {
    #[error("{}: there is a journal already; a flow begins its own", directory.display())]
    NotEmpty { directory: PathBuf },
    #[error(transparent)]
    Recover(#[from] RecoverError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Stop(#[from] StopError),
    #[error("the engine stopped: {reason}")]
    Failed { reason: String },
}

pub(super) struct Pipeline {
    runtime: Runtime,
    ingress: Ingress,
    answers: Receiver<Vec<Event>>,
    /// Sent, in order, not answered yet.
    under_way: VecDeque<Row>,
}

/// Sends the events of each whole command back to the thread that reads the recording.
struct Answers {
    events: Vec<Event>,
    sender: Sender<Vec<Event>>,
}

impl Publisher for Answers {
    fn on_event(&mut self, output: &Output, _index: u32, _views: &Views) {
        self.events.push(*output.event());
    }

    fn on_end(&mut self, _token: Token, _stamp: Stamp, _views: &Views) {
        let events = std::mem::take(&mut self.events);
        // A receiver that has gone has failed already and says so itself.
        if self.sender.send(events).is_err() {
            self.events.clear();
        }
    }
}

impl Pipeline {
    pub(super) fn start(directory: &Path, symbol: Symbol) -> Result<Self, PipelineError> {
        if Reader::open(directory).is_ok() {
            return Err(PipelineError::NotEmpty { directory: directory.to_owned() });
        }
        let mut recovered = recover(directory, &journal_options(), ViewLimits::DEFAULT, |_| {})?;
        let (limits, spec) = beginning(symbol);
        genesis(&mut recovered, &limits, &[spec], 0)?;
        let (sender, answers) = mpsc::channel();
        let publisher = Answers { events: Vec::new(), sender };
        let settings = Settings { clock: Clock::Manual, ..Settings::DEFAULT };
        let runtime = Runtime::start(recovered.into_parts(), settings, publisher)?;
        let ingress = runtime.ingress();
        Ok(Self { runtime, ingress, answers, under_way: VecDeque::new() })
    }

    pub(super) fn row(&mut self, row: Row, judge: &mut Judge) -> Result<(), FlowError> {
        // What is open is known once every earlier row is settled.
        if matches!(row.op, Op::Reduce | Op::ForcedReduce) {
            self.settle_all(judge)?;
        }
        loop {
            match plan(&row, &judge.orders) {
                Plan::Send(command) => return self.send(row, &command, judge),
                Plan::Wait => self.settle_one(judge)?,
                Plan::InUse if self.under_way.is_empty() => return Err(judge.in_use(&row)),
                Plan::InUse => self.settle_all(judge)?,
                Plan::NoOrder => {
                    self.settle_all(judge)?;
                    return judge.settle(&row, &[]);
                }
            }
        }
    }

    fn send(&mut self, row: Row, command: &Command, judge: &mut Judge) -> Result<(), FlowError> {
        while self.under_way.len() >= WINDOW_ROWS {
            self.settle_one(judge)?;
        }
        while self.ingress.submit_at(Token::default(), row.time_ns, command).is_err() {
            self.settle_one(judge)?;
        }
        if row.op.is_entry() {
            judge.orders.sent(&row.id);
        }
        self.under_way.push_back(row);
        while let Ok(events) = self.answers.try_recv() {
            self.settle(&events, judge)?;
        }
        Ok(())
    }

    fn settle_all(&mut self, judge: &mut Judge) -> Result<(), FlowError> {
        while !self.under_way.is_empty() {
            self.settle_one(judge)?;
        }
        Ok(())
    }

    /// Waits for the answer to the oldest row under way, if there is one.
    fn settle_one(&mut self, judge: &mut Judge) -> Result<(), FlowError> {
        if self.under_way.is_empty() {
            std::thread::yield_now();
            return self.alive().map_err(FlowError::from);
        }
        loop {
            match self.answers.recv_timeout(ALIVE_INTERVAL) {
                Ok(events) => return self.settle(&events, judge),
                Err(RecvTimeoutError::Timeout) => self.alive()?,
                Err(RecvTimeoutError::Disconnected) => {
                    let reason = "its projector has ended".to_owned();
                    return Err(PipelineError::Failed { reason }.into());
                }
            }
        }
    }

    fn settle(&mut self, events: &[Event], judge: &mut Judge) -> Result<(), FlowError> {
        let row = self.under_way.pop_front().expect("an answer is to a row under way");
        judge.settle(&row, events)
    }

    fn alive(&self) -> Result<(), PipelineError> {
        match self.runtime.failure() {
            Some(reason) => Err(PipelineError::Failed { reason }),
            None => Ok(()),
        }
    }

    /// Waits for every answer and closes the journal cleanly.
    pub(super) fn finish(mut self, judge: &mut Judge) -> Result<(), FlowError> {
        self.settle_all(judge)?;
        self.runtime.stop().map_err(PipelineError::Stop)?;
        Ok(())
    }
}
