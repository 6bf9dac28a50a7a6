//! TLS on every listener that speaks HTTP, and files that are not what they should be.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::config::TlsFiles;
use gateway::feeds::{Dial, Network, Security, Target};
use gateway::http::Tls;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::RootCertStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::house::House;

fn pem(what: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {what}-----\n{}\n-----END {what}-----\n", lines.join("\n"))
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Both files of a certificate for localhost, and who trusts it.
fn files(folder: &Path) -> (TlsFiles, RootCertStore) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = TlsFiles { certificates: folder.join("cert.pem"), key: folder.join("key.pem") };
    std::fs::write(&files.certificates, pem("CERTIFICATE", cert.der())).unwrap();
    std::fs::write(&files.key, pem("PRIVATE KEY", &signing_key.serialize_der())).unwrap();
    set_mode(&files.key, 0o600);
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    (files, roots)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listener_speaks_tls_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (files, roots) = files(folder.path());
    let house = House::start_with(|config| config.tls = Some(files)).await;
    let network = Network::with_roots(roots);
    let directory = &house.exchange.adapters.directory;
    for (name, url) in directory.urls() {
        assert!(url.starts_with("https://") || url.starts_with("wss://"), "{name} {url}");
    }
    for (address, path) in [
        (directory.rest, "/health"),
        (directory.ws, "/config.json"),
        (directory.admin, "/health"),
        (directory.stomp, "/ws"),
    ] {
        let address = address.unwrap();
        let (host, port) = ("localhost".to_owned(), address.port());
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let target = Target { host, port, security: Security::Tls };
        let mut wire = network.dial(&target).await.unwrap();
        wire.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        wire.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {answer}");
        let mut clear = tokio::net::TcpStream::connect(address).await.unwrap();
        clear.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ended = clear.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP"), "{path}");
    }
}

#[test]
fn a_file_that_is_wrong_names_itself() {
    let folder = tempfile::tempdir().unwrap();
    let (good, _) = files(folder.path());
    assert!(Tls::load(&good).is_ok());
    let other = folder.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let (other, _) = files(&other);
    let text = folder.path().join("text");
    std::fs::write(&text, "no PEM").unwrap();
    set_mode(&text, 0o600);
    let shared = folder.path().join("shared");
    std::fs::copy(&good.key, &shared).unwrap();
    set_mode(&shared, 0o640);
    let missing = folder.path().join("missing");
    let pair = |certificates: &Path, key: &Path| TlsFiles {
        certificates: certificates.into(),
        key: key.into(),
    };
    for (files, named) in [
        (pair(&missing, &good.key), vec![("--tls-cert", &missing)]),
        (pair(&text, &good.key), vec![("--tls-cert", &text)]),
        (pair(&good.key, &good.key), vec![("--tls-cert", &good.key)]),
        (pair(&good.certificates, &missing), vec![("--tls-key", &missing)]),
        (pair(&good.certificates, &text), vec![("--tls-key", &text)]),
        (pair(&good.certificates, &shared), vec![("--tls-key", &shared)]),
        (
            pair(&good.certificates, &other.key),
            vec![("--tls-cert", &good.certificates), ("--tls-key", &other.key)],
        ),
    ] {
        let error = Tls::load(&files).err().unwrap().to_string();
        for (flag, path) in named {
            assert!(error.contains(flag), "{error}");
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
    }
}
