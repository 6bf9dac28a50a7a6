//! One session of the listener for messaging libraries, over whichever transport: raw WebSocket,
//! or one of SockJS's. Texts go in, texts and the close come out.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::sockjs::Client;

/// Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Way {
    Raw,
    WebSocket,
    Xhr,
    XhrStreaming,
    EventSource,
    HtmlFile,
    Jsonp,
}

impl Way {
    pub(crate) const ALL: [Self; 7] = [
        Self::Raw,
        Self::WebSocket,
        Self::Xhr,
        Self::XhrStreaming,
        Self::EventSource,
        Self::HtmlFile,
        Self::Jsonp,
    ];

    /// How frames are asked for over HTTP: the method and the door.
    fn receiver(self) -> (&'static str, &'static str) {
        match self {
            Self::Raw | Self::WebSocket => ("GET", "websocket"),
            Self::Xhr => ("POST", "xhr"),
            Self::XhrStreaming => ("POST", "xhr_streaming"),
            Self::EventSource => ("GET", "eventsource"),
            Self::HtmlFile => ("GET", "htmlfile"),
            Self::Jsonp => ("GET", "jsonp"),
        }
    }

    /// The SockJS frame in what came at once. None: it is a prelude.
    fn frame(self, text: &str) -> Option<String> {
        match self {
            Self::Raw | Self::WebSocket => Some(text.to_owned()),
            Self::Xhr | Self::XhrStreaming => Some(text.trim_end().to_owned()),
            Self::EventSource => Some(text.strip_prefix("data: ")?.trim_end().to_owned()),
            Self::HtmlFile | Self::Jsonp => {
                let call = if self == Self::HtmlFile { "<script>\np(" } else { "/**/cb(" };
                let (said, _) = text.strip_prefix(call)?.rsplit_once(");")?;
                Some(serde_json::from_str(said).unwrap())
            }
        }
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Told {
    Text(String),
    Closed(u16),
}

pub(crate) struct Line {
    way: Way,
    carrier: Carrier,
    told: VecDeque<Told>,
}

enum Carrier {
    Socket(Box<WebSocketStream<TcpStream>>),
    Http(Box<Http>),
}

struct Http {
    address: SocketAddr,
    /// Up to the session's id.
    base: String,
    /// Of every request: the session is its opener's alone.
    headers: Vec<(&'static str, String)>,
    query: String,
    receiver: Client,
    /// An answer that is still being written.
    is_streaming: bool,
    sender: Client,
}

impl Line {
    /// `query`: with its `?`. An error: the status that the opening is refused with.
    pub(crate) async fn open(
        address: SocketAddr,
        prefix: &str,
        query: &str,
        way: Way,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let base = format!("{prefix}/0/{}", uuid::Uuid::new_v4().simple());
        let mut line = match way {
            Way::Raw => Self::dial(way, address, &format!("{prefix}{query}"), headers).await?,
            Way::WebSocket => {
                let path = format!("{base}/websocket{query}");
                Self::dial(way, address, &path, headers).await?
            }
            Way::Xhr | Way::XhrStreaming | Way::EventSource | Way::HtmlFile | Way::Jsonp => {
                let (receiver, sender) =
                    (Client::connect(address).await, Client::connect(address).await);
                let (query, is_streaming) = (query.to_owned(), false);
                let mut headers: Vec<(&'static str, String)> =
                    headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
                // What a script or a frame loads carries no Origin: its page is proven by this.
                headers.push(("referer", "http://localhost/".to_owned()));
                let http = Http { address, base, headers, query, receiver, is_streaming, sender };
                let carrier = Carrier::Http(Box::new(http));
                Self { way, carrier, told: VecDeque::new() }
            }
        };
        if let Carrier::Http(http) = &mut line.carrier {
            line.told.extend(http.receive(way).await?);
        }
        Ok(line)
    }

    async fn dial(
        way: Way,
        address: SocketAddr,
        path: &str,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, u16> {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::client_async(request, stream).await {
            Ok((socket, _)) => {
                let carrier = Carrier::Socket(Box::new(socket));
                Ok(Self { way, carrier, told: VecDeque::new() })
            }
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn say(&mut self, text: &str) {
        match &mut self.carrier {
            Carrier::Socket(socket) => {
                let text = match self.way {
                    Way::Raw => text.to_owned(),
                    _ => serde_json::to_string(&[text]).unwrap(),
                };
                socket.send(Message::text(text)).await.unwrap();
            }
            Carrier::Http(http) => http.send(self.way, text).await,
        }
    }

    pub(crate) async fn hear(&mut self) -> Told {
        loop {
            if let Some(told) = self.told.pop_front() {
                return told;
            }
            let told = match &mut self.carrier {
                Carrier::Socket(socket) => {
                    let next = tokio::time::timeout(PATIENCE, socket.next()).await;
                    match next.expect("the server is stuck") {
                        Some(Ok(Message::Text(text))) if self.way == Way::Raw => {
                            vec![Told::Text(text.as_str().to_owned())]
                        }
                        Some(Ok(Message::Text(text))) => told(text.as_str()),
                        Some(Ok(Message::Close(Some(frame)))) => {
                            vec![Told::Closed(frame.code.into())]
                        }
                        Some(Ok(Message::Ping(_) | Message::Pong(_))) => Vec::new(),
                        other => panic!("{other:?}"),
                    }
                }
                Carrier::Http(http) => http.receive(self.way).await.unwrap(),
            };
            self.told.extend(told);
        }
    }

    /// The code it is closed with; what comes before is passed over.
    pub(crate) async fn closed(&mut self) -> u16 {
        loop {
            if let Told::Closed(code) = self.hear().await {
                return code;
            }
        }
    }
}

impl Http {
    /// What comes next. An error: the status of a refusal.
    async fn receive(&mut self, way: Way) -> Result<Vec<Told>, u16> {
        if !self.is_streaming {
            let (method, door) = way.receiver();
            let query = match (way, self.query.strip_prefix('?')) {
                (Way::HtmlFile | Way::Jsonp, Some(query)) => format!("?c=cb&{query}"),
                (Way::HtmlFile | Way::Jsonp, None) => "?c=cb".to_owned(),
                (_, _) => self.query.clone(),
            };
            let path = format!("{}/{door}{query}", self.base);
            let headers = borrowed(&self.headers);
            self.receiver.send(method, &path, &headers, b"").await;
            let reply = match way {
                Way::Xhr | Way::Jsonp => self.receiver.reply(method).await,
                _ => self.receiver.head().await,
            };
            if reply.status != 200 {
                return Err(reply.status);
            }
            if matches!(way, Way::Xhr | Way::Jsonp) {
                return Ok(told(&way.frame(&reply.body).unwrap()));
            }
            self.is_streaming = true;
        }
        match self.receiver.chunk().await {
            Some(chunk) => Ok(way.frame(&chunk).map_or_else(Vec::new, |frame| told(&frame))),
            None => {
                self.is_streaming = false;
                self.receiver = Client::connect(self.address).await;
                Ok(Vec::new())
            }
        }
    }

    async fn send(&mut self, way: Way, text: &str) {
        let door = if way == Way::Jsonp { "jsonp_send" } else { "xhr_send" };
        let path = format!("{}/{door}", self.base);
        let body = serde_json::to_string(&[text]).unwrap();
        let mut headers = borrowed(&self.headers);
        headers.push(("content-type", "text/plain"));
        self.sender.send("POST", &path, &headers, body.as_bytes()).await;
        let reply = self.sender.reply("POST").await;
        assert!(matches!(reply.status, 200 | 204), "{reply:?}");
    }
}

fn borrowed<'a>(headers: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

/// What a SockJS frame tells.
fn told(frame: &str) -> Vec<Told> {
    let (kind, rest) = frame.split_at(1);
    match kind {
        "a" => {
            let texts: Vec<String> = serde_json::from_str(rest).unwrap();
            texts.into_iter().map(Told::Text).collect()
        }
        "c" => {
            let close: Value = serde_json::from_str(rest).unwrap();
            vec![Told::Closed(u16::try_from(close[0].as_u64().unwrap()).unwrap())]
        }
        "o" | "h" => Vec::new(),
        _ => panic!("{frame}"),
    }
}
