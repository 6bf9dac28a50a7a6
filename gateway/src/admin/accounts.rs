//! Accounts: how they stand, their settings, the kill switch, and orders cancelled for them. An
//! account that is not known is opened by a setting; a reading opens none.

use std::sync::Arc;

use engine::Views;
use orison_core::command::{
    Access, AccountFields, AccountSpec, Actor, CancelReason, MassCancel, SelfTrade,
};
use orison_core::event::{AccountSettings, Amount, Funding};
use orison_core::{
    AccountId, AccountName, AssetName, Command, Decimal, InstrumentId, Reason, Side,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields::{self, Setting};
use super::openapi::{AccountRequest, CancelAllRequest, ChangeProblems, Nothing};
use crate::App;
use crate::http::query::Query;
use crate::xtrader::entry::{account_name, self_trade, side};
use crate::xtrader::json::{Number, Object, shown};
use crate::xtrader::problem::{Answer, Problem, ProblemBody};
use crate::xtrader::shape::money;

const ACCOUNTS_DEFAULT: usize = 100;
const ACCOUNTS_SHOWN_MAX: usize = 1000;

/// An account as it stands. A limit or fee that is null is not set for it.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountState {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    /// Whether its orders need money behind them.
    funded: bool,
    /// False: the kill switch is on.
    enabled: bool,
    /// none, cancel_taker, cancel_maker, cancel_both or decrement.
    default_stp: &'static str,
    max_quantity: Option<Number>,
    max_notional: Option<Number>,
    max_open_orders: Option<u32>,
    orders_per_second: Option<u32>,
    position_limit: Option<Number>,
    maker_fee_ppm: Option<i32>,
    taker_fee_ppm: Option<i32>,
    balances: Vec<BalanceEntry>,
}

#[derive(Serialize, ToSchema)]
struct BalanceEntry {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    asset: AssetName,
    free: Number,
    locked: Number,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AccountsAnswer {
    /// In the order they were opened.
    accounts: Vec<AccountState>,
    /// `after` of the next page; null: this was the last.
    next: Option<String>,
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct AccountAnswer {
    #[serde(flatten)]
    account: AccountState,
    /// Of the change; of a reading, the last command that is in it.
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct SwitchAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    enabled: bool,
    /// Orders that were cancelled.
    cancelled: u32,
    sequence: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct CancelAllAnswer {
    #[serde(serialize_with = "shown")]
    #[schema(value_type = String)]
    account: AccountName,
    cancelled: u32,
    sequence: u64,
}

impl AccountState {
    fn new(views: &Views, id: AccountId, name: AccountName) -> Self {
        let catalog = &views.catalog;
        let settings = catalog.settings(id);
        let balances = views.balances.of_account(id).filter_map(|balance| {
            Some(BalanceEntry {
                asset: catalog.asset(balance.asset)?.name,
                free: money(catalog, balance.asset, balance.free.units()),
                locked: money(catalog, balance.asset, balance.locked.units()),
            })
        });
        Self {
            account: name,
            funded: settings.is_some_and(|known| known.funding == Funding::Funded),
            enabled: settings.is_none_or(|known| known.access == Access::Enabled),
            default_stp: stp_word(settings.map_or(SelfTrade::None, |known| known.self_trade)),
            max_quantity: amount(settings, AccountFields::MAX_QUANTITY, |s| s.max_quantity),
            max_notional: amount(settings, AccountFields::MAX_NOTIONAL, |s| s.max_notional),
            max_open_orders: set(settings, AccountFields::MAX_OPEN_ORDERS, |s| s.max_open_orders),
            orders_per_second: set(settings, AccountFields::ORDERS_PER_SECOND, |s| {
                s.orders_per_second
            }),
            position_limit: amount(settings, AccountFields::POSITION_LIMIT, |s| s.position_limit),
            maker_fee_ppm: set(settings, AccountFields::MAKER_FEE, |s| s.maker_fee_ppm),
            taker_fee_ppm: set(settings, AccountFields::TAKER_FEE, |s| s.taker_fee_ppm),
            balances: balances.collect(),
        }
    }
}

/// What holds of a setting.
fn set<T>(
    settings: Option<&AccountSettings>,
    field: AccountFields,
    read: impl FnOnce(&AccountSettings) -> T,
) -> Option<T> {
    settings.filter(|known| known.fields.has(field)).map(read)
}

fn amount(
    settings: Option<&AccountSettings>,
    field: AccountFields,
    read: impl FnOnce(&AccountSettings) -> Amount,
) -> Option<Number> {
    let amount = set(settings, field, read)?;
    Some(Number(Decimal::new(amount.mantissa.units(), amount.scale)))
}

fn stp_word(mode: SelfTrade) -> &'static str {
    match mode {
        SelfTrade::AccountDefault | SelfTrade::None => "none",
        SelfTrade::CancelTaker => "cancel_taker",
        SelfTrade::CancelMaker => "cancel_maker",
        SelfTrade::CancelBoth => "cancel_both",
        SelfTrade::Decrement => "decrement",
    }
}

/// Accounts in the order they were opened.
#[utoipa::path(
    get,
    path = "/accounts",
    params(
        ("limit" = Option<u32>, Query, description = "100, at most 1000"),
        ("after" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses(
        (status = 200, description = "As asked", body = AccountsAnswer),
        (status = 400, description = "A wrong parameter", body = ProblemBody),
    )
)]
pub(super) fn all(app: &App, query: &Query) -> Result<Answer, Problem> {
    let limit = query.count("limit", ACCOUNTS_DEFAULT, ACCOUNTS_SHOWN_MAX)?;
    let views = app.views.read();
    let names = views.catalog.account_names();
    let begin = match query.get("after") {
        None => 0,
        Some(after) => {
            let unknown = || {
                let (english, korean) = ("the name of an account", "계정 이름이어야 합니다");
                Problem::invalid_parameter("after", english, korean)
            };
            let id = account_name(after).ok().and_then(|name| views.catalog.account(&name));
            id.ok_or_else(unknown)?.0 as usize
        }
    };
    let page = names.iter().enumerate().skip(begin).take(limit);
    let accounts: Vec<_> = page
        .map(|(index, name)| AccountState::new(&views, AccountId(index as u32 + 1), *name))
        .collect();
    let has_more = begin + accounts.len() < names.len();
    let next = accounts.last().filter(|_| has_more).map(|last| last.account.to_string());
    let sequence = views.at().sequence.0;
    drop(views);
    Ok(Answer::new(200, &AccountsAnswer { accounts, next, sequence }))
}

/// An account with its settings and balances.
#[utoipa::path(
    get,
    path = "/accounts/{name}",
    params(("name" = String, Path)),
    responses(
        (status = 200, description = "As asked", body = AccountAnswer),
        (status = 404, description = "Not known", body = ProblemBody),
    )
)]
pub(super) fn one(app: &App, name: &str) -> Result<Answer, Problem> {
    let name = account_name(name)?;
    let sequence = app.views.read().at().sequence.0;
    shown_as_it_is(app, name, sequence)
}

/// Changes the named settings; null takes a limit or fee away. PUT does the same. An account that
/// is not known is opened.
#[utoipa::path(
    method(put, patch),
    path = "/accounts/{name}",
    params(("name" = String, Path)),
    request_body = AccountRequest,
    responses((status = 200, description = "As asked", body = AccountAnswer), ChangeProblems)
)]
pub(super) async fn change(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    mut object: Object,
) -> Result<Answer, Problem> {
    let (name, account) = fields::account(app, name)?;
    let mut spec = AccountSpec { actor, ..AccountSpec::of(account) };
    read(&mut object, &mut spec)?;
    object.finish()?;
    let outcome = fields::enter(app, Command::Account(spec)).await?;
    shown_as_it_is(app, name, outcome.stamp.sequence.0)
}

/// Cancels every order of the account and refuses new ones until it is enabled again.
#[utoipa::path(
    post,
    path = "/accounts/{name}/kill",
    params(("name" = String, Path)),
    request_body = Nothing,
    responses((status = 200, description = "As asked", body = SwitchAnswer), ChangeProblems)
)]
pub(super) async fn kill(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    object: Object,
) -> Result<Answer, Problem> {
    switch(app, actor, name, Access::Disabled, object).await
}

/// Lets the account enter orders again.
#[utoipa::path(
    post,
    path = "/accounts/{name}/enable",
    params(("name" = String, Path)),
    request_body = Nothing,
    responses((status = 200, description = "As asked", body = SwitchAnswer), ChangeProblems)
)]
pub(super) async fn enable(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    object: Object,
) -> Result<Answer, Problem> {
    switch(app, actor, name, Access::Enabled, object).await
}

async fn switch(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    access: Access,
    object: Object,
) -> Result<Answer, Problem> {
    object.finish()?;
    let (account, reference) = fields::account(app, name)?;
    let spec =
        AccountSpec { fields: AccountFields::ENABLED, access, actor, ..AccountSpec::of(reference) };
    let outcome = fields::enter(app, Command::Account(spec)).await?;
    let enabled = access == Access::Enabled;
    let (cancelled, sequence) = (outcome.cancelled, outcome.stamp.sequence.0);
    Ok(Answer::new(200, &SwitchAnswer { account, enabled, cancelled, sequence }))
}

/// Cancels the account's orders, of one instrument or side if that is named.
#[utoipa::path(
    post,
    path = "/accounts/{name}/cancel-all",
    params(("name" = String, Path)),
    request_body = CancelAllRequest,
    responses((status = 200, description = "As asked", body = CancelAllAnswer), ChangeProblems)
)]
pub(super) async fn cancel_all(
    app: &Arc<App>,
    actor: Actor,
    name: &str,
    mut object: Object,
) -> Result<Answer, Problem> {
    let symbol = object.text("symbol")?;
    let side = object.text("side")?;
    object.finish()?;
    let named = |symbol: String| -> Result<InstrumentId, Problem> {
        let known = fields::instrument(app, &symbol);
        known
            .map(|known| known.id)
            .map_err(|problem| Problem { status: 400, ..problem }.about("symbol"))
    };
    let instrument = symbol.map(named).transpose()?;
    let side: Option<Side> = side.map(|word| self::side(&word)).transpose()?;
    let (account, reference) = fields::account(app, name)?;
    let reason = CancelReason::Admin;
    let mass = MassCancel { account: reference, instrument, side, reason, actor };
    let outcome = fields::enter(app, Command::MassCancel(mass)).await?;
    let (cancelled, sequence) = (outcome.cancelled, outcome.stamp.sequence.0);
    Ok(Answer::new(200, &CancelAllAnswer { account, cancelled, sequence }))
}

fn shown_as_it_is(app: &App, name: AccountName, sequence: u64) -> Result<Answer, Problem> {
    let views = app.views.read();
    let unknown = || Problem { status: 404, ..Problem::refused(Reason::UnknownAccount) };
    let id = views.catalog.account(&name).ok_or_else(unknown)?;
    let account = AccountState::new(&views, id, name);
    drop(views);
    Ok(Answer::new(200, &AccountAnswer { account, sequence }))
}

fn read(object: &mut Object, spec: &mut AccountSpec) -> Result<(), Problem> {
    if let Some(text) = object.text("default_stp")? {
        spec.self_trade = self_trade("default_stp", &text)?;
        spec.fields = spec.fields.with(AccountFields::SELF_TRADE);
    }
    if let Some(enabled) = object.flag("enabled")? {
        spec.access = if enabled { Access::Enabled } else { Access::Disabled };
        spec.fields = spec.fields.with(AccountFields::ENABLED);
    }
    let (mut fields, mut cleared) = (spec.fields, spec.cleared);
    let mut put = Put { object, fields: &mut fields, cleared: &mut cleared };
    let decimal = Object::decimal;
    put.amount("max_quantity", AccountFields::MAX_QUANTITY, &mut spec.max_quantity, decimal)?;
    put.amount("max_notional", AccountFields::MAX_NOTIONAL, &mut spec.max_notional, decimal)?;
    put.amount("position_limit", AccountFields::POSITION_LIMIT, &mut spec.position_limit, decimal)?;
    let (most, rate) = (&mut spec.max_open_orders, &mut spec.orders_per_second);
    put.setting("max_open_orders", AccountFields::MAX_OPEN_ORDERS, most, fields::whole)?;
    put.setting("orders_per_second", AccountFields::ORDERS_PER_SECOND, rate, fields::whole)?;
    let (maker, taker) = (&mut spec.maker_fee_ppm, &mut spec.taker_fee_ppm);
    put.setting("maker_fee_ppm", AccountFields::MAKER_FEE, maker, fields::rate)?;
    put.setting("taker_fee_ppm", AccountFields::TAKER_FEE, taker, fields::rate)?;
    (spec.fields, spec.cleared) = (fields, cleared);
    Ok(())
}

/// Settings on their way from a body into a command.
struct Put<'a> {
    object: &'a mut Object,
    fields: &'a mut AccountFields,
    cleared: &'a mut AccountFields,
}

impl Put<'_> {
    fn setting<T>(
        &mut self,
        name: &str,
        field: AccountFields,
        place: &mut T,
        read: impl FnOnce(&mut Object, &str) -> Result<Option<T>, Problem>,
    ) -> Result<(), Problem> {
        match Setting::read(self.object, name, read)? {
            Setting::Absent => {}
            Setting::Cleared => *self.cleared = self.cleared.with(field),
            Setting::Set(value) => {
                *place = value;
                *self.fields = self.fields.with(field);
            }
        }
        Ok(())
    }

    fn amount(
        &mut self,
        name: &str,
        field: AccountFields,
        place: &mut Decimal,
        read: impl FnOnce(&mut Object, &str) -> Result<Option<Option<Decimal>>, Problem>,
    ) -> Result<(), Problem> {
        let refused = || fields::refused(Reason::BadAmount, name);
        self.setting(name, field, place, |object, name| {
            read(object, name)?.map(|said| said.ok_or_else(refused)).transpose()
        })
    }
}
