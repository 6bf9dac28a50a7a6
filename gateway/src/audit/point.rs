//! `at=`: a sequence or a time, and never beyond what anybody may see.

use replay::past::Until;

use crate::App;
use crate::http::query::Query;
use crate::language::Message;
use crate::xtrader::problem::Problem;

/// A point that lies within what has reached the ack mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Point(pub(crate) Until);

impl Point {
    /// Of the parameter `name`; absent: now.
    pub(crate) fn of(app: &App, query: &Query, name: &str) -> Result<Self, Problem> {
        let seen = app.views.read().at();
        let now = Until::Sequence(seen.sequence.0);
        let Some(text) = query.get(name) else { return Ok(Self(now)) };
        let until: Until = text.parse().map_err(|_| {
            let english = "a sequence, RFC 3339 or nanoseconds";
            Problem::invalid_parameter(name, english, "시퀀스 또는 시각(RFC 3339)이어야 합니다")
        })?;
        match until {
            Until::Sequence(asked) if asked > seen.sequence.0 => {
                Err(Self::not_reached(name, seen.sequence.0))
            }
            Until::Time(time_ns) if time_ns >= seen.time_ns => Ok(Self(now)),
            Until::Sequence(_) | Until::Time(_) => Ok(Self(until)),
            Until::End => Ok(Self(now)),
        }
    }

    /// The parameter `name` is beyond the last command.
    pub(crate) fn not_reached(name: &str, last: u64) -> Problem {
        let english = format!("the exchange is at sequence {last}");
        let korean = format!("현재 시퀀스는 {last}입니다");
        let problem = Problem::new(404, "SEQUENCE_NOT_REACHED", Message::ours(english, korean));
        problem.about(name)
    }
}
