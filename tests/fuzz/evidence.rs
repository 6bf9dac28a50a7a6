//! What auditors are handed: certificates and inclusion proofs, texts from anybody.

use std::path::PathBuf;

use orison_core::OrderId;
use replay::certificate::{self, Claims};
use replay::key::SigningKey;
use replay::past::Until;
use replay::proof::{self, About, Inclusion, Trusted};

use super::Target;
use super::targets::tape_journal;

/// Set before what is signed.
const CONTEXT: &[u8] = b"orison replay certificate v1\n";
/// That of the third command.
const FIRST_ORDER: &str = "00000000-0000-8000-8c00-000000000000";
const WORDS: [&str; 10] = [
    "\"sequence\":",
    "\"rungs\":[",
    "null",
    "-1",
    "18446744073709551615",
    "\"merkle_root\":null",
    "\"voids\":[3]",
    "\"left\"",
    "\"right\"",
    "\\u0000",
];

/// A journal of a few commands and what was certified of it.
struct Case {
    _home: tempfile::TempDir,
    data: PathBuf,
    key: SigningKey,
    text: String,
    claims: Claims,
}

impl Case {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let data = tape_journal(home.path());
        let key = SigningKey::create(&home.path().join("key.pem")).unwrap();
        let text = certificate::certify(&data, Until::End, &key, |_| {}).unwrap();
        let claims = certificate::read(&text, key.public()).unwrap();
        Self { _home: home, data, key, text, claims }
    }

    /// Signed by the right key, whatever it says.
    fn signed(&self, body: &str) -> String {
        let signature = self.key.sign(&[CONTEXT, body.as_bytes()].concat());
        let digits: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        let public = self.key.public();
        format!("{{\"certificate\":{body},\"public\":\"{public}\",\"signature\":\"{digits}\"}}")
    }
}

/// A certificate as anybody may change it, and claims as their signer may.
pub(super) struct Certificate(Case);

impl Certificate {
    pub(super) fn new() -> Self {
        Self(Case::new())
    }
}

impl Target for Certificate {
    const NAME: &'static str = "certificate";
    const WORDS: &'static [&'static str] = &WORDS;

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        let body = serde_json::to_string(&self.0.claims).unwrap();
        assert!(certificate::read(&self.0.signed(&body), self.0.key.public()).is_ok());
        vec![self.0.text.clone().into_bytes(), body.into_bytes()]
    }

    fn judge(&self, input: &[u8]) {
        let Self(Case { data, key, claims, .. }) = self;
        let Ok(text) = str::from_utf8(input) else { return };
        if let Ok(read) = certificate::read(text, key.public()) {
            assert_eq!(&read, claims, "nobody else has signed");
        }
        let signed = self.0.signed(text);
        let Ok(checked) = certificate::check(data, &signed, key.public(), |_| {}) else { return };
        let Claims { identity, sequence, state, events, chain, .. } = &checked.claims;
        assert_eq!(identity, &claims.identity);
        if *sequence == claims.sequence {
            let digests = (state, events, chain);
            assert_eq!(digests, (&claims.state, &claims.events, &claims.chain));
        }
    }
}

/// Under the roots of a certificate.
pub(super) struct Proof {
    case: Case,
    /// Of each command, in order.
    proofs: Vec<Inclusion>,
    of_an_order: Inclusion,
}

impl Proof {
    pub(super) fn new() -> Self {
        let case = Case::new();
        let prove = |about| proof::prove(&case.data, about, Some(&case.claims), |_| {}).unwrap();
        let proofs = (1..=case.claims.sequence).map(|at| prove(About::Command(at))).collect();
        let of_an_order = prove(About::Order(OrderId::parse(FIRST_ORDER).unwrap()));
        Self { case, proofs, of_an_order }
    }
}

impl Target for Proof {
    const NAME: &'static str = "proof";
    const WORDS: &'static [&'static str] = &WORDS;

    fn good_inputs(&self) -> Vec<Vec<u8>> {
        let known = self.proofs.iter().chain([&self.of_an_order]);
        known.map(|known| known.text().into_bytes()).collect()
    }

    fn judge(&self, input: &[u8]) {
        let Ok(text) = str::from_utf8(input) else { return };
        let Ok(inclusion) = Inclusion::parse(text) else { return };
        let roots = [Trusted::Certificate(&self.case.claims), Trusted::Root(&self.proofs[0].root)];
        for trusted in roots {
            let Ok(proven) = inclusion.check(trusted) else { continue };
            let place = usize::try_from(inclusion.sequence - 1).unwrap();
            let known = &self.proofs[place];
            assert_eq!(inclusion.record.to_ascii_lowercase(), known.record);
            assert_eq!(inclusion.time_ns, known.time_ns);
            let shown: Result<serde_json::Value, _> = serde_json::from_str(&proven.command_text());
            assert!(shown.is_ok(), "{shown:?}");
        }
    }
}
