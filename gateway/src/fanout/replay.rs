//! History told again to one client: from a sequence it names, or after news were lost. Pieces
//! are copied from the views and sent as its outbox has room; the piece that reaches the end
//! joins the client to the live topic at that very command, so nothing is missed or told twice.

use std::sync::Arc;

use engine::Views;
use engine::projection::{AccountEvent, PublicTrade, Resume};
use orison_core::{AccountId, AccountName, InstrumentId};

use super::accounts::{Accounts, Follower};
use super::client::Client;
use super::due::Place;
use super::feed::{Happened, OrderNews, execution_in, tell_order};
use super::standing::{Standings, standings};
use super::topic::{Dialect, Topic};

/// Messages copied from the views at a time.
const PIECE: usize = 1_024;

pub(crate) struct Replay {
    pub(crate) client: Arc<Client>,
    pub(crate) story: Story,
    /// Everything before this has been told.
    pub(crate) from: Place,
}

pub(crate) enum Story {
    Executions(InstrumentId),
    Orders(AccountName, Follower),
}

/// What was copied.
pub(crate) enum Piece {
    Executions(Vec<PublicTrade>),
    Orders(Vec<OrderNews>),
}

/// Whether the end of history was reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reach {
    More,
    End,
}

/// History begins after what was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooOld {
    pub(crate) oldest: u64,
}

impl Replay {
    /// Copies the next piece and moves on behind it.
    pub(crate) fn copy(
        &mut self,
        views: &Views,
        accounts: &Accounts,
    ) -> Result<(Piece, Reach), TooOld> {
        match &self.story {
            Story::Executions(instrument) => {
                let trades = executions(views, *instrument, self.from)?;
                let last = trades.last().map(|t| (t.stamp.sequence.0, t.index));
                let reach = self.advance(trades.len(), last);
                Ok((Piece::Executions(trades), reach))
            }
            Story::Orders(name, follower) => {
                let Some(account) = accounts.id(name) else {
                    return Ok((Piece::Orders(Vec::new()), Reach::End));
                };
                let events = match views.orders.events_since(account, self.from.sequence) {
                    Resume::TooOld { oldest } => return Err(TooOld { oldest }),
                    Resume::From(events) => piece(events, self.from, place_of_event),
                };
                let mut standings = match follower.dialect {
                    Dialect::XTrader => Standings::default(),
                    Dialect::StockQuest => standings_from(views, account, self.from),
                };
                let last = events.last().map(place_of_event);
                let reach = self.advance(events.len(), last);
                let mut news = Vec::with_capacity(events.len());
                let mut trades = Vec::new();
                for event in events {
                    let execution = remembered(views, &event, &mut trades);
                    let told = Happened { account, event, execution };
                    tell_order(views, told, &mut standings, &mut |one| news.push(one));
                }
                Ok((Piece::Orders(news), reach))
            }
        }
    }

    fn advance(&mut self, copied: usize, last: Option<(u64, u32)>) -> Reach {
        if let Some((sequence, index)) = last {
            self.from = Place { sequence, index }.next();
        }
        if copied < PIECE { Reach::End } else { Reach::More }
    }
}

/// Can the history of the topic be told from there? Topics of state have none to tell.
pub(crate) fn check(views: &Views, topic: &Topic, sequence: u64) -> Result<(), TooOld> {
    let oldest = match topic {
        Topic::Executions(instrument) => match views.trades.since(*instrument, sequence) {
            Resume::From(_) => return Ok(()),
            Resume::TooOld { oldest } => oldest,
        },
        Topic::Orders(name) => match views.catalog.account(name) {
            None => return Ok(()),
            Some(account) => match views.orders.events_since(account, sequence) {
                Resume::From(_) => return Ok(()),
                Resume::TooOld { oldest } => oldest,
            },
        },
        Topic::OrderBook(_)
        | Topic::Statistics(_)
        | Topic::Candles(..)
        | Topic::Depth(_)
        | Topic::Status(_)
        | Topic::Site(_) => return Ok(()),
    };
    Err(TooOld { oldest })
}

fn executions(
    views: &Views,
    instrument: InstrumentId,
    from: Place,
) -> Result<Vec<PublicTrade>, TooOld> {
    match views.trades.since(instrument, from.sequence) {
        Resume::TooOld { oldest } => Err(TooOld { oldest }),
        Resume::From(trades) => {
            Ok(piece(trades, from, |trade| (trade.stamp.sequence.0, trade.index)))
        }
    }
}

/// Of every event from there to now.
fn standings_from(views: &Views, account: AccountId, from: Place) -> Standings {
    match views.orders.events_since(account, from.sequence) {
        Resume::TooOld { .. } => Standings::default(),
        Resume::From(events) => {
            let is_told =
                |event: &AccountEvent| place_of_event(event) < (from.sequence, from.index);
            let events: Vec<_> = events.copied().skip_while(is_told).collect();
            standings(views, events.into_iter().map(|event| (account, event)))
        }
    }
}

fn place_of_event(event: &AccountEvent) -> (u64, u32) {
    (event.stamp.sequence.0, event.index)
}

fn piece<'a, T: Copy + 'a>(
    history: impl Iterator<Item = &'a T>,
    from: Place,
    place: impl Fn(&T) -> (u64, u32),
) -> Vec<T> {
    let told = |item: &&T| place(item) < (from.sequence, from.index);
    history.skip_while(told).take(PIECE).copied().collect()
}

/// The execution of a trade of the past; `trades` keeps the trades of the command looked at last.
fn remembered(
    views: &Views,
    event: &AccountEvent,
    trades: &mut Vec<PublicTrade>,
) -> Option<orison_core::ExecutionId> {
    let orison_core::Event::Trade(trade) = &event.event else { return None };
    let sequence = event.stamp.sequence;
    let known = |known: &PublicTrade| {
        known.stamp.sequence == sequence && known.trade.instrument == trade.instrument
    };
    if !trades.first().is_some_and(known) {
        trades.clear();
        if let Resume::From(history) = views.trades.since(trade.instrument, sequence.0) {
            trades.extend(history.copied().take_while(|t| t.stamp.sequence == sequence));
        }
    }
    execution_in(trades, event)
}
