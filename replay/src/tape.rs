//! The tape: one JSON object a line in, one a line out for each event. A line becomes at most one
//! command and its events are written before the next line is read, so that a driver may talk to
//! it over a pipe. Time is what `time` lines say; no clock, random number or thread takes part.

mod account;
mod answer;
mod config;
mod engine;
mod fields;
mod order;
mod session;
mod settings;

use std::io::{self, BufRead, Write};
use std::path::PathBuf;

use thiserror::Error;

pub use config::{ConfigError, instruments};
pub use engine::EngineError;
pub(crate) use engine::journal_options;
use fields::LineError;
use session::Session;
pub(crate) use settings::default_spec;

/// Longer lines are answered with an error and skipped.
pub const LINE_BYTES_MAX: usize = 1 << 16;

/// Whether each line's events are followed by a `done` line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LineEnd {
    Silent,
    Done,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub line_end: LineEnd,
    /// Where to journal the commands, if anywhere.
    pub journal: Option<PathBuf>,
    /// Created before the first line.
    pub instruments: Vec<orison_core::command::InstrumentSpec>,
}

#[derive(Debug, Error)]
pub enum TapeError {
    #[error("reading line {line}: {source}")]
    Read { line: u64, source: io::Error },
    #[error("writing the answer to line {line}: {source}")]
    Write { line: u64, source: io::Error },
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// Applies every line of `input` and writes its events to `output`, flushed after each line.
pub fn run(
    options: &Options,
    mut input: impl BufRead,
    mut output: impl Write,
) -> Result<(), TapeError> {
    let mut session = Session::start(options)?;
    let (mut line, mut bytes) = (0, Vec::new());
    loop {
        line += 1;
        bytes.clear();
        let read =
            read_line(&mut input, &mut bytes).map_err(|source| TapeError::Read { line, source })?;
        let text = match read {
            Line::End => break,
            Line::TooLong => Err(LineError::TooLong { bytes_max: LINE_BYTES_MAX }),
            Line::Whole => std::str::from_utf8(&bytes)
                .map_err(|error| LineError::NotUtf8 { index: error.valid_up_to() }),
        };
        let answer = session.line(line, text)?;
        output
            .write_all(answer)
            .and_then(|()| output.flush())
            .map_err(|source| TapeError::Write { line, source })?;
    }
    session.finish()?;
    Ok(())
}

enum Line {
    Whole,
    TooLong,
    End,
}

/// Reads up to and without the next newline; the last line needs none. What is too long is
/// skipped without being kept.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<Line> {
    let (mut is_empty, mut is_too_long) = (true, false);
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() && is_empty {
            return Ok(Line::End);
        }
        let newline = chunk.iter().position(|&byte| byte == b'\n');
        let text = &chunk[..newline.unwrap_or(chunk.len())];
        is_too_long |= line.len() + text.len() > LINE_BYTES_MAX;
        if !is_too_long {
            line.extend_from_slice(text);
        }
        let is_over = newline.is_some() || chunk.is_empty();
        let used = text.len() + usize::from(newline.is_some());
        input.consume(used);
        if is_over {
            return Ok(if is_too_long { Line::TooLong } else { Line::Whole });
        }
        is_empty = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_ends_at_its_newline_or_with_the_input() {
        let long = "x".repeat(LINE_BYTES_MAX + 1);
        let input = format!("a\n\n{long}\nb\r\n{}\nlast", &long[1..]);
        for capacity in [1, 3, 1 << 20] {
            let mut input = io::BufReader::with_capacity(capacity, input.as_bytes());
            let mut found = Vec::new();
            loop {
                let mut line = Vec::new();
                match read_line(&mut input, &mut line).unwrap() {
                    Line::End => break,
                    Line::TooLong => found.push("(too long)".to_owned()),
                    Line::Whole => found.push(String::from_utf8(line).unwrap()),
                }
            }
            assert_eq!(found, ["a", "", "(too long)", "b\r", &long[1..], "last"]);
        }
    }
}
