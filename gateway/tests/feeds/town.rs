//! Both venues and the feeds that go to them, on wires of memory.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use gateway::feeds::{
    ConnectionMetrics, Dial, Dialling, Feeds, LineName, Settings, Target, Topic, VenueEvent,
    VenueName, Wire,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::venues::{House, Kind};

/// Longer than anything that is waited for: a test that hangs fails.
const STUCK: Duration = Duration::from_secs(48 * 3600);

pub(crate) struct Town {
    pub(crate) binance: Arc<House>,
    pub(crate) upbit: Arc<House>,
    pub(crate) feeds: Feeds,
    pub(crate) heard: mpsc::Receiver<VenueEvent>,
}

pub(crate) struct Streets {
    pub(crate) binance: Arc<House>,
    pub(crate) upbit: Arc<House>,
}

impl Dial for Streets {
    fn dial<'a>(&'a self, target: &'a Target) -> Dialling<'a> {
        Box::pin(async move {
            let house = match target.host.as_str() {
                "binance.test" => &self.binance,
                "upbit.test" => &self.upbit,
                other => return Err(io::Error::other(format!("no street leads to {other}"))),
            };
            let (ours, theirs) = tokio::io::duplex(1 << 20);
            tokio::spawn(Arc::clone(house).serve(theirs));
            Ok(Box::new(ours) as Wire)
        })
    }
}

pub(crate) fn settings() -> Settings {
    let mut settings = Settings::new(VenueName::ALL.into_iter().collect());
    settings.binance_ws = "ws://binance.test".into();
    settings.binance_rest = "http://binance.test".into();
    settings.upbit_ws = "ws://upbit.test/websocket/v1".into();
    settings.depth_interval = Duration::ZERO;
    settings
}

pub(crate) fn topics(texts: &[&str]) -> BTreeSet<Topic> {
    texts.iter().map(|text| text.parse().expect("a topic")).collect()
}

impl Town {
    pub(crate) fn new(adjust: impl FnOnce(&mut Settings)) -> Self {
        let (binance, upbit) = (House::new(Kind::Binance), House::new(Kind::Upbit));
        let streets = Streets { binance: Arc::clone(&binance), upbit: Arc::clone(&upbit) };
        let mut settings = settings();
        adjust(&mut settings);
        let (feeds, heard) = Feeds::start(settings, Arc::new(streets)).expect("good settings");
        Self { binance, upbit, feeds, heard }
    }

    pub(crate) fn with(texts: &[&str]) -> Self {
        Self::new(|settings| settings.topics = topics(texts))
    }

    pub(crate) async fn hear(&mut self) -> VenueEvent {
        let heard = timeout(STUCK, self.heard.recv()).await.expect("something is said");
        heard.expect("the feeds live")
    }

    /// Returns once the feeds have nothing to send and wait for nobody: every line carries what is
    /// wanted, or is idle because nothing is.
    pub(crate) async fn rest(&self) {
        let resting = async {
            while !self.feeds.status().connection_metrics.iter().all(is_at_rest) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let status = || format!("never at rest: {:#?}", self.feeds.status());
        timeout(STUCK, resting).await.unwrap_or_else(|_| panic!("{}", status()));
    }

    pub(crate) fn metrics(&self, line: LineName) -> ConnectionMetrics {
        let all = self.feeds.status().connection_metrics;
        all.into_iter().find(|metrics| metrics.line == line.word()).expect("the line is there")
    }
}

fn is_at_rest(metrics: &ConnectionMetrics) -> bool {
    metrics.generation_sent == metrics.generation_wanted
        && metrics.topics_sent.len() + metrics.topics_refused.len() == metrics.topics_wanted.len()
        && format!("{:?}", metrics.pending) == "Idle"
}
