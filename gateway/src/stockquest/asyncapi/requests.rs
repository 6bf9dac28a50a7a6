//! What clients may send, word by word: the fields of `data`, which of them must be there, and an
//! example that a running exchange takes.

use serde_json::{Value, json};

use crate::stockquest::kind::Socket;

pub(super) struct Request {
    pub(super) kind: &'static str,
    pub(super) summary: &'static str,
    pub(super) properties: Value,
    pub(super) required: Vec<&'static str>,
    pub(super) example: Value,
}

fn request(
    kind: &'static str,
    summary: &'static str,
    (properties, required): (Value, &[&'static str]),
    example: Value,
) -> Request {
    Request { kind, summary, properties, required: required.to_vec(), example }
}

/// Of one socket, what all sockets are asked among them.
pub(super) fn of(socket: Socket) -> Vec<Request> {
    let mut all = common();
    all.extend(match socket {
        Socket::MarketData => market_data(),
        Socket::Portfolio => portfolio(),
        Socket::Orders => orders(),
        Socket::RiskMonitoring => subscriptions(&[]),
        Socket::MlSignals => signals(),
    });
    all
}

fn common() -> Vec<Request> {
    let token = json!({"token": {"type": "string"}});
    vec![
        request("HEARTBEAT", "Still there; answered if it has an id", (json!({}), &[]), json!({})),
        request("AUTH", "Who asks", (token, &["token"]), json!({"token": "a JWT"})),
    ]
}

fn symbol() -> Value {
    json!({"type": "string"})
}

fn amount() -> Value {
    json!({"type": ["number", "string"]})
}

fn milliseconds() -> Value {
    json!({"type": ["integer", "string"], "description": "Milliseconds; clamped to the schedule"})
}

fn interval() -> Value {
    json!({"enum": ["1m", "5m", "15m", "30m", "1h", "4h", "1d"]})
}

/// By symbol; `required` of SUBSCRIBE.
fn subscriptions(required: &[&'static str]) -> Vec<Request> {
    let fields = json!({
        "symbols": {"type": "array", "items": symbol(), "maxItems": 256},
        "subscriptionType": {"type": "string", "description": "REAL_TIME or SNAPSHOT"},
        "updateInterval": milliseconds(),
    });
    let left = json!({"symbols": {"type": "array", "items": symbol()}});
    let example = json!({"symbols": ["BTC-KRW", "AAPL"], "updateInterval": 1000});
    vec![
        request("SUBSCRIBE", "Updates by symbol", (fields, required), example),
        request("UNSUBSCRIBE", "None of these; without symbols none", (left, &[]), json!({})),
    ]
}

fn market_data() -> Vec<Request> {
    let one = json!({"symbol": symbol()});
    let history = json!({
        "symbol": symbol(),
        "interval": interval(),
        "limit": {"type": ["integer", "string"], "description": "100, at most 1000"},
    });
    let analytics = json!({"symbol": symbol(), "interval": interval()});
    let quoted = json!({"symbol": "AAPL"});
    let candles = json!({"symbol": "AAPL", "interval": "1m", "limit": 10});
    let mut all = subscriptions(&["symbols"]);
    all.extend([
        request("REQUEST_QUOTE", "As it stands", (one, &["symbol"]), quoted.clone()),
        request("REQUEST_HISTORICAL", "Candles", (history, &["symbol"]), candles),
        request("REQUEST_ANALYTICS", "Indicators", (analytics, &["symbol"]), quoted),
    ]);
    all
}

fn portfolio() -> Vec<Request> {
    let number = json!({"type": ["integer", "string"], "description": "1, the one there is"});
    let one = json!({"portfolioId": number});
    let position = json!({"portfolioId": number, "symbol": symbol()});
    let subscribe = json!({
        "portfolioId": number,
        "updateType": {"type": "string", "description": "ALL, VALUE or POSITIONS"},
        "updateInterval": milliseconds(),
    });
    let (first, held) = (json!({"portfolioId": 1}), json!({"portfolioId": 1, "symbol": "AAPL"}));
    let subscribed = json!({"portfolioId": 1, "updateType": "ALL", "updateInterval": 5000});
    let whole = |kind, summary| request(kind, summary, (one.clone(), &[]), first.clone());
    let of = |kind, summary| request(kind, summary, (position.clone(), &["symbol"]), held.clone());
    vec![
        request("SUBSCRIBE_PORTFOLIO", "What changes", (subscribe, &[]), subscribed),
        whole("UNSUBSCRIBE_PORTFOLIO", "No more"),
        whole("REQUEST_PORTFOLIO_SNAPSHOT", "All of it"),
        whole("PORTFOLIO_ANALYTICS", "How it is spread and has done"),
        of("REQUEST_POSITION_DETAILS", "One position and its market"),
        of("UPDATE_POSITION", "A fresh look; positions cannot be set"),
    ]
}

fn orders() -> Vec<Request> {
    let name = json!({"type": "string"});
    let order = json!({
        "symbol": symbol(), "side": name, "type": name, "price": amount(), "quantity": amount(),
        "timeInForce": name, "clientOrderId": name, "postOnly": {"type": "boolean"},
        "stopPrice": amount(), "trail": amount(), "display": amount(), "minQuantity": amount(),
        "budget": amount(), "protection": amount(), "expireAt": amount(), "stp": name,
        "account": name,
    });
    let named = json!({"orderId": name, "clientOrderId": name, "account": name});
    let modify = json!({
        "orderId": name, "clientOrderId": name, "account": name, "quantity": amount(),
        "price": amount(), "stopPrice": amount(), "trail": amount(),
    });
    let history = json!({
        "symbol": symbol(),
        "limit": {"type": ["integer", "string"], "description": "100, at most 1000"},
        "before": {"type": "string", "description": "`next` of the page before"},
    });
    let subscribe = json!({"symbols": {"type": "array", "items": symbol(), "maxItems": 256}});
    let submitted = json!({
        "symbol": "BTC-KRW", "side": "BUY", "type": "LIMIT", "price": 50_000_000,
        "quantity": "0.5", "timeInForce": "GTC", "clientOrderId": "example-1",
    });
    let modified = json!({"clientOrderId": "example-1", "quantity": "0.25"});
    let first = json!({"clientOrderId": "example-1"});
    let needed: &[&str] = &["symbol", "side", "type"];
    vec![
        request("SUBSCRIBE_ORDERS", "Of all sessions", (subscribe, &[]), json!({})),
        request("UNSUBSCRIBE_ORDERS", "Of this one only", (json!({}), &[]), json!({})),
        request("SUBMIT_ORDER", "Enters an order", (order, needed), submitted),
        request("MODIFY_ORDER", "Changes what is open", (modify, &[]), modified),
        request("REQUEST_ORDER_STATUS", "As it stands", (named.clone(), &[]), first.clone()),
        request("CANCEL_ORDER", "Ends an order", (named, &[]), first),
        request("REQUEST_ORDER_HISTORY", "Newest first", (history, &[]), json!({"limit": 10})),
    ]
}

fn signals() -> Vec<Request> {
    let optimise = json!({
        "symbols": {"type": "array", "items": symbol()},
        "objective": {"type": "string", "description": "MINIMUM_VARIANCE or MEAN_VARIANCE"},
        "riskAversion": amount(),
        "interval": interval(),
    });
    let wanted = json!({"symbols": ["BTC-KRW", "ETH-KRW"], "objective": "MINIMUM_VARIANCE"});
    let mut all = subscriptions(&["symbols"]);
    all.push(request("OPTIMIZE_PORTFOLIO", "Weights from past returns", (optimise, &[]), wanted));
    all
}
