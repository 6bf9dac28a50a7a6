//! What venues say: tickers and forced orders, entered as a feed enters them.

use orison_core::command::{Foreign, Liquidation, Ticker, Venue};
use orison_core::{Command, Side, Symbol};
use serde_json::json;

use crate::client::Stomp;
use crate::support::Exchange;

fn foreign(mantissa: i64, scale: u8) -> Foreign {
    Foreign { mantissa, scale }
}

fn ticker(venue: &str, symbol: &str, price: i64) -> Command {
    Command::Ticker(Ticker {
        venue: Venue::new(venue).unwrap(),
        symbol: Symbol::new(symbol).unwrap(),
        price: foreign(price, 1),
        change_24h: foreign(-25, 1),
        event_time_ms: 1_700_000_000_000 + price as u64,
    })
}

fn forced(venue: &str, quantity: i64) -> Command {
    Command::Liquidation(Liquidation {
        venue: Venue::new(venue).unwrap(),
        symbol: Symbol::new("ETHUSDT").unwrap(),
        side: Side::Buy,
        quantity: foreign(quantity, 0),
        price: foreign(2_000, 0),
        event_time_ms: 1_700_000_000_000 + quantity as u64,
    })
}

#[tokio::test]
async fn tickers_are_told_under_each_of_their_names() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("site", "/topic/ticker").await;
    stomp.subscribe("named", "/topic/ticker.binance.BTCUSDT").await;
    stomp.subscribe("upbit", "/topic/ticker.upbit.BTC-KRW").await;
    let mut all = Stomp::connect(&exchange).await;
    all.subscribe("all", "/topic/ticker.*").await;
    exchange.carry_out(ticker("binance", "BTCUSDT", 420_005)).await;
    let told = stomp.message("site").await;
    assert_eq!(
        (
            &told["type"],
            &told["symbol"],
            &told["price"],
            &told["priceChange24h"],
            &told["timestamp"]
        ),
        (
            &json!("TICKER"),
            &json!("BTCUSDT"),
            &json!(42_000.5),
            &json!(-2.5),
            &json!(1_700_000_420_005u64)
        )
    );
    assert_eq!(stomp.message("named").await, told);
    exchange.carry_out(ticker("upbit", "BTC-KRW", 1)).await;
    assert_eq!(stomp.message("upbit").await["symbol"], "BTC-KRW");
    let mut late = Stomp::connect(&exchange).await;
    late.subscribe("0", "/topic/ticker").await;
    assert_eq!(late.message("0").await["price"], json!(42_000.5), "the state at once");
    // Both were unknown when the pattern came.
    let mut symbols = vec![all.message("all").await["symbol"].clone()];
    while symbols.len() < 2 {
        let symbol = all.message("all").await["symbol"].clone();
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    exchange.stop().await;
}

#[tokio::test]
async fn forced_orders_of_the_first_venue_are_told_each_once() {
    let exchange = Exchange::start().await;
    let mut stomp = Stomp::connect(&exchange).await;
    stomp.subscribe("0", "/topic/liquidation").await;
    for command in [forced("binance", 49), forced("upbit", 60), forced("binance", 50)] {
        exchange.carry_out(command).await;
    }
    for (quantity, is_large) in [(49, false), (50, true)] {
        let told = stomp.message("0").await;
        let worth = quantity * 2_000;
        assert_eq!(told["type"], "LIQUIDATION");
        assert_eq!((&told["side"], &told["quantity"]), (&json!("BUY"), &json!(quantity)));
        assert_eq!((&told["usdValue"], &told["isLarge"]), (&json!(worth), &json!(is_large)));
    }
    exchange.stop().await;
}
