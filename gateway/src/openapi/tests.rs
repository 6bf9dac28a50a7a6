//! What is described is what is served: on either listener, to the last method.

use std::collections::BTreeSet;

use serde_json::Value;
use strum::IntoEnumIterator;

use crate::admin;
use crate::audit;
use crate::http::Surface;
use crate::xtrader::rest;

/// `GET /order/{id}`: every call that a document describes.
fn described(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let calls = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys().filter(|key| *key != "servers");
        methods.map(move |method| format!("{} {path}", method.to_ascii_uppercase()))
    });
    calls.collect()
}

/// The same of one route.
fn calls<'a>(methods: &'a [hyper::Method], name: &'a str) -> impl Iterator<Item = String> + 'a {
    methods.iter().map(move |method| format!("{method} /{name}"))
}

/// The addresses of each path, with something in its braces, and the path.
fn addresses(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let servers = item.get("servers").unwrap_or(&document["servers"]);
        let filled = path.replace(['{', '}'], "");
        for server in servers.as_array().unwrap() {
            let prefix = server["url"].as_str().unwrap().trim_end_matches('/');
            found.push((format!("{prefix}{filled}"), path.trim_start_matches('/').to_owned()));
        }
    }
    found
}

/// Every call of the auditor.
fn audited() -> Vec<String> {
    let routes = audit::Route::iter();
    let methods = audit::Route::methods();
    routes.flat_map(|route| calls(methods, route.name()).collect::<Vec<_>>()).collect()
}

#[test]
fn every_call_of_the_exchange_is_described_and_every_description_is_a_call() {
    let document: Value = serde_json::from_str(super::document()).unwrap();
    let served = rest::Route::iter();
    let mut served: BTreeSet<String> =
        served.flat_map(|route| calls(route.methods(), route.name()).collect::<Vec<_>>()).collect();
    served.extend(audited());
    assert_eq!(described(&document), served);
    for (address, path) in addresses(&document) {
        let audit = audit::Route::of(&address).unwrap().map(|route| route.name());
        let route = rest::Route::of(&address, Surface::Socket).unwrap();
        let route = audit.or(route.map(|route| route.name()));
        assert_eq!(route, Some(path.as_str()), "{address}");
    }
}

#[test]
fn every_call_of_the_operator_is_described_and_every_description_is_a_call() {
    let document: Value = serde_json::from_str(admin::document()).unwrap();
    let served = admin::Route::iter();
    let name = |route: &admin::Route| route.name().strip_prefix("admin/").unwrap();
    let served: BTreeSet<String> =
        served.flat_map(|route| calls(route.methods(), name(&route)).collect::<Vec<_>>()).collect();
    assert_eq!(described(&document), served);
    for (address, path) in addresses(&document) {
        let route = admin::Route::of(&address).unwrap();
        assert_eq!(route.as_ref().map(name), Some(path.as_str()), "{address}");
    }
}

/// The descriptions that say 401, 403 and 429, and those that do not.
fn asked_who(document: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let asks = |call: &String| {
        let (method, path) = call.split_once(' ').unwrap();
        let call = &document["paths"][path][method.to_ascii_lowercase()];
        let said = ["401", "403", "429"].map(|status| call["responses"].get(status).is_some());
        assert_eq!(said, [call.get("security").is_some(); 3], "{method} {path}");
        said[0]
    };
    described(document).into_iter().partition(asks)
}

#[test]
fn every_call_that_wants_to_know_its_caller_says_so() {
    let document: Value = serde_json::from_str(super::document()).unwrap();
    let routes = rest::Route::iter().map(|route| (route.name().to_owned(), route));
    let mut expected = BTreeSet::new();
    for (name, route) in routes {
        let asked = route.methods().iter().filter(|method| route.action(method).is_some());
        expected.extend(asked.map(|method| format!("{method} /{name}")));
    }
    expected.extend(audited());
    let (asked, unasked) = asked_who(&document);
    assert_eq!(asked, expected);
    let unasked: Vec<_> = unasked.iter().map(String::as_str).collect();
    let free = ["GET /config.json", "GET /health", "GET /openapi.json", "GET /time", "GET /ws"];
    assert_eq!(unasked, free);
    let schemes = document["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.len(), 5, "{schemes:?}");

    let document: Value = serde_json::from_str(admin::document()).unwrap();
    let (_, unasked) = asked_who(&document);
    let unasked: Vec<_> = unasked.iter().map(String::as_str).collect();
    assert_eq!(unasked, ["GET /health", "GET /openapi.json"]);
}

#[test]
fn every_call_has_a_name_of_its_own_and_every_reference_leads_somewhere() {
    for text in [super::document(), admin::document()] {
        let document: Value = serde_json::from_str(text).unwrap();
        let mut names = BTreeSet::new();
        for item in document["paths"].as_object().unwrap().values() {
            for (method, call) in item.as_object().unwrap() {
                if method != "servers" {
                    let name = call["operationId"].as_str().unwrap();
                    assert!(names.insert(name.to_owned()), "{name} twice");
                    assert!(!call["summary"].as_str().unwrap_or_default().is_empty(), "{name}");
                }
            }
        }
        for reference in text.split(r##""$ref":"#"##).skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer} leads nowhere");
        }
    }
}
