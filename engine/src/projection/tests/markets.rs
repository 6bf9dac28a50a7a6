//! Claims about the state of trading, and about the rules of instruments and accounts.

use orison_core::command::{Access, AccountFields, SelfTrade};
use orison_core::event::{AccountSettings, Amount, Auction, Funding, StatusCause};
use orison_core::instrument::{Bounds, Status};
use orison_core::{Event, Instrument, InstrumentId, Price, Quantity, Side};

use super::feed::*;
use crate::projection::*;

fn auction(price: i64, volume: u64) -> Auction {
    Auction {
        instrument: X,
        price: Price(price),
        volume: Quantity(volume),
        surplus: Quantity(2),
        surplus_side: Some(Side::Buy),
    }
}

#[test]
fn a_market_is_in_the_state_it_was_put_in_last() {
    use MarketNews::{Auction, Status as Changed};
    let interruption = status(Status::Auction, StatusCause::Interruption);
    let end = status(Status::Open, StatusCause::InterruptionEnd);
    let halt = status(Status::Halted, StatusCause::Command);
    let (first, second) = (auction(0, 0), auction(100, 7));
    let halted = Instrument { status: Status::Halted, ..instrument() };
    let closed = Instrument { status: Status::Closed, ..instrument() };
    let close = status(Status::Closed, StatusCause::Command);
    let mut feed = Feed::new();
    for (events, market, since, indicative, fresh) in [
        (vec![Event::Done], status(Status::Open, StatusCause::Command), 0, None, vec![]),
        (vec![Event::Status(interruption)], interruption, 2, None, vec![Changed(interruption)]),
        (vec![Event::Auction(first)], interruption, 2, Some((3, first)), vec![Auction(first)]),
        (vec![Event::Auction(second)], interruption, 2, Some((4, second)), vec![Auction(second)]),
        (
            vec![Event::Auction(second), Event::Status(end)],
            end,
            5,
            None,
            vec![Auction(second), Changed(end)],
        ),
        (vec![Event::Instrument(halted), Event::Status(halt)], halt, 6, None, vec![Changed(halt)]),
        (vec![Event::Instrument(halted)], halt, 6, None, vec![]),
        (vec![Event::Instrument(closed)], close, 8, None, vec![Changed(close)]),
    ] {
        feed.command(&events);
        let expected = Market {
            status: market.status,
            cause: market.cause,
            since: feed.stamp(since),
            indicative: indicative
                .map(|(at, auction)| Indicative { stamp: feed.stamp(at), auction }),
        };
        assert_eq!(feed.views.markets.market(X), Some(&expected), "after {events:?}");
        assert_eq!(feed.views.markets.fresh(), fresh, "after {events:?}");
        let listed = feed.views.catalog.instrument(X).map(|of| of.status);
        assert_eq!(listed, Some(market.status));
    }
    assert_eq!(feed.views.markets.market(InstrumentId(2)), None);
}

#[test]
fn rules_stand_as_they_were_set_last() {
    let mut feed = Feed::new();
    assert_eq!(feed.views.catalog.bounds(X), None);
    assert_eq!(feed.views.catalog.settings(ANN), None);
    for high in [105, 110] {
        let bounds = Bounds { band_low: Price(90), band_high: Price(high), ..Bounds::none(X) };
        let settings = AccountSettings {
            account: ANN,
            funding: Funding::Funded,
            access: Access::Disabled,
            self_trade: SelfTrade::Decrement,
            fields: AccountFields::MAX_OPEN_ORDERS,
            max_open_orders: high as u32,
            orders_per_second: 0,
            maker_fee_ppm: 0,
            taker_fee_ppm: 0,
            max_quantity: Amount::default(),
            max_notional: Amount::default(),
            position_limit: Amount::default(),
        };
        feed.command(&[Event::Bounds(bounds), Event::Account(settings)]);
        assert_eq!(feed.views.catalog.bounds(X), Some(&bounds));
        assert_eq!(feed.views.catalog.settings(ANN), Some(&settings));
    }
}
