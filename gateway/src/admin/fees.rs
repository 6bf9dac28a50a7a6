//! What the fee account has earned.

use orison_core::AssetName;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::xtrader::json::{Number, shown};
use crate::xtrader::problem::Answer;
use crate::xtrader::shape::money;

#[derive(Serialize, ToSchema)]
pub(super) struct FeesAnswer {
    /// Of each asset that trades were ever paid in.
    fees: Vec<Fee>,
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
struct Fee {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    asset: AssetName,
    amount: Number,
}

/// What the fee account has of each asset.
#[utoipa::path(
    get,
    path = "/fees",
    responses((status = 200, description = "As asked", body = FeesAnswer))
)]
pub(super) fn all(app: &App) -> Answer {
    let views = app.views.read();
    let catalog = &views.catalog;
    let earned = views.balances.fees().filter_map(|(id, units)| {
        let asset = catalog.asset(id)?.name;
        Some(Fee { asset, amount: money(catalog, id, units) })
    });
    let (fees, sequence) = (earned.collect(), views.at().sequence.0);
    drop(views);
    Answer::new(200, &FeesAnswer { fees, sequence })
}
