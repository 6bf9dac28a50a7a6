//! Single fields of a payload: bytes become enums, sets, texts, decimals and names, or the fault
//! that tells which one cannot be. It must not know which record they stand in.

use orison_core::command::{
    Access, AccountFields, AccountRef, AmendFields, CancelReason, Direction, InstrumentFields,
    Link, OrderFields, OrderType, Prayer, SelfTrade, TimeInForce,
};
use orison_core::decimal::SCALE_MAX;
use orison_core::instrument::Status;
use orison_core::text::Text;
use orison_core::{AccountId, AccountName, Decimal, InstrumentId, OrderId, Sequence, Side};

/// `account_by` and `target_by` of the wide forms: the engine's number, or the client's text.
pub(super) const BY_ID: u8 = 0;
pub(super) const BY_TEXT: u8 = 1;
/// Bits of `given`: which of the two were said.
pub(super) const GIVEN_INSTRUMENT: u8 = 1;
pub(super) const GIVEN_SIDE: u8 = 2;

/// A field with a value that has no meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub(super) field: &'static str,
    pub(super) value: u64,
}

macro_rules! enum_field {
    ($name:ident: $type:ident, $field:literal { $($variant:ident = $byte:literal,)* }) => {
        #[inline]
        pub(super) fn $name(byte: u8) -> Result<$type, Fault> {
            $(const _: () = assert!($type::$variant as u8 == $byte);)*
            match byte {
                $($byte => Ok($type::$variant),)*
                other => Err(Fault { field: $field, value: u64::from(other) }),
            }
        }
    };
}

enum_field!(side: Side, "side" { Buy = 0, Sell = 1, });
enum_field!(order_type: OrderType, "order_type" {
    Limit = 1, Market = 2, Stop = 3, StopLimit = 4, TrailingStop = 5,
});
enum_field!(time_in_force: TimeInForce, "time_in_force" {
    Gtc = 1, Ioc = 2, Fok = 3, Day = 4, Gtd = 5,
});
enum_field!(self_trade: SelfTrade, "self_trade" {
    AccountDefault = 0, None = 1, CancelTaker = 2, CancelMaker = 3, CancelBoth = 4, Decrement = 5,
});
enum_field!(status: Status, "status" { Open = 1, Halted = 2, Auction = 3, Closed = 4, });
enum_field!(prayer: Prayer, "side" { Up = 1, Down = 2, });
enum_field!(link: Link, "link" { Oco = 1, Oto = 2, });
enum_field!(direction: Direction, "direction" { Deposit = 1, Withdraw = 2, });
enum_field!(access: Access, "access" { Enabled = 1, Disabled = 2, });
enum_field!(cancel_reason: CancelReason, "reason" {
    User = 1, Ioc = 2, SelfTrade = 3, Expired = 4, Oco = 5, Mass = 6, Range = 7, Uncross = 8,
    Closed = 9, Admin = 10, Disconnect = 11, Timer = 12,
});

macro_rules! set_field {
    ($name:ident: $type:ident($repr:ty), $known:ident) => {
        #[inline]
        pub(super) fn $name(bits: $repr) -> Result<$type, Fault> {
            match bits | $type::KNOWN.0 {
                all if all == $type::KNOWN.0 => Ok($type(bits)),
                _ => Err(Fault { field: "fields", value: u64::from(bits) }),
            }
        }

        #[inline]
        pub(super) fn $known(set: $type) -> $repr {
            assert!(
                set.0 | $type::KNOWN.0 == $type::KNOWN.0,
                "a set of fields has known bits only"
            );
            set.0
        }
    };
}

set_field!(order_fields: OrderFields(u16), order_bits);
set_field!(amend_fields: AmendFields(u8), amend_bits);
set_field!(instrument_fields: InstrumentFields(u16), instrument_bits);
set_field!(account_fields: AccountFields(u16), account_bits);

/// A text fills its field from the front; the rest is zero, and no text has a zero byte: so its
/// length is the count of bytes that are not, or it is no text.
#[inline]
pub(super) fn text<const N: usize>(field: &'static str, bytes: &[u8; N]) -> Result<Text<N>, Fault> {
    let len = bytes.iter().map(|&byte| u8::from(byte != 0)).sum();
    Text::from_parts(*bytes, len).ok_or_else(|| no_text(field, bytes))
}

/// The name of something at a venue.
#[inline]
pub(super) fn foreign_text<const N: usize>(
    field: &'static str,
    bytes: &[u8; N],
) -> Result<Text<N>, Fault> {
    let len = bytes.iter().map(|&byte| u8::from(byte != 0)).sum();
    Text::foreign_from_parts(*bytes, len).ok_or_else(|| no_text(field, bytes))
}

/// Names the first byte that should not be there: a zero, if it is one before the end.
#[cold]
fn no_text(field: &'static str, bytes: &[u8]) -> Fault {
    let end = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let bad = bytes[..end].iter().find(|byte| !(0x20..=0x7e).contains(*byte));
    Fault { field, value: u64::from(bad.copied().unwrap_or(0)) }
}

#[inline]
pub(super) fn reserved<const N: usize>(bytes: &[u8; N]) -> Result<(), Fault> {
    zero("reserved", bytes)
}

#[inline]
pub(super) fn zero<const N: usize>(field: &'static str, bytes: &[u8; N]) -> Result<(), Fault> {
    match bytes.iter().find(|byte| **byte != 0) {
        None => Ok(()),
        Some(&byte) => Err(Fault { field, value: u64::from(byte) }),
    }
}

/// 128 bits as two halves, so that no payload needs an alignment of 16.
#[inline]
pub(super) fn halves(value: i128) -> (u64, i64) {
    (value as u64, (value >> 64) as i64)
}

#[inline]
pub(super) fn whole(low: u64, high: i64) -> i128 {
    i128::from(high) << 64 | i128::from(low)
}

/// Only lowest terms are a decimal: another form of the same number would be another payload.
pub(super) fn decimal(
    field: &'static str,
    low: u64,
    high: i64,
    scale: u8,
) -> Result<Decimal, Fault> {
    let decimal = Decimal::new(whole(low, high), scale);
    if decimal.scale() == scale && u32::from(scale) <= SCALE_MAX {
        Ok(decimal)
    } else {
        Err(Fault { field, value: u64::from(scale) })
    }
}

/// How an account is meant, its number and its name; what does not say it is zero.
pub(super) fn account_parts(account: AccountRef) -> (u8, u32, [u8; AccountName::LENGTH_MAX]) {
    match account {
        AccountRef::Id(account) => (BY_ID, account.0, *AccountName::EMPTY.bytes()),
        AccountRef::Name(name) => (BY_TEXT, 0, *name.bytes()),
    }
}

pub(super) fn account(
    by: u8,
    id: u32,
    name: &[u8; AccountName::LENGTH_MAX],
) -> Result<AccountRef, Fault> {
    match by {
        BY_ID => {
            zero("account_name", name)?;
            Ok(AccountRef::Id(AccountId(id)))
        }
        BY_TEXT => {
            absent("account", u64::from(id))?;
            Ok(AccountRef::Name(text("account_name", name)?))
        }
        other => Err(Fault { field: "account_by", value: u64::from(other) }),
    }
}

/// `given` and the number: zero of one that was not said.
pub(super) fn instrument_parts(instrument: Option<InstrumentId>) -> (u8, u16) {
    match instrument {
        Some(instrument) => (GIVEN_INSTRUMENT, instrument.0),
        None => (0, 0),
    }
}

pub(super) fn given_instrument(given: u8, instrument: u16) -> Result<Option<InstrumentId>, Fault> {
    match given & GIVEN_INSTRUMENT {
        0 => absent("instrument", u64::from(instrument)).map(|()| None),
        _ => Ok(Some(InstrumentId(instrument))),
    }
}

/// No bit of `given` but those of `known`.
pub(super) fn given(given: u8, known: u8) -> Result<(), Fault> {
    match given & !known {
        0 => Ok(()),
        _ => Err(Fault { field: "given", value: u64::from(given) }),
    }
}

/// A field that was not given is zero.
pub(super) fn absent(field: &'static str, value: u64) -> Result<(), Fault> {
    if value == 0 { Ok(()) } else { Err(Fault { field, value }) }
}

#[inline]
pub(super) fn order_id(sequence: u64, slot: u32, leg: u16) -> OrderId {
    OrderId { sequence: Sequence(sequence), slot, leg }
}
