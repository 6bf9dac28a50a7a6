//! Claims about balances and positions.

use orison_core::command::{Access, AccountFields, SelfTrade};
use orison_core::event::{
    AccountOpened, AccountSettings, Amount, AssetOpened, Funding, Money, Trade,
};
use orison_core::instrument::Step;
use orison_core::types::AssetId;
use orison_core::{
    AccountId, AccountName, AssetName, Event, Instrument, InstrumentId, Side, Symbol,
};

use super::feed::*;
use crate::projection::*;

const Y: InstrumentId = InstrumentId(2);

/// ANN's, against BOB: of an uncross, for that needs no book.
fn fill(instrument: InstrumentId, side: Side, price: i64, quantity: u64) -> Event {
    let Event::Trade(trade) = uncrossed((BOB, 1), (ANN, 2), side, price, quantity) else {
        unreachable!()
    };
    Event::Trade(Trade { instrument, ..trade })
}

/// Price step 0.01, quantity step 0.0001; bases of 8, quotes of 6 decimals.
fn fine() -> [Event; 3] {
    let opened = |asset, name, decimals| {
        let name = AssetName::new(name).unwrap();
        Event::AssetOpened(AssetOpened { asset: AssetId(asset), name, decimals })
    };
    let instrument = Instrument {
        symbol: Symbol::new("Y").unwrap(),
        id: Y,
        base: AssetId(3),
        quote: AssetId(4),
        price_step: Step { mantissa: 1, scale: 2 },
        quantity_step: Step { mantissa: 1, scale: 4 },
        ..instrument()
    };
    [opened(3, "FINE", 8), opened(4, "QUOTED", 6), Event::Instrument(instrument)]
}

#[test]
fn a_position_is_what_was_bought_less_what_was_sold_at_average_cost() {
    use Side::{Buy, Sell};
    type Row<'a> = (&'a [(Side, i64, u64)], (i128, i128, i128, i128));
    let rows: [Row<'_>; 13] = [
        (&[(Buy, 10, 1), (Buy, 11, 2)], (3, 32, 11, 0)),
        (&[(Buy, 10, 1), (Buy, 11, 1)], (2, 21, 11, 0)),
        // 32 / 3 is 10.67: a cost of 11 leaves, 21 stay.
        (&[(Buy, 10, 1), (Buy, 11, 2), (Sell, 12, 1)], (2, 21, 11, 1)),
        (&[(Buy, 10, 1), (Buy, 11, 2), (Sell, 12, 3)], (0, 0, 0, 4)),
        (&[(Buy, 10, 1), (Buy, 11, 2), (Sell, 12, 1), (Sell, 12, 1)], (1, 10, 10, 2)),
        // The same, from below.
        (&[(Sell, 10, 1), (Sell, 11, 2)], (-3, 32, 11, 0)),
        (&[(Sell, 10, 1), (Sell, 11, 2), (Buy, 9, 1)], (-2, 21, 11, 2)),
        (&[(Sell, 10, 1), (Sell, 11, 2), (Buy, 12, 3)], (0, 0, 0, -4)),
        // Through zero: all is closed, the rest is opened at the trade's price.
        (&[(Buy, 10, 5), (Sell, 12, 8)], (-3, 36, 12, 10)),
        (&[(Sell, 10, 5), (Buy, 7, 6)], (1, 7, 7, 15)),
        (&[(Buy, 10, 5), (Sell, 12, 5), (Sell, 13, 1)], (-1, 13, 13, 10)),
        (&[(Buy, i64::MAX, 3), (Sell, 1, 3)], (0, 0, 0, 3 - 3 * i64::MAX as i128)),
        (&[(Buy, 1, u64::MAX - 1), (Buy, 2, u64::MAX - 1)], {
            let (quantity, cost) = (u64::MAX as i128 - 1, 3 * (u64::MAX as i128 - 1));
            (2 * quantity, cost, 2, 0)
        }),
    ];
    for (fills, (quantity, cost, average_cost, realised)) in rows {
        let mut feed = Feed::new();
        for &(side, price, quantity) in fills {
            feed.command(&[fill(X, side, price, quantity)]);
        }
        let (account, instrument) = (ANN, X);
        let own = Position { account, instrument, quantity, cost, average_cost, realised };
        assert_eq!(feed.views.positions.position(ANN, X), Some(own), "{fills:?}");
        let other = Position { account: BOB, quantity: -quantity, realised: -realised, ..own };
        let seen = feed.views.positions.position(BOB, X).unwrap();
        assert_eq!(seen, other, "whoever is on the other side, {fills:?}");
    }
}

#[test]
fn a_cost_is_of_one_whole_asset_in_units_of_the_quote() {
    let mut feed = Feed::new();
    feed.command(&fine()).command(&[fill(Y, Side::Buy, 12_345, 3)]);
    let bought = Position {
        account: ANN,
        instrument: Y,
        quantity: 3,
        cost: 37_035,
        average_cost: 123_450_000,
        realised: 0,
    };
    assert_eq!(feed.views.positions.position(ANN, Y), Some(bought));
    // 0.0001 more at 123.46: 49381 / 0.0004 is 123.4525.
    feed.command(&[fill(Y, Side::Buy, 12_346, 1)]);
    let seen = feed.views.positions.position(ANN, Y).unwrap();
    assert_eq!(seen.average_cost, 123_452_500);
    let catalog = &feed.views.catalog;
    let fine = catalog.instrument(Y).unwrap();
    assert_eq!(seen.quantity_decimal(fine).to_string(), "0.0004");
    assert_eq!(catalog.amount(fine.quote, seen.average_cost).to_string(), "123.4525");
}

#[test]
fn a_trade_with_oneself_is_the_makers_fill_then_the_takers() {
    let mut feed = Feed::new();
    feed.command(&[fill(X, Side::Buy, 100, 10)]).command(&[uncrossed(
        (ANN, 3),
        (ANN, 4),
        Side::Buy,
        120,
        5,
    )]);
    let position = feed.views.positions.position(ANN, X).unwrap();
    assert_eq!((position.quantity, position.cost, position.realised), (10, 1_100, 100));
}

#[test]
fn positions_are_listed_by_account_then_instrument() {
    let mut feed = Feed::new();
    feed.command(&fine()).command(&[fill(Y, Side::Buy, 5, 1)]).command(&[
        uncrossed((AccountId(7), 1), (ANN, 2), Side::Buy, 5, 1),
        uncrossed((AccountId(7), 1), (ANN, 2), Side::Sell, 5, 1),
    ]);
    let all: Vec<_> =
        feed.views.positions.all().map(|of| (of.account.0, of.instrument.0, of.quantity)).collect();
    assert_eq!(all, [(1, 1, 0), (1, 2, 1), (2, 2, -1), (7, 1, 0)], "flat ones too");
    assert_eq!(feed.views.positions.of_account(ANN).count(), 2);
    assert_eq!(feed.views.positions.of_account(AccountId(3)).count(), 0);
    assert_eq!(feed.views.positions.of_account(AccountId(99)).count(), 0);
    assert_eq!(feed.views.positions.position(ANN, InstrumentId(3)), None);
}

#[test]
fn money_of_an_unfunded_account_follows_from_its_trades() {
    let mut feed = Feed::new();
    feed.command(&fine()).command(&[fill(X, Side::Buy, 100, 10), fill(Y, Side::Sell, 12_345, 3)]);
    // The maker is paid 1 of each, the taker pays 3.
    let all: Vec<_> = feed.views.balances.all().collect();
    let expected = [
        balance(ANN, BASE, 10, 0),
        balance(ANN, QUOTE, -1_003, 0),
        balance(ANN, AssetId(3), -30_000, 0),
        balance(ANN, AssetId(4), 37_032, 0),
        balance(BOB, BASE, -10, 0),
        balance(BOB, QUOTE, 1_001, 0),
        balance(BOB, AssetId(3), 30_000, 0),
        balance(BOB, AssetId(4), -37_034, 0),
    ];
    assert_eq!(all, expected);
    assert!(feed.views.balances.fees().eq([(QUOTE, 2), (AssetId(4), 2)]));
    for asset in 1..=4 {
        let of_asset = all.iter().filter(|of| of.asset.0 == asset);
        let earned: i128 =
            feed.views.balances.fees().filter(|of| of.0.0 == asset).map(|of| of.1).sum();
        assert_eq!(of_asset.map(|of| of.free.units()).sum::<i128>() + earned, 0, "nothing is lost");
    }
}

#[test]
fn money_of_a_funded_account_is_what_it_was_told() {
    let funded = AccountSettings {
        account: ANN,
        funding: Funding::Funded,
        access: Access::Enabled,
        self_trade: SelfTrade::None,
        fields: AccountFields::NONE,
        max_open_orders: 0,
        orders_per_second: 0,
        maker_fee_ppm: 0,
        taker_fee_ppm: 0,
        max_quantity: Amount::default(),
        max_notional: Amount::default(),
        position_limit: Amount::default(),
    };
    let name = AccountName::new("ann").unwrap();
    let told = |asset, free, locked| Event::Balance(balance(ANN, asset, free, locked));
    let mut feed = Feed::new();
    feed.command(&[
        Event::AccountOpened(AccountOpened { account: ANN, name }),
        Event::Account(funded),
        told(QUOTE, 5_000, 0),
    ])
    .command(&[fill(X, Side::Buy, 100, 10), told(BASE, 10, 0), told(QUOTE, 3_000, 997)]);
    let own = [balance(ANN, BASE, 10, 0), balance(ANN, QUOTE, 3_000, 997)];
    assert!(feed.views.balances.of_account(ANN).eq(own));
    assert!(feed.views.balances_of(&name).eq(own));
    assert_eq!(feed.views.positions_of(&name).count(), 1);
    let nobody = AccountName::new("nobody").unwrap();
    assert_eq!(feed.views.balances_of(&nobody).count(), 0);
    assert_eq!(feed.views.positions_of(&nobody).count(), 0);
    assert_eq!(feed.views.balances.balance(BOB, QUOTE), Some(balance(BOB, QUOTE, 1_001, 0)));
    assert_eq!(feed.views.balances.balance(BOB, AssetId(9)), None);
    assert!(feed.views.balances.fees().eq([(QUOTE, 2)]), "fees of all accounts");
}

#[test]
fn a_deposit_of_an_unfunded_account_is_part_of_its_money() {
    let mut feed = Feed::new();
    feed.command(&[Event::Balance(balance(ANN, QUOTE, 500, 0))]).command(&[fill(
        X,
        Side::Buy,
        100,
        10,
    )]);
    assert_eq!(feed.views.balances.balance(ANN, QUOTE), Some(balance(ANN, QUOTE, -503, 0)));
}

#[test]
fn sums_stay_at_the_ends_of_128_bits() {
    let mut feed = Feed::new();
    let Event::Trade(huge) = fill(X, Side::Buy, i64::MAX, u64::MAX - 1) else { unreachable!() };
    let huge = Trade { maker_fee: Money::ZERO, taker_fee: Money::ZERO, ..huge };
    for _ in 0..3 {
        feed.command(&[Event::Trade(huge)]);
    }
    let position = feed.views.positions.position(ANN, X).unwrap();
    assert_eq!(position.cost, i128::MAX);
    let balance = feed.views.balances.balance(ANN, QUOTE).unwrap();
    assert_eq!(balance.free.units(), i128::MIN);
}
