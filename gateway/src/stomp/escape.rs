//! How header names and values are written in each version: 1.0 as they are, 1.1 with `\n`, `\c`
//! and `\\`, 1.2 with `\r` too. CONNECT and CONNECTED are written as in 1.0 by every version.

use super::frame::Version;

/// The raw text holds an escape that its version does not know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BadEscape;

pub(super) fn unescape(version: Version, raw: &str) -> Result<String, BadEscape> {
    if version == Version::V1_0 || !raw.contains('\\') {
        return Ok(raw.to_owned());
    }
    let mut text = String::with_capacity(raw.len());
    let mut characters = raw.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match (characters.next(), version) {
                (Some('n'), _) => '\n',
                (Some('c'), _) => ':',
                (Some('\\'), _) => '\\',
                (Some('r'), Version::V1_2) => '\r',
                (Some(_) | None, _) => return Err(BadEscape),
            },
            plain => plain,
        });
    }
    Ok(text)
}

/// Appends `text`. What a version cannot write is left out: a line end in 1.0, CR in 1.1.
pub(super) fn escape(version: Version, text: &str, out: &mut String) {
    for character in text.chars() {
        match (character, version) {
            ('\n', Version::V1_1 | Version::V1_2) => out.push_str("\\n"),
            (':', Version::V1_1 | Version::V1_2) => out.push_str("\\c"),
            ('\\', Version::V1_1 | Version::V1_2) => out.push_str("\\\\"),
            ('\r', Version::V1_2) => out.push_str("\\r"),
            ('\n' | '\r' | '\0', _) => {}
            (plain, _) => out.push(plain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Version::{V1_0, V1_1, V1_2};

    #[test]
    fn each_version_knows_its_own_escapes() {
        for (version, raw, text) in [
            (V1_2, r"a\nb\cc\\d\re", Ok("a\nb:c\\d\re")),
            (V1_1, r"a\nb\cc\\d", Ok("a\nb:c\\d")),
            (V1_1, r"\r", Err(BadEscape)),
            (V1_2, r"\t", Err(BadEscape)),
            (V1_2, r"\", Err(BadEscape)),
            (V1_1, r"\N", Err(BadEscape)),
            (V1_0, r"a\nb\t\", Ok(r"a\nb\t\")),
            (V1_2, "a:b", Ok("a:b")),
            (V1_2, r"\\n", Ok(r"\n")),
            (V1_2, "가격", Ok("가격")),
        ] {
            assert_eq!(unescape(version, raw).as_deref(), text.as_ref().copied(), "{raw}");
        }
    }

    #[test]
    fn what_is_escaped_reads_back() {
        for (version, text) in [
            (V1_2, "a\r\n:\\z"),
            (V1_1, "a\n:\\z"),
            (V1_0, "a:\\z"),
            (V1_2, ""),
            (V1_2, "\\n"),
            (V1_1, "한글:\n"),
        ] {
            let mut raw = String::new();
            escape(version, text, &mut raw);
            assert!(!raw.contains(['\r', '\n']), "{raw:?}");
            assert_eq!(unescape(version, &raw).as_deref(), Ok(text), "{raw:?}");
        }
    }

    #[test]
    fn no_line_end_ever_leaves() {
        for (version, text, raw) in
            [(V1_0, "a\r\nb", "ab"), (V1_1, "a\r\nb", r"a\nb"), (V1_2, "a\0b", "ab")]
        {
            let mut out = String::new();
            escape(version, text, &mut out);
            assert_eq!(out, raw);
        }
    }
}
