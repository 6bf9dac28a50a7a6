//! What listens to the projector: the desk's waiting requests are answered first, then the hub
//! is told. Runs on the projector's thread, so it never blocks and never locks the views.
//! Events come in, outcomes and hub calls go out.

use crossbeam::channel::{Receiver, Sender, bounded};
use engine::{Output, Token, Views};
use orison_core::event::Accepted;
use orison_core::{Event, Stamp};

use crate::desk::{Completions, Outcome};
use crate::fanout::HubFeed;

pub struct Publisher {
    desk: Completions,
    command: Progress,
    hub: Option<HubFeed>,
    /// The hub needs the views that the runtime owns, so it joins after the start, between two
    /// commands; nobody can have subscribed before.
    joining: Receiver<HubFeed>,
}

impl Publisher {
    pub fn new(desk: Completions) -> (Self, Sender<HubFeed>) {
        let (sender, joining) = bounded(1);
        (Self { desk, command: Progress::default(), hub: None, joining }, sender)
    }
}

impl engine::Publisher for Publisher {
    fn on_event(&mut self, output: &Output, index: u32, views: &Views) {
        if self.hub.is_none() && index == 0 {
            self.hub = self.joining.try_recv().ok();
        }
        self.command.on_event(output.event());
        if let Some(hub) = &mut self.hub {
            hub.on_event(output, index, views);
        }
    }

    fn on_end(&mut self, token: Token, stamp: Stamp, views: &Views) {
        let command = std::mem::take(&mut self.command);
        if token != Token::default() {
            self.desk.complete(token, command.outcome(stamp));
        }
        if let Some(hub) = &mut self.hub {
            hub.on_end(token, stamp, views);
        }
    }

    fn on_verdict(&mut self, verdict: &Output) {
        let (stamp, answer) = (verdict.stamp(), *verdict.event());
        let outcome = Outcome { stamp, answer, second: None, trades: 0, cancelled: 0 };
        self.desk.complete(verdict.token(), outcome);
    }

    fn on_idle(&mut self) {
        if let Some(hub) = &mut self.hub {
            hub.on_idle();
        }
    }
}

/// What the events of the current command have said so far.
#[derive(Default)]
struct Progress {
    answer: Option<Event>,
    second: Option<Accepted>,
    trades: u32,
    cancelled: u32,
}

impl Progress {
    fn on_event(&mut self, event: &Event) {
        match event {
            Event::Trade(_) => self.trades += 1,
            Event::Cancelled(_) => self.cancelled += 1,
            Event::AssetOpened(_) | Event::AccountOpened(_) => return,
            Event::Accepted(accepted) if self.answer.is_some() => {
                self.second.get_or_insert(*accepted);
            }
            Event::Accepted(_)
            | Event::Rejected(_)
            | Event::Rested(_)
            | Event::Amended(_)
            | Event::Level(_)
            | Event::Instrument(_)
            | Event::Prayed(_)
            | Event::Ticker(_)
            | Event::Liquidation(_)
            | Event::ExternalTrade(_)
            | Event::ExternalDepth(_)
            | Event::ExternalLevel(_)
            | Event::Conditions(_)
            | Event::Waiting(_)
            | Event::Triggered(_)
            | Event::Refreshed(_)
            | Event::Decremented(_)
            | Event::Auction(_)
            | Event::Status(_)
            | Event::Balance(_)
            | Event::Bounds(_)
            | Event::Account(_)
            | Event::Done => {}
        }
        self.answer.get_or_insert(*event);
    }

    fn outcome(self, stamp: Stamp) -> Outcome {
        let answer = self.answer.unwrap_or(Event::Done);
        let Self { second, trades, cancelled, .. } = self;
        Outcome { stamp, answer, second, trades, cancelled }
    }
}
