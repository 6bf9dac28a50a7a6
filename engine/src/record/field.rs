//! Single fields of a payload: bytes become enums, sets and texts, or the fault that names them.
//! It must not know which record they stand in.

use orison_core::Side;
use orison_core::command::{
    AmendFields, CancelReason, InstrumentFields, OrderFields, OrderType, Prayer, SelfTrade,
    TimeInForce,
};
use orison_core::instrument::Status;
use orison_core::text::Text;

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

/// A text fills its field from the front; the rest is zero, and no text has a zero byte: so its
/// length is the count of bytes that are not, or it is no text.
#[inline]
pub(super) fn text<const N: usize>(field: &'static str, bytes: &[u8; N]) -> Result<Text<N>, Fault> {
    let len = bytes.iter().map(|&byte| u8::from(byte != 0)).sum();
    Text::from_parts(*bytes, len).ok_or_else(|| no_text(field, bytes))
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
