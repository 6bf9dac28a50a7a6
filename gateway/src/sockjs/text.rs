//! JSON strings as SockJS wants them on the wire: everything escaped that a browser's transport
//! would mangle.

/// Characters that leave as `\uXXXX`, beside the control characters.
fn is_escaped(character: char) -> bool {
    matches!(
        character,
        '\u{200c}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff0}'..='\u{ffff}'
    )
}

/// Appends the text as a JSON string, in lower-case escapes.
pub(super) fn push_json(out: &mut String, text: &str) {
    out.push('"');
    let mut plain_from = 0;
    for (at, character) in text.char_indices() {
        let escape = match character {
            '"' => "\\\"",
            '\\' => "\\\\",
            '\u{8}' => "\\b",
            '\t' => "\\t",
            '\n' => "\\n",
            '\u{c}' => "\\f",
            '\r' => "\\r",
            character if character < ' ' || is_escaped(character) => "",
            _ => continue,
        };
        out.push_str(&text[plain_from..at]);
        plain_from = at + character.len_utf8();
        if escape.is_empty() {
            push_escape(out, character);
        } else {
            out.push_str(escape);
        }
    }
    out.push_str(&text[plain_from..]);
    out.push('"');
}

/// The character is of the basic plane.
fn push_escape(out: &mut String, character: char) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push_str("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = (u32::from(character) >> shift & 0xf) as usize;
        out.push(char::from(DIGITS[digit]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let mut out = String::new();
        push_json(&mut out, text);
        out
    }

    #[test]
    fn what_browsers_mangle_is_escaped_and_nothing_else_is() {
        for (text, expected) in [
            ("", r#""""#),
            ("a가😀\u{7f}\u{ad}", "\"a가😀\u{7f}\u{ad}\""),
            ("\"\\/", r#""\"\\/""#),
            ("  \0\n\r ", r#""  \u0000\n\r ""#),
            ("\u{8}\t\u{c}\u{b}\u{1f}", r#""\b\t\f\u000b\u001f""#),
            ("\u{200b}\u{200c}\u{200f}\u{2010}", "\"\u{200b}\\u200c\\u200f\u{2010}\""),
            ("\u{2027}\u{2028}\u{202f}\u{2030}", "\"\u{2027}\\u2028\\u202f\u{2030}\""),
            ("\u{2060}\u{206f}\u{2070}", "\"\\u2060\\u206f\u{2070}\""),
            ("\u{ffef}\u{fff0}\u{ffff}\u{10000}", "\"\u{ffef}\\ufff0\\uffff\u{10000}\""),
        ] {
            assert_eq!(json(text), expected);
            assert_eq!(serde_json::from_str::<String>(&json(text)).unwrap(), text);
        }
    }
}
