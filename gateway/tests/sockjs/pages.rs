//! What is not of a session: the greeting, the iframe's page and script, `/info`.

use std::collections::HashSet;

use serde_json::{Value, json};

use crate::client::Reply;
use crate::server::Server;

/// Dates, tag and age of an answer that may be kept for long.
fn assert_cached(reply: &Reply) {
    let control = reply.header("cache-control").unwrap();
    assert!(control.contains("public") && control.contains("max-age=31536000"), "{control}");
    let expires = reply.header("expires").unwrap();
    assert!(expires.ends_with(" GMT") && expires.contains("202"), "{expires}");
    assert_eq!(reply.header("last-modified"), None);
}

/// Of an answer that nobody may keep.
pub(crate) fn assert_uncached(reply: &Reply) {
    let expected = "no-store, no-cache, no-transform, must-revalidate, max-age=0";
    assert_eq!(reply.header("cache-control"), Some(expected));
    assert_eq!((reply.header("expires"), reply.header("last-modified")), (None, None));
}

pub(crate) fn assert_shared(reply: &Reply, origin: Option<&str>) {
    let allowed = reply.header("access-control-allow-origin");
    let credentials = reply.header("access-control-allow-credentials");
    match origin {
        Some(_) => assert_eq!((allowed, credentials), (origin, Some("true"))),
        None => assert_eq!((allowed, credentials), (Some("*"), None)),
    }
}

/// Every address that pages of other origins may ask answers a preflight.
#[tokio::test]
async fn a_preflight_is_answered_and_kept() {
    let server = Server::start().await;
    let rows = [
        ("/info", "OPTIONS, GET"),
        ("/abc/abc/xhr", "OPTIONS, POST"),
        ("/abc/abc/xhr_send", "OPTIONS, POST"),
        ("/abc/abc/xhr_streaming", "OPTIONS, POST"),
        ("/abc/abc/jsonp_send", "OPTIONS, POST"),
        ("/abc/abc/eventsource", "OPTIONS, GET"),
    ];
    for (path, methods) in rows {
        for origin in [None, Some("test"), Some("null"), Some("http://a.example:1")] {
            for asked in [None, Some(""), Some("a, b, c")] {
                let mut headers = vec![("access-control-request-method", "POST")];
                headers.extend(origin.map(|origin| ("origin", origin)));
                headers.extend(asked.map(|asked| ("access-control-request-headers", asked)));
                let reply = server.ask("OPTIONS", &format!("/echo{path}"), &headers, b"").await;
                assert_eq!((reply.status, reply.body.as_str()), (204, ""), "{path} {origin:?}");
                assert_cached(&reply);
                assert_shared(&reply, origin);
                assert_eq!(reply.header("access-control-max-age"), Some("31536000"));
                assert_eq!(reply.header("access-control-allow-methods"), Some(methods), "{path}");
                let allowed = reply.header("access-control-allow-headers");
                assert_eq!(allowed, asked.filter(|asked| !asked.is_empty()), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn the_base_greets() {
    let server = Server::start().await;
    for path in ["/echo", "/echo/", "/close", "/disabled_websocket_echo/", "/cookie_needed_echo"] {
        let reply = server.get(path).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, "Welcome to SockJS!\n"), "{path}");
        assert_eq!(reply.content_type().as_deref(), Some("text/plain;charset=UTF-8"));
        assert_eq!(reply.header("set-cookie"), None, "{path}");
    }
    let head = server.ask("HEAD", "/echo", &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("19")));
}

#[tokio::test]
async fn other_addresses_are_not_found() {
    let server = Server::start().await;
    for path in ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/", "/info/", "/0/0/xhr/"] {
        for method in ["GET", "POST", "OPTIONS"] {
            let reply = server.ask(method, &format!("/echo{path}"), &[], b"").await;
            assert_eq!(reply.status, 404, "{method} {path}");
        }
    }
    for session in ["//", "/a./a", "/a/a.", "/./.", "/", "///"] {
        for method in ["GET", "POST"] {
            let path = format!("/echo{session}/xhr");
            assert_eq!(server.ask(method, &path, &[], b"").await.status, 404, "{method} {path}");
        }
    }
    for path in ["/", "/echox", "/ech", "//echo", "/disabled_websocket_echo/websocket"] {
        assert_eq!(server.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let server = Server::start().await;
    for (method, path, allow) in [
        ("POST", "/0/0/websocket", "GET"),
        ("POST", "/websocket", "GET"),
        ("GET", "/0/0/xhr", "OPTIONS, POST"),
        ("HEAD", "/0/0/eventsource", "OPTIONS, GET"),
        ("GET", "/0/0/jsonp_send", "OPTIONS, POST"),
        ("POST", "/0/0/jsonp", "OPTIONS, GET"),
        ("DELETE", "/info", "OPTIONS, GET"),
        ("POST", "/iframe.html", "GET"),
        ("PUT", "", "GET"),
    ] {
        let reply = server.ask(method, &format!("/echo{path}"), &[], b"").await;
        assert_eq!((reply.status, reply.body.as_str()), (405, ""), "{method} {path}");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(reply.header("content-type"), None, "{method} {path}");
    }
}

const IFRAME: &str = r#"<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="/sockjs-1.6.1.min.js"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>"#;

#[tokio::test]
async fn the_iframe_is_the_same_for_every_version() {
    let server = Server::start().await;
    let mut tags = HashSet::new();
    for page in [
        "/iframe.html",
        "/iframe-a.html",
        "/iframe-.html",
        "/iframe-0.1.2.html",
        "/iframe-0.1.2abc-dirty.2144.html",
        "/iframe-a.html?t=1234",
        "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
    ] {
        let reply = server.get(&format!("/echo{page}")).await;
        assert_eq!((reply.status, reply.body.trim()), (200, IFRAME), "{page}");
        assert_eq!(reply.content_type().as_deref(), Some("text/html;charset=UTF-8"));
        assert_cached(&reply);
        assert_eq!(reply.header("set-cookie"), None);
        tags.insert(reply.header("etag").unwrap().to_owned());
    }
    assert_eq!(tags.len(), 1, "{tags:?}");
    for page in [
        "/iframe.htm",
        "/iframe",
        "/IFRAME.HTML",
        "/IFRAME",
        "/iframe.HTML",
        "/iframe.xml",
        "/iframe-/.html",
    ] {
        assert_eq!(server.get(&format!("/echo{page}")).await.status, 404, "{page}");
    }
}

#[tokio::test]
async fn who_knows_a_page_does_not_read_it_again() {
    let server = Server::start().await;
    for path in ["/echo/iframe.html", "/sockjs-1.6.1.min.js"] {
        let tag = server.get(path).await.header("etag").unwrap().to_owned();
        let weak = format!("\"other\", W/{tag}");
        for (known, status) in [(tag.as_str(), 304), (&weak, 304), ("*", 304), ("\"x\"", 200)] {
            let reply = server.ask("GET", path, &[("if-none-match", known)], b"").await;
            assert_eq!(reply.status, status, "{path} {known}");
            assert_cached(&reply);
            if status == 304 {
                assert_eq!((reply.content_type(), reply.body.as_str()), (None, ""));
            }
        }
    }
}

#[tokio::test]
async fn info_says_what_the_service_can() {
    let server = Server::start().await;
    for (prefix, websocket, cookie_needed) in [
        ("/echo", true, false),
        ("/disabled_websocket_echo", false, false),
        ("/cookie_needed_echo", true, true),
    ] {
        let path = format!("{prefix}/info");
        let reply = server.ask("GET", &path, &[("origin", "test")], b"").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.content_type().as_deref(), Some("application/json;charset=UTF-8"));
        assert_eq!(reply.header("set-cookie"), None);
        assert_uncached(&reply);
        assert_shared(&reply, Some("test"));
        let mut info: Value = serde_json::from_str(&reply.body).unwrap();
        let entropy = info["entropy"].take().as_u64().unwrap();
        assert!(u32::try_from(entropy).is_ok());
        let expected = json!({
            "websocket": websocket, "cookie_needed": cookie_needed,
            "origins": ["*:*"], "entropy": null,
        });
        assert_eq!(info, expected, "{prefix}");
    }
    assert_shared(&server.get("/echo/info").await, None);
    let mut entropies = HashSet::new();
    for _ in 0..8 {
        let info: Value = serde_json::from_str(&server.get("/echo/info").await.body).unwrap();
        entropies.insert(info["entropy"].as_u64().unwrap());
    }
    assert!(entropies.len() >= 7, "random: {entropies:?}");
}
