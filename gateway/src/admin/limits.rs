//! The limits of the journal: how they stand, and raising them. A genesis after the first
//! changes them; none may fall.

use std::collections::BTreeMap;
use std::sync::Arc;

use orison_core::Command;
use orison_core::command::{Actor, Genesis};
use serde::Serialize;
use utoipa::ToSchema;

use super::fields;
use super::openapi::{ChangeProblems, LimitsRequest};
use crate::App;
use crate::xtrader::json::Object;
use crate::xtrader::problem::{Answer, Problem};

#[derive(Serialize, ToSchema)]
pub(super) struct LimitsAnswer {
    rules_version: u32,
    /// Every limit by name.
    #[serde(flatten)]
    limits: BTreeMap<&'static str, u64>,
    sequence: u64,
}

/// The rules and limits that hold.
#[utoipa::path(
    get,
    path = "/limits",
    responses((status = 200, description = "As asked", body = LimitsAnswer))
)]
pub(super) async fn all(app: &App) -> Answer {
    let genesis = *app.office.limits().await;
    answered(&genesis, app.views.read().at().sequence.0)
}

/// Raises the named limits; PUT does the same. A limit that is lowered is BAD_STATUS.
#[utoipa::path(
    method(put, patch),
    path = "/limits",
    request_body = LimitsRequest,
    responses((status = 200, description = "As asked", body = LimitsAnswer), ChangeProblems)
)]
pub(super) async fn raise(
    app: &Arc<App>,
    actor: Actor,
    mut object: Object,
) -> Result<Answer, Problem> {
    let mut named = Vec::new();
    for (name, _) in Genesis::DEFAULT.limits() {
        if let Some(limit) = object.count(name)? {
            named.push((name, limit));
        }
    }
    object.finish()?;
    let mut known = app.office.limits().await;
    let mut raised = Genesis { actor, ..*known };
    for (name, limit) in named {
        let too_high = || Problem::wrong_type(name, "a smaller whole number", "더 작은 정수");
        raised = raised.with_limit(name, limit).ok_or_else(too_high)?;
    }
    let outcome = fields::enter(app, Command::Genesis(raised)).await?;
    *known = raised;
    Ok(answered(&raised, outcome.stamp.sequence.0))
}

fn answered(genesis: &Genesis, sequence: u64) -> Answer {
    let (rules_version, limits) = (genesis.rules_version, genesis.limits().into());
    Answer::new(200, &LimitsAnswer { rules_version, limits, sequence })
}
