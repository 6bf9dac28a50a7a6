//! What the steps of an instrument are worth in the smallest units of its assets.

use orison_core::event::AssetOpened;
use orison_core::instrument::Step;
use orison_core::types::AssetId;
use orison_core::{Decimal, Instrument, Price, Quantity};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Worth {
    pub(super) base: AssetId,
    pub(super) quote: AssetId,
    pub(super) quantity_step: Step,
    /// Units of the base asset, of one quantity step.
    base_units: i128,
    /// Units of the quote asset, of one price step times one quantity step.
    quote_units: i128,
}

impl Worth {
    /// None: the steps are no whole units, or beyond 128 bits; no instrument is created like that.
    pub(super) fn of(
        instrument: &Instrument,
        base: &AssetOpened,
        quote: &AssetOpened,
    ) -> Option<Self> {
        let Step { mantissa, scale } = instrument.quantity_step;
        let price_step = instrument.price_step;
        let product = i128::from(mantissa).checked_mul(i128::from(price_step.mantissa))?;
        let product = Decimal::new(product, scale + price_step.scale);
        Some(Self {
            base: instrument.base,
            quote: instrument.quote,
            quantity_step: instrument.quantity_step,
            base_units: instrument
                .quantity_step
                .to_decimal()
                .steps_of(Decimal::new(1, base.decimals))?,
            quote_units: product.steps_of(Decimal::new(1, quote.decimals))?,
        })
    }

    /// Units of the base asset; at the end of 128 bits it stays there.
    pub(super) fn base(&self, quantity: Quantity) -> i128 {
        i128::from(quantity.0).saturating_mul(self.base_units)
    }

    /// Units of the quote asset, negative for what is short; at the end of 128 bits it stays there.
    pub(crate) fn market(&self, price: Price, quantity: i128) -> i128 {
        quantity.saturating_mul(i128::from(price.0)).saturating_mul(self.quote_units)
    }

    /// Units of the quote asset. What the core lets trade fits.
    pub(super) fn quote(&self, price: Price, quantity: Quantity) -> i128 {
        price.notional(quantity).saturating_mul(self.quote_units)
    }
}

orison_core::stored! {
    Worth { base, quote, quantity_step, base_units, quote_units }
}
