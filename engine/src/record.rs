//! Commands as the payloads of journal records: rkyv-archived plain data, each kind at its own
//! width. The input ring carries these very bytes, so what is decided is what is journaled.
//! A command has exactly one form, the narrowest that holds it. In: a `Command` becomes kind,
//! version and bytes. Out: the same become a `Command`, every byte checked. It must not know
//! rings or files.

mod feeds;
mod field;
mod layout;
mod orders;
mod reference;
#[cfg(test)]
mod tests;

use orison_core::Command;
use rkyv::api::{low, serialize_using};
use rkyv::bytecheck::CheckBytes;
use rkyv::rancor::{Failure, Strategy};
use rkyv::ser::writer::Buffer;
use rkyv::{Archive, Portable, Serialize};
use thiserror::Error;

use field::Fault;

/// The widest payload of any command; a longer one is no command of ours.
pub const PAYLOAD_BYTES_MAX: usize = 256;
/// The widest of today.
const WIDEST_BYTES: usize = 168;
/// Payloads are read in place at this alignment, which records and ring slots have; at any other
/// they are copied first.
pub const PAYLOAD_ALIGN: usize = 8;
/// The version of every kind of today. A kind whose layout changes gets the next one, and its
/// old layout stays readable for ever.
pub const VERSION: u8 = 1;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $byte:literal, $bytes:literal;)*) => {
        /// The kinds of records that are commands: a closed table. A number is never given away
        /// again; retired ones stay listed here. None has been retired so far.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Kind { $($(#[$doc])* $name = $byte,)* }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            pub fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// Every payload of a kind has the same width.
            pub const fn payload_bytes(self) -> usize {
                match self { $(Self::$name => $bytes,)* }
            }
        }
    };
}

kinds! {
    /// The rules and limits of a journal.
    Genesis = 0x01, 28;
    /// An instrument is created or changed.
    Instrument = 0x02, 144;
    /// Time passes.
    Clock = 0x03, 0;
    /// An order of a known account, without a name of its own, with price and quantity at most.
    Place = 0x10, 32;
    /// The same with a client order id.
    PlaceClient = 0x11, 64;
    /// An order with any field, of an account by number or name.
    PlaceWide = 0x12, 168;
    /// A cancel by a known account, of an order by its id.
    Cancel = 0x20, 24;
    /// A cancel by a known account, of an order by its client order id.
    CancelClient = 0x21, 40;
    /// A cancel by a named account, of an order by its id.
    CancelNamed = 0x22, 48;
    /// A cancel by a named account, of an order by its client order id.
    CancelClientNamed = 0x23, 68;
    /// New quantity or price, by a known account, of an order by its id.
    Amend = 0x30, 40;
    /// The same of an order by its client order id.
    AmendClient = 0x31, 64;
    /// Any amend, of an account by number or name.
    AmendWide = 0x32, 128;
    /// Orders of a known account.
    MassCancel = 0x40, 12;
    /// Orders of a named account.
    MassCancelNamed = 0x41, 40;
    /// Votes.
    Pray = 0x50, 8;
    /// A foreign venue's price.
    Ticker = 0x58, 64;
    /// A foreign venue's forced order.
    Liquidation = 0x59, 64;
}

/// A command in the form that ring and journal carry.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Encoded {
    bytes: [u8; WIDEST_BYTES],
    len: u16,
    pub kind: u8,
    pub version: u8,
}

impl Encoded {
    #[inline]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The layout's own alignment is at most `PAYLOAD_ALIGN`, its width that of the kind.
    #[inline]
    fn new<T>(kind: Kind, layout: &T) -> Self
    where
        T: for<'a> Serialize<Strategy<Buffer<'a>, Failure>>,
    {
        let mut encoded = Self {
            bytes: [0; WIDEST_BYTES],
            len: kind.payload_bytes() as u16,
            kind: kind as u8,
            version: VERSION,
        };
        let mut buffer = Buffer::from(&mut encoded.bytes);
        serialize_using::<_, Failure>(layout, &mut buffer)
            .expect("every layout fits the widest payload");
        encoded
    }

    fn empty(kind: Kind) -> Self {
        Self { bytes: [0; WIDEST_BYTES], len: 0, kind: kind as u8, version: VERSION }
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
    #[error("record kind {kind:#04x}: this command has the narrower form {narrower:#04x}")]
    NotNarrowest { kind: u8, narrower: u8 },
}

/// Panics if a set of fields has a bit without a meaning: no edge can build such a command.
#[inline]
pub fn encode(command: &Command) -> Encoded {
    match command {
        Command::Genesis(genesis) => Encoded::new(Kind::Genesis, &layout::Genesis::from(genesis)),
        Command::Instrument(spec) => {
            Encoded::new(Kind::Instrument, &layout::Instrument::from(spec))
        }
        Command::Place(order) => orders::encode_place(order),
        Command::Pair(_)
        | Command::Status(_)
        | Command::Uncross(_)
        | Command::EndOfDay(_)
        | Command::Transfer(_)
        | Command::Account(_) => todo!("forms of the second rules"),
        Command::Cancel(cancel) => orders::encode_cancel(cancel),
        Command::Amend(amend) => orders::encode_amend(amend),
        Command::MassCancel(cancel) => orders::encode_mass_cancel(cancel),
        Command::Clock => Encoded::empty(Kind::Clock),
        Command::Pray(pray) => Encoded::new(Kind::Pray, &layout::Pray::from(pray)),
        Command::Ticker(ticker) => Encoded::new(Kind::Ticker, &layout::Ticker::from(ticker)),
        Command::Liquidation(liquidation) => {
            Encoded::new(Kind::Liquidation, &layout::Liquidation::from(liquidation))
        }
    }
}

/// `encode` of the result gives back the same bytes.
#[inline]
pub fn decode(kind: u8, version: u8, payload: &[u8]) -> Result<Command, DecodeError> {
    let known = Kind::from_byte(kind)
        .filter(|_| version == VERSION)
        .ok_or(DecodeError::UnknownKind { kind, version })?;
    let expected = known.payload_bytes();
    if payload.len() != expected {
        return Err(DecodeError::Width { kind, bytes: payload.len(), expected });
    }
    let command = match payload.as_ptr().addr().is_multiple_of(PAYLOAD_ALIGN) {
        true => read(known, payload),
        false => {
            let mut copy = Encoded::empty(known);
            copy.bytes[..expected].copy_from_slice(payload);
            read(known, &copy.bytes[..expected])
        }
    };
    let command =
        command.map_err(|Fault { field, value }| DecodeError::Field { kind, field, value })?;
    match narrowest(known, &command) {
        narrower if narrower == known => Ok(command),
        narrower => Err(DecodeError::NotNarrowest { kind, narrower: narrower as u8 }),
    }
}

#[inline]
fn read(kind: Kind, payload: &[u8]) -> Result<Command, Fault> {
    match kind {
        Kind::Genesis => access::<layout::Genesis>(payload).command(),
        Kind::Instrument => access::<layout::Instrument>(payload).command(),
        Kind::Clock => Ok(Command::Clock),
        Kind::Place => access::<layout::Place>(payload).command(),
        Kind::PlaceClient => access::<layout::PlaceClient>(payload).command(),
        Kind::PlaceWide => access::<layout::PlaceWide>(payload).command(),
        Kind::Cancel => access::<layout::Cancel>(payload).command(),
        Kind::CancelClient => access::<layout::CancelClient>(payload).command(),
        Kind::CancelNamed => access::<layout::CancelNamed>(payload).command(),
        Kind::CancelClientNamed => access::<layout::CancelClientNamed>(payload).command(),
        Kind::Amend => access::<layout::Amend>(payload).command(),
        Kind::AmendClient => access::<layout::AmendClient>(payload).command(),
        Kind::AmendWide => access::<layout::AmendWide>(payload).command(),
        Kind::MassCancel => access::<layout::MassCancel>(payload).command(),
        Kind::MassCancelNamed => access::<layout::MassCancelNamed>(payload).command(),
        Kind::Pray => access::<layout::Pray>(payload).command(),
        Kind::Ticker => access::<layout::Ticker>(payload).command(),
        Kind::Liquidation => access::<layout::Liquidation>(payload).command(),
    }
}

/// Only the wide kinds can hold what a narrower one can.
#[inline]
fn narrowest(kind: Kind, command: &Command) -> Kind {
    match (kind, command) {
        (Kind::PlaceClient | Kind::PlaceWide, Command::Place(order)) => orders::place_kind(order),
        (Kind::AmendWide, Command::Amend(amend)) => orders::amend_kind(amend),
        _ => kind,
    }
}

/// The caller has checked width and alignment, and the fields of a layout are integers and byte
/// arrays, for which any bit pattern is a value; rkyv checks the first two again.
#[inline]
fn access<T>(payload: &[u8]) -> &T::Archived
where
    T: Archive,
    T::Archived: Portable + for<'a> CheckBytes<low::LowValidator<'a, Failure>>,
{
    low::access::<T::Archived, Failure>(payload)
        .expect("a payload of the layout's width and alignment is accessible")
}
