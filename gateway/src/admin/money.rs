//! Money that comes in and goes out.

use std::sync::Arc;

use orison_core::command::{Actor, Direction, Transfer};
use orison_core::{AccountName, AssetName, Command, Reason};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields;
use super::openapi::{ChangeProblems, TransferRequest};
use crate::App;
use crate::xtrader::json::{Number, Object, shown};
use crate::xtrader::problem::{Answer, Problem};
use crate::xtrader::shape::money;

/// What the account has of the asset afterwards.
#[derive(Serialize, ToSchema)]
pub(super) struct TransferAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    asset: AssetName,
    free: Number,
    locked: Number,
    sequence: u64,
}

/// Brings money in. Opens an account that is not known; one that nobody has ordered for becomes
/// a funded one.
#[utoipa::path(
    post,
    path = "/accounts/{name}/deposit",
    params(("name" = String, Path)),
    request_body = TransferRequest,
    responses((status = 200, description = "As asked", body = TransferAnswer), ChangeProblems)
)]
pub(super) async fn deposit(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    object: Object,
) -> Result<Answer, Problem> {
    transfer(app, actor, name, Direction::Deposit, object).await
}

/// Takes money out, of what is free.
#[utoipa::path(
    post,
    path = "/accounts/{name}/withdraw",
    params(("name" = String, Path)),
    request_body = TransferRequest,
    responses((status = 200, description = "As asked", body = TransferAnswer), ChangeProblems)
)]
pub(super) async fn withdraw(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    object: Object,
) -> Result<Answer, Problem> {
    transfer(app, actor, name, Direction::Withdraw, object).await
}

async fn transfer(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    direction: Direction,
    mut object: Object,
) -> Result<Answer, Problem> {
    let asset = object.text("asset")?;
    let amount = object.decimal("amount")?;
    object.finish()?;
    let (name, account) = fields::account(app, name)?;
    let asset = asset.ok_or_else(|| Problem::missing("asset"))?;
    let unknown = |_| fields::refused(Reason::UnknownAsset, "asset");
    let asset = AssetName::new(&asset).map_err(unknown)?;
    let amount = amount.ok_or_else(|| Problem::missing("amount"))?;
    let amount = amount.ok_or_else(|| fields::refused(Reason::BadAmount, "amount"))?;
    let transfer = Transfer { account, asset, direction, amount, actor };
    let outcome = fields::enter(app, Command::Transfer(transfer)).await?;
    let views = app.views.read();
    let (catalog, known) = (&views.catalog, views.catalog.account(&name));
    let id = catalog.asset_named(&asset).ok_or_else(Problem::internal)?.asset;
    let account = known.ok_or_else(Problem::internal)?;
    let balance = views.balances.balance(account, id).ok_or_else(Problem::internal)?;
    let body = TransferAnswer {
        account: name,
        asset,
        free: money(catalog, id, balance.free.units()),
        locked: money(catalog, id, balance.locked.units()),
        sequence: outcome.stamp.sequence.0,
    };
    Ok(Answer::new(200, &body))
}
