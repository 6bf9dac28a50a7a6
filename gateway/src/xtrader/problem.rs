//! Why a request is not carried out: status, code, a text in two languages, and the field that
//! is to blame. The same for REST and for orders over the socket.

use orison_core::{OrderId, Reason};
use serde::Serialize;

use crate::desk::DeskError;
use crate::language::{Language, Message};

#[derive(Clone, Debug)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub message: Message,
    pub field: Option<String>,
    pub order: Option<OrderId>,
}
