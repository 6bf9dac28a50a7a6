//! The SockJS module over real sockets, by the rules of the public suite of SockJS 0.3.3 and of
//! RFC 6455: the services of the example program `sockjs_echo`, and mounts of the tests' own.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[path = "../examples/sockjs_echo/site.rs"]
mod site;

#[path = "sockjs/client.rs"]
mod client;
#[path = "sockjs/closing.rs"]
mod closing;
#[path = "sockjs/cookies.rs"]
mod cookies;
#[path = "sockjs/frames.rs"]
mod frames;
#[path = "sockjs/http.rs"]
mod http;
#[path = "sockjs/jsonp.rs"]
mod jsonp;
#[path = "sockjs/limits.rs"]
mod limits;
#[path = "sockjs/pages.rs"]
mod pages;
#[path = "sockjs/polling.rs"]
mod polling;
#[path = "sockjs/server.rs"]
mod server;
#[path = "sockjs/streaming.rs"]
mod streaming;
#[path = "sockjs/unicode.rs"]
mod unicode;
#[path = "sockjs/websocket.rs"]
mod websocket;
#[path = "sockjs/wire.rs"]
mod wire;
