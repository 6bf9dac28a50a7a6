//! Commands as the payloads of journal records: rkyv-archived plain data, each kind at its own
//! width. The input ring carries these very bytes, so what is decided is what is journaled.

use orison_core::Command;
use thiserror::Error;

/// The widest payload of any command; a longer one is no command of ours.
pub const PAYLOAD_BYTES_MAX: usize = 256;

/// A command in the form that ring and journal carry.
#[derive(Clone, Copy)]
pub struct Encoded {
    pub kind: u8,
    pub version: u8,
    len: u16,
    bytes: [u8; PAYLOAD_BYTES_MAX],
}

impl Encoded {
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum DecodeError {
    #[error("record kind {kind:#04x} version {version} is not known to this build")]
    UnknownKind { kind: u8, version: u8 },
    #[error("record kind {kind:#04x}: payload of {bytes} bytes, {expected} expected")]
    Width { kind: u8, bytes: usize, expected: usize },
    #[error("record kind {kind:#04x}: field {field} has value {value}")]
    Field { kind: u8, field: &'static str, value: u64 },
}

pub fn encode(_command: &Command) -> Encoded {
    todo!()
}

pub fn decode(_kind: u8, _version: u8, _payload: &[u8]) -> Result<Command, DecodeError> {
    todo!()
}
