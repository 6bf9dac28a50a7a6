//! What venues say becomes commands, entered at the desk like anybody's, so that a replay has it
//! too. Order is kept; while the exchange is busy a ticker gives way to the next one, and the
//! rest waits, which in the end the venue feels.

use std::sync::Arc;
use std::time::Duration;

use orison_core::Command;
use orison_core::command::{ExternalDepth, ExternalTrade, Foreign};
use tokio::sync::mpsc;

use crate::App;
use crate::desk::DeskError;
use crate::feeds::{Depth, Dial, Feeds, Level, OwnAsset, OwnAssets, OwnOrder, Trade, VenueEvent};

/// How long a command that may not be lost waits before it is tried again.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Starts the configured feeds, if any.
pub(crate) fn start(app: &Arc<App>, dial: Arc<dyn Dial>) {
    let Some(settings) = app.config.feeds.clone() else { return };
    match Feeds::start(settings, dial) {
        Ok((feeds, heard)) => {
            if app.feeds.set(feeds).is_ok() {
                tokio::spawn(run(Arc::clone(app), heard));
            }
        }
        Err(error) => tracing::error!(%error, "the feeds do not start"),
    }
}

/// Until the feeds end or the desk is closed.
async fn run(app: Arc<App>, mut heard: mpsc::Receiver<VenueEvent>) {
    while let Some(event) = heard.recv().await {
        let Some((command, urgency)) = command_of(event) else { continue };
        if enter(&app, &command, urgency).await == Entered::Stopping {
            return;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Urgency {
    /// The next one says it better.
    State,
    /// Said once.
    Event,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Entered {
    Yes,
    Lost,
    Stopping,
}

/// None: it is no business of the exchange's.
fn command_of(event: VenueEvent) -> Option<(Command, Urgency)> {
    match event {
        VenueEvent::Ticker(ticker) => Some((Command::Ticker(ticker), Urgency::State)),
        VenueEvent::Liquidation(forced) => {
            Some((Command::Liquidation(forced.liquidation), Urgency::Event))
        }
        VenueEvent::Trade(trade) => {
            Some((Command::ExternalTrade(external_trade(&trade)), Urgency::Event))
        }
        VenueEvent::Depth(depth) => {
            let command = external_depth(&depth);
            if command.is_none() {
                tracing::debug!(?depth, "a book of too many digits is not taken");
            }
            command.map(|depth| (Command::ExternalDepth(depth), Urgency::State))
        }
        VenueEvent::OwnOrder(order) => {
            tell_order(&order);
            None
        }
        VenueEvent::OwnAssets(assets) => {
            tell_assets(&assets);
            None
        }
    }
}

/// Own orders and money at a venue are nobody's but the operator's, who reads the log: they are no
/// part of the exchange, its journal or its listeners.
fn tell_order(order: &OwnOrder) {
    let number = |number: Option<Foreign>| number.map(|number| number.to_decimal().to_string());
    let (venue, symbol, id) = (order.venue, order.symbol, order.id.as_str());
    let (executed, remaining) = (number(order.executed_quantity), number(order.remaining_quantity));
    let (side, state) = (order.side, order.state.as_str());
    tracing::info!(%venue, %symbol, id, ?side, state, executed, remaining, "own order");
}

fn tell_assets(assets: &OwnAssets) {
    for OwnAsset { currency, balance, locked } in &assets.assets {
        let (balance, locked) = (balance.to_decimal(), locked.to_decimal());
        tracing::info!(venue = %assets.venue, currency, %balance, %locked, "own asset");
    }
}

fn external_trade(trade: &Trade) -> ExternalTrade {
    let Trade { venue, symbol, side, price, quantity, trade_id, event_time_ms } = *trade;
    ExternalTrade { venue, symbol, side, price, quantity, trade_id, event_time_ms }
}

fn external_depth(depth: &Depth) -> Option<ExternalDepth> {
    let pairs = |levels: &[Level]| -> Vec<(Foreign, Foreign)> {
        levels.iter().map(|level| (level.price, level.quantity)).collect()
    };
    let (bids, asks) = (pairs(&depth.bids), pairs(&depth.asks));
    let numbers = (depth.update_id, depth.event_time_ms);
    ExternalDepth::of_levels((depth.venue, depth.symbol), &bids, &asks, numbers)
}

async fn enter(app: &App, command: &Command, urgency: Urgency) -> Entered {
    loop {
        match app.desk.enter(command) {
            // Nobody waits for what becomes of it: a repeat is refused, and that is all right.
            Ok(_ticket) => return Entered::Yes,
            Err(DeskError::Busy) if urgency == Urgency::Event => {
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            Err(DeskError::Stopping) => return Entered::Stopping,
            Err(error @ (DeskError::Busy | DeskError::JournalFull | DeskError::Timeout)) => {
                tracing::debug!(%error, ?command, "what a venue said is not taken");
                return Entered::Lost;
            }
        }
    }
}
