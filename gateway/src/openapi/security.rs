//! How a caller says who it is, and which calls want to know: a token or a signed request, in
//! authenticated mode alone.

use hyper::Method;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, OpenApi as Description, Ref, RefOr, Response, ResponseBuilder,
};

use crate::identity::{Action, KEY, NONCE, SIGNATURE, TIMESTAMP};

const BEARER: &str = "bearer";
/// The headers of a signed request, and what each holds.
const SIGNED: [(&str, &str, &str); 4] = [
    ("signed_key", KEY, "The id of an API key."),
    ("signed_timestamp", TIMESTAMP, "Milliseconds since 1970, within 5 s of the server's."),
    ("signed_nonce", NONCE, "16 to 64 letters, digits, `-` or `_`, never used before."),
    (
        "signed_signature",
        SIGNATURE,
        "Hexadecimal HMAC-SHA256, with the key's secret, of method, path, query without `?`, \
         timestamp, nonce and the hexadecimal SHA-256 of the body, joined by line feeds.",
    ),
];

pub(super) fn declare(description: &mut Description) {
    let components = description.components.get_or_insert_with(Components::new);
    let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    let about = "A token of `orison token`: Ed25519, iss and aud `orison`.";
    let bearer = bearer.description(Some(about)).build();
    components.add_security_scheme(BEARER, SecurityScheme::Http(bearer));
    for (name, header, about) in SIGNED {
        let value = ApiKeyValue::with_description(header, about);
        components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Header(value)));
    }
}

/// Says of each call of the path whether it wants to know its caller. In open mode none does,
/// which the empty requirement allows.
pub(super) fn demand(item: &mut PathItem, rights: impl Fn(&Method) -> Option<Action>) {
    for (method, call) in [
        (Method::GET, &mut item.get),
        (Method::PUT, &mut item.put),
        (Method::POST, &mut item.post),
        (Method::DELETE, &mut item.delete),
        (Method::PATCH, &mut item.patch),
    ] {
        let Some(call) = call else { continue };
        if rights(&method).is_some() {
            demand_of(call);
        }
    }
}

fn demand_of(call: &mut Operation) {
    let none: [&str; 0] = [];
    let bearer = SecurityRequirement::new(BEARER, none);
    let signed = SIGNED
        .iter()
        .fold(SecurityRequirement::default(), |all, (name, _, _)| all.add(*name, none));
    call.security = Some(vec![bearer, signed, SecurityRequirement::default()]);
    for (status, about) in [
        ("401", "With identities: who asks is not known"),
        ("403", "With identities: the role may not do that"),
        ("429", "With identities: too many wrong credentials came from this address"),
    ] {
        let responses = &mut call.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(about)));
    }
}

fn problem(about: &str) -> Response {
    let schema = Ref::from_schema_name("Error");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().description(about).content("application/json", content).build()
}
