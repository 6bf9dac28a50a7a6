//! What the feeds are doing, as `/api/v1/feeds` shows it. Each line keeps its own figures.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::limiter::{LimiterStatus, millis};
use super::pending::PendingState;
use super::protocol::Notes;
use super::topic::Topic;
use super::wanted::SubscriptionStats;

#[derive(Clone, PartialEq, Default, Serialize, ToSchema, Debug)]
pub struct FeedsStatus {
    pub subscription_stats: SubscriptionStats,
    pub connection_metrics: Vec<ConnectionMetrics>,
    pub rate_limiter_status: Vec<LimiterStatus>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema, Debug)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Nothing is wanted: there is no connection.
    Idle,
    Connecting,
    Open,
    /// Until the next try.
    Waiting,
    Stopped,
}

#[derive(Clone, PartialEq, Serialize, ToSchema, Debug)]
pub struct ConnectionMetrics {
    pub line: &'static str,
    pub state: LineState,
    /// How long in this state.
    pub state_ms: u64,
    pub pending: PendingState,
    /// Of the set that is wanted, and of the one that was sent; equal at rest.
    pub generation_wanted: u64,
    pub generation_sent: u64,
    pub topics_wanted: Vec<String>,
    pub topics_sent: Vec<String>,
    /// Topics that the venue refuses, and what it said; wanted anew they are tried anew.
    pub topics_refused: BTreeMap<String, String>,
    pub requests_sent: u64,
    pub connects: u64,
    pub connect_failures: u64,
    pub reconnects: u64,
    /// Tries in a row that brought no message.
    pub failures: u32,
    pub messages: u64,
    pub bytes: u64,
    pub data_messages: u64,
    pub unreadable: u64,
    pub refused: u64,
    pub duplicates: u64,
    pub trades_missed: u64,
    pub large_liquidations: u64,
    pub books: usize,
    pub books_synced: usize,
    pub book_resyncs: u64,
    pub snapshot_failures: u64,
    /// Since the last message of the market; None: there was none.
    pub silent_ms: Option<u64>,
    pub last_error: Option<String>,
}

/// A line's figures, shared with whoever asks.
#[derive(Clone, Debug)]
pub(super) struct Gauge(Arc<Mutex<Figures>>);

#[derive(Debug)]
pub(super) struct Figures {
    metrics: ConnectionMetrics,
    state_since: Instant,
    data_at: Option<Instant>,
}

impl Gauge {
    pub(super) fn new(line: &'static str) -> Self {
        let metrics = ConnectionMetrics {
            line,
            state: LineState::Idle,
            state_ms: 0,
            pending: PendingState::Idle,
            generation_wanted: 0,
            generation_sent: 0,
            topics_wanted: Vec::new(),
            topics_sent: Vec::new(),
            topics_refused: BTreeMap::new(),
            requests_sent: 0,
            connects: 0,
            connect_failures: 0,
            reconnects: 0,
            failures: 0,
            messages: 0,
            bytes: 0,
            data_messages: 0,
            unreadable: 0,
            refused: 0,
            duplicates: 0,
            trades_missed: 0,
            large_liquidations: 0,
            books: 0,
            books_synced: 0,
            book_resyncs: 0,
            snapshot_failures: 0,
            silent_ms: None,
            last_error: None,
        };
        let figures = Figures { metrics, state_since: Instant::now(), data_at: None };
        Self(Arc::new(Mutex::new(figures)))
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut ConnectionMetrics)) {
        change(&mut self.lock().metrics);
    }

    pub(super) fn state(&self, state: LineState) {
        let mut figures = self.lock();
        if figures.metrics.state != state {
            figures.metrics.state = state;
            figures.state_since = Instant::now();
        }
    }

    pub(super) fn failed(&self, reason: String) {
        self.lock().metrics.last_error = Some(reason);
    }

    pub(super) fn heard_data(&self) {
        let mut figures = self.lock();
        figures.metrics.data_messages += 1;
        figures.metrics.failures = 0;
        figures.data_at = Some(Instant::now());
    }

    pub(super) fn noted(&self, notes: &Notes, (books_synced, books): (usize, usize)) {
        let metrics = &mut self.lock().metrics;
        metrics.duplicates += notes.duplicates;
        metrics.trades_missed += notes.missed;
        metrics.book_resyncs += notes.resyncs;
        (metrics.books, metrics.books_synced) = (books, books_synced);
    }

    pub(super) fn sent(&self, sent: &BTreeSet<Topic>) {
        self.lock().metrics.topics_sent = sent.iter().map(Topic::to_string).collect();
    }

    pub(super) fn refused(&self, refused: BTreeMap<String, String>) {
        self.lock().metrics.topics_refused = refused;
    }

    /// With what is wanted now.
    pub(super) fn metrics(&self, wanted: &BTreeSet<Topic>, generation: u64) -> ConnectionMetrics {
        let figures = self.lock();
        let mut metrics = figures.metrics.clone();
        metrics.state_ms = millis(figures.state_since.elapsed());
        metrics.silent_ms = figures.data_at.map(|at| millis(at.elapsed()));
        metrics.generation_wanted = generation;
        metrics.topics_wanted = wanted.iter().map(Topic::to_string).collect();
        metrics
    }

    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
