//! Why the past does not answer, in the words of REST.

use replay::ask::AskError;
use replay::certificate::CertificateError;
use replay::fork::ForkError;
use replay::past::PastError;
use replay::proof::ProofError;

use super::Point;
use crate::language::Message;
use crate::xtrader::problem::Problem;

/// What was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Asked {
    /// The state after a command.
    State,
    /// A command, which takes the state before it.
    Command,
}

/// Asked again with `oldest`, it is answered.
fn pruned(oldest: u64) -> Problem {
    let english = format!("what was before sequence {oldest} is pruned");
    let korean = format!("시퀀스 {oldest} 이전의 기록은 삭제되었습니다");
    let problem = Problem::new(410, "PRUNED", Message::ours(english, korean));
    Problem { oldest: Some(oldest), ..problem }
}

/// Segments are gone and no snapshot is left that could stand for them.
fn all_pruned() -> Problem {
    let english = "the beginning is pruned, and no snapshot of it is left";
    let message = Message::ours(english, "이전 기록이 삭제되었고 남은 스냅샷이 없습니다");
    Problem::new(410, "PRUNED", message)
}

/// An operator has to look: the reason and its file are for the log, not for whoever asks.
fn damaged(error: &dyn std::error::Error) -> Problem {
    tracing::error!(%error, "the journal does not answer an auditor");
    let english = "the journal cannot be read: the exchange's log says where and why";
    let message = Message::ours(english, "저널을 읽을 수 없습니다: 거래소 로그를 확인하십시오");
    Problem::new(500, "JOURNAL_UNREADABLE", message)
}

pub(crate) fn of_past(error: &PastError, asked: Asked) -> Problem {
    match error {
        PastError::Read(journal::ReadError::Pruned { .. }) | PastError::NoBeginning(_) => {
            all_pruned()
        }
        PastError::Before { oldest, .. } => pruned(match asked {
            Asked::State => *oldest,
            Asked::Command => oldest + 1,
        }),
        PastError::NotReached { last, .. } => Point::not_reached("at", *last),
        PastError::Read(_) | PastError::Playback(_) => damaged(error),
    }
}

pub(super) fn of_ask(error: &AskError) -> Problem {
    match error {
        AskError::Past(error) => of_past(error, Asked::State),
        AskError::Symbol { known, .. } => {
            let english = format!("the symbol is not known at that point; known: {known}");
            let korean = format!("그 시점에 없는 심볼입니다; 가능: {known}");
            Problem::new(404, "SYMBOL_NOT_FOUND", Message::ours(english, korean))
        }
        AskError::Account { .. } => {
            let (english, korean) =
                ("the account is not known at that point", "그 시점에 없는 계정입니다");
            Problem::new(404, "UNKNOWN_ACCOUNT", Message::ours(english, korean))
        }
    }
}

pub(super) fn of_fork(error: &ForkError) -> Problem {
    match error {
        ForkError::Past(error) => of_past(error, Asked::Command),
        ForkError::Panic(_) => damaged(error),
        ForkError::Genesis { .. } | ForkError::Void { .. } | ForkError::Change(_) => {
            Problem::bad_request(error.to_string(), format!("분기할 수 없습니다: {error}"))
        }
    }
}

pub(super) fn of_certificate(error: &CertificateError) -> Problem {
    match error {
        CertificateError::Past(error) => of_past(error, Asked::State),
        CertificateError::Pruned { oldest, .. } => pruned(*oldest),
        CertificateError::Unreadable(_)
        | CertificateError::Signature
        | CertificateError::Identity { .. }
        | CertificateError::Short { .. }
        | CertificateError::Differs { .. } => damaged(error),
    }
}

pub(super) fn of_proof(error: &ProofError) -> Problem {
    match error {
        ProofError::Read(journal::ReadError::Pruned { first, .. }) => pruned(*first),
        ProofError::Pruned { oldest, .. } => pruned(*oldest),
        ProofError::NotReached { last, .. } => Point::not_reached("what", *last),
        ProofError::NoRoot { .. } => {
            let english = "no checkpoint is about it yet: ask again later";
            let message =
                Message::ours(english, "아직 체크포인트가 없습니다: 나중에 다시 시도하십시오");
            Problem::new(409, "NO_ROOT_YET", message)
        }
        ProofError::Read(_)
        | ProofError::Checkpoint { .. }
        | ProofError::NotCertified { .. }
        | ProofError::Root { .. }
        | ProofError::Unreadable(_)
        | ProofError::Record(_)
        | ProofError::Differs { .. }
        | ProofError::Path => damaged(error),
    }
}
