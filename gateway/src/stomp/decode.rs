//! Bytes in, frames out: a message of the transport may hold a part of a frame or several, text
//! or binary. What is wrong is fatal, since nothing after it has a meaning.
//!
//! ```text
//! COMMAND EOL *(name ":" value EOL) EOL *OCTET NUL *EOL      EOL = [CR] LF
//! ```

use std::ops::Range;

use bytes::Bytes;
use thiserror::Error;

use super::escape::unescape;
use super::frame::{Frame, Headers, Verb, Version};

/// Headers of a frame.
pub(super) const HEADERS_MAX: usize = 64;
/// Octets of the command or of a header, its end not counted.
pub(super) const LINE_BYTES_MAX: usize = 8 << 10;
/// Octets of a whole frame.
pub(super) const FRAME_BYTES_MAX: usize = 64 << 10;

#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub(super) enum DecodeError {
    #[error("unknown command")]
    Command,
    #[error("more than {HEADERS_MAX} headers")]
    Headers,
    #[error("a line of more than {LINE_BYTES_MAX} bytes")]
    Line,
    #[error("a frame of more than {FRAME_BYTES_MAX} bytes")]
    Frame,
    #[error("a header without a colon or a name")]
    Header,
    #[error("an escape that this version does not know")]
    Escape,
    #[error("a header that is not UTF-8")]
    Utf8,
    #[error("a carriage return that is not followed by a line feed")]
    CarriageReturn,
    #[error("NUL before the end of the headers")]
    Nul,
    #[error("content-length is not a number")]
    ContentLength,
    #[error("no NUL after content-length octets")]
    Unterminated,
    #[error("only SEND may have a body")]
    Body,
}

pub(super) struct Decoder {
    /// Of the frames after CONNECT.
    pub(super) version: Version,
    buffer: Vec<u8>,
    /// Octets of the buffer that belong to frames given out already.
    start: usize,
    /// From `start` on: looked at without finding what is looked for.
    searched: usize,
    place: Place,
    verb: Option<Verb>,
    headers: Headers,
    /// Octets of the frame so far that have left the buffer.
    frame_bytes: usize,
}

/// What comes next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Between,
    Head,
    /// Of that length, or until NUL.
    Body(Option<usize>),
}

impl Decoder {
    pub(super) fn new() -> Self {
        Self {
            version: Version::V1_0,
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            place: Place::Between,
            verb: None,
            headers: Headers::default(),
            frame_bytes: 0,
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The receipt that the frame in the making asks for, as far as it is read.
    pub(super) fn receipt(&self) -> Option<&str> {
        self.headers.get("receipt").filter(|_| self.verb != Some(Verb::Connect))
    }

    /// None: more bytes are needed.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, DecodeError> {
        loop {
            match self.place {
                Place::Between => {
                    if !self.skip_line_ends()? {
                        return Ok(None);
                    }
                    (self.verb, self.headers) = (None, Headers::default());
                    (self.place, self.frame_bytes) = (Place::Head, 0);
                }
                Place::Head => {
                    let Some(line) = self.line()? else { return Ok(None) };
                    self.on_line(line)?;
                }
                Place::Body(length) => {
                    let Some(body) = self.body(length)? else { return Ok(None) };
                    self.place = Place::Between;
                    let verb = self.verb.expect("the command stands before the body");
                    return Ok(Some(Frame { verb, headers: self.headers.clone(), body }));
                }
            }
        }
    }

    /// True: a frame begins here.
    fn skip_line_ends(&mut self) -> Result<bool, DecodeError> {
        loop {
            match self.buffer[self.start..] {
                [b'\n', ..] => self.start += 1,
                [b'\r', b'\n', ..] => self.start += 2,
                [b'\r', _, ..] => return Err(DecodeError::CarriageReturn),
                [] | [b'\r'] => return Ok(false),
                [_, ..] => return Ok(true),
            }
        }
    }

    /// Where the next line stands in the buffer, without its end.
    fn line(&mut self) -> Result<Option<Range<usize>>, DecodeError> {
        let waiting = &self.buffer[self.start..];
        let end = waiting[self.searched..].iter().position(|&b| b == b'\n' || b == 0);
        let Some(end) = end.map(|end| self.searched + end) else {
            self.searched = waiting.len();
            // One more for the CR that may be the first half of its end.
            return if waiting.len() > LINE_BYTES_MAX + 1 {
                Err(DecodeError::Line)
            } else {
                Ok(None)
            };
        };
        if waiting[end] == 0 {
            return Err(DecodeError::Nul);
        }
        let line = waiting[..end].strip_suffix(b"\r").unwrap_or(&waiting[..end]);
        if line.len() > LINE_BYTES_MAX {
            return Err(DecodeError::Line);
        }
        if line.contains(&b'\r') {
            return Err(DecodeError::CarriageReturn);
        }
        let line = self.start..self.start + line.len();
        self.take(end + 1)?;
        Ok(Some(line))
    }

    fn on_line(&mut self, line: Range<usize>) -> Result<(), DecodeError> {
        let line = &self.buffer[line];
        let Some(verb) = self.verb else {
            self.verb = Some(Verb::parse(line).ok_or(DecodeError::Command)?);
            return Ok(());
        };
        if line.is_empty() {
            self.place = Place::Body(self.content_length()?);
            return Ok(());
        }
        let line = std::str::from_utf8(line).map_err(|_| DecodeError::Utf8)?;
        let (name, value) = line.split_once(':').ok_or(DecodeError::Header)?;
        let version = if verb == Verb::Connect { Version::V1_0 } else { self.version };
        let plain = |raw| unescape(version, raw).map_err(|_| DecodeError::Escape);
        let (name, value) = (plain(name)?, plain(value)?);
        if name.is_empty() {
            return Err(DecodeError::Header);
        }
        if self.headers.len() == HEADERS_MAX {
            return Err(DecodeError::Headers);
        }
        self.headers.push(name, value);
        Ok(())
    }

    fn content_length(&self) -> Result<Option<usize>, DecodeError> {
        let Some(text) = self.headers.get("content-length") else { return Ok(None) };
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !is_number {
            return Err(DecodeError::ContentLength);
        }
        // More digits than a size can have are too many bytes in any case.
        let length = text.parse().map_err(|_| DecodeError::Frame)?;
        if self.frame_bytes.saturating_add(length) > FRAME_BYTES_MAX {
            return Err(DecodeError::Frame);
        }
        Ok(Some(length))
    }

    fn body(&mut self, length: Option<usize>) -> Result<Option<Bytes>, DecodeError> {
        let waiting = &self.buffer[self.start..];
        let length = match length {
            Some(length) if waiting.len() <= length => return Ok(None),
            Some(length) if waiting[length] != 0 => return Err(DecodeError::Unterminated),
            Some(length) => length,
            None => match waiting[self.searched..].iter().position(|&b| b == 0) {
                Some(end) => self.searched + end,
                None if self.frame_bytes + waiting.len() > FRAME_BYTES_MAX => {
                    return Err(DecodeError::Frame);
                }
                None => {
                    self.searched = waiting.len();
                    return Ok(None);
                }
            },
        };
        if length > 0 && self.verb != Some(Verb::Send) {
            return Err(DecodeError::Body);
        }
        let body = Bytes::copy_from_slice(&waiting[..length]);
        self.take(length + 1)?;
        Ok(Some(body))
    }

    /// So many octets of the frame have been read.
    fn take(&mut self, bytes: usize) -> Result<(), DecodeError> {
        (self.start, self.searched) = (self.start + bytes, 0);
        self.frame_bytes += bytes;
        if self.frame_bytes > FRAME_BYTES_MAX + 1 { Err(DecodeError::Frame) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests;
