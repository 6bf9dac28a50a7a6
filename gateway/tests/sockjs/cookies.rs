//! `JSESSIONID`: on the addresses of a session, and only where the service asks for it.

use crate::server::{Server, session};

#[tokio::test]
async fn the_addresses_of_a_session_set_the_cookie_and_keep_the_clients() {
    let server = Server::start().await;
    let form = ("content-type", "application/x-www-form-urlencoded");
    for (method, door, headers, body) in [
        ("POST", "xhr", &[][..], ""),
        ("POST", "xhr_send", &[], "[\"x\"]"),
        ("POST", "jsonp_send", &[form], "d=%5B%22x%22%5D"),
        ("GET", "jsonp?c=callback", &[], ""),
        ("POST", "xhr_streaming", &[], ""),
        ("GET", "eventsource", &[], ""),
        ("GET", "htmlfile?c=callback", &[], ""),
        ("OPTIONS", "xhr", &[], ""),
    ] {
        for (known, expected) in [
            (None, Some("JSESSIONID=dummy; path=/")),
            (Some("a=b; JSESSIONID=abcdef"), Some("JSESSIONID=abcdef; path=/")),
        ] {
            let session = session("/cookie_needed_echo");
            if door.ends_with("_send") {
                server.poll(&session).await;
            }
            let mut headers = headers.to_vec();
            headers.extend(known.map(|known| ("cookie", known)));
            let mut client = server.connect().await;
            client.send(method, &format!("{session}/{door}"), &headers, body.as_bytes()).await;
            let head = client.head().await;
            assert!([200, 204].contains(&head.status), "{door}");
            assert_eq!(head.header("set-cookie"), expected, "{door}");
        }
    }
}

#[tokio::test]
async fn nothing_else_sets_it() {
    let server = Server::start().await;
    for path in
        ["/cookie_needed_echo", "/cookie_needed_echo/info", "/cookie_needed_echo/iframe.html"]
    {
        assert_eq!(server.get(path).await.header("set-cookie"), None, "{path}");
    }
    let path = format!("{}/xhr", session("/echo"));
    let reply = server.ask("POST", &path, &[("cookie", "JSESSIONID=x")], b"").await;
    assert_eq!((reply.status, reply.header("set-cookie")), (200, None));
}
