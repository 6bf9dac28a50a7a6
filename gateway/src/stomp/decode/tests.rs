//! Rows for the codec: frames that are right, in every cut; and what is fatal.

use super::*;

/// All frames of the bytes, or what is wrong with them.
fn decoded(version: Version, bytes: &[u8]) -> Result<Vec<String>, DecodeError> {
    let mut decoder = Decoder { version, ..Decoder::new() };
    decoder.feed(bytes);
    drained(&mut decoder)
}

fn drained(decoder: &mut Decoder) -> Result<Vec<String>, DecodeError> {
    let mut shown = Vec::new();
    while let Some(frame) = decoder.next()? {
        shown.push(show(&frame));
    }
    Ok(shown)
}

/// `VERB name=value|..|body`
fn show(frame: &Frame) -> String {
    let mut text = frame.verb.word().to_owned();
    for name in ["destination", "id", "foo", "a:b", "accept-version", "receipt"] {
        if let Some(value) = frame.headers.get(name) {
            text += &format!(" {name}={value:?}");
        }
    }
    format!("{text}|{}", frame.body.escape_ascii())
}

#[test]
fn frames_are_read() {
    let rows: &[(&[u8], &[&str])] = &[
        (b"SEND\ndestination:/a\n\nhi\0", &[r#"SEND destination="/a"|hi"#]),
        (b"SEND\r\ndestination:/a\r\n\r\nhi\0", &[r#"SEND destination="/a"|hi"#]),
        (b"SEND\r\ndestination:/a\n\r\nhi\0", &[r#"SEND destination="/a"|hi"#]),
        (b"\n\r\n\nSEND\n\n\0", &["SEND|"]),
        (b"SEND\n\n\0\n\n\r\nSEND\n\nx\0\n", &["SEND|", "SEND|x"]),
        (b"SEND\ncontent-length:3\n\na\0b\0", &[r"SEND|a\x00b"]),
        (b"SEND\ncontent-length:0\n\n\0", &["SEND|"]),
        (
            b"SEND\ncontent-length:5\n\n\0\0\0\0\0\0SEND\n\n\0",
            &[r"SEND|\x00\x00\x00\x00\x00", "SEND|"],
        ),
        (b"SEND\ncontent-length:1\ncontent-length:9\n\na\0", &["SEND|a"]),
        (b"SEND\nfoo: a \nfoo:b\n\n\0", &[r#"SEND foo=" a "|"#]),
        (b"SEND\nfoo:a:b\n\n\0", &[r#"SEND foo="a:b"|"#]),
        (b"SEND\nfoo:\n\n\0", &[r#"SEND foo=""|"#]),
        (b"SEND\na\\cb:c\\nd\\\\e\\r\n\n\0", &[r#"SEND a:b="c\nd\\e\r"|"#]),
        (
            b"CONNECT\nfoo:a\\tb\\\naccept-version:1.2\n\n\0",
            &[r#"CONNECT foo="a\\tb\\" accept-version="1.2"|"#],
        ),
        (b"STOMP\n\n\0", &["CONNECT|"]),
        (
            b"SUBSCRIBE\nid:0\ndestination:/a\ncontent-length:0\n\n\0",
            &[r#"SUBSCRIBE destination="/a" id="0"|"#],
        ),
        (b"SEND\n\na\r\nb\n\0", &[r"SEND|a\r\nb\n"]),
        (b"SEND\n\n\xff\xfe\0", &[r"SEND|\xff\xfe"]),
        (b"SEND\n\nunfinished", &[]),
        (b"\n", &[]),
        (b"", &[]),
        (b"\r", &[]),
    ];
    for (bytes, expected) in rows {
        let shown = decoded(Version::V1_2, bytes);
        assert_eq!(shown.as_deref(), Ok(&expected.map_owned()[..]), "{}", bytes.escape_ascii());
    }
}

trait Owned {
    fn map_owned(&self) -> Vec<String>;
}

impl Owned for &[&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|&text| text.to_owned()).collect()
    }
}

#[test]
fn frames_are_the_same_however_they_are_cut() {
    let bytes = b"\n\r\nSEND\r\ndestination:/a\\cb\ncontent-length:4\n\n\0\r\n\0\0\n\n\
        SUBSCRIBE\nid:7\n\n\0\
        SEND\nfoo:bar\n\nbody without length\0\n";
    let whole = decoded(Version::V1_2, bytes).unwrap();
    assert_eq!(whole.len(), 3);
    for first in 0..=bytes.len() {
        for second in [first, bytes.len().min(first + 1), bytes.len().min(first + 7)] {
            let mut decoder = Decoder { version: Version::V1_2, ..Decoder::new() };
            let mut shown = Vec::new();
            for piece in [&bytes[..first], &bytes[first..second], &bytes[second..]] {
                decoder.feed(piece);
                shown.append(&mut drained(&mut decoder).unwrap());
            }
            assert_eq!(shown, whole, "cut at {first} and {second}");
        }
    }
}

#[test]
fn what_is_wrong_is_named() {
    // One more than a line and the CR that may end it.
    let long = "x".repeat(LINE_BYTES_MAX + 2);
    let many: String = (0..=HEADERS_MAX).map(|n| format!("h{n}:v\n")).collect();
    let wide: String = (0..9).map(|n| format!("h{n}:{}\n", "v".repeat(8_000))).collect();
    let rows: Vec<(Vec<u8>, DecodeError)> = vec![
        (b"HELLO\n\n\0".to_vec(), DecodeError::Command),
        (b"send\n\n\0".to_vec(), DecodeError::Command),
        (b" SEND\n\n\0".to_vec(), DecodeError::Command),
        (b"MESSAGE\n\n\0".to_vec(), DecodeError::Command),
        (b"\0".to_vec(), DecodeError::Nul),
        (b"SEND\0".to_vec(), DecodeError::Nul),
        (b"SEND\nfoo:b\0".to_vec(), DecodeError::Nul),
        (b"SEND\rfoo:b\n\n\0".to_vec(), DecodeError::CarriageReturn),
        (b"SEND\nfoo:a\rb\n\n\0".to_vec(), DecodeError::CarriageReturn),
        (b"\rSEND\n\n\0".to_vec(), DecodeError::CarriageReturn),
        (b"SEND\nfoo\n\n\0".to_vec(), DecodeError::Header),
        (b"SEND\n:foo\n\n\0".to_vec(), DecodeError::Header),
        (b"SEND\nfoo:\\t\n\n\0".to_vec(), DecodeError::Escape),
        (b"SEND\nfoo:\\\n\n\0".to_vec(), DecodeError::Escape),
        (b"SEND\nfoo:\xff\n\n\0".to_vec(), DecodeError::Utf8),
        (b"SEND\ncontent-length:x\n\n\0".to_vec(), DecodeError::ContentLength),
        (b"SEND\ncontent-length:\n\n\0".to_vec(), DecodeError::ContentLength),
        (b"SEND\ncontent-length:-1\n\n\0".to_vec(), DecodeError::ContentLength),
        (b"SEND\ncontent-length:+1\n\na\0".to_vec(), DecodeError::ContentLength),
        (b"SEND\ncontent-length:1\n\nab\0".to_vec(), DecodeError::Unterminated),
        (b"SEND\ncontent-length:65537\n\n".to_vec(), DecodeError::Frame),
        (b"SEND\ncontent-length:99999999999999999999999\n\n".to_vec(), DecodeError::Frame),
        (b"SUBSCRIBE\nid:1\n\nbody\0".to_vec(), DecodeError::Body),
        (b"CONNECT\ncontent-length:1\n\nb\0".to_vec(), DecodeError::Body),
        (format!("SEND\nfoo:{long}\n\n\0").into_bytes(), DecodeError::Line),
        (format!("SEND\n{long}").into_bytes(), DecodeError::Line),
        (long.clone().into_bytes(), DecodeError::Line),
        (format!("SEND\n{many}\n\0").into_bytes(), DecodeError::Headers),
        (format!("SEND\n{wide}\n\0").into_bytes(), DecodeError::Frame),
        (format!("SEND\n\n{}", "b".repeat(FRAME_BYTES_MAX)).into_bytes(), DecodeError::Frame),
    ];
    for (bytes, expected) in rows {
        let start = bytes[..bytes.len().min(60)].escape_ascii().to_string();
        assert_eq!(decoded(Version::V1_2, &bytes), Err(expected), "{start}");
    }
    let in_1_1 = decoded(Version::V1_1, b"SEND\nfoo:\\r\n\n\0");
    assert_eq!(in_1_1, Err(DecodeError::Escape), "1.1 has no escape for CR");
    let in_1_0 = decoded(Version::V1_0, b"SEND\nfoo:a\\tb\n\n\0");
    assert_eq!(in_1_0.unwrap(), [r#"SEND foo="a\\tb"|"#], "1.0 has no escapes");
}

#[test]
fn the_largest_frame_is_taken_and_one_byte_more_is_not() {
    let head = "SEND\n\n";
    let body = "b".repeat(FRAME_BYTES_MAX - head.len());
    assert_eq!(decoded(Version::V1_2, format!("{head}{body}\0").as_bytes()).unwrap().len(), 1);
    let more = decoded(Version::V1_2, format!("{head}{body}b\0").as_bytes());
    assert_eq!(more, Err(DecodeError::Frame));
}

#[test]
fn the_receipt_of_a_broken_frame_is_known() {
    let mut decoder = Decoder::new();
    decoder.feed(b"SEND\nreceipt:r-1\nfoo\n\n\0");
    assert!(decoder.next().is_err());
    assert_eq!(decoder.receipt(), Some("r-1"));
}
