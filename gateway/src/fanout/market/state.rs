//! How one instrument stands as of the last command handled, and how that is shown; each part is
//! kept only while somebody watches it. News or views come in, bodies of messages go out.

use engine::Views;
use engine::projection::{Candle, DayStatistics, Indicative, Interval};
use orison_core::Stamp;
use orison_core::event::{StatusCause, StatusChanged};
use orison_core::instrument::Status;

use crate::fanout::json::Json;
use crate::fanout::mirror::Mirror;
use crate::fanout::public::{self, Listing, Phase};

pub(super) struct State {
    pub(super) listing: Listing,
    pub(super) mirror: Mirror,
    pub(super) day: DayStatistics,
    status: Status,
    cause: StatusCause,
    status_at: Stamp,
    /// What its auction would trade now; None: none is on.
    pub(super) indicative: Option<Indicative>,
    pub(super) open: [Option<(Candle, Stamp)>; Interval::ALL.len()],
    /// By interval: candles that open before this have been told to be closed, or never will be.
    pub(super) unclosed_from_ns: [u64; Interval::ALL.len()],
    /// The last complete command, to date what nothing has changed yet.
    pub(super) now: Stamp,
}

impl State {
    pub(super) fn new(listing: Listing) -> Self {
        Self {
            listing,
            mirror: Mirror::default(),
            day: DayStatistics::default(),
            status: listing.instrument.status,
            cause: StatusCause::Command,
            status_at: Stamp::default(),
            indicative: None,
            open: [None; Interval::ALL.len()],
            unclosed_from_ns: [0; Interval::ALL.len()],
            now: Stamp::default(),
        }
    }

    pub(super) fn load_book(&mut self, views: &Views) {
        self.mirror = Mirror::of(views.depth.book(self.listing.instrument.id));
    }

    pub(super) fn load_day(&mut self, views: &Views) {
        self.day = views.statistics.day(self.listing.instrument.id);
    }

    pub(super) fn load_candle(&mut self, views: &Views, interval: Interval) {
        let (instrument, index) = (self.listing.instrument.id, interval as usize);
        let open = views.candles.open(instrument, interval);
        self.open[index] = open.map(|candle| (*candle, self.now));
        let newest = views.candles.of(instrument, interval).next_back();
        self.unclosed_from_ns[index] = match (open, newest) {
            (Some(open), _) => open.open_time_ns,
            (None, Some(closed)) => closed.open_time_ns + 1,
            (None, None) => 0,
        };
    }

    pub(super) fn load_status(&mut self, views: &Views) {
        if let Some(instrument) = views.catalog.instrument(self.listing.instrument.id) {
            self.listing = Listing::of(views, instrument);
        }
        if let Some(market) = views.markets.market(self.listing.instrument.id) {
            (self.status, self.cause, self.status_at) = (market.status, market.cause, market.since);
            self.indicative = market.indicative;
        }
    }

    pub(super) fn change_status(&mut self, changed: &StatusChanged, at: Stamp) {
        (self.status, self.cause, self.status_at) = (changed.status, changed.cause, at);
        self.indicative = None;
    }

    pub(super) fn book(&self, levels: usize, json: &mut Json) -> Option<Stamp> {
        public::book_body(json, &self.listing, &self.mirror, levels);
        Some(public::dated(self.mirror.at, self.now))
    }

    pub(super) fn statistics(&self, json: &mut Json) -> Option<Stamp> {
        public::statistics_body(json, &self.listing, &self.day);
        let sequence = orison_core::Sequence(self.day.sequence);
        let at = Stamp { sequence, time_ns: self.day.time_ns };
        Some(public::dated(at, self.now))
    }

    pub(super) fn candle(&self, interval: Interval, json: &mut Json) -> Option<Stamp> {
        let (candle, at) = self.open[interval as usize].as_ref()?;
        self.candle_as(json, interval, candle, Phase::Open);
        Some(*at)
    }

    pub(super) fn candle_as(
        &self,
        json: &mut Json,
        interval: Interval,
        candle: &Candle,
        phase: Phase,
    ) {
        public::candle_body(json, &self.listing, interval, candle, phase);
    }

    pub(super) fn status(&self, json: &mut Json) -> Option<Stamp> {
        public::status_body(json, self.status, self.cause);
        Some(public::dated(self.status_at, self.now))
    }

    pub(super) fn auction(&self, json: &mut Json) -> Option<Stamp> {
        let Indicative { stamp, auction } = self.indicative.as_ref()?;
        public::auction_body(json, &self.listing, auction);
        Some(*stamp)
    }
}
