//! The decoders, and what must hold whatever they are given.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use engine::projection::ViewLimits;
use engine::record;
use gateway::xtrader::entry;
use gateway::xtrader::json::Object;
use gateway::{sockjs, stomp};
use journal::{Journal, Kind, Options, Reader, Storage};
use orison_core::Command;
use replay::tape::{self, LineEnd};
use tokio_tungstenite::tungstenite::WebSocket as Socket;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::Target;

/// Commands of a payload target and of a small journal.
const COMMANDS: u64 = 24;

fn clocks(directory: &std::path::Path) {
    let options = Options { segment_bytes: 8192, ..Options::default() };
    let visit = |_: journal::RecordView<'_>| Ok::<_, std::convert::Infallible>(());
    let (mut writer, _) = Journal::open(directory, &options, visit).unwrap();
    for sequence in 1..=COMMANDS {
        let payload = vec![sequence as u8; sequence as usize * 3];
        writer.append(sequence as u8, 1, sequence, sequence * 10, &payload).unwrap();
    }
    writer.close([1; 32], [2; 32]).unwrap();
}

/// The only segment of a journal that was closed.
pub(super) struct Segment {
    home: tempfile::TempDir,
    path: PathBuf,
    good: Vec<u8>,
}

impl Segment {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        clocks(home.path());
        let paths = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut named = paths.filter(|path| path.extension().is_some_and(|e| e == "seg"));
        let path = named.next().unwrap();
        let good = fs::read(&path).unwrap();
        Self { home, path, good }
    }
}

impl Target for Segment {
    const NAME: &'static str = "segment";
    const WORDS: &'static [&'static str] = &[];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        vec![self.good.clone()]
    }

    fn judge(&self, input: &[u8]) {
        fs::write(&self.path, input).unwrap();
        for boot in [None, Some([0; 16])] {
            let opened = match boot {
                None => Reader::open(self.home.path()),
                Some(boot) => Reader::open_in_boot(self.home.path(), boot),
            };
            let Ok(reader) = opened else { continue };
            let verified = journal::verify_reader(&reader, |_| {});
            let Ok(mut records) = reader.records_from(0) else { continue };
            let mut last = 0;
            while let Ok(Some(record)) = records.next() {
                let Kind::Command(kind) = record.kind else { continue };
                last += 1;
                let payload = vec![last as u8; last as usize * 3];
                let found = (record.sequence, kind, record.time_ns, record.payload);
                assert_eq!(found, (last, last as u8, last * 10, &payload[..]));
            }
            if let Ok(report) = verified {
                assert_eq!(report.commands, last);
            }
        }
    }
}

/// Kind, version, payload.
pub(super) struct Payload;

impl Target for Payload {
    const NAME: &'static str = "payload";
    const WORDS: &'static [&'static str] = &["BTC-KRW", "\0\0\0\0\0\0\0\0", "\u{1}"];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        let mut dice = crate::stream::Dice::new(1);
        let genesis = orison_core::command::Genesis::DEFAULT;
        let instrument = orison_core::command::InstrumentSpec::EMPTY;
        let commands = [Command::Clock, Command::Genesis(genesis), Command::Instrument(instrument)];
        let encoded = commands.iter().map(|command| {
            let encoded = record::encode(command);
            [&[encoded.kind, encoded.version], encoded.payload()].concat()
        });
        // Of all other kinds the width alone is right.
        let others = (0..=u8::MAX).filter_map(|kind| {
            let bytes = record::Kind::from_byte(kind)?.payload_bytes();
            let payload: Vec<u8> = (0..bytes).map(|_| dice.below(3) as u8).collect();
            Some([&[kind, 1], &payload[..]].concat())
        });
        encoded.chain(others).collect()
    }

    fn judge(&self, input: &[u8]) {
        let [kind, version, payload @ ..] = input else { return };
        if let Ok(command) = record::decode(*kind, *version, payload) {
            let again = record::encode(&command);
            assert_eq!((again.kind, again.version, again.payload()), (*kind, *version, payload));
        }
    }
}

/// A journal of `LINES`.
pub(super) fn tape_journal(home: &Path) -> PathBuf {
    let data = home.join("data");
    let line_end = LineEnd::Silent;
    let options = tape::Options { line_end, journal: Some(data.clone()), instruments: Vec::new() };
    tape::run(&options, LINES.as_bytes(), std::io::sink()).unwrap();
    data
}

/// A snapshot of a few commands.
pub(super) struct Snapshot {
    home: tempfile::TempDir,
    good: Vec<u8>,
}

impl Snapshot {
    pub(super) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let data = tape_journal(home.path());
        let storage = Storage::default();
        let taken =
            replay::snapshot::take(&storage, &data, ViewLimits::DEFAULT, None, |_| {}).unwrap();
        let good = fs::read(taken).unwrap();
        Self { home, good }
    }
}

impl Target for Snapshot {
    const NAME: &'static str = "snapshot";
    const WORDS: &'static [&'static str] = &["core", "witness", "ORISNAP1"];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        vec![self.good.clone()]
    }

    fn judge(&self, input: &[u8]) {
        let path = self.home.path().join("snapshot");
        fs::write(&path, input).unwrap();
        assert_eq!(replay::snapshot::check(&path).is_ok(), input == self.good);
        // A header alone proves nothing, and must not be trusted with a length.
        replay::snapshot::header(&path).ok();
    }
}

pub(super) struct Json;

impl Target for Json {
    const NAME: &'static str = "json";
    const WORDS: &'static [&'static str] =
        &["\"side\":", "\"count\":", "\\u0000", "1e999", "null", "[[[[", "{\"a\":", "-0"];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        [
            r#"{"side":"up","count":3}"#,
            r#"{"symbol":"BTC-KRW","side":"Buy","type":"Limit","price":"50000000.5","quantity":1,
               "post_only":true,"client_order_id":"a","expire_at":17000000000}"#,
        ]
        .map(|text| text.as_bytes().to_vec())
        .into()
    }

    fn judge(&self, input: &[u8]) {
        if let Ok(command) = entry::read_prayer(input) {
            let Command::Pray(pray) = command else { panic!("{command:?} is no prayer") };
            let encoded = record::encode(&Command::Pray(pray));
            let again = record::decode(encoded.kind, encoded.version, encoded.payload());
            assert_eq!(again, Ok(Command::Pray(pray)), "what is accepted can be journaled");
        }
        let Ok(mut object) = Object::parse(input) else { return };
        for name in ["symbol", "side", "type", "client_order_id"] {
            let text = object.text(name);
            assert!(text.is_err() || !object.has(name), "{name} was taken");
        }
        for name in ["price", "quantity"] {
            if let Ok(Some(Some(decimal))) = object.decimal(name) {
                assert!(decimal.to_string().len() < 64, "{decimal}");
            }
        }
        object.flag("post_only").ok();
        object.count("expire_at").ok();
        object.finish().ok();
    }
}

/// Bytes behind a handshake.
pub(super) struct WebSocket;

const MESSAGE_BYTES_MAX: usize = 64 << 10;

impl Target for WebSocket {
    const NAME: &'static str = "websocket";
    const WORDS: &'static [&'static str] = &["\u{1}", "\u{7e}", "\u{7f}"];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        let frame = |head: [u8; 2], body: &[u8]| [&head[..], &[0; 4], body].concat();
        let long = [&[0x81, 0xfe, 1, 0][..], &[0; 4], &[b'x'; 256]].concat();
        let cut = [frame([0x01, 0x82], b"ab"), frame([0x80, 0x81], b"c")].concat();
        vec![frame([0x81, 0x85], b"hello"), frame([0x89, 0x80], b""), long, cut]
    }

    fn judge(&self, input: &[u8]) {
        let config = WebSocketConfig::default()
            .max_message_size(Some(MESSAGE_BYTES_MAX))
            .max_frame_size(Some(MESSAGE_BYTES_MAX));
        let stream = Cursor::new(input.to_vec());
        let mut socket = Socket::from_raw_socket(stream, Role::Server, Some(config));
        while let Ok(message) = socket.read() {
            assert!(message.len() <= MESSAGE_BYTES_MAX, "{} bytes", message.len());
        }
    }
}

pub(super) struct Stomp;

impl Target for Stomp {
    const NAME: &'static str = "stomp";
    const WORDS: &'static [&'static str] =
        &["\0", "\n\n", "\r\n", "content-length:5\n", "SEND\n", "\\c", "receipt:1\n", ":"];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        [
            "CONNECT\naccept-version:1.2\nheart-beat:0,0\n\n\0",
            "SEND\ndestination:/app/prayer\ncontent-length:23\n\n{\"side\":\"up\",\"count\":3}\0\n",
            "SUBSCRIBE\nid:0\ndestination:/topic/*\n\n\0\nDISCONNECT\nreceipt:77\n\n\0",
        ]
        .map(|text| text.as_bytes().to_vec())
        .into()
    }

    fn judge(&self, input: &[u8]) {
        let whole = stomp::count_frames(&[input]);
        let each: Vec<&[u8]> = input.chunks(1).collect();
        let halves = input.split_at(input.len() / 2);
        assert_eq!(stomp::count_frames(&[halves.0, halves.1]), whole);
        if input.len() < 4096 {
            assert_eq!(stomp::count_frames(&each), whole);
        }
    }
}

pub(super) struct SockJs;

impl Target for SockJs {
    const NAME: &'static str = "sockjs";
    const WORDS: &'static [&'static str] = &["[\"", "\"]", "\\ud83d", "\\udc00", "d=", "%22", ","];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        [r#"["a","b\ud83d\ude00"]"#, r#""alone""#, "d=%5B%22a%22%5D", "[]"]
            .map(|text| text.as_bytes().to_vec())
            .into()
    }

    fn judge(&self, input: &[u8]) {
        let [body, _form, frame] = sockjs::count_messages(input);
        if let (Some(body), Some(frame)) = (body, frame) {
            assert_eq!(body, frame, "an array is the same on every transport");
        }
        if body.is_some_and(|count| count > 0) {
            let form: String = input.iter().map(|byte| format!("%{byte:02X}")).collect();
            let [_, form, _] = sockjs::count_messages(format!("d={form}").as_bytes());
            assert_eq!(form, body, "a form holds the same");
        }
    }
}

const LINES: &str = r#"
{"op":"new","id":"1","side":"sell","type":"limit","price":"100","quantity":"10"}
{"op":"new","id":"2","side":"buy","type":"limit","price":"130","quantity":"4"}
{"op":"cancel","id":"1"}
"#;

pub(super) struct Tape;

impl Tape {
    fn answers(input: &[u8]) -> Vec<u8> {
        let mut output = Vec::new();
        let options =
            tape::Options { line_end: LineEnd::Done, journal: None, instruments: Vec::new() };
        tape::run(&options, input, &mut output).unwrap();
        output
    }
}

impl Target for Tape {
    const NAME: &'static str = "tape";
    const WORDS: &'static [&'static str] =
        &["\"op\":\"amend\"", "\"stop\"", "\"quantity\":\"0\"", "\n", "9223372036854775807", "-1"];

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        vec![LINES.as_bytes().to_vec()]
    }

    fn judge(&self, input: &[u8]) {
        let answers = Self::answers(input);
        assert_eq!(Self::answers(input), answers, "the same tape, the same answers");
        for line in answers.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let value: Result<serde_json::Value, _> = serde_json::from_slice(line);
            assert!(value.is_ok(), "{}", String::from_utf8_lossy(line));
        }
    }
}
