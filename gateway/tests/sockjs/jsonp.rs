//! JSONP polling: scripts out, forms in; and the callback that htmlfile needs too.

use crate::pages::assert_uncached;
use crate::server::{Server, session};

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

async fn send(server: &Server, session: &str, headers: &[(&str, &str)], body: &str) -> String {
    let path = format!("{session}/jsonp_send");
    let reply = server.ask("POST", &path, headers, body.as_bytes()).await;
    if reply.status == 200 {
        assert_eq!(reply.content_type().as_deref(), Some("text/plain;charset=UTF-8"));
        assert_uncached(&reply);
    }
    format!("{} {}", reply.status, reply.body)
}

async fn poll(server: &Server, session: &str) -> String {
    let reply = server.get(&format!("{session}/jsonp?c=%63allback")).await;
    assert_eq!(reply.status, 200);
    let content_type = reply.content_type();
    assert_eq!(content_type.as_deref(), Some("application/javascript;charset=UTF-8"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert_uncached(&reply);
    reply.body
}

#[tokio::test]
async fn forms_and_plain_bodies_are_sent_and_scripts_come_back() {
    let server = Server::start().await;
    let session = session("/echo");
    assert_eq!(poll(&server, &session).await, "/**/callback(\"o\");\r\n");
    let charset = [("content-type", "application/x-www-form-urlencoded; charset=UTF-8")];
    let plain = [("content-type", "text/plain")];
    for (headers, body, expected) in [
        (&FORM[..], "d=%5B%22x%22%5D", r#"/**/callback("a[\"x\"]");"#),
        (&charset, "d=%5B%22x+y%22%5D", r#"/**/callback("a[\"x y\"]");"#),
        (&plain, r#"["%61bc"]"#, r#"/**/callback("a[\"%61bc\"]");"#),
        (&[], r#"["z"]"#, r#"/**/callback("a[\"z\"]");"#),
    ] {
        assert_eq!(send(&server, &session, headers, body).await, "200 ok");
        assert_eq!(poll(&server, &session).await, format!("{expected}\r\n"));
    }
    assert_eq!(send(&server, &session, &FORM, "d=%5B%5D").await, "200 ok", "no messages at all");
    assert_eq!(send(&server, &session, &FORM, "d=%5B%22b%22%5D").await, "200 ok");
    assert_eq!(poll(&server, &session).await, "/**/callback(\"a[\\\"b\\\"]\");\r\n");
}

#[tokio::test]
async fn wrong_payloads_are_refused() {
    let server = Server::start().await;
    let session = session("/echo");
    poll(&server, &session).await;
    for (body, expected) in [
        ("d=%5B%22x", "500 Broken JSON encoding."),
        ("d=%zz", "500 Broken JSON encoding."),
        ("", "500 Payload expected."),
        ("d=", "500 Payload expected."),
        ("p=p", "500 Payload expected."),
    ] {
        assert_eq!(send(&server, &session, &FORM, body).await, expected, "{body}");
    }
    assert_eq!(send(&server, &session, &FORM, "d=[\"b\"]").await, "200 ok");
    assert_eq!(poll(&server, &session).await, "/**/callback(\"a[\\\"b\\\"]\");\r\n");
}

#[tokio::test]
async fn a_closed_session_says_so_in_scripts() {
    let server = Server::start().await;
    let session = session("/close");
    let bodies = ["\"o\"", r#""c[3000,\"Go away!\"]""#, r#""c[3000,\"Go away!\"]""#];
    for body in bodies {
        assert_eq!(poll(&server, &session).await, format!("/**/callback({body});\r\n"));
    }
}

#[tokio::test]
async fn a_callback_is_needed_and_plain() {
    let server = Server::start().await;
    for door in ["jsonp", "htmlfile"] {
        for (query, text) in [
            ("", "\"callback\" parameter required"),
            ("?c=", "\"callback\" parameter required"),
            ("?c=%20", "invalid \"callback\" parameter"),
            ("?c=*", "invalid \"callback\" parameter"),
            ("?c=abc(", "invalid \"callback\" parameter"),
            ("?c=abc%28", "invalid \"callback\" parameter"),
        ] {
            let reply = server.get(&format!("/echo/a/a/{door}{query}")).await;
            assert_eq!((reply.status, reply.body.as_str()), (500, text), "{door}{query}");
        }
    }
}
