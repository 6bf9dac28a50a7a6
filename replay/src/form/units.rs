//! Numbers of commands in the units of their instrument, and the keys that hold them.

use orison_core::{Decimal, Instrument, Price, Quantity};

use crate::json::Object;

/// The units that an instrument's numbers are shown in; None: there is no such instrument.
#[derive(Clone, Copy)]
pub(super) struct Units<'a> {
    pub(super) instrument: Option<&'a Instrument>,
    pub(super) quote_decimals: u8,
}

impl Units<'_> {
    pub(super) fn price(self, price: Price) -> Option<Decimal> {
        self.instrument.map(|instrument| instrument.price_decimal(price))
    }

    pub(super) fn quantity(self, quantity: Quantity) -> Option<Decimal> {
        let instrument = self.instrument.filter(|_| quantity != Quantity::INVALID);
        instrument.map(|instrument| instrument.quantity_decimal(quantity))
    }

    pub(super) fn money(self, units: i128) -> Option<Decimal> {
        self.instrument.map(|_| Decimal::new(units, self.quote_decimals))
    }
}

/// A word that is not there has no key.
pub(super) fn put_word(object: &mut Object<'_>, key: &str, word: Option<&str>) {
    if let Some(word) = word {
        object.text(key, word);
    }
}

pub(super) fn put_decimal(object: &mut Object<'_>, key: &str, value: Option<Decimal>) {
    match value {
        Some(value) => object.shown(key, value),
        None => object.null(key),
    };
}

pub(super) fn whole(number: impl Into<i128>) -> Option<Decimal> {
    Some(Decimal::new(number.into(), 0))
}
