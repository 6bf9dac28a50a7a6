//! Questions about one point of a journal's past: the nearest snapshot, the few commands behind
//! it, one answer. Command line and HTTP ask the same.

use std::path::Path;

use orison_core::{AccountName, Exchange, Symbol};
use thiserror::Error;

use crate::past::{Past, PastError, Until};
use crate::player::{Depth, Player};
use crate::verify::SMALL_VIEWS;
use crate::{book, state};

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    Book(Symbol),
    /// None: of every instrument.
    Statistics(Option<Symbol>),
    /// None: of every account.
    Balances(Option<AccountName>),
    Account(AccountName),
}

#[derive(Debug, Error)]
pub enum AskError {
    #[error(transparent)]
    Past(#[from] PastError),
    #[error("symbol {symbol} is not known at that point; known: {known}")]
    Symbol { symbol: Symbol, known: String },
    #[error("account {account} is not known at that point")]
    Account { account: AccountName },
}

impl AskError {
    pub fn unknown_symbol(symbol: Symbol, exchange: &Exchange) -> Self {
        let known = exchange.instruments().iter().map(|known| known.symbol.to_string());
        let known = known.reduce(|all, next| all + ", " + &next);
        Self::Symbol { symbol, known: known.unwrap_or_else(|| "none".to_owned()) }
    }
}

impl Question {
    /// What of a state it needs.
    pub fn depth(&self) -> Depth {
        match self {
            Self::Book(_) => Depth::Core,
            Self::Statistics(_) | Self::Balances(_) => Depth::Market,
            Self::Account(_) => Depth::Views,
        }
    }
}

/// The state at a point, as far as `depth`. `progress` gets each sequence passed.
pub fn at(
    directory: &Path,
    until: Until,
    depth: Depth,
    mut progress: impl FnMut(u64),
) -> Result<Past, PastError> {
    let mut past = Past::near(directory, SMALL_VIEWS, until, depth)?;
    past.play(until, &mut progress)?;
    Ok(past)
}

/// Puts JSON lines to `out`.
pub fn answer(player: &Player, question: &Question, out: &mut Vec<u8>) -> Result<(), AskError> {
    let exchange = &player.exchange;
    let instrument = |symbol: &Symbol| {
        exchange.instrument(symbol).ok_or_else(|| AskError::unknown_symbol(*symbol, exchange))
    };
    let account =
        |name: &AccountName| exchange.account(name).ok_or(AskError::Account { account: *name });
    match question {
        Question::Book(symbol) => book::json(player, instrument(symbol)?, out),
        Question::Statistics(Some(symbol)) => state::statistics(player, instrument(symbol)?, out),
        Question::Statistics(None) => {
            exchange.instruments().iter().for_each(|known| state::statistics(player, known, out));
        }
        Question::Balances(of) => {
            state::balances(player, of.as_ref().map(account).transpose()?, out);
        }
        Question::Account(name) => state::account(player, account(name)?, out),
    }
    Ok(())
}
