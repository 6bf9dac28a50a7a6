//! What can be traded and in what it is counted: instruments and assets, numbered as they came,
//! and what a price step times a quantity step is worth in the quote asset's smallest unit.

use orison_core::command::{Genesis, InstrumentFields, InstrumentSpec};
use orison_core::event::AssetOpened;
use orison_core::instrument::{Status, Step};
use orison_core::types::AssetId;
use orison_core::{AssetName, Event, Instrument, InstrumentId, Price, Quantity, Reason};

/// Fields whose rules are not in force.
const LATER: [InstrumentFields; 7] = [
    InstrumentFields::BAND_LOW,
    InstrumentFields::BAND_HIGH,
    InstrumentFields::EXECUTION_RANGE,
    InstrumentFields::INTERRUPTION,
    InstrumentFields::MAX_QUANTITY,
    InstrumentFields::MIN_NOTIONAL,
    InstrumentFields::REFERENCE_PRICE,
];

/// 10 % either way.
const FEE_MAX: i32 = 100_000;

#[derive(Default)]
pub(super) struct Listing {
    pub(super) instruments: Vec<Instrument>,
    /// Name and decimals; number 1 is at index 0.
    assets: Vec<(AssetName, u8)>,
}

impl Listing {
    pub(super) fn get(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.iter().find(|instrument| instrument.id == id)
    }

    /// Price steps x quantity steps, in the smallest unit of the quote asset.
    pub(super) fn money(&self, id: InstrumentId, price: Price, quantity: Quantity) -> i128 {
        let instrument = self.get(id).expect("what trades is listed");
        let (_, decimals) = self.assets[usize::from(instrument.quote.0) - 1];
        let worth = worth(instrument.price_step, instrument.quantity_step, decimals);
        price.notional(quantity) * worth.expect("it was listed with a whole worth")
    }

    /// Whether that and the largest fee on it can be counted at all.
    pub(super) fn fits(&self, id: InstrumentId, price: Price, quantity: Quantity) -> bool {
        let instrument = self.get(id).expect("what is entered is listed");
        let (_, decimals) = self.assets[usize::from(instrument.quote.0) - 1];
        worth(instrument.price_step, instrument.quantity_step, decimals)
            .and_then(|worth| worth.checked_mul(price.notional(quantity)))
            .and_then(|money| money.checked_mul(1_000_000 + i128::from(FEE_MAX)))
            .is_some()
    }

    pub(super) fn change(
        &mut self,
        spec: &InstrumentSpec,
        genesis: &Genesis,
        events: &mut Vec<Event>,
    ) -> Result<(), Reason> {
        if spec.symbol.is_empty() {
            return Err(Reason::UnknownSymbol);
        }
        let later = LATER.iter().any(|&field| spec.fields.has(field));
        let not_open = spec.fields.has(InstrumentFields::STATUS) && spec.status != Status::Open;
        if later || not_open {
            return Err(Reason::BadCombination);
        }
        let known = self.instruments.iter().position(|known| known.symbol == spec.symbol);
        let instrument = match known {
            Some(index) => {
                let changed = with_fees(self.instruments[index], spec);
                if !self.says_the_same(&self.instruments[index], spec) {
                    return Err(Reason::BadCombination);
                }
                self.instruments[index] = changed?;
                self.instruments[index]
            }
            None => self.create(spec, genesis, events)?,
        };
        events.push(Event::Instrument(instrument));
        Ok(())
    }

    /// Of what never changes.
    fn says_the_same(&self, known: &Instrument, spec: &InstrumentSpec) -> bool {
        let (base, base_decimals) = self.assets[usize::from(known.base.0) - 1];
        let (quote, quote_decimals) = self.assets[usize::from(known.quote.0) - 1];
        let same = |field, same: bool| !spec.fields.has(field) || same;
        let equal = |a: Step, b: Step| a.to_decimal() == b.to_decimal();
        same(InstrumentFields::BASE, spec.base == base)
            && same(InstrumentFields::QUOTE, spec.quote == quote)
            && same(InstrumentFields::BASE_DECIMALS, spec.base_decimals == base_decimals)
            && same(InstrumentFields::QUOTE_DECIMALS, spec.quote_decimals == quote_decimals)
            && same(InstrumentFields::PRICE_STEP, equal(spec.price_step, known.price_step))
            && same(InstrumentFields::QUANTITY_STEP, equal(spec.quantity_step, known.quantity_step))
    }

    fn create(
        &mut self,
        spec: &InstrumentSpec,
        genesis: &Genesis,
        events: &mut Vec<Event>,
    ) -> Result<Instrument, Reason> {
        let is_step = |step: Step| step.mantissa > 0 && step.scale <= 18;
        if !is_step(spec.price_step) {
            return Err(Reason::BadPrice);
        }
        if !is_step(spec.quantity_step) {
            return Err(Reason::BadQuantity);
        }
        if spec.base.is_empty() || spec.quote.is_empty() || spec.base == spec.quote {
            return Err(Reason::UnknownAsset);
        }
        if self.instruments.len() >= usize::from(genesis.instruments_max) {
            return Err(Reason::UnknownSymbol);
        }
        let mut assets = self.assets.clone();
        let given = |field, decimals| spec.fields.has(field).then_some(decimals);
        let decimals = given(InstrumentFields::BASE_DECIMALS, spec.base_decimals);
        let needed = decimals_of(spec.quantity_step);
        let base = asset(&mut assets, spec.base, decimals, needed, genesis)?;
        if needed > assets[usize::from(base.0) - 1].1 {
            return Err(Reason::BadQuantity);
        }
        let product = u64::try_from(
            u128::from(spec.price_step.mantissa) * u128::from(spec.quantity_step.mantissa),
        );
        let mantissa = product.expect("the streams here name small steps");
        let scale = spec.price_step.scale + spec.quantity_step.scale;
        let decimals = given(InstrumentFields::QUOTE_DECIMALS, spec.quote_decimals);
        let needed = decimals_of(Step { mantissa, scale });
        let quote = asset(&mut assets, spec.quote, decimals, needed, genesis)?;
        let (_, decimals) = assets[usize::from(quote.0) - 1];
        worth(spec.price_step, spec.quantity_step, decimals).ok_or(Reason::BadPrice)?;
        let bare = Instrument {
            symbol: spec.symbol,
            id: InstrumentId(self.instruments.len() as u16 + 1),
            base,
            quote,
            status: Status::Open,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            price_step: spec.price_step,
            quantity_step: spec.quantity_step,
        };
        let instrument = with_fees(bare, spec)?;
        for (index, &(name, decimals)) in assets.iter().enumerate().skip(self.assets.len()) {
            let asset = AssetId(index as u16 + 1);
            events.push(Event::AssetOpened(AssetOpened { asset, name, decimals }));
        }
        self.assets = assets;
        self.instruments.push(instrument);
        Ok(instrument)
    }
}

/// The number of an asset, which is opened if nobody has named it before.
fn asset(
    assets: &mut Vec<(AssetName, u8)>,
    name: AssetName,
    decimals: Option<u8>,
    needed: u8,
    genesis: &Genesis,
) -> Result<AssetId, Reason> {
    if let Some(index) = assets.iter().position(|(known, _)| *known == name) {
        let same = decimals.is_none_or(|decimals| decimals == assets[index].1);
        return if same { Ok(AssetId(index as u16 + 1)) } else { Err(Reason::BadCombination) };
    }
    if assets.len() >= usize::from(genesis.assets_max) {
        return Err(Reason::UnknownAsset);
    }
    if decimals.is_some_and(|decimals| decimals > 18) {
        return Err(Reason::BadCombination);
    }
    assets.push((name, decimals.unwrap_or(needed.clamp(8, 18))));
    Ok(AssetId(assets.len() as u16))
}

/// Rates that were given; the others stay.
fn with_fees(mut instrument: Instrument, spec: &InstrumentSpec) -> Result<Instrument, Reason> {
    if spec.fields.has(InstrumentFields::MAKER_FEE) {
        instrument.maker_fee_ppm = spec.maker_fee_ppm;
    }
    if spec.fields.has(InstrumentFields::TAKER_FEE) {
        instrument.taker_fee_ppm = spec.taker_fee_ppm;
    }
    let Instrument { maker_fee_ppm: maker, taker_fee_ppm: taker, .. } = instrument;
    let is_rate = |rate: i32| (-FEE_MAX..=FEE_MAX).contains(&rate);
    let good = is_rate(maker) && is_rate(taker) && maker + taker >= 0;
    if good { Ok(instrument) } else { Err(Reason::BadAmount) }
}

/// How many decimals the number has, written without trailing zeros.
fn decimals_of(step: Step) -> u8 {
    let Step { mut mantissa, mut scale } = step;
    while scale > 0 && mantissa.is_multiple_of(10) {
        mantissa /= 10;
        scale -= 1;
    }
    scale
}

/// One price step x one quantity step in units of 10^-decimals; None: no whole number of them.
fn worth(price_step: Step, quantity_step: Step, decimals: u8) -> Option<i128> {
    let mantissa = i128::from(price_step.mantissa) * i128::from(quantity_step.mantissa);
    let scale = u32::from(price_step.scale) + u32::from(quantity_step.scale);
    let numerator = mantissa * 10i128.pow(u32::from(decimals));
    let denominator = 10i128.pow(scale);
    (numerator % denominator == 0).then(|| numerator / denominator)
}
