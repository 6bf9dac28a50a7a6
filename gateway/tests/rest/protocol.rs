//! HTTP itself: methods, media types, sizes, hosts, origins, languages, upgrades.

use super::support::{Client, Exchange};

const LIMIT: &str =
    r#"{"symbol":"BTC-KRW","side":"Buy","type":"Limit","price":50000000,"quantity":0.5}"#;
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test]
async fn a_method_that_is_not_there_says_which_are() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for (method, path, allow) in [
        ("GET", "/v1/order", "POST, OPTIONS"),
        ("PUT", "/v1/order", "POST, OPTIONS"),
        ("POST", "/v1/symbols", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/orders", "GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/order/x", "GET, DELETE, HEAD, OPTIONS"),
        ("DELETE", "/v1/prayer", "GET, POST, HEAD, OPTIONS"),
        ("POST", "/health", "GET, HEAD, OPTIONS"),
        ("BREW", "/v1/time", "GET, HEAD, OPTIONS"),
    ] {
        let reply = client.request(method, path, &[JSON], Some(b"{}")).await;
        let told = (reply.status, reply.error(), reply.header("allow"));
        assert_eq!(told, (405, "METHOD_NOT_ALLOWED".into(), Some(allow)), "{method} {path}");
    }
    let head = client.request("HEAD", "/v1/symbols", &[], None).await;
    let get = client.get("/v1/symbols").await;
    assert_eq!((head.status, head.header("content-length")), (200, get.header("content-length")));
}

#[tokio::test]
async fn only_json_is_taken() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for (headers, status) in [
        (&[][..], 415),
        (&[("content-type", "text/plain")], 415),
        (&[("content-type", "application/x-www-form-urlencoded")], 415),
        (&[("content-type", "application/jsonp")], 415),
        (&[JSON, ("content-encoding", "gzip")], 415),
        (&[("content-type", "Application/JSON; charset=utf-8")], 202),
    ] {
        let reply = client.request("POST", "/v1/order", headers, Some(LIMIT.as_bytes())).await;
        assert_eq!(reply.status, status, "{headers:?}: {}", reply.body);
    }
    let bare = client.request("POST", "/v1/order/cancel-all", &[], None).await;
    assert_eq!((bare.status, bare.error()), (415, "UNSUPPORTED_MEDIA_TYPE".into()));
}

#[tokio::test]
async fn a_large_body_is_refused_in_words() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let fits = format!("{LIMIT}{}", " ".repeat((64 << 10) - LIMIT.len()));
    assert_eq!(client.post("/v1/order", &fits).await.status, 202);
    for bytes in [(64 << 10) + 1, 200 << 10] {
        let reply = client.post("/v1/order", &" ".repeat(bytes)).await;
        assert_eq!((reply.status, reply.error()), (413, "PAYLOAD_TOO_LARGE".into()), "{bytes}");
        assert_eq!(reply.header("connection"), None, "it was drained, the connection goes on");
    }
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let head = "POST /v1/order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    client
        .write(
            format!("{head}transfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n").as_bytes(),
        )
        .await;
    assert_eq!(client.read().await.status, 413, "chunked");
    assert_eq!(client.get("/v1/time").await.status, 200, "and the connection goes on");

    client.write(format!("{head}content-length: 300000\r\n\r\n").as_bytes()).await;
    client.write(&vec![b' '; 300_000]).await;
    let reply = client.read().await;
    assert_eq!((reply.status, reply.header("connection")), (413, Some("close")));
    assert!(client.is_closed().await);

    let mut client = exchange.rest().await;
    client
        .write(format!("{head}content-length: 300000\r\nexpect: 100-continue\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.read().await.status, 413, "told before the body is sent");
}

#[tokio::test]
async fn a_request_that_says_its_length_in_two_ways_is_refused_and_closed() {
    let exchange = Exchange::start().await;
    let head = "POST /v1/order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let (length, encoding) =
        (format!("content-length: {}\r\n", LIMIT.len()), "transfer-encoding: chunked\r\n");
    let body = format!("{:x}\r\n{LIMIT}\r\n0\r\n\r\n", LIMIT.len());
    let get = "GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for both in [format!("{length}{encoding}"), format!("{encoding}{length}")] {
        let mut client = exchange.rest().await;
        client.write(format!("{get}{head}{both}\r\n{body}{get}").as_bytes()).await;
        assert_eq!(client.read().await.json()["sequence"], 4);
        let reply = client.read().await;
        assert_eq!((reply.status, reply.error()), (400, "BAD_REQUEST".into()), "{both}");
        assert_eq!(reply.header("connection"), Some("close"));
        assert!(client.is_closed().await, "what follows is not looked at");
    }
    assert_eq!(exchange.rest().await.get("/health").await.json()["sequence"], 4);
}

#[tokio::test]
async fn a_body_may_come_in_chunks_and_requests_in_a_row() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let head = "POST /v1/order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let (front, back) = LIMIT.split_at(20);
    let chunked = format!(
        "{head}transfer-encoding: chunked\r\n\r\n{:x}\r\n{front}\r\n{:x}\r\n{back}\r\n0\r\n\r\n",
        front.len(),
        back.len()
    );
    let get = "GET /v1/time HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.write(format!("{chunked}{get}{chunked}").as_bytes()).await;
    for status in [202, 200, 202] {
        assert_eq!(client.read().await.status, status);
    }
    client
        .write(format!("{head}content-length: 5\r\nexpect: 100-continue\r\n\r\n").as_bytes())
        .await;
    assert_eq!(client.read_head().await.status, 100);
    client.write(b"{   }").await;
    assert_eq!(client.read().await.status, 400);
}

/// Time stands still and jumps to the next deadline whenever nothing else can happen.
#[tokio::test(start_paused = true)]
async fn who_is_too_slow_is_told_or_let_go() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let head = "POST /v1/order HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    client.write(format!("{head}content-length: 50\r\n\r\n{{").as_bytes()).await;
    let reply = client.read().await;
    assert_eq!((reply.status, reply.error()), (408, "REQUEST_TIMEOUT".into()));
    assert_eq!(reply.header("connection"), Some("close"));

    for unfinished in ["", "GET /v1/time HTTP/1.1\r\nhost: loc"] {
        let mut client = exchange.rest().await;
        assert_eq!(client.get("/v1/time").await.status, 200);
        client.write(unfinished.as_bytes()).await;
        assert!(client.is_closed().await, "{unfinished:?}");
    }
}

#[tokio::test]
async fn the_host_must_be_ours() {
    let exchange = Exchange::start().await;
    for (head, status) in [
        ("GET /v1/time HTTP/1.1\r\nhost: localhost:1234", 200),
        ("GET /v1/time HTTP/1.1\r\nhost: 127.0.0.1", 200),
        ("GET /v1/time HTTP/1.1\r\nhost: [::1]:7000", 200),
        ("GET http://localhost/v1/time HTTP/1.1\r\nhost: localhost", 200),
        ("GET /v1/time HTTP/1.1\r\nhost: evil.example", 403),
        ("GET /v1/time HTTP/1.1\r\nhost: localhost.evil.example:7000", 403),
        ("GET http://evil.example/v1/time HTTP/1.1\r\nhost: localhost", 403),
        ("GET /v1/time HTTP/1.1\r\nx: y", 400),
        ("GET /v1/time HTTP/1.1\r\nhost: localhost\r\nhost: localhost", 400),
        ("GET /v1/time HTTP/1.0\r\nx: y", 200),
        ("GET /v1/time HTTP/1.0\r\nhost: evil.example", 403),
        ("GET /v1/time HTTP/9\r\nhost: localhost", 400),
        ("nonsense", 400),
    ] {
        let mut client = exchange.rest().await;
        client.write(format!("{head}\r\n\r\n").as_bytes()).await;
        assert_eq!(client.read().await.status, status, "{head}");
    }
}

#[tokio::test]
async fn only_trusted_pages_may_read() {
    let allowed = "https://trade.example";
    let exchange =
        Exchange::start_with(|config| config.allowed_origins = vec![allowed.into()]).await;
    let mut client = exchange.rest().await;
    for (origin, trusted) in [
        ("http://localhost:5173", true),
        ("http://127.0.0.1:7001", true),
        (allowed, true),
        ("https://evil.example", false),
        ("null", false),
    ] {
        let echoed = trusted.then_some(origin);
        let reply = client.request("GET", "/v1/time", &[("origin", origin)], None).await;
        assert_eq!(reply.header("access-control-allow-origin"), echoed, "{origin}");
        assert_eq!(reply.header("access-control-allow-credentials"), None);
        let asks = [("origin", origin), ("access-control-request-method", "POST")];
        let preflight = client.request("OPTIONS", "/v1/order", &asks, None).await;
        assert_eq!((preflight.status, preflight.body.as_str()), (204, ""), "{origin}");
        assert_eq!(preflight.header("access-control-allow-origin"), echoed, "{origin}");
        let max_age = trusted.then_some("600");
        assert_eq!(preflight.header("access-control-max-age"), max_age, "{origin}");
        let headers = preflight.header("access-control-allow-headers").unwrap_or_default();
        assert_eq!(headers.contains("content-type"), trusted, "{origin}");
    }
}

#[tokio::test]
async fn a_request_id_comes_back() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    for path in ["/v1/time", "/v1/nowhere"] {
        let reply = client.request("GET", path, &[("x-request-id", "abc-1")], None).await;
        assert_eq!(reply.header("x-request-id"), Some("abc-1"), "{path}");
    }
    assert_eq!(client.get("/v1/time").await.header("x-request-id"), None);
}

#[tokio::test]
async fn messages_speak_the_clients_language() {
    let exchange = Exchange::start().await;
    let mut client = exchange.rest().await;
    let zero = LIMIT.replace("0.5", "0");
    let unknown = LIMIT.replace("BTC-KRW", "XYZ-KRW");
    let extra = LIMIT.replace('{', "{\"colour\":1,");
    let quantity = ("수량은 0보다 커야 합니다", "the quantity must be greater than 0");
    let symbol = ("지원하지 않는 심볼입니다", "the symbol is not supported");
    let field =
        (r#""colour": 이 요청에 없는 필드입니다"#, r#""colour" is not a field of this request"#);
    for (body, (korean, english), unsaid) in
        [(&zero, quantity, quantity.0), (&unknown, symbol, symbol.0), (&extra, field, field.1)]
    {
        for (language, message) in [
            (None, unsaid),
            (Some("ko-KR,ko;q=0.9,en;q=0.8"), korean),
            (Some("en"), english),
            (Some("en-US,en;q=0.9,ko;q=0.8"), english),
            (Some("fr"), unsaid),
        ] {
            let mut headers = vec![JSON];
            headers.extend(language.map(|language| ("accept-language", language)));
            let reply = client.request("POST", "/v1/order", &headers, Some(body.as_bytes())).await;
            assert_eq!(
                (reply.status, reply.text("message").as_str()),
                (400, message),
                "{language:?}"
            );
        }
    }
}

#[tokio::test]
async fn the_socket_opens_only_to_a_whole_handshake() {
    const UPGRADE: &str = "connection: keep-alive, Upgrade\r\nupgrade: WebSocket";
    const KEY: &str = "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
    const VERSION: &str = "sec-websocket-version: 13";
    let exchange = Exchange::start().await;
    for (head, status) in [
        (format!("{UPGRADE}\r\n{KEY}\r\n{VERSION}"), 101),
        (format!("{UPGRADE}\r\n{KEY}\r\n{VERSION}\r\norigin: https://evil.example"), 101),
        (format!("{KEY}\r\n{VERSION}"), 426),
        (format!("upgrade: websocket\r\n{KEY}\r\n{VERSION}"), 426),
        (format!("connection: upgrade\r\nupgrade: h2c\r\n{KEY}\r\n{VERSION}"), 426),
        (format!("{UPGRADE}\r\n{KEY}"), 426),
        (format!("{UPGRADE}\r\n{KEY}\r\nsec-websocket-version: 8"), 426),
        (format!("{UPGRADE}\r\n{VERSION}"), 400),
        (format!("{UPGRADE}\r\n{VERSION}\r\nsec-websocket-key: short"), 400),
        (format!("{UPGRADE}\r\n{KEY}\r\n{KEY}\r\n{VERSION}"), 400),
    ] {
        let mut client = exchange.ws().await;
        let extension = "sec-websocket-extensions: permessage-deflate";
        let head = format!("GET /ws HTTP/1.1\r\nhost: localhost\r\n{extension}\r\n{head}\r\n\r\n");
        client.write(head.as_bytes()).await;
        let reply = client.read_head().await;
        assert_eq!(reply.status, status, "{head}");
        assert_eq!(reply.header("sec-websocket-extensions"), None);
        match status {
            101 => {
                let accept = Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
                assert_eq!(reply.header("sec-websocket-accept"), accept);
            }
            426 => assert_eq!(reply.header("sec-websocket-version"), Some("13"), "{head}"),
            _ => {}
        }
    }
    let mut rest = exchange.rest().await;
    assert_eq!(rest.get("/ws").await.status, 404, "the socket is on its own listener");
}

#[tokio::test]
async fn a_stopping_exchange_enters_nothing_and_lets_go() {
    let exchange = Exchange::start().await;
    let mut idle = exchange.rest().await;
    let mut client = exchange.rest().await;
    assert_eq!(idle.get("/v1/time").await.status, 200);
    exchange.app.desk.close();
    let reply = client.post("/v1/order", LIMIT).await;
    assert_eq!((reply.status, reply.error()), (503, "STOPPING".into()));
    assert_eq!(reply.header("retry-after"), Some("1"));
    let address = exchange.adapters.directory.rest.unwrap();
    drop(exchange.stop().await);
    assert!(idle.is_closed().await, "idle connections are closed");
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody accepts");
}

#[tokio::test]
async fn the_web_listener_serves_page_and_calls_under_one_origin() {
    let exchange = Exchange::start().await;
    let mut client = exchange.ws().await;
    let page = client.get("/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").unwrap().starts_with("text/html"), "{page:?}");
    for path in ["/api/v1/symbols", "/v1/symbols", "/health"] {
        assert_eq!(client.get(path).await.status, 200, "{path}");
    }
    let mut rest: Client = exchange.rest().await;
    assert_eq!(rest.get("/").await.status, 404);
}
