//! Why somebody is not let in or not let go on: status, code and text in one place. What could
//! help to guess a secret has one text.

use crate::language::Message;
use crate::xtrader::problem::Problem;

/// The WebSocket close code of a session whose identity is missing, wrong or expired.
pub const IDENTITY_CLOSE: u16 = 4401;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// Nothing was said.
    Missing,
    /// What was said cannot be read, or is said twice.
    Malformed,
    /// No such key, a wrong signature, another issuer or audience, used up, revoked.
    Unknown,
    /// A token in an address, where it is logged on its way.
    InQuery,
    Expired,
    /// Issued or valid only later than now.
    Early,
    /// The time of a signed request is too far from ours.
    Stale,
    /// The nonce of a signed request was used before.
    Replayed,
    /// What would tell it from its repeat after a restart cannot be written.
    Unkept,
    /// Too many nonces or single-use tokens are out at once.
    Flood,
    /// Known, but the role does not have the right, or the identity no account.
    Forbidden,
}

impl Refusal {
    pub fn status(self) -> u16 {
        match self {
            Self::Missing
            | Self::Malformed
            | Self::Unknown
            | Self::InQuery
            | Self::Expired
            | Self::Early
            | Self::Stale
            | Self::Replayed => 401,
            Self::Forbidden => 403,
            Self::Flood => 429,
            Self::Unkept => 503,
        }
    }

    pub fn code(self) -> &'static str {
        match self.status() {
            403 => "FORBIDDEN",
            429 => "RATE_LIMIT_EXCEEDED",
            503 => "BUSY",
            _ => "UNAUTHENTICATED",
        }
    }

    /// Something was shown and was not good; the rest is about what was not shown, or not allowed.
    pub(super) fn is_of_credential(self) -> bool {
        match self {
            Self::Malformed
            | Self::Unknown
            | Self::Expired
            | Self::Early
            | Self::Stale
            | Self::Replayed => true,
            Self::Missing | Self::InQuery | Self::Flood | Self::Unkept | Self::Forbidden => false,
        }
    }

    pub fn message(self) -> Message {
        let (english, korean) = self.texts();
        Message::ours(english, korean)
    }

    /// For who has no language yet.
    pub fn english(self) -> &'static str {
        self.texts().0
    }

    fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("say who you are: a token or a signed request", "인증이 필요합니다"),
            Self::Malformed => ("the credentials cannot be read", "인증 정보를 읽을 수 없습니다"),
            Self::Unknown => ("the credentials are not valid", "인증 정보가 올바르지 않습니다"),
            Self::InQuery => (
                "credentials never stand in an address: send a header",
                "주소에 인증 정보를 넣을 수 없습니다",
            ),
            Self::Expired => ("the token has expired", "토큰이 만료되었습니다"),
            Self::Early => ("the token is not valid yet", "아직 유효하지 않은 토큰입니다"),
            Self::Stale => (
                "the time of the request is too far from the server's",
                "요청 시각이 서버 시각과 너무 다릅니다",
            ),
            Self::Replayed => ("the nonce was used before", "이미 사용된 nonce입니다"),
            Self::Unkept => (
                "signed requests cannot be taken now: nothing was entered",
                "지금은 서명된 요청을 받을 수 없습니다",
            ),
            Self::Flood => ("Too many requests.", "Too many requests."),
            Self::Forbidden => ("this identity may not do that", "이 작업을 할 권한이 없습니다"),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal.status(), refusal.code(), refusal.message())
    }
}
