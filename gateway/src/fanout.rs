//! Fan-out: events and views come in from the projector, messages go out to bounded outboxes.

use engine::runtime::SharedViews;
use engine::{Output, Token, Views};
use orison_core::Stamp;

#[derive(Clone, Copy, Debug)]
pub struct Settings {}

impl Settings {
    pub const DEFAULT: Self = Self {};
}

pub struct Hub {}

/// The projector's side of the hub.
pub struct HubFeed {}

impl Hub {
    pub fn start(_views: SharedViews, _settings: Settings) -> (Self, HubFeed) {
        (Self {}, HubFeed {})
    }

    /// Closes every session with 1001 "Shutdown"; returns once they have gone, or after a limit.
    pub async fn stop(&self) {}
}

impl HubFeed {
    pub fn on_event(&mut self, _output: &Output, _index: u32, _views: &Views) {}
    pub fn on_end(&mut self, _token: Token, _stamp: Stamp, _views: &Views) {}
    pub fn on_idle(&mut self) {}
}
