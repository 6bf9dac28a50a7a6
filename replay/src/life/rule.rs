//! Which rule of the exchange decided what an event says: its number in the rule book and one
//! sentence of it. A refusal names the rule that refused.

use orison_core::command::CancelReason;
use orison_core::event::{Entry, Phase, Priority};
use orison_core::{Event, Reason};

/// A rule by its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    pub section: &'static str,
    pub says: &'static str,
}

const fn rule(section: &'static str, says: &'static str) -> Rule {
    Rule { section, says }
}

/// None: the event only serves views, no rule of its own stands behind it.
pub fn of(event: &Event) -> Option<Rule> {
    Some(match event {
        Event::Accepted(accepted) => match (accepted.entry, accepted.level.is_zero()) {
            (Entry::Duplicate, _) => rule("1", "a repeat is answered with the first order's id"),
            (Entry::New, false) => rule("2.1", "it rests at its price, behind all there before"),
            (Entry::New, true) => rule("10", "it passed every check, in their order"),
        },
        Event::Rejected(rejected) => refusal(rejected.reason),
        Event::Trade(trade) => match trade.phase {
            Phase::Continuous => rule("2.1", "price, then time, at the resting order's price"),
            Phase::Uncross => rule("8", "in an uncross all trades at one price, best orders first"),
        },
        Event::Rested(_) => rule("2.2", "what is left of a limit order rests exactly at its limit"),
        Event::Cancelled(cancelled) => cancel(cancelled.reason),
        Event::Amended(amended) => match amended.priority {
            Priority::Kept => rule("3", "down or equal at the same price keeps its place"),
            Priority::Lost => rule("3", "up, or another price, goes to the back"),
        },
        Event::Waiting(_) => rule("5", "a stop waits until the last trade price elects it"),
        Event::Triggered(_) => rule("5", "the last trade price has reached the stop"),
        Event::Refreshed(_) => rule("2.11", "an iceberg's next tip goes to the back of its level"),
        Event::Decremented(_) => {
            rule("4", "an account never trades with itself: both lose the smaller open quantity")
        }
        Event::Auction(_) => rule("8", "the price at which most would trade"),
        Event::Status(_) => rule("8", "what a status lets happen"),
        Event::Conditions(_)
        | Event::Level(_)
        | Event::Balance(_)
        | Event::AssetOpened(_)
        | Event::Instrument(_)
        | Event::Bounds(_)
        | Event::AccountOpened(_)
        | Event::Account(_)
        | Event::Prayed(_)
        | Event::Ticker(_)
        | Event::Liquidation(_)
        | Event::ExternalTrade(_)
        | Event::ExternalDepth(_)
        | Event::ExternalLevel(_)
        | Event::Done => return None,
    })
}

fn cancel(reason: CancelReason) -> Rule {
    match reason {
        CancelReason::User => rule("2.4", "its owner took it away; its neighbours stay"),
        CancelReason::Ioc => rule("2.8", "what cannot trade at once is cancelled"),
        CancelReason::SelfTrade => rule("4", "an account never trades with itself"),
        CancelReason::Expired => rule("7", "its time is over"),
        CancelReason::Oco => rule("6", "one cancels the other"),
        CancelReason::Mass => rule("11", "its owner took all of them away"),
        CancelReason::Range => rule("8", "a taker never trades outside its execution range"),
        CancelReason::Uncross => rule("8", "what an uncross leaves of a market order is cancelled"),
        CancelReason::Closed => rule("8", "day orders end when the instrument closes"),
        CancelReason::Admin => rule("9", "an operator took away all orders of the account"),
        CancelReason::Disconnect => rule("11", "its session ended and had asked for that"),
        CancelReason::Timer => rule("11", "its session's timer ran out and had been asked for"),
    }
}

fn refusal(reason: Reason) -> Rule {
    match reason {
        Reason::UnknownSymbol => rule("10", "there is no such instrument"),
        Reason::UnknownOrder => {
            rule("2.6", "an order that is over, foreign or unknown is never acknowledged")
        }
        Reason::UnknownAccount => rule("9", "there is no such account"),
        Reason::UnknownAsset => rule("9", "there is no such asset"),
        Reason::BadPrice => rule("1", "a price is a whole number of steps, at least 1"),
        Reason::BadQuantity => rule("2", "the quantity is none the instrument takes"),
        Reason::BadAmount => rule("9", "an amount is a whole number of units, above 0"),
        Reason::BadStop => rule("5", "a stop price or trail is at least one step"),
        Reason::BadDisplay => rule("2.11", "the tip is neither nothing nor more than the order"),
        Reason::BadExpiry => rule("7", "an expiry is for gtd alone, and lies ahead"),
        Reason::BadCombination => rule("2", "these fields do not go together"),
        Reason::BadStatus => rule("8", "a change of status that makes no sense"),
        Reason::PriceBand => rule("8", "a limit lies within the band of its instrument"),
        Reason::MinQuantity => rule("2.10", "less than its minimum can trade at once"),
        Reason::PostOnly => rule("2.9", "it would trade, and touching counts"),
        Reason::Fok => rule("2.8", "all or nothing, decided before anything changes"),
        Reason::NoLiquidity => rule("2.7", "a market order finds nothing opposite"),
        Reason::InsufficientFunds => rule("9", "everything is reserved before it can trade"),
        Reason::Overflow => rule("1", "a sum would not fit its width"),
        Reason::DuplicateClientOrderId => rule("1", "the same id with other content"),
        Reason::OrderLimit => rule("9", "a limit of the account on its orders"),
        Reason::RateLimit => rule("9", "more orders a second than the account may enter"),
        Reason::PositionLimit => rule("9", "the position could exceed the account's limit"),
        Reason::AccountLimit => rule("9", "the exchange takes no more accounts of that kind"),
        Reason::AccountDisabled => rule("9", "the account's kill switch is on"),
        Reason::Halted => rule("8", "while halted nothing but cancels is taken"),
        Reason::Auction => rule("8", "the call phase does not take orders of that kind"),
        Reason::Closed => rule("8", "while closed nothing but cancels is taken"),
        Reason::BookFull => rule("1", "as many orders live as genesis allows"),
        Reason::JournalFull => rule("1", "the journal's disk is nearly full"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_rule_of_the_rule_book_that_no_other_says() {
        let mut said = Vec::new();
        for &reason in Reason::ALL {
            let Rule { section, says } = refusal(reason);
            let chapter: u32 = section.split('.').next().unwrap().parse().unwrap();
            assert!((1..=12).contains(&chapter), "{reason}: {section}");
            assert!(!said.contains(&says), "{reason} says what another says: {says}");
            said.push(says);
        }
    }
}
