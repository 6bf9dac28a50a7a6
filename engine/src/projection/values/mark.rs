//! The price at which an instrument is valued: its last trade; before any, the middle of the best
//! quotes, half a step up; without two quotes the configured reference. None of them: no price.

use orison_core::{InstrumentId, Price, Side};

use super::Sources;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mark {
    pub price: Price,
    pub source: MarkSource,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MarkSource {
    Last,
    Mid,
    Reference,
}

impl MarkSource {
    pub fn word(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Mid => "mid",
            Self::Reference => "reference",
        }
    }
}

impl Mark {
    pub(crate) fn of(sources: &Sources<'_>, instrument: InstrumentId) -> Option<Self> {
        let last = sources.statistics.day(instrument).last;
        let last = last.map(|price| Self { price, source: MarkSource::Last });
        last.or_else(|| Self::mid(sources, instrument)).or_else(|| {
            let bounds = sources.catalog.bounds(instrument)?;
            let price = bounds.reference_price;
            (price.0 > 0).then_some(Self { price, source: MarkSource::Reference })
        })
    }

    fn mid(sources: &Sources<'_>, instrument: InstrumentId) -> Option<Self> {
        let book = sources.depth.book(instrument)?;
        let (bid, _) = book.best(Side::Buy)?;
        let (ask, _) = book.best(Side::Sell)?;
        let sum = i128::from(bid.0) + i128::from(ask.0) + 1;
        let price = Price(i64::try_from(sum.div_euclid(2)).ok()?);
        Some(Self { price, source: MarkSource::Mid })
    }
}
