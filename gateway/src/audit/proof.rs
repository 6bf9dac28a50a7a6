//! Certificates and inclusion proofs, to be checked by `orison-replay` without this exchange.

use std::path::Path;
use std::sync::Arc;

use orison_core::OrderId;
use replay::certificate;
use replay::proof::{self, About};

use super::{Point, problem, work_out};
use crate::App;
use crate::http::query::Query;
use crate::language::Message;
use crate::xtrader::problem::{Answer, Problem, ProblemBody};

/// A replay certificate: the digests, the chain value and a root a checkpoint interval, signed
/// with the key of `--audit-key`. The whole journal is replayed for it.
#[utoipa::path(
    get,
    path = "/audit/certificate",
    params(("at" = Option<String>, Query, description = "Up to this sequence or time")),
    responses(
        (status = 200, description = "For `orison-replay check-certificate`", body = Object),
        (status = 404, description = "Not reached", body = ProblemBody),
        (status = 409, description = "There is no key to sign with", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn certificate(app: &Arc<App>, query: &Query) -> Result<Answer, Problem> {
    let key = app.audits.key.clone().ok_or_else(|| {
        let english = "there is no key to sign with: start with --audit-key FILE";
        let message = Message::ours(english, "서명 키가 없습니다: --audit-key FILE로 시작하십시오");
        Problem::new(409, "NO_AUDIT_KEY", message)
    })?;
    let Point(until) = Point::of(app, query, "at")?;
    let ask = move |journal: &Path| certificate::certify(journal, until, &key, |_| {});
    work_out(app, ask, problem::of_certificate).await.map(answer)
}

/// The proof that a command, or the entry of an order, is under the root of its checkpoint.
#[utoipa::path(
    get,
    path = "/audit/proof/{what}",
    params(("what" = String, Path, description = "A command's sequence, or an order's id")),
    responses(
        (status = 200, description = "For `orison-replay check-proof`", body = Object),
        (status = 400, description = "Neither of the two", body = ProblemBody),
        (status = 404, description = "Not reached", body = ProblemBody),
        (status = 409, description = "No checkpoint is about it yet", body = ProblemBody),
        (status = 410, description = "Pruned", body = ProblemBody),
        (status = 503, description = "Two questions are being worked on", body = ProblemBody),
    )
)]
pub(crate) async fn proof(app: &Arc<App>, what: &str) -> Result<Answer, Problem> {
    let about = match (what.parse(), OrderId::parse(what)) {
        (Ok(sequence), _) if sequence > 0 => About::Command(sequence),
        (_, Some(order)) => About::Order(order),
        (_, None) => {
            let (english, korean) = ("a sequence or an order's id", "시퀀스 또는 주문 ID");
            return Err(Problem::invalid_parameter("what", english, korean));
        }
    };
    let seen = app.views.read().at().sequence.0;
    if about.sequence() > seen {
        return Err(Point::not_reached("what", seen));
    }
    let ask = move |journal: &Path| proof::prove(journal, about, None, |_| {});
    work_out(app, ask, problem::of_proof).await.map(|inclusion| answer(inclusion.text()))
}

fn answer(text: String) -> Answer {
    Answer { status: 200, body: text.trim_end().to_owned(), error: None }
}
