//! Commands as the payloads of journal records: rkyv-archived plain data, each kind at its own
//! width. The input ring carries these very bytes, so what is decided is what is journaled.
//! A command has exactly one form, the narrowest that holds it. In: a `Command` becomes kind,
//! version and bytes. Out: the same become a `Command`, every byte checked. It must not know
//! rings or files.

mod admin;
mod amends;
mod cancels;
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
pub const PAYLOAD_BYTES_MAX: usize = Kind::Pair.payload_bytes();
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
    /// The first rules, with the limits that they knew.
    Genesis = 0x01, 28;
    /// An instrument is created or changed.
    Instrument = 0x02, 144;
    /// Time passes.
    Clock = 0x03, 0;
    /// The rules and every limit, and who said so.
    GenesisWide = 0x04, 72;
    /// An instrument is created or changed by somebody who is named.
    InstrumentBy = 0x05, 176;
    /// An order of a known account, without a name of its own, with price and quantity at most.
    Place = 0x10, 32;
    /// The same with a client order id.
    PlaceClient = 0x11, 64;
    /// An order with any field, of an account by number or name.
    PlaceWide = 0x12, 168;
    /// Two linked orders, each with any field.
    Pair = 0x18, 344;
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
    /// Orders of an account by number or name, cancelled by somebody who is named.
    MassCancelBy = 0x42, 80;
    /// Votes.
    Pray = 0x50, 8;
    /// A foreign venue's price.
    Ticker = 0x58, 64;
    /// A foreign venue's forced order.
    Liquidation = 0x59, 64;
    /// A foreign venue's trade.
    ExternalTrade = 0x5a, 72;
    /// The best levels of a foreign venue's book.
    ExternalDepth = 0x5b, 312;
    /// An instrument opens, halts, closes or calls an auction.
    Status = 0x60, 40;
    /// The end of an instrument's call phase.
    Uncross = 0x61, 40;
    /// The end of the day, of one instrument or all.
    EndOfDay = 0x62, 40;
    /// Money of an account, in or out.
    Transfer = 0x68, 104;
    /// Settings of an account.
    Account = 0x70, 144;
}

/// A command in the form that ring and journal carry. One that is used again and again costs
/// each command no more than the bytes it has.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub struct Encoded {
    /// Behind `len`: whatever an earlier command left there.
    bytes: [u8; PAYLOAD_BYTES_MAX],
    len: u16,
    pub kind: u8,
    pub version: u8,
}

impl Encoded {
    /// Time passes: the one command that has no payload.
    pub const CLOCK: Self =
        Self { bytes: [0; PAYLOAD_BYTES_MAX], len: 0, kind: Kind::Clock as u8, version: VERSION };

    #[inline]
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    /// The layout's own alignment is at most `PAYLOAD_ALIGN`, its width that of the kind.
    #[inline]
    fn put<T>(&mut self, kind: Kind, layout: &T)
    where
        T: for<'a> Serialize<Strategy<Buffer<'a>, Failure>>,
    {
        self.head(kind);
        let mut buffer = Buffer::from(&mut self.bytes);
        serialize_using::<_, Failure>(layout, &mut buffer)
            .expect("every layout fits the widest payload");
    }

    #[inline]
    fn head(&mut self, kind: Kind) {
        self.len = kind.payload_bytes() as u16;
        self.kind = kind as u8;
        self.version = VERSION;
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
pub fn encode(command: &Command) -> Encoded {
    let mut encoded = Encoded::CLOCK;
    encode_into(&mut encoded, command);
    encoded
}

/// As `encode`, in the place of an earlier command.
#[inline]
pub fn encode_into(into: &mut Encoded, command: &Command) {
    match command {
        Command::Genesis(genesis) => reference::encode_genesis(into, genesis),
        Command::Instrument(spec) => reference::encode_instrument(into, spec),
        Command::Place(order) => orders::encode_place(into, order),
        Command::Pair(pair) => orders::encode_pair(into, pair),
        Command::Cancel(cancel) => cancels::encode_cancel(into, cancel),
        Command::Amend(amend) => amends::encode_amend(into, amend),
        Command::MassCancel(cancel) => cancels::encode_mass_cancel(into, cancel),
        Command::Status(change) => into.put(Kind::Status, &layout::Status::from(change)),
        Command::Uncross(uncross) => into.put(Kind::Uncross, &layout::Uncross::from(uncross)),
        Command::EndOfDay(end) => into.put(Kind::EndOfDay, &layout::EndOfDay::from(end)),
        Command::Transfer(transfer) => into.put(Kind::Transfer, &layout::Transfer::from(transfer)),
        Command::Account(spec) => into.put(Kind::Account, &layout::Account::from(spec)),
        Command::Clock => into.head(Kind::Clock),
        Command::Pray(pray) => into.put(Kind::Pray, &layout::Pray::from(pray)),
        Command::Ticker(ticker) => into.put(Kind::Ticker, &layout::Ticker::from(ticker)),
        Command::Liquidation(liquidation) => {
            into.put(Kind::Liquidation, &layout::Liquidation::from(liquidation));
        }
        Command::ExternalTrade(trade) => {
            into.put(Kind::ExternalTrade, &layout::ExternalTrade::from(trade));
        }
        Command::ExternalDepth(depth) => {
            into.put(Kind::ExternalDepth, &layout::ExternalDepth::from(depth));
        }
    }
}

/// `encode` of the result gives back the same bytes.
pub fn decode(kind: u8, version: u8, payload: &[u8]) -> Result<Command, DecodeError> {
    let mut command = Command::Clock;
    decode_into(&mut command, kind, version, payload)?;
    Ok(command)
}

/// As `decode`, in the place of an earlier command, which an error may leave changed. The widest
/// command is long: only the bytes of this one are moved.
#[inline]
pub fn decode_into(
    into: &mut Command,
    kind: u8,
    version: u8,
    payload: &[u8],
) -> Result<(), DecodeError> {
    let known = Kind::from_byte(kind)
        .filter(|_| version == VERSION)
        .ok_or(DecodeError::UnknownKind { kind, version })?;
    let expected = known.payload_bytes();
    if payload.len() != expected {
        return Err(DecodeError::Width { kind, bytes: payload.len(), expected });
    }
    match payload.as_ptr().addr().is_multiple_of(PAYLOAD_ALIGN) {
        true => read(into, known, payload),
        false => read_copy(into, known, payload),
    }
    .map_err(|Fault { field, value }| DecodeError::Field { kind, field, value })?;
    match narrowest(known, into) {
        narrower if narrower == known => Ok(()),
        narrower => Err(DecodeError::NotNarrowest { kind, narrower: narrower as u8 }),
    }
}

#[cold]
fn read_copy(into: &mut Command, kind: Kind, payload: &[u8]) -> Result<(), Fault> {
    let mut copy = Encoded::CLOCK;
    copy.bytes[..payload.len()].copy_from_slice(payload);
    read(into, kind, &copy.bytes[..payload.len()])
}

#[inline]
fn read(into: &mut Command, kind: Kind, payload: &[u8]) -> Result<(), Fault> {
    match kind {
        Kind::Genesis => *into = Command::Genesis(access::<layout::Genesis>(payload).read()?),
        Kind::Instrument => {
            *into = Command::Instrument(access::<layout::Instrument>(payload).read()?)
        }
        Kind::Clock => *into = Command::Clock,
        Kind::GenesisWide => {
            *into = Command::Genesis(access::<layout::GenesisWide>(payload).read()?)
        }
        Kind::InstrumentBy => {
            *into = Command::Instrument(access::<layout::InstrumentBy>(payload).read()?)
        }
        Kind::Place => *into = Command::Place(access::<layout::Place>(payload).read()?),
        Kind::PlaceClient => *into = Command::Place(access::<layout::PlaceClient>(payload).read()?),
        Kind::PlaceWide => *into = Command::Place(access::<layout::PlaceWide>(payload).read()?),
        Kind::Pair => *into = Command::Pair(access::<layout::Pair>(payload).read()?),
        Kind::Cancel => *into = Command::Cancel(access::<layout::Cancel>(payload).read()?),
        Kind::CancelClient => {
            *into = Command::Cancel(access::<layout::CancelClient>(payload).read()?)
        }
        Kind::CancelNamed => {
            *into = Command::Cancel(access::<layout::CancelNamed>(payload).read()?)
        }
        Kind::CancelClientNamed => {
            *into = Command::Cancel(access::<layout::CancelClientNamed>(payload).read()?)
        }
        Kind::Amend => *into = Command::Amend(access::<layout::Amend>(payload).read()?),
        Kind::AmendClient => *into = Command::Amend(access::<layout::AmendClient>(payload).read()?),
        Kind::AmendWide => *into = Command::Amend(access::<layout::AmendWide>(payload).read()?),
        Kind::MassCancel => {
            *into = Command::MassCancel(access::<layout::MassCancel>(payload).read()?)
        }
        Kind::MassCancelNamed => {
            *into = Command::MassCancel(access::<layout::MassCancelNamed>(payload).read()?)
        }
        Kind::MassCancelBy => {
            *into = Command::MassCancel(access::<layout::MassCancelBy>(payload).read()?)
        }
        Kind::Pray => *into = Command::Pray(access::<layout::Pray>(payload).read()?),
        Kind::Ticker => *into = Command::Ticker(access::<layout::Ticker>(payload).read()?),
        Kind::Liquidation => {
            *into = Command::Liquidation(access::<layout::Liquidation>(payload).read()?)
        }
        Kind::ExternalTrade => {
            *into = Command::ExternalTrade(access::<layout::ExternalTrade>(payload).read()?)
        }
        Kind::ExternalDepth => {
            *into = Command::ExternalDepth(access::<layout::ExternalDepth>(payload).read()?)
        }
        Kind::Status => *into = Command::Status(access::<layout::Status>(payload).read()?),
        Kind::Uncross => *into = Command::Uncross(access::<layout::Uncross>(payload).read()?),
        Kind::EndOfDay => *into = Command::EndOfDay(access::<layout::EndOfDay>(payload).read()?),
        Kind::Transfer => *into = Command::Transfer(access::<layout::Transfer>(payload).read()?),
        Kind::Account => *into = Command::Account(access::<layout::Account>(payload).read()?),
    }
    Ok(())
}

/// The form that `encode` gives a command that was read from `kind`.
#[inline]
fn narrowest(kind: Kind, command: &Command) -> Kind {
    match command {
        // It holds nothing that a narrower one could; nor does any kind that stands alone.
        Command::Place(_) if kind == Kind::Place => kind,
        Command::Place(order) => orders::place_kind(order),
        Command::Amend(_) if kind != Kind::AmendWide => kind,
        Command::Amend(amend) => amends::amend_kind(amend),
        Command::MassCancel(cancel) => cancels::mass_cancel_kind(cancel),
        Command::Genesis(genesis) => reference::genesis_kind(genesis),
        Command::Instrument(spec) => reference::instrument_kind(spec),
        Command::Pair(_)
        | Command::Cancel(_)
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
        | Command::ExternalDepth(_) => kind,
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
