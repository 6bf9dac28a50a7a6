//! What a path names on each of the listeners: a call of the public REST or an auditor's, or one
//! of the operator's, which never meet those on one listener.

use hyper::Method;

use super::Surface;
use crate::admin;
use crate::audit;
use crate::identity::Action;
use crate::xtrader::problem::Problem;
use crate::xtrader::rest;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Address {
    Public(rest::Route),
    Audit(audit::Route),
    Admin(admin::Route),
}

impl Address {
    /// None: there is nothing at that path. An error: its escapes are broken.
    pub(super) fn of(path: &str, surface: Surface) -> Result<Option<Self>, Problem> {
        match surface {
            Surface::Rest | Surface::Socket => match audit::Route::of(path)? {
                Some(route) => Ok(Some(Self::Audit(route))),
                None => Ok(rest::Route::of(path, surface)?.map(Self::Public)),
            },
            Surface::Admin => Ok(admin::Route::of(path)?.map(Self::Admin)),
        }
    }

    pub(super) fn methods(&self) -> &'static [Method] {
        match self {
            Self::Public(route) => route.methods(),
            Self::Audit(_) => audit::Route::methods(),
            Self::Admin(route) => route.methods(),
        }
    }

    /// What the caller has to be allowed to. None: anybody may ask.
    pub(super) fn action(&self, method: &Method) -> Option<Action> {
        match self {
            Self::Public(route) => route.action(method),
            Self::Audit(_) => Some(audit::Route::action()),
            Self::Admin(route) => route.action(method),
        }
    }

    /// Its word in metrics.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Public(route) => route.name(),
            Self::Audit(route) => route.name(),
            Self::Admin(route) => route.name(),
        }
    }
}
