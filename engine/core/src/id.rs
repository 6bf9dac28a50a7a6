//! Engine-assigned ids: 128 bits that say where to look, shown as UUID text (version 8 layout).
//!
//! ```text
//!  bit 127                                                                    0
//!  +----------------+---------+----------+---------+--------+-----+------+-----+
//!  | sequence 63..16| version | sequence | variant |sequence| leg | slot | tag |
//!  |       48       |  8 (4)  | 15..4    | 10b (2) | 3..0   | 16  |  32  | 10  |
//!  +----------------+---------+----------+---------+--------+-----+------+-----+
//!                   80        76         64        62       58    42     10
//! ```
//! Sorting the text sorts by sequence. An id is never reused in the life of a journal: the
//! sequence of the command that made it is part of it.

use core::fmt;

use crate::types::Sequence;

/// (sequence, leg, slot): `slot` is the place in the order arena, `leg` the order of a list.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct OrderId {
    pub sequence: Sequence,
    pub slot: u32,
    pub leg: u16,
}

/// (sequence, index): the event at `index`, from 0, of the command with that sequence; a trade.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ExecutionId {
    pub sequence: Sequence,
    pub index: u32,
}

/// Marks execution ids in the otherwise zero low bits, so that no order has the same text.
const EXECUTION_TAG: u128 = 1;

impl OrderId {
    pub fn to_u128(self) -> u128 {
        pack(self.sequence, self.leg, self.slot, 0)
    }

    /// None: these bits are no order id of ours.
    pub fn from_u128(bits: u128) -> Option<Self> {
        let (sequence, leg, slot, tag) = unpack(bits)?;
        (tag == 0).then_some(Self { sequence, slot, leg })
    }

    /// Reads the UUID text, in either letter case.
    pub fn parse(text: &str) -> Option<Self> {
        parse_uuid(text).and_then(Self::from_u128)
    }
}

impl ExecutionId {
    pub fn to_u128(self) -> u128 {
        pack(self.sequence, 0, self.index, EXECUTION_TAG)
    }

    pub fn from_u128(bits: u128) -> Option<Self> {
        let (sequence, leg, index, tag) = unpack(bits)?;
        (tag == EXECUTION_TAG && leg == 0).then_some(Self { sequence, index })
    }

    pub fn parse(text: &str) -> Option<Self> {
        parse_uuid(text).and_then(Self::from_u128)
    }
}

fn pack(sequence: Sequence, leg: u16, slot: u32, tag: u128) -> u128 {
    let sequence = u128::from(sequence.0);
    (sequence >> 16) << 80
        | 0x8 << 76
        | ((sequence >> 4) & 0xfff) << 64
        | 0b10 << 62
        | (sequence & 0xf) << 58
        | u128::from(leg) << 42
        | u128::from(slot) << 10
        | tag
}

fn unpack(bits: u128) -> Option<(Sequence, u16, u32, u128)> {
    let version = bits >> 76 & 0xf;
    let variant = bits >> 62 & 0b11;
    if version != 0x8 || variant != 0b10 {
        return None;
    }
    let sequence = (bits >> 80) << 16 | (bits >> 64 & 0xfff) << 4 | bits >> 58 & 0xf;
    Some((
        Sequence(sequence as u64),
        (bits >> 42 & 0xffff) as u16,
        (bits >> 10 & 0xffff_ffff) as u32,
        bits & 0x3ff,
    ))
}

fn parse_uuid(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 {
        return None;
    }
    let mut bits = 0u128;
    for (index, &byte) in bytes.iter().enumerate() {
        if matches!(index, 8 | 13 | 18 | 23) {
            if byte != b'-' {
                return None;
            }
            continue;
        }
        bits = bits << 4 | u128::from(char::from(byte).to_digit(16)?);
    }
    Some(bits)
}

fn write_uuid(bits: u128, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(
        f,
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        bits >> 80 & 0xffff,
        bits >> 64 & 0xffff,
        bits >> 48 & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

macro_rules! shown_as_uuid {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.to_u128(), f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_uuid(self.to_u128(), f)
            }
        }
    )*};
}
shown_as_uuid!(OrderId, ExecutionId);

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn an_id_survives_its_text_and_sorts_by_sequence() {
        let mut earlier = None;
        for sequence in [1, 15, 16, 0xffff, 0x1_0000, u64::MAX] {
            let id = OrderId { sequence: Sequence(sequence), slot: 0xdead_beef, leg: 0xabcd };
            let text = id.to_string();
            assert_eq!(OrderId::parse(&text), Some(id));
            assert_eq!(OrderId::parse(&text.to_uppercase()), Some(id));
            assert_eq!(ExecutionId::parse(&text), None, "an order is no execution");
            assert_eq!(text.as_bytes()[14], b'8', "version 8");
            assert!(b"89ab".contains(&text.as_bytes()[19]), "RFC variant");
            assert!(earlier < Some(text.clone()));
            earlier = Some(text);
            let execution = ExecutionId { sequence: Sequence(sequence), index: 7 };
            assert_eq!(ExecutionId::parse(&execution.to_string()), Some(execution));
            assert_eq!(OrderId::parse(&execution.to_string()), None);
        }
    }

    #[test]
    fn foreign_text_is_no_id() {
        for text in [
            "",
            "not an id",
            "550e8400-e29b-41d4-a716-446655440000",
            "00000000-0000-8000-8000-00000000000",
            "00000000_0000-8000-8000-000000000000",
            "0000000g-0000-8000-8000-000000000000",
        ] {
            assert_eq!(OrderId::parse(text), None, "{text}");
        }
    }
}
