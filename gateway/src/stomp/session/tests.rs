//! Rows for the state machine: frames in, frames and acts out, with a clock that we move.

use super::*;
use crate::fanout::{Asker, Place};
use crate::stomp::subscriptions::{SUBSCRIPTIONS_MAX, UNACKED_MAX};

/// A session and what it did last.
struct Bench {
    session: Session,
    now: Instant,
}

impl Bench {
    fn new() -> Self {
        let now = Instant::now();
        let identity = Arc::new(Identity::open());
        let standing = Standing::new(identity.of_nobody(), [127, 0, 0, 1].into(), now);
        let session = Session::new("s".into(), Settings::DEFAULT, identity, standing, now);
        Self { session, now }
    }

    /// `headers` of CONNECT, each line ended.
    fn connected(headers: &str) -> Self {
        let mut bench = Self::new();
        bench.hear(&format!("CONNECT\n{headers}\n\0"));
        bench
    }

    fn of(version: &str) -> Self {
        Self::connected(&format!("accept-version:{version}\n"))
    }

    fn hear(&mut self, text: &str) -> Vec<Act> {
        let mut acts = Vec::new();
        self.session.on_bytes(text.as_bytes(), self.now, &mut acts);
        acts
    }

    /// What the acts say, in words.
    fn told(&mut self, text: &str) -> Vec<String> {
        self.hear(text).iter().map(shown).collect()
    }

    fn pass(&mut self, millis: u64) -> Vec<String> {
        self.now += Duration::from_millis(millis);
        let mut acts = Vec::new();
        self.session.on_timer(self.now, &mut acts);
        acts.iter().map(shown).collect()
    }

    fn deliver(&mut self, destination: &str, body: &str) -> Vec<String> {
        self.deliver_as(Told::Changed, destination, body)
    }

    fn deliver_as(&mut self, told: Told, destination: &str, body: &str) -> Vec<String> {
        let mut out = VecDeque::new();
        let body = Utf8Bytes::from(body);
        let destination = (&destination.into(), Spelling::Ours);
        self.session.deliver(destination, &body, told, &mut out).unwrap();
        out.iter().map(|text| oneline(text.as_str())).collect()
    }
}

/// Frames with `|` for their line ends and `^@` for NUL.
fn oneline(text: &str) -> String {
    text.replace('\n', "|").replace('\0', "^@")
}

fn shown(act: &Act) -> String {
    match act {
        Act::Say(text) => oneline(text.as_str()),
        Act::Beat => "beat".into(),
        Act::Subscribe { key, receipt: None } => format!("subscribe {key}"),
        Act::Subscribe { key, receipt: Some(receipt) } => format!("subscribe {key} {receipt}"),
        Act::Unsubscribe { receipt } => format!("unsubscribe{}", also(receipt)),
        Act::Pray(Petition { bodies, settles, receipt }) => match settles.len() {
            0 => format!("pray {bodies:?} {receipt:?}"),
            settled => format!("pray {bodies:?} {receipt:?}, then settle {settled}"),
        },
        Act::Refuse { refusal, receipt } => format!("refuse {refusal:?} {receipt:?}"),
        Act::Leave { receipt } => format!("leave{}", also(receipt)),
        Act::Fail { error, farewell } => {
            format!("fail {} {}", farewell.code, oneline(error.as_str()))
        }
        Act::Close(farewell) => format!("close {} {}", farewell.code, farewell.reason),
    }
}

fn also(receipt: &Option<Utf8Bytes>) -> String {
    receipt.as_ref().map_or_else(String::new, |text| format!(" {}", oneline(text.as_str())))
}

/// The message of the ERROR that a frame leads to, and the code that follows it.
fn fault(bench: &mut Bench, text: &str) -> (u16, String) {
    let acts = bench.hear(text);
    let Some(Act::Fail { error, farewell }) = acts.last() else { panic!("{text:?}: {acts:?}") };
    let mut lines = error.as_str().lines();
    assert_eq!(lines.next(), Some("ERROR"), "{text:?}");
    let message = lines.find_map(|line| line.strip_prefix("message:")).unwrap();
    assert_eq!(bench.told("SEND\ndestination:/app/prayer\n\n\0"), [""; 0], "nothing after ERROR");
    (farewell.code, message.to_owned())
}

#[test]
fn connecting_agrees_on_version_and_heart_beats() {
    let server = concat!("server:orison/", env!("CARGO_PKG_VERSION"));
    for (connect, connected) in [
        ("CONNECT\n\n\0", "version:1.0|session:s|SERVER"),
        (
            "CONNECT\naccept-version:1.2,1.1,1.0\nheart-beat:10000,10000\n\n\0",
            "version:1.2|heart-beat:10000,10000|session:s|SERVER",
        ),
        (
            "STOMP\naccept-version:1.1\nhost:localhost\nlogin:alice\npasscode:x\nreceipt:r\n\n\0",
            "version:1.1|heart-beat:10000,10000|session:s|SERVER|user-name:alice",
        ),
        (
            "\n\r\nCONNECT\r\naccept-version:1.2\r\nlogin:\r\n\r\n\0\n",
            "version:1.2|heart-beat:10000,10000|session:s|SERVER",
        ),
    ] {
        let connected = format!("CONNECTED|{}||^@", connected.replace("SERVER", server));
        assert_eq!(Bench::new().told(connect), [connected], "{connect:?}");
    }
}

#[test]
fn what_a_session_does_not_survive_is_told_once_with_its_code() {
    let long = "x".repeat(40);
    for (version, frame, message) in [
        ("", "SEND\n\n\0", "the first frame must be CONNECT or STOMP"),
        ("", "CONNECT\naccept-version:2.0\n\n\0", "supported protocol versions are 1.0 1.1 1.2"),
        (
            "",
            "CONNECT\naccept-version:1.1\nheart-beat:x\n\n\0",
            r"heart-beat must be two numbers of milliseconds",
        ),
        (
            "1.0",
            "SUBSCRIBE\ndestination:/topic/a\nfrom_sequence:+1\n\n\0",
            "from_sequence must be the number of a command",
        ),
        (
            "",
            &format!("CONNECT\nlogin:{long}\n\n\0"),
            "login is no name of an account: 1 to 32 printable ASCII characters",
        ),
        ("1.2", "CONNECT\n\n\0", "already connected"),
        ("1.2", "STOMP\n\n\0", "already connected"),
        ("1.2", "HELLO\n\n\0", r"malformed frame\c unknown command"),
        ("1.2", "CONNECTED\n\n\0", r"malformed frame\c unknown command"),
        ("1.2", "SEND\n\nx\0", "SEND needs the header destination"),
        ("1.2", "SUBSCRIBE\nid:1\n\n\0", "SUBSCRIBE needs the header destination"),
        ("1.2", "SUBSCRIBE\ndestination:/a\n\n\0", "SUBSCRIBE needs the header id"),
        (
            "1.2",
            "SUBSCRIBE\nid:1\ndestination:/a\nack:maybe\n\n\0",
            "ack must be auto, client or client-individual",
        ),
        ("1.2", "UNSUBSCRIBE\ndestination:/a\n\n\0", "UNSUBSCRIBE needs the header id"),
        ("1.0", "UNSUBSCRIBE\n\n\0", "UNSUBSCRIBE needs the header destination"),
        ("1.2", "ACK\nmessage-id:s-1\n\n\0", "ACK needs the header id"),
        ("1.1", "ACK\nmessage-id:s-1\n\n\0", "ACK needs the header subscription"),
        ("1.1", "NACK\nsubscription:1\n\n\0", "NACK needs the header message-id"),
        ("1.0", "NACK\nmessage-id:s-1\n\n\0", "NACK is not known in this version"),
        ("1.2", "BEGIN\n\n\0", "BEGIN needs the header transaction"),
        ("1.2", "COMMIT\ntransaction:t\n\n\0", "no transaction of this name is open"),
        ("1.2", "ABORT\ntransaction:t\n\n\0", "no transaction of this name is open"),
        (
            "1.2",
            "SEND\ndestination:/app/prayer\ntransaction:t\n\n\0",
            "no transaction of this name is open",
        ),
        (
            "1.2",
            "BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:t\n\n\0",
            "a transaction of this name is open",
        ),
        (
            "1.2",
            "SEND\nfoo:\\t\n\n\0",
            r"malformed frame\c an escape that this version does not know",
        ),
    ] {
        let mut bench = if version.is_empty() { Bench::new() } else { Bench::of(version) };
        let message = if version == "1.2" { message.into() } else { message.replace("\\c", ":") };
        assert_eq!(fault(&mut bench, frame), (1002, message), "{frame:?}");
    }
    let large = format!("SEND\ndestination:/a\n\n{}\0", "x".repeat(64 << 10));
    let (code, _) = fault(&mut Bench::of("1.2"), &large);
    assert_eq!(code, 1009, "a frame of more than 64 KiB");
    let mut bench = Bench::of("1.2");
    let same = "SUBSCRIBE\nid:1\ndestination:/a\n\n\0";
    bench.hear(same);
    let known = (1002, "a subscription of this id is open".into());
    assert_eq!(fault(&mut bench, same), known);
}

#[test]
fn an_error_names_the_receipt_and_the_versions() {
    assert_eq!(
        Bench::of("1.2").told("SEND\nreceipt:r:1\n\n\0"),
        ["fail 1002 ERROR|message:SEND needs the header destination|receipt-id:r\\c1|\
         content-type:text/plain|content-length:33||SEND needs the header destination^@"]
    );
    assert_eq!(
        Bench::of("1.2").told("SEND\nreceipt:r-2\nno colon\n\n\0"),
        ["fail 1002 ERROR|message:malformed frame\\c a header without a colon or a name|\
         receipt-id:r-2|content-type:text/plain|content-length:51||\
         malformed frame: a header without a colon or a name^@"]
    );
    let told = Bench::new().told("CONNECT\naccept-version:9\nreceipt:r\n\n\0");
    assert_eq!(
        told,
        ["fail 1002 ERROR|message:supported protocol versions are 1.0 1.1 1.2|\
         version:1.0,1.1,1.2|content-type:text/plain|content-length:43||\
         supported protocol versions are 1.0 1.1 1.2^@"]
    );
}

#[test]
fn every_frame_gives_the_receipt_that_it_asks_for() {
    for version in ["1.0", "1.1", "1.2"] {
        let mut bench = Bench::of(version);
        let message =
            bench.told("SUBSCRIBE\nid:1\ndestination:/topic/a\nack:client\nreceipt:r\n\n\0");
        assert_eq!(message, ["subscribe 1 r"]);
        bench.deliver("/topic/a", "x");
        let ack = match version {
            "1.2" => "ACK\nid:s-1",
            _ => "ACK\nmessage-id:s-1\nsubscription:1",
        };
        for frame in [
            ack,
            "BEGIN\ntransaction:t",
            "SEND\ndestination:/app/prayer\ntransaction:t",
            "ABORT\ntransaction:t",
            "BEGIN\ntransaction:u",
            "COMMIT\ntransaction:u",
        ] {
            let told = bench.told(&format!("{frame}\nreceipt:r\n\n\0"));
            assert_eq!(told, ["RECEIPT|receipt-id:r||^@"], "{version}: {frame}");
        }
        assert_eq!(
            bench.told("SEND\ndestination:/app/prayer\nreceipt:r\n\n{}\0"),
            [r#"pray [b"{}"] Some("r")"#],
            "given once it is counted"
        );
        assert_eq!(
            bench.told("UNSUBSCRIBE\nid:1\nreceipt:r\n\n\0"),
            ["unsubscribe RECEIPT|receipt-id:r||^@"]
        );
        assert_eq!(
            bench.told("DISCONNECT\nreceipt:r\n\n\0SEND\n\n\0"),
            ["leave RECEIPT|receipt-id:r||^@"],
            "and nothing is heard any more"
        );
    }
}

#[test]
fn what_is_sent_elsewhere_is_refused_and_the_session_lives() {
    let mut bench = Bench::of("1.2");
    assert_eq!(
        bench.told("SEND\ndestination:/topic/prayer\nreceipt:r\n\nx\0"),
        [r#"refuse Forbidden { destination: "/topic/prayer" } Some("r")"#]
    );
    assert_eq!(
        bench.told("SEND\ndestination:/app/dance\n\nx\0SEND\ndestination:/app\n\nx\0"),
        [
            r#"refuse Unknown { destination: "/app/dance" } None"#,
            r#"refuse Forbidden { destination: "/app" } None"#
        ]
    );
    bench.hear("BEGIN\ntransaction:t\n\n\0");
    assert_eq!(
        bench.told(
            "SEND\ndestination:/app/prayer\ntransaction:t\n\nx\0\
            SEND\ndestination:/queue/a\ntransaction:t\n\nx\0COMMIT\ntransaction:t\nreceipt:c\n\n\0"
        ),
        [r#"refuse Forbidden { destination: "/queue/a" } Some("c")"#],
        "at COMMIT, and nothing of the transaction is done"
    );
    let body = bench.told("SEND\ndestination:/app/prayer\ncontent-length:3\n\na\0b\0");
    assert_eq!(body, [r#"pray [b"a\0b"] None"#]);
}

#[test]
fn messages_are_addressed_as_each_version_wants_it() {
    let subscribe = "SUBSCRIBE\nid:a:b\ndestination:/topic/*\nack:client\n\n\0";
    for (version, escaped, ack) in [
        ("1.2", "SUBSCRIBE\nid:a\\cb\ndestination:/topic/*\nack:client\n\n\0", "ack:s-1|"),
        ("1.1", "SUBSCRIBE\nid:a\\cb\ndestination:/topic/*\nack:client\n\n\0", ""),
        ("1.0", subscribe, ""),
    ] {
        let mut bench = Bench::of(version);
        bench.hear(escaped);
        let id = if version == "1.0" { "a:b" } else { "a\\cb" };
        let body = "content-type:application/json|content-length:4||가!^@";
        assert_eq!(
            bench.deliver("/topic/prayer", "가!"),
            [format!(
                "MESSAGE|destination:/topic/prayer|subscription:{id}|message-id:s-1|{ack}{body}"
            )]
        );
        assert_eq!(bench.deliver("/queue/x", "no"), [""; 0]);
    }
    let mut bench = Bench::of("1.0");
    bench.hear("SUBSCRIBE\ndestination:/topic/a\n\n\0");
    let told = bench.deliver("/topic/a", "x");
    assert_eq!(
        told,
        ["MESSAGE|destination:/topic/a|message-id:s-1|content-type:application/json|\
          content-length:1||x^@"],
        "a client of 1.0 that gave no id gets none"
    );
    assert_eq!(bench.told("UNSUBSCRIBE\ndestination:/topic/a\n\n\0"), ["unsubscribe"]);
    assert_eq!(bench.deliver("/topic/a", "x"), [""; 0]);
}

#[test]
fn each_subscription_gets_a_message_of_its_own() {
    let mut bench = Bench::of("1.2");
    for (id, destination) in [("0", "/topic/a"), ("1", "/topic/*"), ("2", "/topic/b")] {
        bench.hear(&format!("SUBSCRIBE\nid:{id}\ndestination:{destination}\n\n\0"));
    }
    let told = bench.deliver("/topic/a", "x");
    let heads: Vec<_> = told.iter().map(|text| &text[..61]).collect();
    assert_eq!(
        heads,
        [
            "MESSAGE|destination:/topic/a|subscription:0|message-id:s-1|co",
            "MESSAGE|destination:/topic/a|subscription:1|message-id:s-2|co"
        ]
    );
    assert!(bench.session.covers("/topic/c"));
    bench.hear("UNSUBSCRIBE\nid:1\n\n\0UNSUBSCRIBE\nid:unknown\n\n\0");
    assert!(!bench.session.covers("/topic/c"));
    assert_eq!(bench.deliver("/topic/a", "x").len(), 1);
}

#[test]
fn each_subscription_is_told_what_concerns_it_and_no_event_twice() {
    let mut bench = Bench::of("1.2");
    for (id, header) in [("a", ""), ("b", "\nfrom_sequence:3"), ("c", "")] {
        bench.hear(&format!("SUBSCRIBE\nid:{id}\ndestination:/topic/a{header}\n\n\0"));
    }
    let event = |sequence, index| Told::Happened(Place { sequence, index });
    for (key, at) in [(1, 4), (2, 6), (3, 8)] {
        bench.session.begin(key, at);
    }
    for (told, expected) in [
        (Told::Changed, "abc"),
        (Told::Shown(Asker(1)), "a"),
        (Told::Shown(Asker(3)), "c"),
        (Told::Shown(Asker(9)), ""),
        (event(2, 0), ""),
        (event(3, 0), "b"),
        (event(4, 9), "b"),
        (event(5, 0), "ab"),
        (event(5, 1), "ab"),
        (event(5, 0), ""),
        (event(5, 1), ""),
        (event(5, 2), "ab"),
        (Told::Ended(4), "b"),
        (Told::Ended(5), "ab"),
        (Told::Ended(5), "ab"),
        (event(8, 0), "ab"),
        (event(9, 0), "abc"),
        (event(8, 1), ""),
        (Told::Ended(9), "abc"),
    ] {
        let frames = bench.deliver_as(told, "/topic/a", "x");
        let told_to = frames.iter().map(|text| {
            let (_, id) = text.split_once("subscription:").unwrap();
            &id[..1]
        });
        assert_eq!(told_to.collect::<String>(), expected, "{told:?}");
    }
    assert_eq!(bench.deliver_as(event(1, 0), "/topic/other", "x"), [""; 0]);
}

#[test]
fn errors_reach_the_sessions_own_queue_with_their_receipt() {
    let mut bench = Bench::of("1.2");
    let tell = |bench: &mut Bench, receipt| {
        let mut out = VecDeque::new();
        bench.session.tell_error(&Utf8Bytes::from("{}"), receipt, &mut out).unwrap();
        out.iter().map(|text| oneline(text.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(tell(&mut bench, Some("r")), [""; 0], "nobody has subscribed");
    bench.hear("SUBSCRIBE\nid:e\ndestination:/user/queue/errors\n\n\0");
    let head = "MESSAGE|destination:/user/queue/errors|subscription:e|message-id:s-1|receipt-id:r|";
    let told = tell(&mut bench, Some("r"));
    assert_eq!(told, [format!("{head}content-type:application/json|content-length:2||{{}}^@")]);
    assert!(!tell(&mut bench, None)[0].contains("receipt-id"));
}

#[test]
fn a_nack_sends_again_and_gives_up_after_three() {
    let mut bench = Bench::of("1.2");
    bench.hear("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\n\n\0");
    bench.deliver("/topic/a", "x");
    bench.deliver("/topic/a", "y");
    let again = "MESSAGE|destination:/topic/a|subscription:0|message-id:s-1|ack:s-1|\
                 redelivered:true|content-type:application/json|content-length:1||x^@";
    assert_eq!(bench.told("NACK\nid:s-1\n\n\0"), [again]);
    assert_eq!(bench.told("NACK\nid:s-1\n\n\0"), [again], "the third time it is sent");
    assert_eq!(
        bench.told("NACK\nid:s-1\nreceipt:r\n\n\0"),
        ["RECEIPT|receipt-id:r||^@"],
        "given up"
    );
    assert_eq!(bench.told("NACK\nid:s-1\n\n\0"), [""; 0]);
    assert_eq!(bench.told("ACK\nid:s-2\n\n\0NACK\nid:s-2\n\n\0"), [""; 0], "acknowledged");
    for unknown in ["s-99", "t-1", "s1", "", "s-x"] {
        assert_eq!(bench.told(&format!("NACK\nid:{unknown}\n\n\0")), [""; 0], "{unknown}");
    }
}

#[test]
fn client_mode_means_all_up_to_it() {
    let mut bench = Bench::of("1.1");
    bench.hear("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\n\n\0");
    for body in ["a", "b", "c", "d"] {
        bench.deliver("/topic/a", body);
    }
    bench.hear("ACK\nsubscription:0\nmessage-id:s-2\n\n\0");
    let told = bench.told("NACK\nsubscription:0\nmessage-id:s-4\n\n\0");
    let bodies: Vec<_> = told.iter().map(|text| &text[text.len() - 3..]).collect();
    assert_eq!(bodies, ["c^@", "d^@"], "a and b were acknowledged with b");
    assert_eq!(bench.told("NACK\nsubscription:other\nmessage-id:s-4\n\n\0"), [""; 0]);
}

#[test]
fn messages_without_ack_are_bounded() {
    let mut bench = Bench::of("1.2");
    bench.hear("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client\n\n\0");
    let (destination, body) = (Arc::from("/topic/a"), Utf8Bytes::from("x"));
    let mut out = VecDeque::new();
    for _ in 0..UNACKED_MAX {
        bench
            .session
            .deliver((&destination, Spelling::Ours), &body, Told::Changed, &mut out)
            .unwrap();
    }
    let more =
        bench.session.deliver((&destination, Spelling::Ours), &body, Told::Changed, &mut out);
    assert_eq!(more, Err(TooManyUnacked));
    let mut acts = Vec::new();
    bench.session.fail(&Fault::Unacked, None, &mut acts);
    assert!(shown(&acts[0]).starts_with("fail 4500 ERROR|message:too many messages without ACK|"));
}

#[test]
fn a_transaction_is_done_at_commit_in_order_or_not_at_all() {
    let mut bench = Bench::of("1.2");
    bench.hear("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\n\n\0");
    bench.deliver("/topic/a", "x");
    bench.deliver("/topic/a", "y");
    bench.hear("BEGIN\ntransaction:t\n\n\0BEGIN\ntransaction:u\n\n\0");
    let in_t = "SEND\ndestination:/app/prayer\ntransaction:t\n\n1\0\
        NACK\nid:s-1\ntransaction:t\n\n\0\
                ACK\nid:s-2\n\
        transaction:t\n\n\0SEND\ndestination:/app/prayer\ntransaction:t\n\n2\0";
    assert_eq!(bench.told(in_t), [""; 0], "nothing before COMMIT");
    bench.hear("SEND\ndestination:/app/prayer\ntransaction:u\n\n3\0");
    assert_eq!(bench.told("ABORT\ntransaction:u\n\n\0"), [""; 0]);
    let acts = bench.hear("COMMIT\ntransaction:t\nreceipt:r\n\n\0");
    let told: Vec<_> = acts.iter().map(shown).collect();
    assert_eq!(told, [r#"pray [b"1", b"2"] Some("r"), then settle 2"#]);
    let [Act::Pray(petition)] = &acts[..] else { panic!("{told:?}") };
    let mut settled = Vec::new();
    bench.session.settle_all(&petition.settles, &mut settled);
    let settled: Vec<_> = settled.iter().map(shown).collect();
    assert!(settled[0].contains("redelivered:true"), "{settled:?}");
    assert_eq!(bench.told("NACK\nid:s-2\n\n\0"), [""; 0], "acknowledged with the prayers");
}

#[test]
fn heart_beats_go_both_ways_as_agreed() {
    let mut bench = Bench::connected("accept-version:1.2\nheart-beat:10000,20000\n");
    assert!(bench.session.beats());
    assert_eq!(bench.pass(17_999), [""; 0]);
    assert_eq!(bench.pass(1), ["beat"], "a little before the 20 s that the client wants");
    assert_eq!(bench.told("\n"), [""; 0], "any byte is heard");
    assert_eq!(bench.pass(17_999), [""; 0]);
    bench.session.said(bench.now);
    assert_eq!(bench.pass(1), [""; 0], "something was said meanwhile");
    assert_eq!(bench.session.due_at(), Some(bench.now + Duration::from_millis(12_000)));
    assert_eq!(bench.pass(12_000), ["close 4408 heartbeat timeout"], "silent for three intervals");
    assert_eq!(bench.pass(60_000), [""; 0], "once");
}

#[test]
fn without_heart_beats_nobody_is_missed() {
    for headers in
        ["accept-version:1.2\n", "accept-version:1.1\nheart-beat:0,0\n", "heart-beat:1,1\n"]
    {
        let mut bench = Bench::connected(headers);
        assert_eq!(bench.session.due_at(), None, "{headers:?}");
        assert_eq!(bench.pass(3_600_000), [""; 0], "{headers:?}");
    }
}

#[test]
fn who_never_connects_is_closed() {
    let mut bench = Bench::new();
    assert_eq!(bench.pass(59_999), [""; 0]);
    bench.hear("\n\n");
    assert_eq!(bench.pass(1), ["close 4408 no CONNECT frame"], "line ends are no CONNECT");
}

/// That may come at once.
const MESSAGES_MAX: usize = 1_000;

#[test]
fn a_flood_is_closed_and_acknowledging_is_none() {
    let mut bench = Bench::of("1.2");
    let begin_abort = "BEGIN\ntransaction:t\n\n\0ABORT\ntransaction:t\n\n\0";
    let pairs = MESSAGES_MAX / 2 - 1;
    assert_eq!(bench.told(&begin_abort.repeat(pairs)), [""; 0]);
    assert_eq!(bench.told(&begin_abort.repeat(2)), ["close 1008 too many messages"]);
    let mut bench = Bench::of("1.2");
    bench.hear("SUBSCRIBE\nid:0\ndestination:/topic/a\nack:client-individual\n\n\0");
    for number in 1..=3 * MESSAGES_MAX as u64 {
        bench.deliver("/topic/a", "x");
        assert_eq!(bench.told(&format!("ACK\nid:s-{number}\n\n\0")), [""; 0], "{number}");
    }
    let mut bench = Bench::of("1.2");
    for _ in 1..MESSAGES_MAX {
        assert_eq!(bench.told("\n"), [""; 0]);
    }
    assert_eq!(bench.told("\n"), ["close 1008 too many messages"], "beats too can flood");
}

#[test]
fn subscriptions_are_bounded() {
    let mut bench = Bench::of("1.2");
    for id in 0..SUBSCRIPTIONS_MAX {
        bench.hear(&format!("SUBSCRIBE\nid:{id}\ndestination:/topic/a\n\n\0"));
    }
    let more = "SUBSCRIBE\nid:more\ndestination:/topic/a\n\n\0";
    assert_eq!(fault(&mut bench, more), (1002, "too many subscriptions".into()));
    assert_eq!(bench.session.subscriptions().len(), 0, "they go with the session");
}

#[test]
fn frames_may_come_in_pieces_and_together() {
    let text = "CONNECT\naccept-version:1.2\n\n\0\nSUBSCRIBE\nid:a\\cb\ndestination:/topic/a\n\n\0\
                SEND\ndestination:/app/prayer\ncontent-length:2\n\n{}\0\n\nDISCONNECT\n\n\0";
    let whole = Bench::new().told(text);
    assert_eq!(whole.len(), 4);
    assert_eq!(whole[1..], ["subscribe 1", r#"pray [b"{}"] None"#, "leave"]);
    for size in [1, 2, 3, 7, 50] {
        let mut bench = Bench::new();
        let mut told = Vec::new();
        for piece in text.as_bytes().chunks(size) {
            told.extend(bench.told(std::str::from_utf8(piece).unwrap()));
        }
        assert_eq!(told, whole, "pieces of {size}");
    }
}
