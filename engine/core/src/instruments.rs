//! What can be traded, and the assets that are counted: both numbered in the order they came.
//! A command to create or change an instrument is judged as a whole before anything is changed.

use alloc::vec::Vec;

use crate::command::{InstrumentFields, InstrumentSpec};
use crate::decimal::Decimal;
use crate::event::{AssetOpened, Event, Money, Sink};
use crate::exchange::Rules;
use crate::instrument::{
    ASSET_DECIMALS_DEFAULT, ASSET_DECIMALS_MAX, Bounds, FEE_PPM_MAX, Instrument, Status, Step,
};
use crate::reason::Reason;
use crate::terms::FACTOR_PPM_MAX;
use crate::text::{AssetName, Symbol};
use crate::types::{AssetId, InstrumentId, Price, Quantity};

#[derive(Clone, Copy, Debug)]
pub(crate) struct Asset {
    pub(crate) name: AssetName,
    pub(crate) decimals: u8,
    /// All fees ever paid less all rebates.
    pub(crate) fees: i128,
    /// Deposits less withdrawals.
    pub(crate) deposited: i128,
}

/// What one price step times one quantity step is worth.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Worth {
    /// Smallest units of the quote asset.
    multiplier: i128,
    /// Smallest units of the base asset in one quantity step.
    base_unit: i128,
    /// The largest price x quantity whose money, times the largest fee factor, fits 128 bits.
    notional_max: i128,
}

/// How trading in an instrument goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Market {
    pub(crate) bounds: Bounds,
    /// 0: nothing has traded.
    pub(crate) last: Price,
    /// When the running interruption ends; 0: there is none.
    pub(crate) interruption_end_ns: u64,
    /// Stops that wait.
    pub(crate) stops: u32,
    /// Resting orders whose fill would cancel another.
    pub(crate) legs: u32,
    /// It is open and demands nothing.
    pub(crate) is_plain: bool,
}

#[derive(Debug)]
pub(crate) struct Instruments {
    instruments: Vec<Instrument>,
    worths: Vec<Worth>,
    markets: Vec<Market>,
    assets: Vec<Asset>,
    assets_max: u16,
    instruments_max: u16,
}

/// What an instrument command that is not refused will do.
pub(crate) enum Plan {
    Create { instrument: Instrument, bounds: Bounds, worth: Worth, base: Asset, quote: Asset },
    Change { instrument: Instrument, bounds: Bounds },
}

/// Fields that the first rules had not got.
const LATER: [InstrumentFields; 7] = [
    InstrumentFields::BAND_LOW,
    InstrumentFields::BAND_HIGH,
    InstrumentFields::EXECUTION_RANGE,
    InstrumentFields::INTERRUPTION,
    InstrumentFields::MAX_QUANTITY,
    InstrumentFields::MIN_NOTIONAL,
    InstrumentFields::REFERENCE_PRICE,
];

impl Worth {
    fn new(price_step: Step, quantity_step: Step, base: Asset, quote: Asset) -> Option<Self> {
        let multiplier =
            product(price_step, quantity_step)?.steps_of(Decimal::new(1, quote.decimals))?;
        let notional_max = i128::MAX / multiplier.checked_mul(FACTOR_PPM_MAX)?;
        // Finer than the base asset is refused by whoever asked, before this.
        let base_unit = quantity_step.to_decimal().steps_of(Decimal::new(1, base.decimals))?;
        Some(Self { multiplier, base_unit, notional_max })
    }

    /// Smallest units of the base asset. None: they do not fit.
    #[inline]
    pub(crate) fn base(&self, quantity: Quantity) -> Option<i128> {
        self.base_unit.checked_mul(i128::from(quantity.0))
    }

    pub(crate) fn multiplier(&self) -> i128 {
        self.multiplier
    }

    pub(crate) fn base_unit(&self) -> i128 {
        self.base_unit
    }

    /// Whether money of this size can be counted, fees included, whatever the rates become.
    #[inline]
    pub(crate) fn fits(&self, price: Price, quantity: Quantity) -> bool {
        price.notional(quantity) <= self.notional_max
    }

    /// The largest quantity that fits at a price that does.
    pub(crate) fn quantity_max(&self, price: Price) -> Quantity {
        let quantity = self.notional_max / i128::from(price.0);
        Quantity(u64::try_from(quantity).unwrap_or(u64::MAX - 1))
    }

    /// Smallest units of the quote asset, of a trade that fits.
    #[inline]
    pub(crate) fn money(&self, price: Price, quantity: Quantity) -> i128 {
        price.notional(quantity) * self.multiplier
    }
}

fn product(price_step: Step, quantity_step: Step) -> Option<Decimal> {
    let mantissa =
        i128::from(price_step.mantissa).checked_mul(i128::from(quantity_step.mantissa))?;
    Some(Decimal::new(mantissa, price_step.scale + quantity_step.scale))
}

impl Instruments {
    pub(crate) fn new(instruments_max: u16, assets_max: u16) -> Self {
        Self {
            instruments: Vec::with_capacity(usize::from(instruments_max)),
            worths: Vec::with_capacity(usize::from(instruments_max)),
            markets: Vec::with_capacity(usize::from(instruments_max)),
            assets: Vec::with_capacity(usize::from(assets_max)),
            assets_max,
            instruments_max,
        }
    }

    pub(crate) fn as_slice(&self) -> &[Instrument] {
        &self.instruments
    }

    pub(crate) fn assets(&self) -> &[Asset] {
        &self.assets
    }

    #[inline]
    pub(crate) fn get(&self, id: InstrumentId) -> Option<&Instrument> {
        self.instruments.get(usize::from(id.0).checked_sub(1)?)
    }

    /// Of an instrument that is known.
    #[inline]
    pub(crate) fn worth(&self, id: InstrumentId) -> &Worth {
        &self.worths[usize::from(id.0) - 1]
    }

    #[inline]
    pub(crate) fn market(&self, id: InstrumentId) -> &Market {
        &self.markets[usize::from(id.0) - 1]
    }

    #[inline]
    pub(crate) fn market_mut(&mut self, id: InstrumentId) -> &mut Market {
        &mut self.markets[usize::from(id.0) - 1]
    }

    /// Of an instrument that is known.
    #[inline]
    pub(crate) fn status(&self, id: InstrumentId) -> Status {
        self.instruments[usize::from(id.0) - 1].status
    }

    pub(crate) fn set_status(&mut self, id: InstrumentId, status: Status) {
        self.instruments[usize::from(id.0) - 1].status = status;
        self.reflect(id);
    }

    fn reflect(&mut self, id: InstrumentId) {
        let is_open = self.status(id) == Status::Open;
        let market = self.market_mut(id);
        let bounds = market.bounds;
        market.is_plain = is_open && bounds == Bounds::none(id);
    }

    pub(crate) fn reserve(&mut self, instruments_max: u16, assets_max: u16) {
        self.instruments_max = instruments_max;
        self.assets_max = assets_max;
        let more = usize::from(instruments_max).saturating_sub(self.instruments.len());
        self.instruments.reserve_exact(more);
        self.worths.reserve_exact(more);
        self.markets.reserve_exact(more);
        let more = usize::from(assets_max).saturating_sub(self.assets.len());
        self.assets.reserve_exact(more);
    }

    pub(crate) fn asset_named(&self, name: &AssetName) -> Option<(AssetId, &Asset)> {
        let at = self.assets.iter().position(|asset| asset.name == *name)?;
        Some((AssetId(at as u16 + 1), &self.assets[at]))
    }

    /// Fees less rebates of a trade go to the fee account of the quote asset.
    pub(crate) fn earn(&mut self, id: InstrumentId, fees: i128) {
        let quote = self.asset_mut(self.instruments[usize::from(id.0) - 1].quote);
        quote.fees = quote.fees.saturating_add(fees);
    }

    /// Of an asset that is known.
    pub(crate) fn asset_mut(&mut self, id: AssetId) -> &mut Asset {
        &mut self.assets[usize::from(id.0) - 1]
    }

    pub(crate) fn find(&self, symbol: &Symbol) -> Option<&Instrument> {
        self.instruments.iter().find(|instrument| instrument.symbol == *symbol)
    }

    pub(crate) fn plan(&self, spec: &InstrumentSpec, rules: Rules) -> Result<Plan, Reason> {
        if spec.symbol.is_empty() {
            return Err(Reason::UnknownSymbol);
        }
        let fields = spec.fields;
        let says_later = LATER.iter().any(|&field| fields.has(field))
            || fields.has(InstrumentFields::STATUS) && spec.status != Status::Open;
        if rules == Rules::First && says_later {
            return Err(Reason::BadCombination);
        }
        match self.find(&spec.symbol) {
            Some(instrument) => self.plan_change(instrument, spec),
            None => self.plan_creation(spec),
        }
    }

    /// Steps and assets may be said again, not changed.
    fn plan_change(&self, old: &Instrument, spec: &InstrumentSpec) -> Result<Plan, Reason> {
        let asset = |id: AssetId| self.assets[usize::from(id.0) - 1];
        let (base, quote) = (asset(old.base), asset(old.quote));
        let same = |step: Step, old: Step| step.to_decimal() == old.to_decimal();
        let fixed = [
            (InstrumentFields::PRICE_STEP, same(spec.price_step, old.price_step)),
            (InstrumentFields::QUANTITY_STEP, same(spec.quantity_step, old.quantity_step)),
            (InstrumentFields::BASE, spec.base == base.name),
            (InstrumentFields::QUOTE, spec.quote == quote.name),
            (InstrumentFields::BASE_DECIMALS, spec.base_decimals == base.decimals),
            (InstrumentFields::QUOTE_DECIMALS, spec.quote_decimals == quote.decimals),
        ];
        if fixed.iter().any(|&(field, same)| spec.fields.has(field) && !same) {
            return Err(Reason::BadCombination);
        }
        let bounds = with_bounds(self.market(old.id).bounds, self.worth(old.id), spec)?;
        Ok(Plan::Change { instrument: with_fees(*old, spec)?, bounds })
    }

    fn plan_creation(&self, spec: &InstrumentSpec) -> Result<Plan, Reason> {
        let Step { mantissa: price_mantissa, scale: price_scale } = spec.price_step;
        if price_mantissa == 0 || price_scale > ASSET_DECIMALS_MAX {
            return Err(Reason::BadPrice);
        }
        let Step { mantissa: quantity_mantissa, scale: quantity_scale } = spec.quantity_step;
        if quantity_mantissa == 0 || quantity_scale > ASSET_DECIMALS_MAX {
            return Err(Reason::BadQuantity);
        }
        if spec.base == spec.quote || spec.base.is_empty() || spec.quote.is_empty() {
            return Err(Reason::UnknownAsset);
        }
        if self.instruments.len() >= usize::from(self.instruments_max) {
            return Err(Reason::UnknownSymbol);
        }
        let given = |field, decimals| spec.fields.has(field).then_some(decimals);
        let unit = spec.quantity_step.to_decimal().scale();
        let base_decimals = given(InstrumentFields::BASE_DECIMALS, spec.base_decimals);
        let (base_id, base) = self.asset(spec.base, base_decimals, unit, self.assets.len())?;
        if unit > base.decimals {
            return Err(Reason::BadQuantity);
        }
        let known = self.assets.len().max(usize::from(base_id.0));
        let unit = product(spec.price_step, spec.quantity_step).ok_or(Reason::BadPrice)?.scale();
        let quote_decimals = given(InstrumentFields::QUOTE_DECIMALS, spec.quote_decimals);
        let (quote_id, quote) = self.asset(spec.quote, quote_decimals, unit, known)?;
        let worth =
            Worth::new(spec.price_step, spec.quantity_step, base, quote).ok_or(Reason::BadPrice)?;
        let instrument = Instrument {
            symbol: spec.symbol,
            id: InstrumentId(self.instruments.len() as u16 + 1),
            base: base_id,
            quote: quote_id,
            status: Status::Open,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            price_step: spec.price_step,
            quantity_step: spec.quantity_step,
        };
        let mut instrument = with_fees(instrument, spec)?;
        if spec.fields.has(InstrumentFields::STATUS) {
            instrument.status = spec.status;
        }
        let bounds = with_bounds(Bounds::none(instrument.id), &worth, spec)?;
        Ok(Plan::Create { instrument, bounds, worth, base, quote })
    }

    /// The asset of a name, as it is or as it would be opened after `known` others. `unit` is how
    /// many decimals the instrument needs of it.
    fn asset(
        &self,
        name: AssetName,
        decimals: Option<u8>,
        unit: u8,
        known: usize,
    ) -> Result<(AssetId, Asset), Reason> {
        if let Some(at) = self.assets.iter().position(|asset| asset.name == name) {
            let asset = self.assets[at];
            return match decimals {
                Some(decimals) if decimals != asset.decimals => Err(Reason::BadCombination),
                Some(_) | None => Ok((AssetId(at as u16 + 1), asset)),
            };
        }
        if known >= usize::from(self.assets_max) {
            return Err(Reason::UnknownAsset);
        }
        if decimals.is_some_and(|decimals| decimals > ASSET_DECIMALS_MAX) {
            return Err(Reason::BadCombination);
        }
        // Too fine an instrument is refused by whoever asked: it cannot be counted in this asset.
        let decimals = decimals.unwrap_or(ASSET_DECIMALS_DEFAULT.max(unit)).min(ASSET_DECIMALS_MAX);
        Ok((AssetId(known as u16 + 1), Asset { name, decimals, fees: 0, deposited: 0 }))
    }

    /// Carries out a plan and says what came of it.
    pub(crate) fn carry_out<S: Sink>(&mut self, plan: Plan, sink: &mut S) -> InstrumentId {
        let (instrument, bounds) = match plan {
            Plan::Create { instrument, bounds, worth, base, quote } => {
                self.open_asset(instrument.base, base, sink);
                self.open_asset(instrument.quote, quote, sink);
                self.instruments.push(instrument);
                self.worths.push(worth);
                self.markets.push(Market {
                    bounds: Bounds::none(instrument.id),
                    last: Price(0),
                    interruption_end_ns: 0,
                    stops: 0,
                    legs: 0,
                    is_plain: false,
                });
                (instrument, bounds)
            }
            Plan::Change { instrument, bounds } => {
                self.instruments[usize::from(instrument.id.0) - 1] = instrument;
                (instrument, bounds)
            }
        };
        sink.event(&Event::Instrument(instrument));
        let before = core::mem::replace(&mut self.market_mut(instrument.id).bounds, bounds);
        self.reflect(instrument.id);
        if before != bounds {
            sink.event(&Event::Bounds(bounds));
        }
        instrument.id
    }

    fn open_asset<S: Sink>(&mut self, id: AssetId, asset: Asset, sink: &mut S) {
        if usize::from(id.0) > self.assets.len() {
            self.assets.push(asset);
            let Asset { name, decimals, .. } = asset;
            sink.event(&Event::AssetOpened(AssetOpened { asset: id, name, decimals }));
        }
    }
}

/// Bounds that were given, checked together with the ones that stay.
fn with_bounds(mut bounds: Bounds, worth: &Worth, spec: &InstrumentSpec) -> Result<Bounds, Reason> {
    for (field, given, kept) in [
        (InstrumentFields::BAND_LOW, spec.band_low, &mut bounds.band_low),
        (InstrumentFields::BAND_HIGH, spec.band_high, &mut bounds.band_high),
        (InstrumentFields::REFERENCE_PRICE, spec.reference_price, &mut bounds.reference_price),
    ] {
        if spec.fields.has(field) {
            *kept = given;
        }
        if kept.0 < 0 {
            return Err(Reason::BadPrice);
        }
    }
    let is_crossed = bounds.band_high.0 > 0 && bounds.band_low > bounds.band_high;
    if is_crossed || !worth.fits(bounds.reference_price, Quantity(1)) {
        return Err(Reason::BadPrice);
    }
    if spec.fields.has(InstrumentFields::EXECUTION_RANGE) {
        bounds.execution_range_ppm = spec.execution_range_ppm;
    }
    if spec.fields.has(InstrumentFields::INTERRUPTION) {
        bounds.interruption_ns = spec.interruption_ns;
    }
    if spec.fields.has(InstrumentFields::MAX_QUANTITY) {
        bounds.max_quantity = spec.max_quantity;
    }
    if bounds.max_quantity == Quantity::INVALID {
        return Err(Reason::BadQuantity);
    }
    if spec.fields.has(InstrumentFields::MIN_NOTIONAL) {
        bounds.min_notional = Money::new(spec.min_notional);
    }
    if bounds.min_notional.units() < 0 {
        return Err(Reason::BadAmount);
    }
    Ok(bounds)
}

/// Rates that were given, checked together with the ones that stay.
fn with_fees(mut instrument: Instrument, spec: &InstrumentSpec) -> Result<Instrument, Reason> {
    if spec.fields.has(InstrumentFields::MAKER_FEE) {
        instrument.maker_fee_ppm = spec.maker_fee_ppm;
    }
    if spec.fields.has(InstrumentFields::TAKER_FEE) {
        instrument.taker_fee_ppm = spec.taker_fee_ppm;
    }
    let (maker, taker) = (instrument.maker_fee_ppm, instrument.taker_fee_ppm);
    let allowed = -FEE_PPM_MAX..=FEE_PPM_MAX;
    if !allowed.contains(&maker) || !allowed.contains(&taker) || maker + taker < 0 {
        return Err(Reason::BadAmount);
    }
    Ok(instrument)
}

crate::stored! {
    Asset { name, decimals, fees, deposited }
    Worth { multiplier, base_unit, notional_max }
    Market { bounds, last, interruption_end_ns, stops, legs, is_plain }
    Instruments { instruments, worths, markets, assets, assets_max, instruments_max }
}
