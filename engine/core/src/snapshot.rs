//! State as bytes and back: what a snapshot holds of a structure is what the structure holds,
//! slot by slot, because order ids name slots and free lists decide the next ones. Each type lists
//! its fields once (`stored!`), and a list that lacks one does not compile. It knows neither
//! files nor checksums: bytes leave in pieces and come back in pieces of any size.

#[cfg(test)]
mod tests;
mod values;

pub use crate::exchange::EXCHANGE_VERSION;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

/// Bytes that are handed on at once.
const PIECE_BYTES: usize = 1 << 16;
/// The longest number: 128 bits are two of 64, each seven bits a byte.
const NUMBER_BYTES_MAX: usize = 10;
/// Room that a list is given before its entries have been seen, whatever length it claims.
const TRUSTED_ENTRIES_MAX: usize = 1 << 16;

/// What can be in a snapshot.
pub trait Stored: Sized {
    fn store(&self, to: &mut Output<'_>);
    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable>;

    /// As `load`, but memory that was reserved stays where it is.
    fn restore(&mut self, from: &mut Input<'_>) -> Result<(), Unreadable> {
        *self = Self::load(from)?;
        Ok(())
    }
}

/// Why bytes are not what was stored.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// They end in the middle of something.
    Ended,
    /// None of what was expected there has such a value.
    Value { of: &'static str },
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended => f.write_str("the bytes end too early"),
            Self::Value { of } => write!(f, "no {of} has such a value"),
        }
    }
}

impl core::error::Error for Unreadable {}

/// Where bytes go. Nothing is handed on after the last `store` unless it is finished.
pub struct Output<'a> {
    piece: Box<[u8]>,
    length: usize,
    take: &'a mut dyn FnMut(&[u8]),
}

impl<'a> Output<'a> {
    pub fn new(take: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { piece: alloc::vec![0; PIECE_BYTES].into_boxed_slice(), length: 0, take }
    }

    /// Hands on the last piece.
    pub fn finish(mut self) {
        self.hand_on();
    }

    #[cold]
    fn hand_on(&mut self) {
        (self.take)(&self.piece[..self.length]);
        self.length = 0;
    }

    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        if PIECE_BYTES - self.length < bytes.len() {
            self.hand_on();
            if bytes.len() > PIECE_BYTES {
                return (self.take)(bytes);
            }
        }
        self.piece[self.length..][..bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    /// Seven bits a byte, the lowest first; most numbers are small.
    #[inline]
    pub fn number(&mut self, mut number: u64) {
        if PIECE_BYTES - self.length < NUMBER_BYTES_MAX {
            self.hand_on();
        }
        let place = &mut self.piece[self.length..][..NUMBER_BYTES_MAX];
        let mut at = 0;
        while number >= 0x80 {
            place[at] = number as u8 | 0x80;
            number >>= 7;
            at += 1;
        }
        place[at] = number as u8;
        self.length += at + 1;
    }
}

/// Where bytes come from.
pub struct Input<'a> {
    buffer: Vec<u8>,
    at: usize,
    more: &'a mut dyn FnMut(&mut Vec<u8>) -> bool,
}

impl<'a> Input<'a> {
    /// `more` puts the next bytes behind those it is given; false: there are none.
    pub fn new(more: &'a mut dyn FnMut(&mut Vec<u8>) -> bool) -> Self {
        Self { buffer: Vec::new(), at: 0, more }
    }

    /// Whether everything there was has been read.
    pub fn is_over(&mut self) -> bool {
        self.need(1).is_err()
    }

    #[inline]
    fn need(&mut self, bytes: usize) -> Result<(), Unreadable> {
        if self.buffer.len() - self.at < bytes { self.fetch(bytes) } else { Ok(()) }
    }

    #[cold]
    fn fetch(&mut self, bytes: usize) -> Result<(), Unreadable> {
        self.buffer.drain(..self.at);
        self.at = 0;
        while self.buffer.len() < bytes {
            if !(self.more)(&mut self.buffer) {
                return Err(Unreadable::Ended);
            }
        }
        Ok(())
    }

    #[inline]
    pub fn bytes<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        self.need(N)?;
        let bytes = self.buffer[self.at..].first_chunk().expect("as many are there");
        self.at += N;
        Ok(*bytes)
    }

    #[inline]
    pub fn copy_to(&mut self, bytes: &mut [u8]) -> Result<(), Unreadable> {
        self.need(bytes.len())?;
        bytes.copy_from_slice(&self.buffer[self.at..][..bytes.len()]);
        self.at += bytes.len();
        Ok(())
    }

    #[inline]
    pub fn number(&mut self) -> Result<u64, Unreadable> {
        // Most are one byte, and of the others most end within eight.
        match self.buffer.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            Some(_) | None => self.long_number(),
        }
    }

    fn long_number(&mut self) -> Result<u64, Unreadable> {
        if let Some(word) = self.buffer.get(self.at..).and_then(<[u8]>::first_chunk)
            && let Some((number, bytes)) = number_in(u64::from_le_bytes(*word))
        {
            self.at += bytes;
            return Ok(number);
        }
        let (mut number, mut shift) = (0, 0);
        loop {
            let [byte] = self.bytes()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                // The tenth byte has room for one bit.
                let fits = shift < 63 || byte <= 1;
                return if fits { Ok(number) } else { Err(Unreadable::Value { of: "number" }) };
            }
            shift += 7;
            if shift > 63 {
                return Err(Unreadable::Value { of: "number" });
            }
        }
    }

    /// How many entries a list claims to have, and how many of them may be made room for at once.
    pub fn count(&mut self) -> Result<(usize, usize), Unreadable> {
        let count = usize::load(self)?;
        Ok((count, count.min(TRUSTED_ENTRIES_MAX)))
    }
}

/// The number that these eight bytes begin with, and how many of them it takes. None: it goes on
/// behind them.
#[inline]
fn number_in(word: u64) -> Option<(u64, usize)> {
    const LAST: u64 = 0x8080_8080_8080_8080;
    let last = !word & LAST;
    if last == 0 {
        return None;
    }
    // All bits up to the one that says so.
    let word = word & (last ^ (last - 1)) & !LAST;
    // Seven bits a byte, then fourteen every two bytes, then twenty-eight every four.
    let word = word & 0x007f_007f_007f_007f | (word & 0x7f00_7f00_7f00_7f00) >> 1;
    let word = word & 0x0000_3fff_0000_3fff | (word & 0x3fff_0000_3fff_0000) >> 2;
    let word = word & 0x0fff_ffff | (word & 0x0fff_ffff_0000_0000) >> 4;
    Some((word, last.trailing_zeros() as usize / 8 + 1))
}

/// Structures, field by field in the order of the list. Every field is in it.
#[macro_export]
macro_rules! stored {
    ($($type:ty { $($field:ident),* $(,)? })*) => {$(
        impl $crate::snapshot::Stored for $type {
            #[inline]
            fn store(&self, to: &mut $crate::snapshot::Output<'_>) {
                let Self { $($field),* } = self;
                $($crate::snapshot::Stored::store($field, to);)*
            }

            #[inline]
            fn load(
                from: &mut $crate::snapshot::Input<'_>,
            ) -> ::core::result::Result<Self, $crate::snapshot::Unreadable> {
                $(let $field = $crate::snapshot::Stored::load(from)?;)*
                Ok(Self { $($field),* })
            }

            fn restore(
                &mut self,
                from: &mut $crate::snapshot::Input<'_>,
            ) -> ::core::result::Result<(), $crate::snapshot::Unreadable> {
                let Self { $($field),* } = self;
                $($crate::snapshot::Stored::restore($field, from)?;)*
                Ok(())
            }
        }
    )*};
}

/// What wraps one value.
#[macro_export]
macro_rules! stored_newtypes {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::snapshot::Stored for $type {
            #[inline]
            fn store(&self, to: &mut $crate::snapshot::Output<'_>) {
                $crate::snapshot::Stored::store(&self.0, to);
            }

            #[inline]
            fn load(
                from: &mut $crate::snapshot::Input<'_>,
            ) -> ::core::result::Result<Self, $crate::snapshot::Unreadable> {
                $crate::snapshot::Stored::load(from).map(Self)
            }
        }
    )*};
}

/// Words by their numbers. Every word is in the list.
#[macro_export]
macro_rules! stored_words {
    ($($type:ty { $($word:ident),* $(,)? })*) => {$(
        impl $crate::snapshot::Stored for $type {
            #[inline]
            fn store(&self, to: &mut $crate::snapshot::Output<'_>) {
                let number = match self { $(Self::$word => Self::$word as u8,)* };
                to.bytes(&[number]);
            }

            #[inline]
            fn load(
                from: &mut $crate::snapshot::Input<'_>,
            ) -> ::core::result::Result<Self, $crate::snapshot::Unreadable> {
                let [number] = from.bytes()?;
                $(if number == Self::$word as u8 { return Ok(Self::$word); })*
                Err($crate::snapshot::Unreadable::Value { of: stringify!($type) })
            }
        }
    )*};
}

/// Alternatives with one value each, by numbers that are never given away again.
#[macro_export]
macro_rules! stored_alternatives {
    ($($type:ty {
        $($number:literal = $case:ident),* $(; $($bare:literal = $word:ident),*)?
    })*) => {
        $(impl $crate::snapshot::Stored for $type {
            fn store(&self, to: &mut $crate::snapshot::Output<'_>) {
                match self {
                    $(Self::$case(value) => {
                        to.bytes(&[$number]);
                        $crate::snapshot::Stored::store(value, to);
                    })*
                    $($(Self::$word => to.bytes(&[$bare]),)*)?
                }
            }

            fn load(
                from: &mut $crate::snapshot::Input<'_>,
            ) -> ::core::result::Result<Self, $crate::snapshot::Unreadable> {
                let [number] = from.bytes()?;
                match number {
                    $($number => $crate::snapshot::Stored::load(from).map(Self::$case),)*
                    $($($bare => Ok(Self::$word),)*)?
                    _ => Err($crate::snapshot::Unreadable::Value { of: stringify!($type) }),
                }
            }
        })*
    };
}

macro_rules! unsigned {
    ($($type:ident),*) => {$(
        impl Stored for $type {
            #[inline]
            fn store(&self, to: &mut Output<'_>) {
                to.number(*self as u64);
            }

            #[inline]
            fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
                let number = from.number()?;
                Self::try_from(number).map_err(|_| Unreadable::Value { of: stringify!($type) })
            }
        }
    )*};
}
unsigned!(u16, u32, u64, usize);

macro_rules! signed {
    ($($type:ident as $unsigned:ident),*) => {$(
        /// Numbers near zero are small on either side of it.
        impl Stored for $type {
            #[inline]
            fn store(&self, to: &mut Output<'_>) {
                let folded = (self << 1) ^ (self >> ($type::BITS - 1));
                (folded as $unsigned).store(to);
            }

            #[inline]
            fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
                let folded = $unsigned::load(from)?;
                Ok((folded >> 1) as $type ^ -((folded & 1) as $type))
            }
        }
    )*};
}
signed!(i32 as u32, i64 as u64, i128 as u128);

impl Stored for u128 {
    #[inline]
    fn store(&self, to: &mut Output<'_>) {
        to.number(*self as u64);
        to.number((self >> 64) as u64);
    }

    #[inline]
    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let low = u128::from(from.number()?);
        Ok(low | u128::from(from.number()?) << 64)
    }
}

impl Stored for u8 {
    #[inline]
    fn store(&self, to: &mut Output<'_>) {
        to.bytes(&[*self]);
    }

    #[inline]
    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        from.bytes().map(|[byte]| byte)
    }
}

impl Stored for bool {
    #[inline]
    fn store(&self, to: &mut Output<'_>) {
        to.bytes(&[u8::from(*self)]);
    }

    #[inline]
    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        match from.bytes()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(Unreadable::Value { of: "yes or no" }),
        }
    }
}

impl<T: Stored> Stored for Option<T> {
    fn store(&self, to: &mut Output<'_>) {
        self.is_some().store(to);
        if let Some(value) = self {
            value.store(to);
        }
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        bool::load(from)?.then(|| T::load(from)).transpose()
    }
}

impl<T: Stored> Stored for Box<T> {
    fn store(&self, to: &mut Output<'_>) {
        (**self).store(to);
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        T::load(from).map(Box::new)
    }
}

impl<T> Stored for PhantomData<T> {
    fn store(&self, _: &mut Output<'_>) {}

    fn load(_: &mut Input<'_>) -> Result<Self, Unreadable> {
        Ok(Self)
    }
}

impl<T: Stored> Stored for Vec<T> {
    fn store(&self, to: &mut Output<'_>) {
        self.len().store(to);
        self.iter().for_each(|entry| entry.store(to));
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mut entries = Self::new();
        entries.restore(from)?;
        Ok(entries)
    }

    fn restore(&mut self, from: &mut Input<'_>) -> Result<(), Unreadable> {
        let (count, room) = from.count()?;
        self.clear();
        self.reserve_exact(room);
        for _ in 0..count {
            self.push(T::load(from)?);
        }
        Ok(())
    }
}

impl<T: Stored> Stored for VecDeque<T> {
    fn store(&self, to: &mut Output<'_>) {
        self.len().store(to);
        self.iter().for_each(|entry| entry.store(to));
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let (count, room) = from.count()?;
        let mut entries = Self::with_capacity(room);
        for _ in 0..count {
            entries.push_back(T::load(from)?);
        }
        Ok(entries)
    }
}

impl<K: Stored + Ord, V: Stored> Stored for BTreeMap<K, V> {
    fn store(&self, to: &mut Output<'_>) {
        self.len().store(to);
        for (key, value) in self {
            key.store(to);
            value.store(to);
        }
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let count = usize::load(from)?;
        // In order, it is built without a search.
        let mut failure = None;
        let entries = (0..count).map_while(|_| {
            let entry = <(K, V)>::load(from);
            entry.map_err(|unreadable| failure = Some(unreadable)).ok()
        });
        let map = entries.collect();
        failure.map_or(Ok(map), Err)
    }
}

impl<T: Stored, const N: usize> Stored for [T; N] {
    #[inline]
    fn store(&self, to: &mut Output<'_>) {
        self.iter().for_each(|entry| entry.store(to));
    }

    fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
        let mut failure = None;
        let entries = core::array::from_fn::<_, N, _>(|_| match failure {
            Some(_) => None,
            None => T::load(from).map_err(|unreadable| failure = Some(unreadable)).ok(),
        });
        match failure {
            Some(unreadable) => Err(unreadable),
            None => Ok(entries.map(|entry| entry.expect("nothing failed"))),
        }
    }

    fn restore(&mut self, from: &mut Input<'_>) -> Result<(), Unreadable> {
        self.iter_mut().try_for_each(|entry| entry.restore(from))
    }
}

macro_rules! tuples {
    ($(($($name:ident: $type:ident),*))*) => {$(
        impl<$($type: Stored),*> Stored for ($($type,)*) {
            fn store(&self, to: &mut Output<'_>) {
                let ($($name,)*) = self;
                $($name.store(to);)*
            }

            fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
                $(let $name = $type::load(from)?;)*
                Ok(($($name,)*))
            }
        }
    )*};
}
tuples! { (a: A, b: B) }
