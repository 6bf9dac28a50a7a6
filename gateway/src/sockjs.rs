//! SockJS 0.3.3 (github.com/sockjs/sockjs-protocol), server side: WebSocket, raw WebSocket,
//! XHR polling and streaming, EventSource, htmlfile, JSONP and the iframe. Requests below a
//! prefix go into a `Mount`; each session there is a conversation that a `Service` holds. What
//! the messages say is not known here.

mod answer;
mod callback;
mod format;
mod mount;
mod page;
mod path;
mod payload;
mod queue;
mod receive;
mod seats;
mod service;
mod session;
mod settings;
mod socket;
mod text;

pub use answer::Cookie;
pub use mount::Mount;
pub use page::{Script, script};
pub use path::below;
pub use seats::{NoRoom, Seat, Seats, Usher};
pub use service::{Close, Gone, Message, Opening, Service, Serving, Talk, Transport};
pub use settings::{Pages, Settings, WebSocket};

/// How many messages a client's body, form or WebSocket text holds; None: it is refused. For
/// whoever judges the decoder alone.
pub fn count_messages(body: &[u8]) -> [Option<usize>; 3] {
    let text = std::str::from_utf8(body).ok();
    let frame = text.and_then(|text| payload::decode_frame(text).ok());
    [payload::decode(body).ok(), payload::decode_form(body).ok(), frame]
        .map(|messages| messages.map(|messages| messages.len()))
}

/// The locks here are held for a few steps without a panic in them.
fn locked<T>(mutex: &std::sync::Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}
