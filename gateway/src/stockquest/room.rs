//! The room of a session: what one of the five sockets does with what it is asked, with ticks and
//! with what happens to orders. Each room has a file of its own; here is only the way to it.

use std::sync::Arc;
use std::task::Poll;

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::{Request, RequestId, unknown_type};
use super::figures::Figure;
use super::host::Host;
use super::kind::Socket;
use super::market_data::MarketData;
use super::orders::{Answer, Orders};
use super::portfolio::Portfolio;
use super::risk::Risk;
use super::signals::Signals;
use super::studio::{Listener, Tick};
use crate::fanout::Due;
use crate::xtrader::problem::Problem;

pub(super) enum Room {
    /// Nobody is let in yet, or any more.
    Lobby,
    MarketData(MarketData),
    Portfolio(Portfolio),
    Orders(Box<Orders>),
    Risk(Risk),
    Signals(Signals),
}

/// What a room waits for.
pub(super) enum News {
    Tick(Arc<Tick>),
    Overview(Utf8Bytes),
    Answer(Box<Answer>),
    Figure(Figure),
}

impl Room {
    /// Says what its socket says at once.
    pub(super) async fn open(host: &Host) -> Self {
        match host.socket {
            Socket::MarketData => Self::MarketData(MarketData::open(host)),
            Socket::Orders => Self::Orders(Box::new(Orders::open(host).await)),
            Socket::Portfolio => Self::Portfolio(Portfolio::open(host)),
            Socket::RiskMonitoring => Self::Risk(Risk::open(host)),
            Socket::MlSignals => Self::Signals(Signals::open(host)),
        }
    }

    /// Waits for ever if there is nothing to wait for. May be dropped at any point.
    pub(super) async fn news(&mut self) -> News {
        match self {
            Self::Lobby => std::future::pending().await,
            Self::MarketData(room) => room.news().await,
            Self::Portfolio(room) => News::Tick(room.news().await),
            Self::Orders(room) => News::Answer(Box::new(room.answered().await)),
            Self::Risk(room) => News::Tick(room.news().await),
            Self::Signals(room) => room.news().await,
        }
    }

    /// Too much is under way otherwise.
    pub(super) fn may_hear(&self) -> bool {
        match self {
            Self::Lobby | Self::Portfolio(_) | Self::Risk(_) => true,
            Self::MarketData(room) => room.may_hear(),
            Self::Orders(room) => room.may_hear(),
            Self::Signals(room) => room.may_hear(),
        }
    }

    pub(super) fn hear(
        &mut self,
        host: &Host,
        request: Request,
        id: Option<&RequestId>,
    ) -> Result<(), Problem> {
        match self {
            Self::Lobby => Err(unknown_type(&request.kind, host.socket)),
            Self::MarketData(room) => room.hear(host, request, id),
            Self::Portfolio(room) => room.hear(host, request, id),
            Self::Orders(room) => room.hear(host, request, id.cloned()),
            Self::Risk(room) => room.hear(host, request, id),
            Self::Signals(room) => room.hear(host, request, id),
        }
    }

    pub(super) fn on_answer(&mut self, host: &Host, answer: Answer) {
        match self {
            Self::Orders(room) => room.on_answer(host, answer),
            Self::Lobby
            | Self::MarketData(_)
            | Self::Portfolio(_)
            | Self::Risk(_)
            | Self::Signals(_) => {}
        }
    }

    pub(super) fn tick(&mut self, host: &Host, tick: &Tick, say: &mut dyn FnMut(Utf8Bytes)) {
        match self {
            Self::Lobby | Self::Orders(_) => {}
            Self::MarketData(room) => room.tick(tick, say),
            Self::Portfolio(room) => room.tick(host, tick, say),
            Self::Risk(room) => room.tick(host, tick, say),
            Self::Signals(room) => room.tick(tick, say),
        }
    }

    /// What becomes of a message of the outbox: pending until an answer is known, then said or
    /// not.
    pub(super) fn judge(&mut self, due: &Due) -> Poll<Option<Utf8Bytes>> {
        match self {
            Self::Orders(room) => room.judge(due),
            Self::Lobby
            | Self::MarketData(_)
            | Self::Portfolio(_)
            | Self::Risk(_)
            | Self::Signals(_) => Poll::Ready(Some(due.text.clone())),
        }
    }
}

/// The next tick; the studio lives as long as its listener.
pub(super) async fn next_tick(listener: &mut Listener) -> Arc<Tick> {
    listener.ticks.changed().await.expect("the listener holds the studio");
    Arc::clone(&listener.ticks.borrow_and_update())
}
