//! Every text a browser can send comes back as it was; what transports mangle leaves escaped.

use crate::server::{Server, session};

/// From U+0000 to U+FFFF, without halves of surrogate pairs.
fn basic_plane() -> impl Iterator<Item = char> {
    (0..=0xffff).filter_map(char::from_u32)
}

/// `[\x00-\x1f\u200c-\u200f\u2028-\u202f\u2060-\u206f\ufff0-\uffff]`
fn is_escaped_by_server(code: u32) -> bool {
    let ranges =
        [(0, 0x1f), (0x200c, 0x200f), (0x2028, 0x202f), (0x2060, 0x206f), (0xfff0, 0xffff)];
    ranges.iter().any(|(from, to)| (*from..=*to).contains(&code))
}

#[tokio::test]
async fn the_server_escapes_what_it_must() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let killers = basic_plane().filter(|c| u32::from(*c) > 255);
    let killers: String = killers.filter(|c| is_escaped_by_server(u32::from(*c))).collect();
    server.say(&session, &format!("[\"{killers}\"]")).await;
    let escaped: String = killers.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    assert_eq!(server.poll(&session).await, format!("a[\"{escaped}\"]\n"));
}

#[tokio::test]
async fn whatever_is_escaped_by_a_client_comes_back_the_same() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    let all: String = basic_plane().chain(['😀', '\u{10ffff}']).collect();
    let units = all.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
    server.say(&session, &format!("[\"{}\"]", units.collect::<String>())).await;
    let polled = server.poll(&session).await;
    let read: Vec<String> = serde_json::from_str(polled.strip_prefix('a').unwrap()).unwrap();
    assert_eq!(read, [all]);
    let raw = polled.chars().filter(|c| *c != '\n' && is_escaped_by_server(u32::from(*c)));
    assert_eq!(raw.count(), 0);
}

#[tokio::test]
async fn half_a_pair_becomes_the_replacement_character() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(server.poll(&session).await, "o\n");
    server.say(&session, r#"["a\ud83db", "\ude00"]"#).await;
    assert_eq!(server.poll(&session).await, "a[\"a\\ufffdb\",\"\\ufffd\"]\n");
}
