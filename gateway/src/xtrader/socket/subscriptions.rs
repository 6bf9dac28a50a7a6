//! Which topics a request means. A request is taken whole or refused naming the entry that is
//! wrong; names are case-sensitive. Knows the connection's topics and the instruments, sends
//! nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use engine::projection::Interval;
use orison_core::{AccountName, Instrument, InstrumentId, Symbol};

use super::request::Ask;
use crate::fanout::{Channel, Dialect, Only, Topic, Wish};
use crate::language::Message;
use crate::xtrader::entry::shared_account;
use crate::xtrader::problem::Problem;

/// Topics of one connection.
const TOPICS_MAX: usize = 256;
/// Of a candles subscription that names none.
const INTERVAL_DEFAULT: Interval = Interval::M5;

#[derive(Default)]
pub(super) struct Subscriptions {
    topics: BTreeSet<Topic>,
    /// What a Subscribe without symbols means: those subscribed to, or last subscribed to.
    symbols: Vec<InstrumentId>,
}

/// What a request comes to. The three lists are for its reply, which says them in full.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) topics: Vec<Topic>,
    pub(super) wish: Wish,
    pub(super) channels: Vec<Channel>,
    pub(super) symbols: Vec<Symbol>,
    pub(super) intervals: Vec<Interval>,
    pub(super) account: Option<AccountName>,
    named: Vec<InstrumentId>,
    names_symbols: Named,
}

/// Whether a request said which symbols it means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Named {
    Said,
    Unsaid,
}

impl Subscriptions {
    pub(super) fn plan_subscribe(
        &self,
        ask: &Ask,
        instruments: &[Instrument],
    ) -> Result<Plan, Problem> {
        let channels = channels(ask, &Channel::PUBLIC)?;
        let of_symbols = channels.iter().any(|&channel| channel != Channel::Orders);
        let (chosen, names_symbols) = match symbols(ask, instruments)? {
            Some(chosen) => (chosen, Named::Said),
            None => (self.current(instruments), Named::Unsaid),
        };
        if of_symbols && chosen.is_empty() {
            let problem = failed(
                "symbols are missing, and none are subscribed yet",
                "symbols가 없고 구독 중인 심볼도 없습니다",
            );
            return Err(problem.about("symbols"));
        }
        let chosen = if of_symbols || names_symbols == Named::Said { chosen } else { Vec::new() };
        let intervals = intervals(ask, &channels)?.unwrap_or_else(|| vec![INTERVAL_DEFAULT]);
        let intervals = of_candles(&channels, intervals);
        let named: Vec<_> = chosen.iter().map(|instrument| instrument.id).collect();
        let account =
            channels.contains(&Channel::Orders).then(|| ask.account.unwrap_or_else(shared_account));
        let topics = topics(&channels, &named, &intervals, account);
        let more = topics.iter().filter(|topic| !self.topics.contains(topic)).count();
        if self.topics.len() + more > TOPICS_MAX {
            return Err(limit(
                format!("at most {TOPICS_MAX} topics a connection"),
                format!("연결당 토픽은 최대 {TOPICS_MAX}개입니다"),
            ));
        }
        let symbols = chosen.iter().map(|instrument| instrument.symbol).collect();
        let wish = wish(ask, names_symbols, &named);
        Ok(Plan { topics, wish, channels, symbols, intervals, account, named, names_symbols })
    }

    /// Without symbols or intervals all of them are meant; what is not subscribed is no error.
    pub(super) fn plan_unsubscribe(
        &self,
        ask: &Ask,
        instruments: &[Instrument],
    ) -> Result<Plan, Problem> {
        let channels = channels(ask, &Channel::ALL)?;
        let every_channel = ask.channels.iter().any(|channel| channel == ALL);
        let chosen = symbols(ask, instruments)?;
        let every_symbol = chosen.is_none() || ask.every_symbol();
        let names_symbols = if chosen.is_some() { Named::Said } else { Named::Unsaid };
        let intervals = intervals(ask, &channels)?;
        let named: Vec<_> = chosen.iter().flatten().map(|instrument| instrument.id).collect();
        let meant = |topic: &Topic| {
            let symbol = topic.instrument().is_none_or(|id| every_symbol || named.contains(&id));
            let rest = match topic {
                Topic::Candles(_, interval) => {
                    intervals.as_ref().is_none_or(|intervals| intervals.contains(interval))
                }
                // Leaving a symbol altogether is no word about the account's orders.
                Topic::Orders(account) => {
                    (!every_channel || every_symbol)
                        && ask.account.is_none_or(|named| named == *account)
                }
                Topic::Executions(_)
                | Topic::OrderBook(_)
                | Topic::Statistics(_)
                | Topic::Depth(_)
                | Topic::Status(_)
                | Topic::Site(_) => true,
            };
            channels.contains(&topic.channel()) && symbol && rest
        };
        let topics: Vec<_> = self.topics.iter().filter(|topic| meant(topic)).copied().collect();
        let shown = |id: &InstrumentId| {
            instruments.iter().find(|instrument| instrument.id == *id).map(|found| found.symbol)
        };
        let symbols = match &chosen {
            Some(chosen) => chosen.iter().map(|instrument| instrument.symbol).collect(),
            None => distinct(topics.iter().filter_map(Topic::instrument))
                .iter()
                .filter_map(shown)
                .collect(),
        };
        let intervals = intervals.unwrap_or_else(|| {
            distinct(topics.iter().filter_map(|topic| match topic {
                Topic::Candles(_, interval) => Some(*interval),
                Topic::Executions(_)
                | Topic::OrderBook(_)
                | Topic::Statistics(_)
                | Topic::Depth(_)
                | Topic::Status(_)
                | Topic::Orders(_)
                | Topic::Site(_) => None,
            }))
        });
        let (wish, account) = (Wish::default(), ask.account);
        Ok(Plan { topics, wish, channels, symbols, intervals, account, named, names_symbols })
    }

    /// The topics of the request that are subscribed.
    pub(super) fn plan_snapshot(
        &self,
        ask: &Ask,
        instruments: &[Instrument],
    ) -> Result<Vec<Topic>, Problem> {
        let mut plan = self.plan_subscribe(ask, instruments)?;
        if ask.intervals.is_none() {
            let every = Interval::ALL.to_vec();
            let intervals = of_candles(&plan.channels, every);
            plan.topics = topics(&plan.channels, &plan.named, &intervals, plan.account);
        }
        match plan.topics.iter().find(|topic| self.topics.contains(topic)) {
            Some(_) => {
                plan.topics.retain(|topic| self.topics.contains(topic));
                Ok(plan.topics)
            }
            None => Err(failed("not subscribed", "구독 중이 아닙니다")),
        }
    }

    pub(super) fn subscribed(&mut self, plan: &Plan) {
        self.topics.extend(&plan.topics);
        let stay = |id: &InstrumentId| self.topics.iter().any(|t| t.instrument() == Some(*id));
        self.symbols.retain(stay);
        let of_symbols = plan.topics.iter().any(|topic| topic.instrument().is_some());
        for &id in plan.named.iter().filter(|_| of_symbols) {
            if !self.symbols.contains(&id) {
                self.symbols.push(id);
            }
        }
    }

    /// Symbols that were named and have no topic left are forgotten; without a name the last ones
    /// are remembered, so that a change of interval needs no symbols.
    pub(super) fn unsubscribed(&mut self, plan: &Plan) {
        for topic in &plan.topics {
            self.topics.remove(topic);
        }
        if plan.names_symbols == Named::Said {
            let stay = |id: &InstrumentId| {
                let watched = self.topics.iter().any(|t| t.instrument() == Some(*id));
                watched || !plan.named.contains(id)
            };
            self.symbols.retain(stay);
        }
    }

    fn current<'a>(&self, instruments: &'a [Instrument]) -> Vec<&'a Instrument> {
        let known = |id: &InstrumentId| instruments.iter().find(|known| known.id == *id);
        self.symbols.iter().filter_map(known).collect()
    }
}

/// Stands for every entry of its list.
const ALL: &str = "all";

fn channels(ask: &Ask, all: &[Channel]) -> Result<Vec<Channel>, Problem> {
    if ask.channels.is_empty() {
        let problem = failed("channels are missing", "channels가 없습니다");
        return Err(problem.about("channels"));
    }
    let mut channels = Vec::new();
    for word in &ask.channels {
        match Channel::parse(word) {
            Some(channel) => channels.push(channel),
            None if word == ALL => channels.extend(all),
            None => {
                let word = shortened(word);
                let english = format!("unsupported channel: {word}");
                let korean = format!("지원하지 않는 채널입니다: {word}");
                return Err(failed(english, korean).about("channels"));
            }
        }
    }
    Ok(distinct(channels.into_iter()))
}

/// None: the request names none.
fn symbols<'a>(
    ask: &Ask,
    instruments: &'a [Instrument],
) -> Result<Option<Vec<&'a Instrument>>, Problem> {
    let Some(words) = ask.symbols.as_ref().filter(|words| !words.is_empty()) else {
        return Ok(None);
    };
    let mut chosen: Vec<&Instrument> = Vec::new();
    let mut choose = |instrument: &'a Instrument| {
        if chosen.iter().all(|known| known.id != instrument.id) {
            chosen.push(instrument);
        }
    };
    for word in words {
        match instruments.iter().find(|instrument| instrument.symbol.as_str() == word) {
            Some(instrument) => choose(instrument),
            None if word == ALL => instruments.iter().for_each(&mut choose),
            None => {
                let word = shortened(word);
                let english = format!("the symbol is not supported: {word}");
                let korean = format!("지원하지 않는 심볼입니다: {word}");
                return Err(failed(english, korean).about("symbols"));
            }
        }
    }
    Ok(Some(chosen))
}

/// None: the request names none. A wrong one is refused even where no candles are asked for.
fn intervals(ask: &Ask, channels: &[Channel]) -> Result<Option<Vec<Interval>>, Problem> {
    let Some(words) = ask.intervals.as_ref().filter(|words| !words.is_empty()) else {
        return Ok(None);
    };
    let mut intervals = Vec::new();
    for word in words {
        match Interval::parse(word) {
            Some(interval) => intervals.push(interval),
            None if word == ALL => intervals.extend(Interval::ALL),
            None => {
                let word = shortened(word);
                let english = format!("unsupported interval: {word}");
                let korean = format!("지원하지 않는 간격입니다: {word}");
                return Err(failed(english, korean).about("intervals"));
            }
        }
    }
    Ok(Some(of_candles(channels, distinct(intervals.into_iter()))))
}

fn of_candles(channels: &[Channel], intervals: Vec<Interval>) -> Vec<Interval> {
    if channels.contains(&Channel::Candles) { intervals } else { Vec::new() }
}

fn topics(
    channels: &[Channel],
    instruments: &[InstrumentId],
    intervals: &[Interval],
    account: Option<AccountName>,
) -> Vec<Topic> {
    let mut topics = Vec::new();
    for channel in channels {
        if *channel == Channel::Orders {
            topics.extend(account.map(Topic::Orders));
            continue;
        }
        for &id in instruments {
            match channel {
                Channel::Executions => topics.push(Topic::Executions(id)),
                Channel::OrderBook => topics.push(Topic::OrderBook(id)),
                Channel::Statistics => topics.push(Topic::Statistics(id)),
                Channel::Candles => {
                    topics.extend(intervals.iter().map(|&interval| Topic::Candles(id, interval)));
                }
                Channel::Depth => topics.push(Topic::Depth(id)),
                Channel::Status => topics.push(Topic::Status(id)),
                Channel::Orders
                | Channel::Prayer
                | Channel::Ticker
                | Channel::Liquidation
                | Channel::ForeignTrades
                | Channel::ForeignDepth => {}
            }
        }
    }
    topics
}

fn wish(ask: &Ask, names_symbols: Named, named: &[InstrumentId]) -> Wish {
    let pace = ask.interval_ms.map(Duration::from_millis);
    let only = match names_symbols {
        Named::Said if !ask.every_symbol() => Only::These(Arc::from(named)),
        Named::Said | Named::Unsaid => Only::All,
    };
    Wish {
        levels: ask.levels.unwrap_or(Wish::LEVELS),
        pace: pace.unwrap_or(Wish::PACE),
        depth_pace: pace.unwrap_or(Duration::ZERO),
        only,
        dialect: Dialect::XTrader,
    }
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

/// What a message repeats of a foreign word.
fn shortened(word: &str) -> String {
    word.chars().take(32).collect()
}

fn failed(english: impl Into<String>, korean: impl Into<String>) -> Problem {
    let message = Message::of_seeds(english.into(), korean.into());
    Problem::new(400, "SUBSCRIPTION_FAILED", message)
}

pub(super) fn limit(english: String, korean: String) -> Problem {
    Problem::new(400, "SUBSCRIPTION_LIMIT", Message::ours(english, korean))
}

#[cfg(test)]
mod tests;
