//! What is asked for, what is dropped, and when a snapshot is due.

use super::super::Settings;
use super::*;

fn topics(texts: &[&str]) -> BTreeSet<Topic> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn binance(interval_ms: u64) -> Binance {
    let mut settings = Settings::new([VenueName::Binance].into());
    settings.depth_interval = Duration::from_millis(interval_ms);
    Binance::new(LineName::BinanceMarket, &settings)
}

fn update(first: u64, last: u64, previous: u64) -> String {
    format!(
        r#"{{"e":"depthUpdate","E":{last},"s":"BTCUSDT","U":{first},"u":{last},"pu":{previous},
            "b":[["{first}","1"]],"a":[]}}"#
    )
}

fn snapshot(last: u64) -> String {
    format!(r#"{{"lastUpdateId":{last},"bids":[["1","1"]],"asks":[["9000","2"]]}}"#)
}

/// The update ids of the depths that left.
fn depths(notes: &mut Notes) -> Vec<u64> {
    let ids = notes.events.drain(..).map(|event| match event {
        VenueEvent::Depth(depth) => depth.update_id,
        other => panic!("{other:?}"),
    });
    ids.collect()
}

#[test]
fn what_goes_is_asked_first_and_no_request_is_long() {
    let mut binance = binance(0);
    let now = Instant::now();
    let old = topics(&["binance:ticker:BTCUSDT", "binance:liquidation:*"]);
    let new = topics(&["binance:liquidation:*", "binance:trade:ETHUSDT", "binance:depth:ETHUSDT"]);
    let mut sent = old;
    let mut said = Vec::new();
    while let Some(request) = binance.request(&sent, &new) {
        binance.on_sent(&request.sent, now);
        said.push(request.message);
        sent = request.sent;
    }
    assert_eq!(
        said,
        [
            r#"{"id":1,"method":"UNSUBSCRIBE","params":["btcusdt@ticker"]}"#,
            r#"{"id":2,"method":"SUBSCRIBE","params":["ethusdt@aggTrade","ethusdt@depth@100ms"]}"#,
        ]
    );
    let many: BTreeSet<Topic> =
        (0..250).map(|n| format!("binance:ticker:C{n}USDT").parse().unwrap()).collect();
    let (mut sent, mut sizes) = (BTreeSet::new(), Vec::new());
    while let Some(request) = binance.request(&sent, &many) {
        sizes.push(request.sent.len() - sent.len());
        sent = request.sent;
    }
    assert_eq!(sizes, [100, 100, 50]);
}

#[test]
fn an_unanswered_request_ends_the_connection() {
    let mut binance = binance(0);
    let (now, mut notes) = (Instant::now(), Notes::default());
    binance.on_sent(&BTreeSet::new(), now);
    binance.on_sent(&BTreeSet::new(), now);
    assert_eq!(binance.hear(r#"{"result":null,"id":1}"#, now, &mut notes), Heard::Control);
    assert_eq!(binance.due_at(), Some(now + ANSWER_TIMEOUT));
    assert!(binance.tick(now, &mut notes).is_ok());
    let error = binance.tick(now + ANSWER_TIMEOUT, &mut notes).unwrap_err();
    assert_eq!(error, "request 2 was not answered");
    let refusal = r#"{"error":{"code":2,"msg":"no"},"id":2}"#;
    let refused = Heard::Unknown("2: no".into());
    assert_eq!(binance.hear(refusal, now, &mut notes), refused);
}

#[test]
fn what_is_said_twice_goes_on_once() {
    let mut binance = binance(0);
    let (now, mut notes) = (Instant::now(), Notes::default());
    let forced = |time: u64, quantity: &str| {
        format!(
            r#"{{"e":"forceOrder","E":{time},"o":{{"s":"BTCUSDT","S":"SELL","q":"{quantity}",
                "p":"50000","T":5}}}}"#
        )
    };
    let trade = |id: u64| {
        format!(r#"{{"e":"aggTrade","E":1,"s":"BTCUSDT","a":{id},"p":"1","q":"1","m":false}}"#)
    };
    let ticker =
        |price: &str| format!(r#"{{"e":"24hrTicker","E":1,"s":"BTCUSDT","c":"{price}","P":"0"}}"#);
    for text in [
        forced(6, "1"),
        forced(7, "1"),
        forced(7, "2"),
        trade(10),
        trade(11),
        trade(11),
        trade(10),
        trade(14),
        ticker("1"),
        ticker("1"),
        ticker("2"),
    ] {
        assert_eq!(binance.hear(&text, now, &mut notes), Heard::Data, "{text}");
    }
    let heard = notes.events.iter().map(|event| match event {
        VenueEvent::Liquidation(Forced { size, usd_value, .. }) => format!("{size:?} {usd_value}"),
        VenueEvent::Trade(trade) => format!("trade {}", trade.trade_id),
        VenueEvent::Ticker(ticker) => format!("ticker {}", ticker.price.to_decimal()),
        other => panic!("{other:?}"),
    });
    let heard: Vec<String> = heard.collect();
    let expected = [
        "Ordinary 50000",
        "Large 100000",
        "trade 10",
        "trade 11",
        "trade 14",
        "ticker 1",
        "ticker 2",
    ];
    assert_eq!(heard, expected);
    assert_eq!((notes.duplicates, notes.missed), (4, 2));
}

#[test]
fn a_snapshot_is_fetched_once_the_stream_is_open_and_again_after_a_gap() {
    let mut binance = binance(0);
    let (now, mut notes) = (Instant::now(), Notes::default());
    let symbol = Symbol::new("BTCUSDT").unwrap();
    binance.on_sent(&topics(&["binance:depth:BTCUSDT"]), now);
    binance.hear(r#"{"result":null,"id":1}"#, now, &mut notes);
    assert_eq!(binance.tick(now, &mut notes), Ok(vec![]), "nothing has come yet");
    binance.hear(&update(8, 12, 7), now, &mut notes);
    let url = "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000".into();
    let fetch = Fetch { symbol, url };
    assert_eq!(binance.tick(now, &mut notes), Ok(vec![fetch.clone()]));
    assert_eq!(binance.tick(now, &mut notes), Ok(vec![]), "one is under way");
    binance.hear(&update(13, 14, 12), now, &mut notes);
    binance.on_snapshot(symbol, Ok(snapshot(10).as_bytes()), now, &mut notes);
    assert_eq!((depths(&mut notes), binance.books()), (vec![12, 14], (1, 1)));
    binance.hear(&update(16, 17, 15), now, &mut notes);
    assert_eq!((depths(&mut notes), notes.resyncs, binance.books()), (vec![], 1, (0, 1)));
    assert_eq!(binance.tick(now, &mut notes), Ok(vec![fetch.clone()]), "at once");
    binance.on_snapshot(symbol, Ok(snapshot(14).as_bytes()), now, &mut notes);
    assert_eq!(notes.resyncs, 2, "too old");
    assert_eq!(binance.tick(now, &mut notes), Ok(vec![]), "not at once");
    let later = now + Duration::from_secs(5);
    assert_eq!(binance.tick(later, &mut notes), Ok(vec![fetch.clone()]));
    binance.on_snapshot(symbol, Err(Duration::from_secs(60)), later, &mut notes);
    assert_eq!(binance.tick(later + Duration::from_secs(59), &mut notes), Ok(vec![]));
    assert_eq!(binance.tick(later + Duration::from_secs(60), &mut notes), Ok(vec![fetch]));
    binance.on_snapshot(symbol, Ok(snapshot(16).as_bytes()), later, &mut notes);
    assert_eq!(depths(&mut notes), [17]);
    binance.opened();
    assert_eq!(binance.books(), (0, 0), "of a new connection nothing is known");
}

#[test]
fn depth_is_conflated_and_its_last_state_is_never_lost() {
    let mut binance = binance(100);
    let (start, mut notes) = (Instant::now(), Notes::default());
    let at = |ms| start + Duration::from_millis(ms);
    let symbol = Symbol::new("BTCUSDT").unwrap();
    binance.on_sent(&topics(&["binance:depth:BTCUSDT"]), start);
    binance.hear(r#"{"result":null,"id":1}"#, start, &mut notes);
    binance.hear(&update(1, 1, 0), start, &mut notes);
    binance.tick(start, &mut notes).unwrap();
    binance.on_snapshot(symbol, Ok(snapshot(1).as_bytes()), start, &mut notes);
    for id in 2..=50 {
        binance.hear(&update(id, id, id - 1), at(id * 5), &mut notes);
        binance.tick(at(id * 5), &mut notes).unwrap();
    }
    assert_eq!(depths(&mut notes), [1, 20, 40]);
    assert_eq!(binance.due_at(), Some(at(300)));
    binance.tick(at(300), &mut notes).unwrap();
    assert_eq!((depths(&mut notes), binance.due_at()), (vec![50], None));
}
