//! Numbers and words as bytes: each comes back, in pieces of any size, and what was never written
//! is refused.

use alloc::vec::Vec;
use core::fmt::Debug;

use super::*;
use crate::command::OrderType;
use crate::text::Symbol;

fn stored<T: Stored>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut take = |piece: &[u8]| bytes.extend_from_slice(piece);
    let mut output = Output::new(&mut take);
    value.store(&mut output);
    output.finish();
    bytes
}

fn loaded<T: Stored>(bytes: &[u8], piece: usize) -> Result<T, Unreadable> {
    let mut pieces = bytes.chunks(piece);
    let mut more = |buffer: &mut Vec<u8>| match pieces.next() {
        Some(piece) => {
            buffer.extend_from_slice(piece);
            true
        }
        None => false,
    };
    let mut input = Input::new(&mut more);
    let value = T::load(&mut input)?;
    assert!(input.is_over(), "all of it was read");
    Ok(value)
}

fn comes_back<T: Stored + PartialEq + Debug>(value: T) {
    let bytes = stored(&value);
    for piece in [1, 3, 64] {
        assert_eq!(loaded(&bytes, piece).as_ref(), Ok(&value));
    }
    for cut in 0..bytes.len() {
        assert_eq!(loaded::<T>(&bytes[..cut], 2), Err(Unreadable::Ended), "{cut} bytes");
    }
}

#[test]
fn every_value_comes_back_and_none_out_of_a_part_of_its_bytes() {
    for shift in 0..64 {
        comes_back(1u64 << shift);
        comes_back((1u64 << shift) - 1);
        comes_back(-(1i64 << shift.min(62)));
        comes_back((1i128 << (2 * shift)) - 7);
    }
    comes_back(u64::MAX);
    comes_back((i64::MIN, i64::MAX));
    comes_back((i128::MIN, i128::MAX));
    comes_back((u128::MAX, f64::MIN_POSITIVE));
    comes_back(alloc::vec![Some(3u16), None, Some(u16::MAX)]);
    comes_back([Symbol::new("BTC-KRW").unwrap(), Symbol::EMPTY]);
    comes_back(Symbol::foreign("\u{5e01}\u{5b89}").unwrap());
    comes_back(BTreeMap::from([(1u32, true), (7, false)]));
    comes_back(VecDeque::from([OrderType::Limit, OrderType::TrailingStop]));
}

#[test]
fn numbers_of_every_length_come_back_whatever_stands_behind_them() {
    let of_length = |bits: u32| [1u64 << bits, (1 << bits) | 0x55, (2u64 << bits).wrapping_sub(1)];
    let numbers: Vec<u64> = (0..64).flat_map(of_length).collect();
    for piece in [1, 7, 8, 9, 10, 11, 4_096] {
        assert_eq!(
            loaded(&stored(&numbers), piece).as_ref(),
            Ok(&numbers),
            "{piece} bytes at once"
        );
    }
}

#[test]
fn more_than_a_piece_comes_back() {
    let numbers: Vec<u64> = (0..40_000).map(|n| n * n * n).collect();
    assert!(stored(&numbers).len() > 2 * PIECE_BYTES);
    assert_eq!(loaded(&stored(&numbers), 1_000), Ok(numbers));
}

#[test]
fn what_was_never_written_is_refused() {
    let long = [0xff; 9];
    assert_eq!(loaded::<u64>(&[&long[..], &[1]].concat(), 4), Ok(u64::MAX));
    for (of, refused) in [
        ("number", loaded::<u64>(&[&long[..], &[2]].concat(), 4).err()),
        ("number", loaded::<u64>(&[0xff; 12], 4).err()),
        ("u16", loaded::<u16>(&stored(&0x1_0000u32), 4).err()),
        ("yes or no", loaded::<bool>(&[2], 4).err()),
        ("OrderType", loaded::<OrderType>(&[0], 4).err()),
        ("name", loaded::<Symbol>(&[17], 4).err()),
        ("name", loaded::<Symbol>(&[1, b'\n'], 4).err()),
    ] {
        assert_eq!(refused, Some(Unreadable::Value { of }));
    }
}
