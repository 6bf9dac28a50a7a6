//! `/asyncapi.json` (AsyncAPI 3.0): the five sockets, made of the tables that sockets are asked by
//! and of the types that they tell. What clients send is described in `requests`, with an example
//! each; tests enter every example.

mod requests;

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::history::HistoricalData;
use super::holdings::{
    PortfolioAnalytics, PortfolioConfirmed, PortfolioList, PortfolioSnapshot, PortfolioUpdate,
    PositionDetails, PositionUpdate,
};
use super::indicators::AnalyticsData;
use super::kind::{Socket, Told};
use super::order_news::{ActiveOrders, ExecutionReport, OrderEvent, OrderRejected};
use super::orders::{OrderHistory, OrdersConfirmed};
use super::quote::{InitialData, MarketOverview, Quote};
use super::risk::RiskUpdate;
use super::shape::{AuthConfirmed, ConnectionEstablished, Empty, ErrorBody, SymbolsConfirmed};
use super::signals::{PortfolioOptimization, SignalUpdate};
use super::thresholds::RiskAlert;

/// Every body, with what it is made of.
#[derive(OpenApi)]
#[openapi(components(schemas(
    ActiveOrders,
    AnalyticsData,
    AuthConfirmed,
    ConnectionEstablished,
    Empty,
    ErrorBody,
    ExecutionReport,
    HistoricalData,
    InitialData,
    MarketOverview,
    OrderEvent,
    OrderHistory,
    OrderRejected,
    OrdersConfirmed,
    PortfolioAnalytics,
    PortfolioConfirmed,
    PortfolioList,
    PortfolioOptimization,
    PortfolioSnapshot,
    PortfolioUpdate,
    PositionDetails,
    PositionUpdate,
    Quote,
    RiskAlert,
    RiskUpdate,
    SignalUpdate,
    SymbolsConfirmed,
)))]
struct Bodies;

/// The schemas of what `data` may be.
fn bodies(told: Told) -> &'static [&'static str] {
    match told {
        Told::ConnectionEstablished => &["ConnectionEstablished"],
        Told::AuthConfirmed => &["AuthConfirmed"],
        Told::SubscriptionConfirmed => {
            &["SymbolsConfirmed", "PortfolioConfirmed", "OrdersConfirmed"]
        }
        Told::Heartbeat => &["Empty"],
        Told::Error => &["ErrorBody"],
        Told::QuoteResponse | Told::RealTimeUpdate => &["Quote"],
        Told::HistoricalData => &["HistoricalData"],
        Told::AnalyticsData => &["AnalyticsData"],
        Told::InitialData => &["InitialData"],
        Told::MarketOverview => &["MarketOverview"],
        Told::PortfolioList => &["PortfolioList"],
        Told::PortfolioAnalytics => &["PortfolioAnalytics"],
        Told::PortfolioSnapshot => &["PortfolioSnapshot"],
        Told::PortfolioUpdate => &["PortfolioUpdate"],
        Told::PositionUpdate => &["PositionUpdate"],
        Told::PositionDetails => &["PositionDetails"],
        Told::ActiveOrders => &["ActiveOrders"],
        Told::OrderHistory => &["OrderHistory"],
        Told::OrderStatus
        | Told::OrderSubmitted
        | Told::OrderFilled
        | Told::OrderPartiallyFilled
        | Told::OrderCancelled
        | Told::OrderModified => &["OrderEvent"],
        Told::OrderRejected => &["OrderRejected"],
        Told::ExecutionReport => &["ExecutionReport"],
        Told::RiskUpdate => &["RiskUpdate"],
        Told::RiskAlert => &["RiskAlert"],
        Told::SignalUpdate => &["SignalUpdate"],
        Told::PortfolioOptimization => &["PortfolioOptimization"],
    }
}

/// The JSON text; made once.
pub(crate) fn document() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| description().to_string())
}

fn description() -> Value {
    let schemas = serde_json::to_value(Bodies::openapi()).expect("a description is always JSON");
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for (told, _) in Told::ALL {
        messages.insert(format!("told.{}", word(told)), told_message(told));
    }
    for socket in Socket::ALL {
        let name = socket.name();
        let mut keys = Vec::new();
        for (told, sockets) in Told::ALL {
            if sockets.contains(&socket) {
                keys.push(format!("told.{}", word(told)));
            }
        }
        let told = keys.len();
        for request in requests::of(socket) {
            let key = format!("asked.{name}.{}", request.kind);
            messages.insert(key.clone(), asked_message(&request));
            keys.push(key);
        }
        let reference = |key: &String| json!({"$ref": format!("#/channels/{name}/messages/{key}")});
        let (tells, asks) = keys.split_at(told);
        let operation = |action: &str, keys: &[String]| {
            let messages: Vec<Value> = keys.iter().map(reference).collect();
            let channel = json!({"$ref": format!("#/channels/{name}")});
            json!({"action": action, "channel": channel, "messages": messages})
        };
        operations.insert(format!("{name}.tells"), operation("send", tells));
        operations.insert(format!("{name}.hears"), operation("receive", asks));
        let all = keys
            .iter()
            .map(|key| (key.clone(), json!({"$ref": format!("#/components/messages/{key}")})));
        let all: Map<String, Value> = all.collect();
        channels.insert(name.into(), json!({"address": socket.path(), "messages": all}));
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Orison: the StockQuest sockets",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Five WebSockets, each also under SockJS below its address. `seq` is \
                the journal's sequence that a message shows, `id` a client's own mark, given back \
                in the answer. The messages of risk-monitoring and ml-signals are our own.",
        },
        "servers": {"local": {"host": "127.0.0.1:8080", "protocol": "ws"}},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas["components"]["schemas"]},
    })
}

fn word(told: Told) -> String {
    let word = serde_json::to_value(told).expect("a word is always JSON");
    word.as_str().expect("and a text").to_owned()
}

fn told_message(told: Told) -> Value {
    let schema = |name: &&str| json!({"$ref": format!("#/components/schemas/{name}")});
    let mut bodies: Vec<Value> = bodies(told).iter().map(schema).collect();
    let data = match bodies.len() {
        1 => bodies.remove(0),
        _ => json!({"oneOf": bodies}),
    };
    let properties = json!({
        "type": {"const": word(told)},
        "timestamp": {"type": "string", "format": "date-time"},
        "seq": {"type": "integer", "minimum": 0},
        "id": {"type": ["string", "number"]},
        "data": data,
    });
    json!({
        "name": word(told),
        "payload": {
            "type": "object",
            "properties": properties,
            "required": ["type", "timestamp", "data"],
            "additionalProperties": false,
        },
    })
}

fn asked_message(request: &requests::Request) -> Value {
    json!({
        "name": request.kind,
        "summary": request.summary,
        "payload": {
            "type": "object",
            "properties": {
                "type": {"const": request.kind},
                "timestamp": {"type": "string", "description": "ISO 8601, with a zone or in UTC"},
                "id": {"type": ["string", "number"], "maxLength": 126},
                "data": {
                    "type": "object",
                    "properties": request.properties,
                    "required": request.required,
                },
            },
            "required": ["type"],
        },
        "examples": [{"payload": {"type": request.kind, "id": 1, "data": request.example}}],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_every_socket_is_described_and_no_other() {
        for socket in Socket::ALL {
            let mut described: Vec<_> =
                requests::of(socket).into_iter().map(|request| request.kind).collect();
            let mut asked = socket.asked();
            described.sort_unstable();
            asked.sort_unstable();
            assert_eq!(described, asked, "{}", socket.name());
        }
        for (told, _) in Told::ALL {
            assert_eq!(Told::ALL.iter().filter(|(other, _)| *other == told).count(), 1);
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = description();
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
        assert!(text.len() > 10_000);
    }

    #[test]
    fn an_example_has_what_is_required_and_nothing_unknown() {
        for request in Socket::ALL.into_iter().flat_map(requests::of) {
            let example = request.example.as_object().unwrap();
            let known = request.properties.as_object().unwrap();
            for name in &request.required {
                assert!(example.contains_key(*name), "{}: {name}", request.kind);
            }
            assert!(example.keys().all(|name| known.contains_key(name)), "{}", request.kind);
        }
    }
}
