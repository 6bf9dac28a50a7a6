//! Why a request is not carried out: status, code, a text in two languages, and the field that
//! is to blame. The same for REST and for orders over the socket. Codes: those of the seeds
//! where they exist, else the core's reasons in upper case.

mod texts;

use std::borrow::Cow;

use orison_core::{Instrument, OrderId, Reason};
use serde::Serialize;

use crate::desk::DeskError;
use crate::language::{Language, Message};
use crate::workshop::Crowded;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub status: u16,
    pub code: &'static str,
    pub message: Box<Message>,
    pub field: Option<String>,
    pub order: Option<OrderId>,
    /// With `RESUME_TOO_OLD`: what could still be resumed from.
    pub oldest: Option<u64>,
}

/// What a client reads.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Error)]
pub struct ProblemBody<'a> {
    /// For programs; never translated.
    #[schema(example = "INVALID_QUANTITY")]
    error: &'a str,
    /// For people, in Korean or English.
    message: &'a str,
    /// The field or parameter that is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_id: Option<String>,
    /// With RESUME_TOO_OLD: the oldest sequence that could be resumed from.
    #[serde(skip_serializing_if = "Option::is_none")]
    oldest: Option<u64>,
}

/// An answer in the making: status and the text of a JSON object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
    /// The code of a problem's answer, for those who count them.
    pub error: Option<&'static str>,
}

impl Answer {
    pub fn new(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_string(body).expect("our own shapes are always JSON");
        Self { status, body, error: None }
    }

    /// The fields without the braces, to be put into a wider object.
    pub fn fields(&self) -> &str {
        self.body.strip_prefix('{').and_then(|body| body.strip_suffix('}')).unwrap_or_default()
    }
}

type Text = Cow<'static, str>;

impl Problem {
    pub fn new(status: u16, code: &'static str, message: Message) -> Self {
        let message = Box::new(message);
        Self { status, code, message, field: None, order: None, oldest: None }
    }

    #[must_use]
    pub fn about(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// The field is one of a part of the request.
    #[must_use]
    pub fn within(mut self, part: &str) -> Self {
        self.field = Some(match self.field {
            Some(field) => format!("{part}.{field}"),
            None => part.to_owned(),
        });
        self
    }

    pub fn bad_request(english: impl Into<Text>, korean: impl Into<Text>) -> Self {
        Self::new(400, "BAD_REQUEST", Message::ours(english, korean))
    }

    pub fn missing(field: &str) -> Self {
        let (english, korean) = (format!("{field} is missing"), format!("{field} 값이 없습니다"));
        Self::bad_request(english, korean).about(field)
    }

    pub fn wrong_type(field: &str, english: &str, korean: &str) -> Self {
        let message =
            (format!("{field} must be {english}"), format!("{field}: {korean}이어야 합니다"));
        Self::bad_request(message.0, message.1).about(field)
    }

    pub fn unknown_field(name: &str) -> Self {
        let name: String = name.chars().take(FIELD_NAME_MAX).collect();
        let english = format!("{name:?} is not a field of this request");
        let korean = format!("{name:?}: 이 요청에 없는 필드입니다");
        Self::new(400, "UNKNOWN_FIELD", Message::ours(english, korean)).about(&name)
    }

    pub fn invalid_parameter(field: &str, english: &str, korean: &str) -> Self {
        let english = format!("{field} must be {english}");
        let korean = format!("{field}: {korean}");
        Self::new(400, "INVALID_PARAMETER", Message::ours(english, korean)).about(field)
    }

    /// Of a query; `first` is one of `others`, which are none of `known`.
    pub fn unknown_parameter(first: &str, others: &[&str], known: &[&str]) -> Self {
        let name = |name: &&str| name.chars().take(FIELD_NAME_MAX).collect::<String>();
        let others = others.iter().map(name).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        let english = format!("{others}: no parameter of this call, which has: {known}");
        let korean = format!("{others}: 이 요청에 없는 매개변수입니다; 가능: {known}");
        Self::new(400, "INVALID_PARAMETER", Message::ours(english, korean)).about(&name(&first))
    }

    pub fn order_not_found() -> Self {
        Self::refused(Reason::UnknownOrder)
    }

    /// A symbol that a body names; in a path it is 404.
    pub fn symbol_not_found() -> Self {
        Self::refused(Reason::UnknownSymbol)
    }

    /// More than 0, but no whole number of steps.
    pub fn quantity_step(instrument: &Instrument) -> Self {
        let step = instrument.quantity_step.to_decimal();
        let english = format!("the quantity must be a multiple of {step} that 64 bits can count");
        let korean = format!("수량은 {step}의 배수여야 합니다");
        Self::new(400, code(Reason::BadQuantity), Message::ours(english, korean))
    }

    pub fn price_step(instrument: &Instrument) -> Self {
        let step = instrument.price_step.to_decimal();
        let english = format!("the price must be above 0 and a multiple of {step}");
        let korean = format!("가격은 0보다 크고 {step}의 배수여야 합니다");
        Self::new(400, code(Reason::BadPrice), Message::ours(english, korean))
    }

    pub fn invalid_prayer_side() -> Self {
        let message = Message::ours("side must be up or down", "side는 up 또는 down이어야 합니다");
        Self::new(400, "INVALID_SIDE", message).about("side")
    }

    pub fn invalid_prayer_count() -> Self {
        let message = Message::ours("count must be 1 to 100", "count는 1에서 100까지입니다");
        Self::new(400, "INVALID_COUNT", message).about("count")
    }

    /// Sequences before `oldest` are no longer held.
    pub fn too_old(oldest: u64) -> Self {
        let english = format!("history is kept from sequence {oldest} on");
        let korean = format!("시퀀스 {oldest}부터의 기록만 남아 있습니다");
        let problem = Self::new(410, "RESUME_TOO_OLD", Message::ours(english, korean));
        Self { oldest: Some(oldest), ..problem }
    }

    /// A refusal of the core, or one the edge makes in its name.
    pub fn refused(reason: Reason) -> Self {
        Self::new(status(reason), code(reason), texts::message(reason))
    }

    /// The workshop takes no more figures now.
    pub fn crowded(crowded: Crowded) -> Self {
        let korean = "계산 요청이 너무 많습니다";
        Self::new(503, "BUSY", Message::ours(crowded.to_string(), korean))
    }

    /// A broken promise of our own.
    pub fn internal() -> Self {
        let message = Message::ours("internal error", "내부 오류가 발생했습니다");
        Self::new(500, "INTERNAL_ERROR", message)
    }

    pub fn answer(&self, language: Language) -> Answer {
        let body = ProblemBody {
            error: self.code,
            message: self.message.text(language),
            field: self.field.as_deref(),
            order_id: self.order.map(|id| id.to_string()),
            oldest: self.oldest,
        };
        Answer { error: Some(self.code), ..Answer::new(self.status, &body) }
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let (status, code, english, korean) = match error {
            DeskError::Busy => (
                503,
                "BUSY",
                "the exchange is busy: retry",
                "거래소가 혼잡합니다: 다시 시도하십시오",
            ),
            DeskError::JournalFull => return Self::refused(Reason::JournalFull),
            DeskError::Stopping => {
                (503, "STOPPING", "the exchange is shutting down", "거래소가 종료 중입니다")
            }
            DeskError::Timeout => (
                504,
                "TIMEOUT",
                "state unknown: retry with the same client_order_id",
                "상태를 알 수 없습니다: 같은 client_order_id로 다시 시도하십시오",
            ),
        };
        Self::new(status, code, Message::ours(english, korean))
    }
}

/// Characters of a foreign field name that are shown.
const FIELD_NAME_MAX: usize = 64;

fn status(reason: Reason) -> u16 {
    match reason {
        Reason::BadQuantity | Reason::BadPrice | Reason::UnknownSymbol => 400,
        Reason::UnknownOrder => 404,
        Reason::DuplicateClientOrderId => 409,
        Reason::RateLimit => 429,
        Reason::JournalFull => 503,
        Reason::UnknownAccount
        | Reason::UnknownAsset
        | Reason::BadAmount
        | Reason::BadStop
        | Reason::BadDisplay
        | Reason::BadExpiry
        | Reason::BadCombination
        | Reason::BadStatus
        | Reason::PriceBand
        | Reason::MinQuantity
        | Reason::PostOnly
        | Reason::Fok
        | Reason::NoLiquidity
        | Reason::InsufficientFunds
        | Reason::Overflow
        | Reason::OrderLimit
        | Reason::PositionLimit
        | Reason::AccountLimit
        | Reason::AccountDisabled
        | Reason::Halted
        | Reason::Auction
        | Reason::Closed
        | Reason::BookFull => 422,
    }
}

/// The code of REST and of the socket's errors.
pub fn code(reason: Reason) -> &'static str {
    match reason {
        Reason::BadQuantity => "INVALID_QUANTITY",
        Reason::BadPrice => "INVALID_PRICE",
        Reason::UnknownSymbol => "SYMBOL_NOT_FOUND",
        Reason::UnknownOrder => "ORDER_NOT_FOUND",
        Reason::DuplicateClientOrderId => "DUPLICATE_CLIENT_ORDER_ID",
        Reason::RateLimit => "RATE_LIMIT",
        Reason::JournalFull => "JOURNAL_FULL",
        Reason::UnknownAccount => "UNKNOWN_ACCOUNT",
        Reason::UnknownAsset => "UNKNOWN_ASSET",
        Reason::BadAmount => "BAD_AMOUNT",
        Reason::BadStop => "BAD_STOP",
        Reason::BadDisplay => "BAD_DISPLAY",
        Reason::BadExpiry => "BAD_EXPIRY",
        Reason::BadCombination => "BAD_COMBINATION",
        Reason::BadStatus => "BAD_STATUS",
        Reason::PriceBand => "PRICE_BAND",
        Reason::MinQuantity => "MIN_QUANTITY",
        Reason::PostOnly => "POST_ONLY",
        Reason::Fok => "FOK",
        Reason::NoLiquidity => "NO_LIQUIDITY",
        Reason::InsufficientFunds => "INSUFFICIENT_FUNDS",
        Reason::Overflow => "OVERFLOW",
        Reason::OrderLimit => "ORDER_LIMIT",
        Reason::PositionLimit => "POSITION_LIMIT",
        Reason::AccountLimit => "ACCOUNT_LIMIT",
        Reason::AccountDisabled => "ACCOUNT_DISABLED",
        Reason::Halted => "HALTED",
        Reason::Auction => "AUCTION",
        Reason::Closed => "CLOSED",
        Reason::BookFull => "BOOK_FULL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_reasons_in_upper_case_save_those_of_the_seeds() {
        for &reason in Reason::ALL {
            let own =
                ["INVALID_", "SYMBOL_", "ORDER_NOT_"].iter().any(|p| code(reason).starts_with(p));
            assert!(own || code(reason) == reason.word().to_ascii_uppercase(), "{reason:?}");
            assert!((400..=503).contains(&status(reason)), "{reason:?}");
        }
    }

    #[test]
    fn a_problem_reads_as_the_seeds_have_it() {
        let problem = Problem::refused(Reason::BadQuantity).about("quantity");
        assert_eq!(
            problem.answer(Language::Unsaid).body,
            r#"{"error":"INVALID_QUANTITY","message":"수량은 0보다 커야 합니다","field":"quantity"}"#
        );
        let problem = Problem::symbol_not_found();
        assert_eq!(
            problem.answer(Language::Unsaid).body,
            r#"{"error":"SYMBOL_NOT_FOUND","message":"지원하지 않는 심볼입니다"}"#
        );
        assert_eq!(
            problem.answer(Language::English).body,
            r#"{"error":"SYMBOL_NOT_FOUND","message":"the symbol is not supported"}"#
        );
    }
}
