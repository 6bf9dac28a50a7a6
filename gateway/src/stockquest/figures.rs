//! Figures of a session that take long: each costs of its budget, is computed in the workshop from
//! what was copied out of the views, and told when it is there, in the order they were asked for.

use std::pin::Pin;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::envelope::RequestId;
use super::host::Host;
use crate::connections::Purpose;
use crate::workshop::{Bench, BrokeOff};
use crate::xtrader::problem::Problem;

/// Figures of one session under way; at this many it hears nothing until one is there.
const UNDERWAY_MAX: usize = 4;

type Figuring = Pin<Box<dyn Future<Output = Figure> + Send>>;

/// What came of one.
pub(super) struct Figure {
    id: Option<RequestId>,
    text: Result<Utf8Bytes, Problem>,
}

#[derive(Default)]
pub(super) struct Figures {
    underway: FuturesOrdered<Figuring>,
}

impl Host {
    /// Before anything is looked up for a request that costs more than its message.
    pub(super) fn charge(&self) -> Result<(), Problem> {
        self.draw(Purpose::Figure)
    }

    /// The same, and a place in the workshop.
    pub(super) fn bench(&self) -> Result<Bench, Problem> {
        self.charge()?;
        self.app.workshop.bench().map_err(Problem::crowded)
    }
}

impl Figures {
    pub(super) fn may_hear(&self) -> bool {
        self.underway.len() < UNDERWAY_MAX
    }

    /// `text` is given the id that the answer is marked with.
    pub(super) fn begin(
        &mut self,
        bench: Bench,
        id: Option<&RequestId>,
        text: impl FnOnce(Option<&RequestId>) -> Result<Utf8Bytes, Problem> + Send + 'static,
    ) {
        let (id, marked) = (id.cloned(), id.cloned());
        let computed = bench.compute(move || text(marked.as_ref()));
        self.underway.push_back(Box::pin(async move {
            let text = computed.await.unwrap_or_else(|BrokeOff| Err(Problem::internal()));
            Figure { id, text }
        }));
    }

    /// For ever if none is under way. May be dropped at any point.
    pub(super) async fn next(&mut self) -> Figure {
        match self.underway.next().await {
            Some(figure) => figure,
            None => std::future::pending().await,
        }
    }
}

impl Figure {
    pub(super) fn tell(self, host: &Host) {
        match self.text {
            Ok(text) => host.push(text),
            Err(problem) => host.refuse(&problem, self.id.as_ref()),
        }
    }
}
