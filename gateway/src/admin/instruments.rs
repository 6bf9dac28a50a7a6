//! Instruments: how they stand, and their creation and change. Null or 0 takes a bound away;
//! steps and assets are fixed once an instrument exists.

use std::sync::Arc;

use engine::Views;
use orison_core::command::Actor;
use orison_core::instrument::Bounds;
use orison_core::text::Text;
use orison_core::{AssetName, Command, Instrument, Price, Quantity, Reason, Symbol};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields;
use super::openapi::{ChangeProblems, InstrumentRequest};
use crate::App;
use crate::listing::{Listing, Said};
use crate::xtrader::json::{Number, Object, shown, shown_or_null};
use crate::xtrader::problem::{Answer, Problem, ProblemBody};
use crate::xtrader::shape::money;

/// An instrument as it stands. A bound that is null does not hold.
#[derive(Serialize, ToSchema)]
pub(super) struct InstrumentState {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    symbol: Symbol,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    base: Option<AssetName>,
    #[serde(serialize_with = "shown_or_null")]
    #[schema(value_type = Option<String>)]
    quote: Option<AssetName>,
    base_decimals: Option<u8>,
    quote_decimals: Option<u8>,
    price_step: Number,
    quantity_step: Number,
    maker_fee_ppm: i32,
    taker_fee_ppm: i32,
    /// open, halted, auction or closed.
    status: &'static str,
    band_low: Option<Number>,
    band_high: Option<Number>,
    reference_price: Option<Number>,
    execution_range_ppm: Option<u32>,
    interruption_ns: Option<u64>,
    max_quantity: Option<Number>,
    min_notional: Option<Number>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct InstrumentsAnswer {
    /// In the order they were created.
    instruments: Vec<InstrumentState>,
    /// Of the last command that is in this answer.
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct InstrumentAnswer {
    #[serde(flatten)]
    instrument: InstrumentState,
    /// Of the change; of a reading, the last command that is in it.
    sequence: u64,
}

impl InstrumentState {
    fn new(views: &Views, instrument: &Instrument) -> Self {
        let catalog = &views.catalog;
        let (base, quote) = (catalog.asset(instrument.base), catalog.asset(instrument.quote));
        let none = Bounds::none(instrument.id);
        let bounds = catalog.bounds(instrument.id).unwrap_or(&none);
        let price =
            |price: Price| (price != Price(0)).then(|| Number(instrument.price_decimal(price)));
        let quantity = |quantity: Quantity| {
            (!quantity.is_zero()).then(|| Number(instrument.quantity_decimal(quantity)))
        };
        let min_notional = bounds.min_notional.units();
        Self {
            symbol: instrument.symbol,
            base: base.map(|asset| asset.name),
            quote: quote.map(|asset| asset.name),
            base_decimals: base.map(|asset| asset.decimals),
            quote_decimals: quote.map(|asset| asset.decimals),
            price_step: instrument.price_step.to_decimal().into(),
            quantity_step: instrument.quantity_step.to_decimal().into(),
            maker_fee_ppm: instrument.maker_fee_ppm,
            taker_fee_ppm: instrument.taker_fee_ppm,
            status: instrument.status.word(),
            band_low: price(bounds.band_low),
            band_high: price(bounds.band_high),
            reference_price: price(bounds.reference_price),
            execution_range_ppm: Some(bounds.execution_range_ppm).filter(|range| *range > 0),
            interruption_ns: Some(bounds.interruption_ns).filter(|length| *length > 0),
            max_quantity: quantity(bounds.max_quantity),
            min_notional: (min_notional != 0)
                .then(|| money(catalog, instrument.quote, min_notional)),
        }
    }
}

/// Every instrument with its rules and bounds.
#[utoipa::path(
    get,
    path = "/instruments",
    responses((status = 200, description = "As asked", body = InstrumentsAnswer))
)]
pub(super) fn all(app: &App) -> Answer {
    let views = app.views.read();
    let known = views.catalog.instruments().iter();
    let instruments = known.map(|instrument| InstrumentState::new(&views, instrument)).collect();
    let sequence = views.at().sequence.0;
    drop(views);
    Answer::new(200, &InstrumentsAnswer { instruments, sequence })
}

/// One instrument with its rules and bounds.
#[utoipa::path(
    get,
    path = "/instruments/{symbol}",
    params(("symbol" = String, Path)),
    responses(
        (status = 200, description = "As asked", body = InstrumentAnswer),
        (status = 404, description = "Not known", body = ProblemBody),
    )
)]
pub(super) fn one(app: &App, symbol: &str) -> Result<Answer, Problem> {
    let symbol = fields::instrument(app, symbol)?.symbol;
    let sequence = app.views.read().at().sequence.0;
    shown_as_it_is(app, 200, &symbol, sequence)
}

/// Creates an instrument, or changes the named fields of a known one.
#[utoipa::path(
    post,
    path = "/instruments",
    request_body = InstrumentRequest,
    responses(
        (status = 200, description = "Changed", body = InstrumentAnswer),
        (status = 201, description = "Created", body = InstrumentAnswer),
        ChangeProblems,
    )
)]
pub(super) async fn create(
    app: &Arc<App>,
    actor: Actor,
    mut object: Object,
) -> Result<Answer, Problem> {
    let symbol = object.text("symbol")?;
    let listing = read(&mut object)?;
    object.finish()?;
    let symbol = symbol.ok_or_else(|| Problem::missing("symbol"))?;
    let symbol =
        Symbol::new(&symbol).ok().filter(|symbol| !symbol.is_empty()).ok_or_else(|| {
            let (english, korean) =
                ("1 to 16 printable ASCII characters", "출력 가능한 ASCII 1~16자여야 합니다");
            Problem::invalid_parameter("symbol", english, korean)
        })?;
    let known = app.views.read().catalog.instrument_named(&symbol).copied();
    let status = if known.is_some() { 200 } else { 201 };
    enter(app, actor, Listing { symbol, ..listing }, known, status).await
}

/// Changes the named fields; PUT does the same.
#[utoipa::path(
    method(put, patch),
    path = "/instruments/{symbol}",
    params(("symbol" = String, Path)),
    request_body = InstrumentRequest,
    responses(
        (status = 200, description = "As asked", body = InstrumentAnswer),
        (status = 404, description = "Not known", body = ProblemBody),
        ChangeProblems,
    )
)]
pub(super) async fn change(
    app: &Arc<App>,
    actor: Actor,
    symbol: &str,
    mut object: Object,
) -> Result<Answer, Problem> {
    let again = object.text("symbol")?;
    let listing = read(&mut object)?;
    object.finish()?;
    if again.is_some_and(|again| again != symbol) {
        let (english, korean) = ("that of the path, or absent", "경로와 같거나 생략해야 합니다");
        return Err(Problem::invalid_parameter("symbol", english, korean));
    }
    let known = fields::instrument(app, symbol)?;
    enter(app, actor, Listing { symbol: known.symbol, ..listing }, Some(known), 200).await
}

async fn enter(
    app: &Arc<App>,
    actor: Actor,
    listing: Listing,
    known: Option<Instrument>,
    status: u16,
) -> Result<Answer, Problem> {
    let units = {
        let catalog = &app.views.read().catalog;
        let decimals = |name: AssetName| catalog.asset_named(&name).map(|asset| asset.decimals);
        match known {
            Some(known) => {
                let quote = catalog.asset(known.quote).ok_or_else(Problem::internal)?;
                Listing::units_of(&known, quote.decimals)
            }
            None => listing.units(listing.quote.and_then(decimals)),
        }
    };
    let mut spec = listing.spec(&units);
    spec.actor = actor;
    let outcome = fields::enter(app, Command::Instrument(spec)).await?;
    shown_as_it_is(app, status, &listing.symbol, outcome.stamp.sequence.0)
}

fn shown_as_it_is(
    app: &App,
    status: u16,
    symbol: &Symbol,
    sequence: u64,
) -> Result<Answer, Problem> {
    let views = app.views.read();
    let instrument = views.catalog.instrument_named(symbol).ok_or_else(Problem::internal)?;
    let instrument = InstrumentState::new(&views, instrument);
    drop(views);
    Ok(Answer::new(status, &InstrumentAnswer { instrument, sequence }))
}

/// Everything but the symbol.
fn read(object: &mut Object) -> Result<Listing, Problem> {
    Ok(Listing {
        base: asset(object, "base")?,
        quote: asset(object, "quote")?,
        base_decimals: fields::whole(object, "base_decimals")?,
        quote_decimals: fields::whole(object, "quote_decimals")?,
        price_step: said(object, "price_step")?,
        quantity_step: said(object, "quantity_step")?,
        maker_fee_ppm: fields::rate(object, "maker_fee_ppm")?,
        taker_fee_ppm: fields::rate(object, "taker_fee_ppm")?,
        execution_range_ppm: fields::whole_bound(object, "execution_range_ppm")?,
        interruption_ns: fields::whole_bound(object, "interruption_ns")?,
        band_low: fields::bound(object, "band_low")?,
        band_high: fields::bound(object, "band_high")?,
        reference_price: fields::bound(object, "reference_price")?,
        max_quantity: fields::bound(object, "max_quantity")?,
        min_notional: fields::bound(object, "min_notional")?,
        status: fields::status(object)?,
        ..Listing::of(Symbol::EMPTY)
    })
}

fn said(object: &mut Object, name: &str) -> Result<Option<Said>, Problem> {
    object.decimal(name)
}

fn asset(object: &mut Object, name: &str) -> Result<Option<AssetName>, Problem> {
    let Some(text) = object.text(name)? else { return Ok(None) };
    let refused = |_| fields::refused(Reason::UnknownAsset, name);
    Text::new(&text).map(Some).map_err(refused)
}
