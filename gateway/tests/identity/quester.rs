//! A StockQuest session over any transport: requests and their answers.

use serde_json::{Value, json};

use super::house::House;
use super::line::{Line, Told, Way};
use crate::stomp::address;

pub(crate) const SOCKETS: [&str; 5] =
    ["market-data", "portfolio", "orders", "risk-monitoring", "ml-signals"];

pub(crate) struct Quester {
    line: Line,
    requests: u32,
}

impl Quester {
    /// Past the greeting. An error: the status that the opening is refused with.
    pub(crate) async fn open(
        house: &House,
        socket: &str,
        query: &str,
        way: Way,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let prefix = format!("/ws/{socket}");
        let line = Line::open(address(&house.exchange), &prefix, query, way, headers).await?;
        let mut quester = Self { line, requests: 0 };
        let greeting = quester.told().await.unwrap();
        assert_eq!(greeting["type"], "CONNECTION_ESTABLISHED", "{greeting}");
        Ok(quester)
    }

    /// An error: the close code.
    pub(crate) async fn told(&mut self) -> Result<Value, u16> {
        match self.line.hear().await {
            Told::Text(text) => Ok(serde_json::from_str(&text).unwrap()),
            Told::Closed(code) => Err(code),
        }
    }

    /// The answer: its type, or the code of a refusal; and its data.
    pub(crate) async fn ask(&mut self, kind: &str, data: Value) -> (String, Value) {
        self.requests += 1;
        let id = self.requests;
        self.line.say(&json!({"type": kind, "id": id, "data": data}).to_string()).await;
        loop {
            let mut told = self.told().await.unwrap_or_else(|code| panic!("{kind}: {code}"));
            if told["id"] != json!(id) {
                continue;
            }
            let (said, data) = (told["type"].take(), told["data"].take());
            let said = match said.as_str().unwrap() {
                "ERROR" | "ORDER_REJECTED" => data["code"].as_str().unwrap().to_owned(),
                kind => kind.to_owned(),
            };
            return (said, data);
        }
    }

    pub(crate) async fn closed(&mut self) -> u16 {
        self.line.closed().await
    }
}
