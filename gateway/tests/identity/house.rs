//! An exchange with identities and the people in it, each with a key and a token; and their
//! clients. What is signed is put together here by hand, from the protocol's description.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::{SinkExt, StreamExt};
use gateway::Config;
use ring::signature::Ed25519KeyPair;
use ring::{digest, hmac};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::support::{Client, Exchange, Reply};

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct House {
    pub(crate) exchange: Exchange,
    pub(crate) folder: TempDir,
}

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) token: String,
}

/// How a request says who it is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Proof {
    Bearer,
    Signed,
}

pub(crate) fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// `orison` with these words; gives back what it says.
pub(crate) fn errand(folder: &Path, words: &str) -> String {
    let path = folder.to_str().unwrap();
    let words = ["orison"].into_iter().chain(words.split(' ')).chain(["--identity", path]);
    let loaded = Config::load(words.map(OsString::from), [], folder).unwrap();
    loaded.errand.unwrap().run(folder, now_ms()).unwrap()
}

pub(crate) fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o700)).unwrap();
    folder
}

/// A key and a token for a user of that role and account.
pub(crate) fn person(folder: &Path, user: &str, role: &str, account: &str) -> Person {
    let who = format!("--user {user} --role {role} --account {account} --json");
    let key: Value = serde_json::from_str(&errand(folder, &format!("keys create {who}"))).unwrap();
    let token: Value = serde_json::from_str(&errand(folder, &format!("token {who}"))).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Person { key: text(&key["key"]), secret: text(&key["secret"]), token: text(&token["token"]) }
}

/// A token of the folder's own key that ends so many seconds from now, which may be before it.
pub(crate) fn token_until(folder: &Path, user: &str, role: &str, seconds: i64) -> String {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sign = |path: &std::path::PathBuf| path.to_str().unwrap().contains("sign_");
    let file = files.filter(sign).max().unwrap();
    let file: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let pair = STANDARD.decode(file["pair"].as_str().unwrap()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(&pair).unwrap();
    let now = i64::try_from(now_ms() / 1_000).unwrap();
    let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": file["id"]});
    let claims = json!({
        "iss": "orison", "aud": "orison", "sub": user, "role": role,
        "iat": now - 3_600, "exp": now + seconds,
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

impl House {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| ()).await
    }

    pub(crate) async fn start_with(adjust: impl FnOnce(&mut Config)) -> Self {
        let folder = folder();
        errand(folder.path(), "keys create --signing");
        let path = folder.path().to_owned();
        let exchange = Exchange::start_with(|config| {
            config.identity = Some(path);
            adjust(config);
        });
        Self { exchange: exchange.await, folder }
    }

    pub(crate) async fn person(&self, user: &str, role: &str, account: &str) -> Person {
        self.people(&[(user, role, account)]).await.pop().unwrap()
    }

    /// Each of a user, role and account. The server looks at its folder now and then: waits until
    /// it has seen the last of them.
    pub(crate) async fn people(&self, folk: &[(&str, &str, &str)]) -> Vec<Person> {
        let made = folk
            .iter()
            .map(|(user, role, account)| person(self.folder.path(), user, role, account));
        let made: Vec<Person> = made.collect();
        let last = made.last();
        let asks = async {
            while self.rest(Proof::Signed, last, "GET", "/v1/symbols", "").await.status != 200 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asks).await.expect("the keys are noticed");
        made
    }

    pub(crate) async fn rest(
        &self,
        proof: Proof,
        person: Option<&Person>,
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        ask(self.exchange.rest().await, proof, person, method, path, body).await
    }

    pub(crate) async fn admin(
        &self,
        proof: Proof,
        person: Option<&Person>,
        method: &str,
        path: &str,
        body: &str,
    ) -> Reply {
        ask(self.exchange.admin().await, proof, person, method, path, body).await
    }

    /// Places a limit order far from any other; gives back its id.
    pub(crate) async fn place(&self, person: &Person, client_order_id: &str) -> String {
        let body = json!({
            "symbol": "BTC-KRW", "side": "Buy", "type": "Limit", "price": 1_000, "quantity": 1,
            "client_order_id": client_order_id,
        });
        let path = "/api/v1/order";
        let body = body.to_string();
        let reply = self.rest(Proof::Signed, Some(person), "POST", path, &body).await;
        assert_eq!(reply.status, 202, "{reply:?}");
        reply.text("order_id")
    }

    pub(crate) fn ws(&self) -> SocketAddr {
        self.exchange.adapters.directory.ws.unwrap()
    }
}

async fn ask(
    mut client: Client,
    proof: Proof,
    person: Option<&Person>,
    method: &str,
    path: &str,
    body: &str,
) -> Reply {
    let body = (method != "GET" && method != "DELETE").then_some(body.as_bytes());
    let mut headers = vec![];
    if body.is_some() {
        headers.push(("content-type".to_owned(), "application/json".to_owned()));
    }
    match (proof, person) {
        (_, None) => {}
        (Proof::Bearer, Some(person)) => {
            headers.push(("authorization".to_owned(), format!("Bearer {}", person.token)));
        }
        (Proof::Signed, Some(person)) => headers.extend(signed(person, method, path, body)),
    }
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    client.request(method, path, &headers, body).await
}

/// The headers of a signed request.
pub(crate) fn signed(
    person: &Person,
    method: &str,
    target: &str,
    body: Option<&[u8]>,
) -> [(String, String); 4] {
    signed_at(person, method, target, body, now_ms())
}

/// By a clock of the client's own.
pub(crate) fn signed_at(
    person: &Person,
    method: &str,
    target: &str,
    body: Option<&[u8]>,
    time_ms: u64,
) -> [(String, String); 4] {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let (time, nonce) = (time_ms.to_string(), uuid::Uuid::new_v4().simple().to_string());
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let body = hex(digest::digest(&digest::SHA256, body.unwrap_or_default()).as_ref());
    let text = format!("{method}\n{path}\n{query}\n{time}\n{nonce}\n{body}");
    let key = hmac::Key::new(hmac::HMAC_SHA256, person.secret.as_bytes());
    let signature = hex(hmac::sign(&key, text.as_bytes()).as_ref());
    [
        ("x-orison-key".into(), person.key.clone()),
        ("x-orison-timestamp".into(), time),
        ("x-orison-nonce".into(), nonce),
        ("x-orison-signature".into(), signature),
    ]
}

/// An xTrader socket.
pub(crate) struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Past the greeting; or the status that the opening is refused with.
    pub(crate) async fn open(
        address: SocketAddr,
        query: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut request = format!("ws://{address}/ws{query}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => {
                let mut socket = Self(socket);
                assert_eq!(socket.next().await["type"], "Connected");
                Ok(socket)
            }
            Err(tokio_tungstenite::tungstenite::Error::Http(response)) => {
                Err(response.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn of(house: &House, token: &str) -> Self {
        let mut socket = Self::open(house.ws(), "", &[]).await.ok().unwrap();
        let answer = socket.ask(json!({"type": "Auth", "token": token})).await;
        assert_eq!(answer["type"], "AuthSuccess", "{answer}");
        socket
    }

    pub(crate) async fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).await.unwrap();
    }

    /// The answer to a request: the message that echoes its id.
    pub(crate) async fn ask(&mut self, mut message: Value) -> Value {
        message["request_id"] = json!("r");
        self.say(message).await;
        loop {
            let answer = self.next().await;
            if answer["request_id"] == "r" {
                return answer;
            }
        }
    }

    pub(crate) async fn next(&mut self) -> Value {
        loop {
            match self.frame().await {
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("a text was expected: {other:?}"),
            }
        }
    }

    async fn frame(&mut self) -> Message {
        let frame = tokio::time::timeout(PATIENCE, self.0.next()).await;
        frame.expect("a frame in time").expect("the socket is open").expect("a whole frame")
    }

    /// A text message or the close, as it comes.
    pub(crate) async fn next_or_close(&mut self) -> Message {
        self.frame().await
    }

    /// The code that the server closes with; messages before it are passed over.
    pub(crate) async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(close) = self.frame().await {
                let close = close.expect("a close with a code");
                return (close.code.into(), close.reason.as_str().to_owned());
            }
        }
    }
}
