//! Names in fixed fields: printable ASCII of a bounded length, copied like numbers. What a venue
//! calls its own may be any text.
//! Bytes beyond the length are zero, so that equality, hashing and digests see one form only.

use core::fmt;

/// At most `N` bytes of printable ASCII (0x20..=0x7e); of a foreign name, of UTF-8 without control
/// characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize> {
    bytes: [u8; N],
    len: u8,
}

/// A client's own name for an order; empty = none was given.
pub type ClientOrderId = Text<36>;
pub type AccountName = Text<32>;
pub type Symbol = Text<16>;
pub type AssetName = Text<16>;

/// Why a text is no name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadText {
    TooLong { length: usize, length_max: usize },
    NotPrintable { byte: u8, index: usize },
}

impl<const N: usize> Text<N> {
    pub const EMPTY: Self = Self { bytes: [0; N], len: 0 };
    pub const LENGTH_MAX: usize = N;

    pub fn new(text: &str) -> Result<Self, BadText> {
        Self::from_bytes(text.as_bytes())
    }

    pub fn from_bytes(text: &[u8]) -> Result<Self, BadText> {
        if text.len() > N {
            return Err(BadText::TooLong { length: text.len(), length_max: N });
        }
        if let Some(index) = text.iter().position(|byte| !(0x20..=0x7e).contains(byte)) {
            return Err(BadText::NotPrintable { byte: text[index], index });
        }
        let mut bytes = [0; N];
        bytes[..text.len()].copy_from_slice(text);
        Ok(Self { bytes, len: text.len() as u8 })
    }

    /// The name of something at a venue, which may well be Chinese.
    pub fn foreign(text: &str) -> Result<Self, BadText> {
        let length = text.len();
        if length > N {
            return Err(BadText::TooLong { length, length_max: N });
        }
        if let Some((index, _)) = text.char_indices().find(|(_, char)| char.is_control()) {
            return Err(BadText::NotPrintable { byte: text.as_bytes()[index], index });
        }
        let mut bytes = [0; N];
        bytes[..length].copy_from_slice(text.as_bytes());
        Ok(Self { bytes, len: length as u8 })
    }

    /// As `foreign`, from a fixed field whose padding is zero.
    pub fn foreign_from_parts(bytes: [u8; N], len: u8) -> Option<Self> {
        let (text, padding) = bytes.split_at_checked(usize::from(len))?;
        let is_padded = padding.iter().all(|&byte| byte == 0);
        let text = core::str::from_utf8(text).ok().filter(|_| is_padded)?;
        Self::foreign(text).ok()
    }

    /// From a fixed field and its length, as records carry it; the padding must be zero.
    pub fn from_parts(bytes: [u8; N], len: u8) -> Option<Self> {
        // Without a branch a byte, so that a whole field is checked some 16 at a time.
        let is_wrong = |(index, byte): (usize, &u8)| {
            let is_printable = byte.wrapping_sub(0x20) <= 0x7e - 0x20;
            if index < usize::from(len) { !is_printable } else { *byte != 0 }
        };
        let wrong = bytes.iter().enumerate().fold(false, |wrong, at| wrong | is_wrong(at));
        let fits = usize::from(len) <= N;
        (fits && !wrong).then_some(Self { bytes, len })
    }

    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes[..usize::from(self.len)])
            .expect("a text holds whole characters only")
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// The whole field, zero-padded.
    pub fn bytes(&self) -> &[u8; N] {
        &self.bytes
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for BadText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { length, length_max } => {
                write!(f, "{length} characters long, at most {length_max} are allowed")
            }
            Self::NotPrintable { byte, index } => {
                write!(f, "byte {byte:#04x} at index {index} is not printable ASCII")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_to_its_field() {
        assert_eq!(Symbol::new("BTC-KRW").unwrap().as_str(), "BTC-KRW");
        assert_eq!(
            Symbol::new("12345678901234567"),
            Err(BadText::TooLong { length: 17, length_max: 16 })
        );
        assert_eq!(Symbol::new("a\nb"), Err(BadText::NotPrintable { byte: b'\n', index: 1 }));
        assert_eq!(Text::<4>::from_parts(*b"ab\0c", 2), None, "padding must be zero");
        assert_eq!(Text::<4>::from_parts(*b"ab\0\0", 2), Text::new("ab").ok());
        assert_eq!(Text::<4>::from_parts(*b"abcd", 5), None, "no longer than its field");
        let foreign = Symbol::foreign("币安人生USDT").unwrap();
        assert_eq!(Symbol::foreign_from_parts(*foreign.bytes(), 16), Some(foreign));
        assert_eq!(Symbol::from_parts(*foreign.bytes(), 16), None, "no name of ours");
        assert_eq!(Text::<4>::foreign_from_parts(*b"ab\0c", 2), None, "padding must be zero");
        assert_eq!(Text::<4>::foreign_from_parts([0xe5, 0xb8, 0, 0], 2), None, "half a character");
        assert_eq!(Symbol::foreign("a\u{85}"), Err(BadText::NotPrintable { byte: 0xc2, index: 1 }));
        for byte in 0..=u8::MAX {
            let text = Text::<4>::from_parts([b'a', byte, b'b', 0], 3);
            assert_eq!(text.is_some(), (0x20..=0x7e).contains(&byte), "{byte:#04x}");
        }
    }
}
