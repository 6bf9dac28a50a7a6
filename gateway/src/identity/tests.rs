//! Rows for credentials, with a clock that we move: what is let in, and each way not to be.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::HeaderMap;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

use super::*;

/// When the server began, and when tokens are issued.
const NOW: u64 = 1_800_000_000_000;
const WINDOW_MS: u64 = 5_000;

/// A folder with an API key of a trader `ann`, and the identity of it.
struct House {
    folder: TempDir,
    key: String,
    secret: String,
    identity: Identity,
}

/// `orison` with these words, in the folder.
fn errand(folder: &Path, words: &str) -> String {
    let path = folder.to_str().unwrap();
    let words = ["orison"].into_iter().chain(words.split(' ')).chain(["--identity", path]);
    let loaded = Config::load(words.map(OsString::from), [], folder).unwrap();
    loaded.errand.unwrap().run(folder, NOW).unwrap()
}

impl House {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let made = errand(folder.path(), "keys create --user ann --account fund-1 --json");
        let made: Value = serde_json::from_str(&made).unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let (key, secret) = (text("key"), text("secret"));
        let identity =
            Identity::load(folder.path(), None, WINDOW_MS, Loopback::Exempt, NOW - 60_000).unwrap();
        Self { folder, key, secret, identity }
    }

    fn file(&self, prefix: &str) -> (PathBuf, Value) {
        let files = fs::read_dir(self.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut files =
            files.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix));
        let path = files.next().unwrap();
        let content = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path, content)
    }

    fn signing(&self) -> (String, Ed25519KeyPair) {
        let (_, file) = self.file("sign_");
        let pair = STANDARD.decode(file["pair"].as_str().unwrap()).unwrap();
        let id = file["id"].as_str().unwrap().to_owned();
        (id, Ed25519KeyPair::from_pkcs8(&pair).unwrap())
    }

    /// A token of the house's own key with that header and those claims.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let (_, pair) = self.signing();
        let signed = unsigned(header, claims);
        let signature = URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    fn header(&self) -> Value {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": self.signing().0})
    }

    /// The request of these parts, signed by the key and the secret given.
    fn headers(&self, time_ms: u64, nonce: &str, body: &[u8]) -> HeaderMap {
        let time = time_ms.to_string();
        let headers = HeaderMap::new();
        let sent = sent("POST", "/api/v1/order", "a=1", &headers, body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_bytes());
        let tag = hmac::sign(&key, signed_text(&sent, &time, nonce).as_bytes());
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (KEY, self.key.clone()),
            (TIMESTAMP, time),
            (NONCE, nonce.to_owned()),
            (SIGNATURE, signed::hex(tag.as_ref())),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        headers
    }
}

fn sent<'a>(
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a HeaderMap,
    body: &'a [u8],
) -> Sent<'a> {
    Sent { method, path, query, headers, body }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(header), part(claims))
}

fn claims() -> Value {
    let now = NOW / 1_000;
    json!({
        "iss": "orison", "aud": "orison", "sub": "ann", "role": "trader", "account": "fund-1",
        "iat": now, "exp": now + 60,
    })
}

/// The claims with one changed; null takes it away.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

#[test]
fn a_token_says_who_and_every_forgery_is_refused_alike() {
    let house = House::new();
    let (kid, pair) = house.signing();
    let good = house.token(&house.header(), &claims());
    let principal = house.identity.of_token(&good, NOW).unwrap();
    assert_eq!(&*principal.user, "ann");
    assert_eq!(principal.account.unwrap().as_str(), "fund-1");
    assert_eq!(principal.role, Role::Trader);
    assert_eq!(principal.expires_at_ms, Some(NOW + 60_000 + LEEWAY_MS));

    let other = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let other = Ed25519KeyPair::from_pkcs8(other.as_ref()).unwrap();
    let text = unsigned(&house.header(), &claims());
    let foreign = format!("{text}.{}", URL_SAFE_NO_PAD.encode(other.sign(text.as_bytes())));
    // The public key taken for a secret of HMAC.
    let text = unsigned(&json!({"alg": "HS256", "typ": "JWT", "kid": kid}), &claims());
    let public = hmac::Key::new(hmac::HMAC_SHA256, pair.public_key().as_ref());
    let confused = URL_SAFE_NO_PAD.encode(hmac::sign(&public, text.as_bytes()));
    let confused = format!("{text}.{confused}");
    let none = json!({"alg": "none", "typ": "JWT", "kid": kid});
    let header = house.header();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (head, _) = signed.split_once('.').unwrap();
    let admin = URL_SAFE_NO_PAD.encode(with("role", json!("admin")).to_string());
    let own = |claims: Value| house.token(&header, &claims);
    let headed = |header: Value| house.token(&header, &claims());
    let rows = [
        ("alg none, nothing behind", format!("{}.", unsigned(&none, &claims()))),
        ("alg none, signed", headed(none)),
        ("another algorithm, the public key as secret", confused),
        ("RS256", headed(json!({"alg": "RS256", "kid": kid}))),
        ("another key", foreign),
        ("no kid", headed(json!({"alg": "EdDSA"}))),
        ("an unknown kid", headed(json!({"alg": "EdDSA", "kid": "sign_0"}))),
        ("the kid of an API key", headed(json!({"alg": "EdDSA", "kid": house.key}))),
        ("a path for a kid", headed(json!({"alg": "EdDSA", "kid": "../../etc/passwd"}))),
        ("a critical header", headed(json!({"alg": "EdDSA", "kid": kid, "crit": ["b64"]}))),
        ("other claims", format!("{head}.{admin}.{signature}")),
        ("no signature", format!("{signed}.")),
        ("half a signature", good[..good.len() - 43].to_owned()),
        ("two parts", signed.to_owned()),
        ("four parts", format!("{good}.x")),
        ("no JSON", "a.b.c".into()),
        ("wrong audience", own(with("aud", json!("elsewhere")))),
        ("no audience", own(with("aud", Value::Null))),
        ("wrong issuer", own(with("iss", json!("elsewhere")))),
        ("no issuer", own(with("iss", Value::Null))),
        ("no subject", own(with("sub", Value::Null))),
        ("no expiry", own(with("exp", Value::Null))),
        ("an expiry that is no number", own(with("exp", json!("tomorrow")))),
        ("no iat", own(with("iat", Value::Null))),
        ("no role", own(with("role", Value::Null))),
        ("an unknown role", own(with("role", json!("root")))),
        ("a user of the exchange's own", own(with("sub", json!("schedule")))),
        ("an account that is no name", own(with("account", json!("")))),
    ];
    for (what, token) in rows {
        assert_eq!(house.identity.of_token(&token, NOW), Err(Refusal::Unknown), "{what}");
    }
    for (what, token) in [("nothing", String::new()), ("too much", "x".repeat(5_000))] {
        assert_eq!(house.identity.of_token(&token, NOW), Err(Refusal::Malformed), "{what}");
    }
}

#[test]
fn a_token_holds_from_its_time_to_its_end_and_five_seconds_beside_them() {
    let house = House::new();
    let later = NOW / 1_000 + 30;
    for (claims, from, to) in [
        (claims(), NOW - LEEWAY_MS, NOW + 60_000 + LEEWAY_MS),
        (with("nbf", json!(later)), NOW + 30_000 - LEEWAY_MS, NOW + 60_000 + LEEWAY_MS),
        (with("iat", json!(later)), NOW + 30_000 - LEEWAY_MS, NOW + 60_000 + LEEWAY_MS),
        // One that is older than itself changes nothing.
        (with("nbf", json!(1)), NOW - LEEWAY_MS, NOW + 60_000 + LEEWAY_MS),
    ] {
        let token = house.token(&house.header(), &claims);
        for (now_ms, expected) in [
            (from - 1, Some(Refusal::Early)),
            (from, None),
            (to - 1, None),
            (to, Some(Refusal::Expired)),
            (u64::MAX, Some(Refusal::Expired)),
        ] {
            let read = house.identity.of_token(&token, now_ms);
            assert_eq!(read.as_ref().err().copied(), expected, "{claims} at {now_ms}");
            if let Ok(principal) = read {
                assert_eq!(house.identity.stands(&principal, now_ms), Ok(()));
                assert_eq!(house.identity.stands(&principal, to), Err(Refusal::Expired));
            }
        }
    }
    let endless = house.token(&house.header(), &with("exp", json!(u64::MAX)));
    assert!(house.identity.of_token(&endless, NOW).is_ok());
}

#[test]
fn a_signed_request_holds_once_within_its_window_and_only_as_it_was_sent() {
    let house = House::new();
    let body = b"{}";
    let take = |headers: &HeaderMap, now_ms| {
        let sent = sent("POST", "/api/v1/order", "a=1", headers, body);
        house.identity.of_signed(&sent, now_ms).map(|principal| principal.user.to_string())
    };
    let ann = Ok("ann".to_owned());
    let nonce = |n: u32| format!("nonce-number-{n:04}");
    for (n, time_ms, expected) in [
        (1, NOW, ann.clone()),
        (2, NOW - WINDOW_MS, ann.clone()),
        (3, NOW + WINDOW_MS, ann.clone()),
        (4, NOW - WINDOW_MS - 1, Err(Refusal::Stale)),
        (5, NOW + WINDOW_MS + 1, Err(Refusal::Stale)),
        (6, 0, Err(Refusal::Stale)),
        (1, NOW, Err(Refusal::Replayed)),
        (1, NOW + 1, Err(Refusal::Replayed)),
        (3, NOW + WINDOW_MS, Err(Refusal::Replayed)),
    ] {
        let headers = house.headers(time_ms, &nonce(n), body);
        assert_eq!(take(&headers, NOW), expected, "nonce {n} at {time_ms}");
    }
    // The latest moment at which what was signed at the earliest clock is let in.
    let early = house.headers(NOW + WINDOW_MS, &nonce(7), body);
    assert_eq!(take(&early, NOW), ann);
    assert_eq!(take(&early, NOW + 2 * WINDOW_MS), Err(Refusal::Replayed));
    assert_eq!(take(&early, NOW + 2 * WINDOW_MS + 1), Err(Refusal::Stale));

    let headers = house.headers(NOW, &nonce(8), body);
    for (what, method, path, query, sent_body) in [
        ("method", "PUT", "/api/v1/order", "a=1", &body[..]),
        ("path", "POST", "/v1/order", "a=1", body),
        ("query", "POST", "/api/v1/order", "a=2", body),
        ("no query", "POST", "/api/v1/order", "", body),
        ("body", "POST", "/api/v1/order", "a=1", b"{ }"),
        ("no body", "POST", "/api/v1/order", "a=1", b""),
    ] {
        let sent = sent(method, path, query, &headers, sent_body);
        assert_eq!(house.identity.of_signed(&sent, NOW), Err(Refusal::Unknown), "{what}");
    }
    assert_eq!(take(&headers, NOW), ann, "a wrong signature uses no nonce up");
}

#[test]
fn a_signed_request_says_each_part_once_and_rightly() {
    let house = House::new();
    let good = || house.headers(NOW, "nonce-of-the-test", b"");
    let changed = |name: &'static str, value: &str| {
        let mut headers = good();
        headers.insert(name, value.parse().unwrap());
        headers
    };
    let without = |name: &'static str| {
        let mut headers = good();
        headers.remove(name);
        headers
    };
    let mut twice = good();
    twice.append(KEY, house.key.parse().unwrap());
    let (malformed, unknown) = (Refusal::Malformed, Refusal::Unknown);
    for (what, headers, refusal) in [
        ("no key", without(KEY), malformed),
        ("no time", without(TIMESTAMP), malformed),
        ("no nonce", without(NONCE), malformed),
        ("no signature", without(SIGNATURE), malformed),
        ("two keys", twice, malformed),
        ("an unknown key", changed(KEY, "key_0"), unknown),
        ("the id of a signing key", changed(KEY, &house.signing().0), unknown),
        ("another time", changed(TIMESTAMP, &(NOW + 1).to_string()), unknown),
        ("a time that is none", changed(TIMESTAMP, "now"), malformed),
        ("another nonce", changed(NONCE, "nonce-of-another-test"), unknown),
        ("a short nonce", changed(NONCE, "fifteen-letters"), malformed),
        ("a long nonce", changed(NONCE, &"n".repeat(65)), malformed),
        ("a nonce with a blank", changed(NONCE, "nonce of the test"), malformed),
        ("another signature", changed(SIGNATURE, &"0".repeat(64)), unknown),
        ("a short signature", changed(SIGNATURE, "00"), malformed),
        ("a signature of no digits", changed(SIGNATURE, &"g".repeat(64)), malformed),
    ] {
        let sent = sent("POST", "/api/v1/order", "a=1", &headers, b"");
        assert_eq!(house.identity.of_signed(&sent, NOW), Err(refusal), "{what}");
    }
}

#[test]
fn what_was_let_in_before_a_restart_is_not_let_in_after_it() {
    let house = House::new();
    let file = house.folder.path().join("floor");
    let load = |now_ms| {
        Identity::load(house.folder.path(), Some(file.clone()), WINDOW_MS, Loopback::Exempt, now_ms)
            .unwrap()
    };
    let (first, restarted) = (load(NOW - 60_000), NOW + 100);
    for (n, ahead_ms) in [(0, 0), (1, 4_900), (2, 1_000)] {
        let headers = house.headers(NOW + ahead_ms, &format!("nonce-of-the-test-{n}"), b"");
        let sent = sent("POST", "/api/v1/order", "a=1", &headers, b"");
        assert!(first.of_signed(&sent, NOW).is_ok());
        for now_ms in [restarted, NOW + ahead_ms + WINDOW_MS] {
            assert_eq!(load(restarted).of_signed(&sent, now_ms), Err(Refusal::Stale), "{ahead_ms}");
        }
    }
    // And who waits until the latest of them is over is let in, ahead or not.
    let next = load(restarted);
    for (n, time_ms, is_in) in [(3, NOW + 4_900, false), (4, NOW + 5_101, true)] {
        let headers = house.headers(time_ms, &format!("nonce-of-the-test-{n}"), b"");
        let sent = sent("POST", "/api/v1/order", "a=1", &headers, b"");
        assert_eq!(next.of_signed(&sent, NOW + 200).is_ok(), is_in, "{time_ms}");
    }
    fs::write(&file, "no time").unwrap();
    let wrong =
        Identity::load(house.folder.path(), Some(file.clone()), WINDOW_MS, Loopback::Exempt, NOW);
    assert!(wrong.unwrap_err().to_string().contains(file.to_str().unwrap()));
    let nowhere = house.folder.path().join("none").join("floor");
    let blind =
        Identity::load(house.folder.path(), Some(nowhere), WINDOW_MS, Loopback::Exempt, NOW)
            .unwrap();
    let headers = house.headers(NOW, "nonce-of-the-test-5", b"");
    let sent = sent("POST", "/api/v1/order", "a=1", &headers, b"");
    assert_eq!(
        blind.of_signed(&sent, NOW),
        Err(Refusal::Unkept),
        "what cannot be kept is not let in"
    );
}

#[test]
fn a_key_that_goes_and_comes_back_brings_no_used_nonce_back() {
    let house = House::new();
    let keys = house.identity.keys.as_ref().unwrap();
    let (file, _) = house.file("key_");
    let headers = house.headers(NOW, "nonce-of-the-test", b"");
    let sent = sent("POST", "/api/v1/order", "a=1", &headers, b"");
    assert!(house.identity.of_signed(&sent, NOW).is_ok());
    let set = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    set(0o640);
    assert_eq!(keys.refresh(NOW).unwrap().len(), 1);
    assert_eq!(house.identity.of_signed(&sent, NOW), Err(Refusal::Unknown));
    set(0o600);
    assert_eq!(keys.refresh(NOW + 1_000).unwrap().len(), 0);
    assert_eq!(house.identity.of_signed(&sent, NOW + 1_000), Err(Refusal::Replayed));
}

#[test]
fn a_single_use_token_is_good_once_and_for_a_minute() {
    let house = House::new();
    let token = house.token(&house.header(), &claims());
    let ann = house.identity.of_bearer(&token, NOW).unwrap();
    let mint = || house.identity.mint(&ann, NOW).unwrap();
    let (first, end) = mint();
    assert_eq!(end, NOW + SINGLE_USE_MS);
    assert_eq!(house.identity.of_bearer(&first, NOW), Err(Refusal::Unknown), "it is no JWT");
    assert_eq!(house.identity.of_token(&first, NOW + 1), Ok(ann.clone()));
    assert_eq!(house.identity.of_token(&first, NOW + 1), Err(Refusal::Unknown), "used");
    let (second, end) = mint();
    assert_eq!(house.identity.of_token(&second, end - 1), Ok(ann.clone()), "to the last moment");
    assert_eq!(house.identity.of_token(&mint().0, end), Err(Refusal::Expired));
    assert_eq!(house.identity.of_token("once_guessed", NOW), Err(Refusal::Unknown));
    // So many at once; used and ended ones make room.
    let minted: Vec<_> = (0..100).map(|_| mint().0).collect();
    assert_eq!(house.identity.mint(&ann, NOW), Err(Refusal::Flood));
    assert!(house.identity.of_token(&minted[0], NOW).is_ok());
    assert!(house.identity.mint(&ann, NOW).is_ok());
    assert_eq!(house.identity.mint(&ann, NOW), Err(Refusal::Flood));
    assert!(house.identity.mint(&ann, NOW + SINGLE_USE_MS).is_ok());
}

#[test]
fn a_revoked_key_takes_its_tokens_requests_and_sessions_with_it() {
    let house = House::new();
    let keys = house.identity.keys.as_ref().unwrap();
    let by_token = house.token(&house.header(), &claims());
    let headers = house.headers(NOW, "nonce-of-the-test", b"");
    let sent = sent("POST", "/api/v1/order", "a=1", &headers, b"");
    let tokened = house.identity.of_bearer(&by_token, NOW).unwrap();
    let signed = house.identity.of_signed(&sent, NOW).unwrap();
    let (once, _) = house.identity.mint(&signed, NOW).unwrap();
    let (kid, _) = house.signing();

    let newer = errand(house.folder.path(), "keys create --signing");
    assert!(newer.starts_with("key: sign_"), "{newer}");
    errand(house.folder.path(), &format!("keys revoke {}", house.key));
    assert_eq!(keys.refresh(NOW).unwrap().len(), 0);
    assert_eq!(house.identity.stands(&signed, NOW), Err(Refusal::Unknown));
    assert_eq!(house.identity.of_signed(&sent, NOW), Err(Refusal::Unknown));
    assert_eq!(house.identity.of_token(&once, NOW), Err(Refusal::Unknown));
    assert_eq!(house.identity.stands(&tokened, NOW), Ok(()));

    errand(house.folder.path(), &format!("keys revoke {kid}"));
    assert_eq!(keys.refresh(NOW).unwrap().len(), 0);
    assert_eq!(house.identity.stands(&tokened, NOW), Err(Refusal::Unknown));
    assert_eq!(house.identity.of_bearer(&by_token, NOW), Err(Refusal::Unknown));
    let fresh = errand(house.folder.path(), "token --user ann --role viewer --ttl 90s");
    let fresh = house.identity.of_bearer(&fresh, NOW).unwrap();
    assert_eq!((fresh.role, fresh.expires_at_ms), (Role::Viewer, Some(NOW + 95_000)));

    let listed = errand(house.folder.path(), "keys list");
    assert_eq!(listed.lines().filter(|line| line.contains("revoked")).count(), 2, "{listed}");
    for (_, file) in [house.file("key_"), (PathBuf::new(), house.file("sign_").1)] {
        assert!(!file.to_string().contains(&house.secret), "{}", file["id"]);
    }
}

#[test]
fn a_folder_that_others_can_read_is_not_used() {
    let house = House::new();
    let (file, _) = house.file("key_");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(house.folder.path()), mode(&file)), (0o700, 0o600));
    let keys = house.identity.keys.as_ref().unwrap();
    for (path, wrong, right) in [
        (house.folder.path(), 0o750, 0o700),
        (house.folder.path(), 0o701, 0o700),
        (file.as_path(), 0o640, 0o600),
        (file.as_path(), 0o604, 0o600),
    ] {
        fs::set_permissions(path, fs::Permissions::from_mode(wrong)).unwrap();
        let error = Identity::load(house.folder.path(), None, WINDOW_MS, Loopback::Exempt, NOW)
            .unwrap_err()
            .to_string();
        assert!(error.contains(path.to_str().unwrap()), "{error}");
        assert!(error.contains(&format!("{wrong:o}")), "{error}");
        if path == file {
            assert_eq!(keys.refresh(NOW).unwrap().len(), 1, "the key alone is out");
            assert!(!keys.ring().has(&house.key));
        } else {
            assert!(keys.refresh(NOW).is_err());
            assert!(!keys.ring().has(&house.key), "nobody is let in");
            assert!(house.identity.warning().is_some());
        }
        fs::set_permissions(path, fs::Permissions::from_mode(right)).unwrap();
        keys.refresh(NOW).unwrap();
        assert!(keys.ring().has(&house.key));
        assert_eq!(house.identity.warning(), None);
    }
    let away = house.folder.path().with_extension("away");
    fs::rename(house.folder.path(), &away).unwrap();
    assert!(keys.refresh(NOW).is_err());
    assert!(!keys.ring().has(&house.key) && house.identity.warning().is_some());
    fs::rename(&away, house.folder.path()).unwrap();
    keys.refresh(NOW).unwrap();
    assert!(keys.ring().has(&house.key));
    let missing = house.folder.path().join("none");
    assert!(Identity::load(&missing, None, WINDOW_MS, Loopback::Exempt, NOW).is_err());
}

#[test]
fn a_file_that_is_no_key_names_itself_and_says_nothing_of_what_is_in_it() {
    let house = House::new();
    let (path, content) = house.file("key_");
    let canary = house.secret.as_str();
    let renamed = |name: &str, value: Value| {
        let mut content = content.clone();
        content[name] = value;
        content.to_string()
    };
    for text in [
        String::new(),
        canary.to_owned(),
        content.to_string().replace("\"secret\":", "\"secrets\":"),
        renamed("role", json!("root")),
        renamed("user", json!("schedule")),
        renamed("account", json!("")),
        renamed("id", json!("key_other")),
        renamed("secret", json!(7)),
        "x".repeat(70_000),
    ] {
        fs::write(&path, &text).unwrap();
        let error = Identity::load(house.folder.path(), None, WINDOW_MS, Loopback::Exempt, NOW)
            .unwrap_err();
        let told = format!("{error} {error:?}");
        assert!(told.contains(path.file_name().unwrap().to_str().unwrap()), "{told}");
        assert!(!told.contains(canary), "{told}");
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let house = House::new();
    let (_, signing) = house.file("sign_");
    let pair = signing["pair"].as_str().unwrap().to_owned();
    let shown = format!("{:?} {:?}", house.identity, folder::read(house.folder.path()));
    for secret in [&house.secret, &pair, &pair[..40].to_owned()] {
        assert!(!shown.contains(secret.as_str()), "{shown}");
    }
}

#[test]
fn in_open_mode_everybody_is_anonymous_and_may_do_all() {
    let identity = Identity::open();
    assert_eq!(identity.mode(), Mode::Open);
    let principal = identity.of_token("anything", 0).unwrap();
    assert_eq!(Some(&principal), identity.of_nobody().as_ref());
    assert!(Action::ALL.into_iter().all(|action| principal.may(action)));
    assert_eq!(identity.stands(&principal, u64::MAX), Ok(()));
    assert!(identity.mint(&principal, 0).is_ok());
}
