//! RFC 6455 on the raw echo, row by row as the public suite asks: framing, control frames,
//! reserved bits and opcodes, fragmentation, UTF-8, closing, large messages.

use crate::frames::{BINARY, CLOSE, CONTINUATION, FINAL, PING, PONG, TEXT, Ws, close, frame};
use crate::server::Server;

const ECHO: &str = "/echo/websocket";

#[tokio::test]
async fn messages_of_every_length_come_back() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, ECHO).await;
    for kind in [TEXT, BINARY] {
        for length in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1 << 20] {
            let payload = vec![b'*'; length];
            ws.send(FINAL | kind, &payload).await;
            assert!(ws.read().await == (FINAL | kind, payload), "{length}");
        }
    }
}

#[tokio::test]
async fn sixteen_mebibytes_come_back_in_one_frame_or_many() {
    const LARGEST: usize = 16 << 20;
    let server = Server::start().await;
    let mut ws = Ws::open(&server, ECHO).await;
    for kind in [TEXT, BINARY] {
        let payload = vec![b'x'; LARGEST];
        ws.send(FINAL | kind, &payload).await;
        assert!(ws.read().await == (FINAL | kind, payload.clone()), "in one frame");
        let mut parts = payload.chunks(1 << 16).peekable();
        let mut opcode = kind;
        while let Some(part) = parts.next() {
            let last = if parts.peek().is_none() { FINAL } else { 0 };
            ws.send(last | opcode, part).await;
            opcode = CONTINUATION;
        }
        assert!(ws.read().await == (FINAL | kind, payload), "in many");
    }
    ws.send(TEXT, vec![b'x'; LARGEST]).await;
    ws.send(FINAL | CONTINUATION, "x").await;
    assert_eq!(ws.ended().await.0, Some(1009));
    let mut ws = Ws::open(&server, ECHO).await;
    // Its head says it all.
    ws.client.write(&frame(FINAL | BINARY, &vec![0; LARGEST + 1])[..14]).await;
    assert_eq!(ws.ended().await.0, Some(1009));
}

#[tokio::test]
async fn a_frame_may_come_byte_by_byte() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, ECHO).await;
    for (first, payload) in [(TEXT, "κόσμε 😀".to_owned()), (BINARY, "x".repeat(300))] {
        for byte in frame(FINAL | first, payload.as_bytes()) {
            ws.client.write(&[byte]).await;
        }
        assert_eq!(ws.read().await, (FINAL | first, payload.into_bytes()));
    }
}

#[tokio::test]
async fn pings_are_answered_in_order_and_pongs_are_not() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, ECHO).await;
    ws.send(FINAL | PONG, "unasked").await;
    for payload in [&b""[..], b"Hello, world!", b"\x00\xff\xfe\xfd", &[0xfe; 125]] {
        ws.send(FINAL | PING, payload).await;
        assert_eq!(ws.read().await, (FINAL | PONG, payload.to_vec()));
    }
    let pings: Vec<u8> = (0..10)
        .flat_map(|index| frame(FINAL | PING, format!("payload-{index}").as_bytes()))
        .collect();
    ws.client.write(&pings).await;
    for index in 0..10 {
        let expected = format!("payload-{index}").into_bytes();
        assert_eq!(ws.read().await, (FINAL | PONG, expected));
    }
    ws.text("and on").await;
    assert_eq!(ws.read_text().await, "and on");
}

/// What it is, its frames, and the code that it is answered with.
type Breach<'a> = (&'a str, Vec<(u8, &'a [u8])>, u16);

/// Frames, then the code that the server closes with; before it every whole message comes back.
#[tokio::test]
async fn what_breaks_the_protocol_closes_the_connection() {
    let server = Server::start().await;
    let long = [0xfe; 126];
    let mut rows: Vec<Breach<'_>> = vec![
        ("a ping of 126 bytes", vec![(FINAL | PING, &long)], 1002),
        ("a pong of 126 bytes", vec![(FINAL | PONG, &long)], 1002),
        ("a close of 126 bytes", vec![(FINAL | CLOSE, &long)], 1002),
        ("a fragmented ping", vec![(PING, b"a"), (FINAL | CONTINUATION, b"b")], 1002),
        ("a fragmented pong", vec![(PONG, b"a"), (FINAL | CONTINUATION, b"b")], 1002),
        ("a continuation of nothing", vec![(FINAL | CONTINUATION, b"a")], 1002),
        ("an open continuation of nothing", vec![(CONTINUATION, b"a")], 1002),
        ("a text within a message", vec![(TEXT, b"a"), (FINAL | TEXT, b"b")], 1002),
        ("a binary within a message", vec![(BINARY, b"a"), (BINARY, b"b")], 1002),
        ("a close of one byte", vec![(FINAL | CLOSE, b"\x03")], 1002),
        ("a close with a wrong reason", vec![(FINAL | CLOSE, b"\x03\xe8\xce\xba\xed\xa0")], 1007),
        ("half a character", vec![(FINAL | TEXT, b"\xce")], 1007),
        ("a surrogate", vec![(FINAL | TEXT, b"\xed\xa0\x80edited")], 1007),
        ("an overlong form", vec![(FINAL | TEXT, b"\xc0\xaf")], 1007),
        ("beyond the last plane", vec![(FINAL | TEXT, b"\xf4\x90\x80\x80")], 1007),
        ("known wrong before its end", vec![(TEXT, b"\xce\xba\xf4\x90\x80\x80")], 1007),
        ("wrong in a later part", vec![(TEXT, b"\xce"), (CONTINUATION, b"\xba\xed\xa0")], 1007),
        ("wrong across two parts", vec![(TEXT, b"\xf4"), (CONTINUATION, b"\x90")], 1007),
        ("cut off at its end", vec![(TEXT, b"\xce"), (FINAL | CONTINUATION, b"")], 1007),
    ];
    for bits in [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70] {
        for first in [FINAL | TEXT, FINAL | BINARY, FINAL | PING, FINAL | CLOSE] {
            rows.push(("reserved bits", vec![(first | bits, b"")], 1002));
        }
    }
    for opcode in [3, 4, 5, 6, 7, 0xb, 0xc, 0xd, 0xe, 0xf] {
        rows.push(("a reserved opcode", vec![(FINAL | opcode, b"")], 1002));
    }
    for (what, frames, code) in rows {
        for begin in [&[][..], &[(FINAL | TEXT, &b"before"[..])]] {
            let mut ws = Ws::open(&server, ECHO).await;
            let all = begin.iter().chain(&frames);
            let bytes: Vec<u8> = all.flat_map(|(first, payload)| frame(*first, payload)).collect();
            ws.client.write(&bytes).await;
            if !begin.is_empty() {
                assert_eq!(ws.read_text().await, "before", "{what}");
            }
            assert_eq!(ws.ended().await.0, Some(code), "{what}: {frames:?}");
        }
    }
    let mut ws = Ws::open(&server, ECHO).await;
    ws.client.write(b"\x81\x01a").await;
    assert_eq!(ws.ended().await.0, Some(1002), "a frame without a mask");
}

/// The frame is announced whole, but ends where the text cannot be right any more.
#[tokio::test]
async fn a_wrong_octet_closes_before_its_frame_is_whole() {
    let server = Server::start().await;
    for (right, wrong) in [
        (&b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4"[..], &b"\x90"[..]),
        (b"\xce\xba", b"\xff"),
        (b"", b"\x80"),
        (b"\xed", b"\xa0"),
    ] {
        let text = [right, wrong, b"\x80\x80edited"].concat();
        for before in [&[][..], &frame(TEXT, b"one "), &frame(FINAL | TEXT, b"whole")] {
            let mut ws = Ws::open(&server, ECHO).await;
            let is_part = before.first() == Some(&TEXT);
            let opcode = if is_part { CONTINUATION } else { TEXT };
            let bytes = frame(FINAL | opcode, &text);
            ws.client.write(before).await;
            ws.client.write(&bytes[..6 + right.len()]).await;
            ws.client.write(&bytes[6 + right.len()..][..wrong.len()]).await;
            if before.first() == Some(&(FINAL | TEXT)) {
                assert_eq!(ws.read_text().await, "whole");
            }
            assert_eq!(ws.closed().await.0, Some(1007), "{text:02x?}");
            ws.client.write(&bytes[6 + right.len() + wrong.len()..]).await;
            assert!(ws.client.is_closed().await);
        }
    }
}

#[tokio::test]
async fn fragments_come_back_as_one_message_with_pongs_between() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, ECHO).await;
    for kind in [TEXT, BINARY] {
        ws.send(kind, "a").await;
        for part in ["", "b", ""] {
            ws.send(FINAL | PING, part).await;
            assert_eq!(ws.read().await, (FINAL | PONG, part.as_bytes().to_vec()));
            ws.send(CONTINUATION, part).await;
        }
        ws.send(FINAL | CONTINUATION, "c").await;
        assert_eq!(ws.read().await, (FINAL | kind, b"abc".to_vec()));
        ws.send(kind, "").await;
        ws.send(FINAL | CONTINUATION, "").await;
        assert_eq!(ws.read().await, (FINAL | kind, Vec::new()));
    }
    let large = "*".repeat(65_536);
    let mut bytes = Vec::new();
    for (index, part) in large.as_bytes().chunks(1300).enumerate() {
        let last = if (index + 1) * 1300 >= large.len() { FINAL } else { 0 };
        bytes.extend(frame(last | if index == 0 { TEXT } else { CONTINUATION }, part));
    }
    ws.client.write(&bytes).await;
    assert_eq!(ws.read_text().await, large);
}

#[tokio::test]
async fn every_right_text_comes_back_however_it_is_cut() {
    let server = Server::start().await;
    let mut ws = Ws::open(&server, ECHO).await;
    for text in [
        "Hello-µ@ßöäüàá-UTF-8!!",
        "κόσμε",
        "\0",
        "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}",
        "\u{d7ff}\u{e000}\u{fffd}\u{feff}",
        "\u{fdd0}\u{fffe}\u{1fffe}\u{10fffe}",
    ] {
        ws.text(text).await;
        assert_eq!(ws.read_text().await, text);
        for size in 1..4 {
            let mut opcode = TEXT;
            for part in text.as_bytes().chunks(size) {
                ws.send(opcode, part).await;
                opcode = CONTINUATION;
            }
            ws.send(FINAL | CONTINUATION, "").await;
            assert_eq!(ws.read_text().await, text, "cut into {size}");
        }
    }
}

#[tokio::test]
async fn a_close_is_answered_in_kind() {
    let server = Server::start().await;
    let reason = "*".repeat(123);
    for code in
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999]
    {
        for reason in ["", "why", &reason] {
            let mut ws = Ws::open(&server, ECHO).await;
            ws.send(FINAL | CLOSE, close(Some(code), reason)).await;
            assert_eq!(ws.closed().await, (Some(code), reason.to_owned()));
            assert!(ws.client.is_closed().await);
        }
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        let mut ws = Ws::open(&server, ECHO).await;
        ws.send(FINAL | CLOSE, close(Some(code), "")).await;
        assert_eq!(ws.closed().await.0, Some(1002), "{code}");
        assert!(ws.client.is_closed().await);
    }
    let mut ws = Ws::open(&server, ECHO).await;
    ws.send(FINAL | CLOSE, b"").await;
    assert_eq!(ws.closed().await, (None, String::new()));
    assert!(ws.client.is_closed().await);
}

/// All at once: what comes before the close is answered, what comes after it is not.
#[tokio::test]
async fn a_close_parts_what_is_answered_from_what_is_not() {
    let server = Server::start().await;
    let large = "x".repeat(1 << 20);
    for (after, payload) in [(TEXT, "late"), (PING, "late"), (CLOSE, "")] {
        for texts in [["one", "two", "three"], ["one", "two", &large], [&large, &large, "three"]] {
            let mut ws = Ws::open(&server, ECHO).await;
            let mut bytes = Vec::new();
            for text in texts {
                bytes.extend(frame(FINAL | TEXT, text.as_bytes()));
            }
            bytes.extend(frame(FINAL | CLOSE, &close(Some(1000), "")));
            bytes.extend(frame(FINAL | after, payload.as_bytes()));
            ws.client.write(&bytes).await;
            for text in texts {
                assert!(ws.read_text().await == text, "{} bytes", text.len());
            }
            assert_eq!(ws.closed().await.0, Some(1000));
            assert!(ws.client.is_closed().await);
        }
    }
}
