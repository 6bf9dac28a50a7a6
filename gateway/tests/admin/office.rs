//! What the tests of the operator's calls share.

use serde_json::Value;

use super::support::{Client, Exchange, Reply};

/// An exchange, a client of its operator and one of the public.
pub(crate) struct Office {
    pub(crate) exchange: Exchange,
    pub(crate) admin: Client,
    pub(crate) rest: Client,
}

impl Office {
    pub(crate) async fn open() -> Self {
        Self::of(Exchange::start().await).await
    }

    pub(crate) async fn of(exchange: Exchange) -> Self {
        let (admin, rest) = (exchange.admin().await, exchange.rest().await);
        Self { exchange, admin, rest }
    }

    /// Stops the exchange and starts it again on its journal.
    pub(crate) async fn restarted(self) -> Self {
        let directory = self.exchange.stop().await;
        Self::of(Exchange::start_in(directory, |_| ()).await).await
    }

    pub(crate) async fn read(&mut self, call: &str) -> Value {
        let reply = self.admin.get(&format!("/api/v1/admin/{call}")).await;
        assert_eq!(reply.status, 200, "{call}: {}", reply.body);
        reply.json()
    }

    pub(crate) async fn post(&mut self, call: &str, body: &str) -> Reply {
        self.admin.post(&format!("/api/v1/admin/{call}"), body).await
    }

    pub(crate) async fn patch(&mut self, call: &str, body: &str) -> Reply {
        self.admin.patch(&format!("/api/v1/admin/{call}"), body).await
    }

    /// As somebody in particular.
    pub(crate) async fn post_as(&mut self, actor: &str, call: &str, body: &str) -> Reply {
        let headers = [("content-type", "application/json"), ("x-actor", actor)];
        let path = format!("/v1/admin/{call}");
        self.admin.request("POST", &path, &headers, Some(body.as_bytes())).await
    }

    /// Of an answer that says it was done.
    pub(crate) async fn done(&mut self, call: &str, body: &str) -> Value {
        let reply = self.post(call, body).await;
        assert!([200, 201].contains(&reply.status), "{call} {body}: {}", reply.body);
        reply.json()
    }

    /// The latest change: actor, command, outcome.
    pub(crate) async fn latest(&mut self) -> (String, Value, String) {
        let answer = self.read("changes?limit=1").await;
        let change = &answer["changes"][0];
        let text = |field: &str| change[field].as_str().unwrap().to_owned();
        (text("actor"), change["command"].clone(), text("outcome"))
    }

    /// An order of AAPL that must be accepted; gives back its id. `fields` as they stand in it.
    pub(crate) async fn place(&mut self, account: &str, fields: &str) -> String {
        let reply = self.order(account, fields).await;
        assert_eq!(reply.status, 202, "{fields}: {}", reply.body);
        reply.text("order_id")
    }

    pub(crate) async fn order(&mut self, account: &str, fields: &str) -> Reply {
        let order = format!(r#"{{"symbol":"AAPL","account":"{account}",{fields}}}"#);
        self.rest.post("/v1/order", &order).await
    }

    /// Everything that an operator's wrong call must leave as it was.
    pub(crate) async fn state(&mut self) -> Vec<Value> {
        let mut state = Vec::new();
        for call in ["instruments", "accounts", "limits", "fees"] {
            let mut shown = self.read(call).await;
            shown.as_object_mut().unwrap().remove("sequence");
            state.push(shown);
        }
        for path in ["/v1/orderbook/AAPL", "/v1/orders?account=alice", "/v1/symbols"] {
            let mut shown = self.rest.get(path).await.json();
            if let Some(book) = shown.get_mut("orderbook").and_then(Value::as_object_mut) {
                book.remove("sequence");
                book.remove("timestamp");
            }
            state.push(shown);
        }
        state
    }
}
