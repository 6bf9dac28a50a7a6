//! Market data: the shapes of the seeds, exact decimals, and parameters that are wrong.

use super::support::{Client, Exchange};

async fn place(client: &mut Client, account: &str, side: &str, price: &str, quantity: &str) {
    let order = format!(r#""side":"{side}","price":{price},"quantity":{quantity}"#);
    let body = format!(r#"{{"symbol":"BTC-KRW","type":"Limit","account":"{account}",{order}}}"#);
    let reply = client.post("/v1/order", &body).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
}

#[tokio::test]
async fn a_book_is_sorted_best_first_and_cut_to_its_depth() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let empty = client.get("/v1/orderbook/BTC-KRW").await.json();
    assert_eq!(empty["orderbook"]["sequence"], 0);
    assert!(empty["orderbook"]["timestamp"].as_u64() > Some(0));
    for price in 1..=60 {
        place(&mut client, "maker", "Buy", &price.to_string(), "0.1").await;
        place(&mut client, "maker", "Sell", &(100 + price).to_string(), "1.50").await;
    }
    for (path, levels) in [
        ("/api/v1/orderbook/BTC-KRW", 10),
        ("/v1/orderbook/BTC-KRW?depth=1", 1),
        ("/v1/orderbook/BTC-KRW?depth=15", 15),
        ("/v1/orderbook/BTC-KRW?depth=50", 50),
        ("/v1/orderbook/BTC-KRW?depth=5000", 50),
    ] {
        let reply = client.get(path).await;
        let book = &reply.json()["orderbook"];
        assert_eq!(book["symbol"], "BTC-KRW");
        for side in ["bids", "asks"] {
            assert_eq!(book[side].as_array().unwrap().len(), levels, "{path}");
        }
        assert!(reply.body.contains(r#""bids":[[60,0.1]"#), "{}", reply.body);
        assert!(reply.body.contains(r#""asks":[[101,1.5]"#), "{}", reply.body);
        assert!(book["sequence"].as_u64() > Some(100));
    }
}

#[tokio::test]
async fn trades_show_in_executions_candles_and_statistics() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let before = client.get("/v1/statistics/BTC-KRW").await.json();
    assert!(before["last_price"].is_null() && before["price_change_24h"].is_null(), "{before}");
    assert_eq!((&before["volume_24h"], &before["trade_count_24h"]), (&0.into(), &0.into()));
    place(&mut client, "maker", "Sell", "50000000", "2").await;
    place(&mut client, "maker", "Sell", "51000000", "2").await;
    place(&mut client, "taker", "Buy", "50000000", "0.5").await;
    place(&mut client, "taker", "Buy", "51000000", "2.5").await;

    let reply = client.get("/v1/executions/BTC-KRW").await;
    let answer = reply.json();
    assert_eq!(answer["symbol"], "BTC-KRW");
    let prices: Vec<_> = answer["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["price"].as_u64().unwrap())
        .collect();
    assert_eq!(prices, [51_000_000, 50_000_000, 50_000_000], "newest first");
    let newest = &answer["executions"][0];
    for field in ["exec_id", "order_id", "maker_order_id", "symbol", "side", "transaction_time"] {
        assert!(newest[field].is_string(), "{field}: {newest}");
    }
    for field in ["timestamp", "sequence", "index", "prev_sequence", "quantity", "fee"] {
        assert!(newest[field].is_number(), "{field}: {newest}");
    }
    assert_eq!(newest["side"], "Buy");
    assert_eq!(newest["fee"], 25_500, "500 ppm of 51,000,000 x 1");
    assert_eq!(newest["sequence"], answer["executions"][1]["sequence"], "one command, two trades");

    let first = answer["executions"][2]["sequence"].as_u64().unwrap();
    let resumed =
        client.get(&format!("/v1/executions/BTC-KRW?from_sequence={first}&limit=2")).await.json();
    let sequences: Vec<_> = resumed["executions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["sequence"].as_u64().unwrap())
        .collect();
    assert_eq!(sequences, [first, first + 1, first + 1], "oldest first, no command is cut");

    let statistics = client.get("/api/v1/statistics/BTC-KRW").await.json();
    for (field, value) in [
        ("last_price", 51_000_000),
        ("high_24h", 51_000_000),
        ("high_price_24h", 51_000_000),
        ("low_24h", 50_000_000),
        ("low_price_24h", 50_000_000),
        ("volume_24h", 3),
        ("price_change_24h", 2),
        ("trade_count_24h", 3),
    ] {
        assert_eq!(statistics[field], value, "{field}");
    }
    let all = client.get("/v1/statistics").await.json();
    assert_eq!(all["statistics"].as_array().unwrap().len(), 3);
    assert_eq!(all["statistics"][0], statistics);

    for interval in ["1m", "5m", "15m", "30m", "1h", "4h", "1d"] {
        let klines = client.get(&format!("/v1/klines/BTC-KRW/{interval}?limit=5")).await.json();
        assert_eq!((&klines["symbol"], &klines["interval"]), (&"BTC-KRW".into(), &interval.into()));
        let candle = klines["candles"].as_array().unwrap().last().unwrap();
        assert_eq!(candle["timestamp"], candle["open_time"]);
        assert!(candle["close_time"].as_u64() > candle["open_time"].as_u64());
        assert_eq!(candle["high"], 51_000_000, "{candle}");
        let open_time = candle["open_time"].as_u64().unwrap();
        let inside = format!("/v1/klines/BTC-KRW/{interval}?from={open_time}&to={open_time}");
        assert_eq!(client.get(&inside).await.json()["candles"].as_array().unwrap().len(), 1);
        let later = format!("/v1/klines/BTC-KRW/{interval}?from={}", open_time + 1);
        assert_eq!(client.get(&later).await.json()["candles"].as_array().unwrap().len(), 0);
    }
}

#[tokio::test]
async fn order_ids_can_be_kept_off_the_public_tape() {
    let exchange =
        Exchange::start_with(|config| config.public_order_ids = gateway::config::Switch::Off).await;
    let mut client = exchange.rest().await;
    place(&mut client, "maker", "Sell", "5", "1").await;
    place(&mut client, "taker", "Buy", "5", "1").await;
    let execution = client.get("/v1/executions/BTC-KRW").await.json()["executions"][0].clone();
    assert!(execution["exec_id"].is_string());
    assert_eq!((execution.get("order_id"), execution.get("maker_order_id")), (None, None));
}

#[tokio::test]
async fn wrong_paths_and_parameters_name_themselves() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for (path, status, code, field) in [
        ("/v1/orderbook/XYZ-KRW", 404, "SYMBOL_NOT_FOUND", ""),
        ("/v1/orderbook/btc-krw", 404, "SYMBOL_NOT_FOUND", ""),
        ("/v1/orderbook/BTC-KRW?depth=0", 400, "INVALID_PARAMETER", "depth"),
        ("/v1/orderbook/BTC-KRW?depth=-1", 400, "INVALID_PARAMETER", "depth"),
        ("/v1/orderbook/BTC-KRW?depth=1.5", 400, "INVALID_PARAMETER", "depth"),
        ("/v1/orderbook/BTC-KRW?depth=abc", 400, "INVALID_PARAMETER", "depth"),
        ("/v1/orderbook/BTC-KRW?depth=1&depth=2", 400, "INVALID_PARAMETER", "depth"),
        ("/v1/orderbook/BTC-KRW?depth=%zz", 400, "BAD_REQUEST", ""),
        ("/v1/orderbook/%ff", 400, "BAD_REQUEST", ""),
        ("/v1/klines/XYZ/5m", 404, "SYMBOL_NOT_FOUND", ""),
        ("/v1/klines/BTC-KRW/2m", 400, "INVALID_INTERVAL", "interval"),
        ("/v1/klines/BTC-KRW/5M", 400, "INVALID_INTERVAL", "interval"),
        ("/v1/klines/BTC-KRW/5m?limit=0", 400, "INVALID_PARAMETER", "limit"),
        ("/v1/klines/BTC-KRW/5m?from=x", 400, "INVALID_PARAMETER", "from"),
        ("/v1/statistics/XYZ", 404, "SYMBOL_NOT_FOUND", ""),
        ("/v1/executions/XYZ", 404, "SYMBOL_NOT_FOUND", ""),
        ("/v1/executions/BTC-KRW?from_sequence=-1", 400, "INVALID_PARAMETER", "from_sequence"),
        ("/v1/orders?status=new", 400, "INVALID_PARAMETER", "status"),
        ("/v1/orders?before=x", 400, "INVALID_PARAMETER", "before"),
        ("/v1/orders?symbol=XYZ", 400, "SYMBOL_NOT_FOUND", "symbol"),
        ("/v1/orders?account=", 400, "INVALID_PARAMETER", "account"),
        ("/v1/order/x", 404, "ORDER_NOT_FOUND", ""),
        ("/v1/ticker", 404, "TICKER_NOT_FOUND", ""),
        ("/v1/ticker/binance/BTCUSDT", 404, "TICKER_NOT_FOUND", ""),
        ("/v1/balances?account=", 400, "INVALID_PARAMETER", "account"),
        ("/v1/balances/KRW", 404, "NOT_FOUND", ""),
        ("/v1/order/test/x", 404, "NOT_FOUND", ""),
        ("/api/v2/symbols", 404, "NOT_FOUND", ""),
        ("/v1/symbols/", 404, "NOT_FOUND", ""),
    ] {
        let reply = client.get(path).await;
        let told = (reply.status, reply.error(), reply.text("field"));
        assert_eq!(told, (status, code.into(), field.into()), "{path}");
    }
}
