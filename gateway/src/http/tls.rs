//! TLS of our listeners: one certificate for all of them, by rustls. A file that is not what it
//! should be names itself.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::TlsFiles;

/// A handshake is over by then, or the connection is.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);

/// What group and world may do with a file.
const OTHERS: u32 = 0o077;

#[derive(Debug, Error)]
pub enum TlsError {
    #[error("--tls-cert {path}: {reason}")]
    Certificates { path: PathBuf, reason: String },
    #[error("--tls-key {path}: {reason}")]
    Key { path: PathBuf, reason: String },
    #[error("--tls-cert {certificates}, --tls-key {key}: {reason}")]
    Pair { certificates: PathBuf, key: PathBuf, reason: String },
}

#[derive(Clone)]
pub struct Tls(TlsAcceptor);

impl Tls {
    pub fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let TlsFiles { certificates: path, key } = files;
        let wrong = |reason| TlsError::Certificates { path: path.clone(), reason };
        let chain = certificates(path).map_err(wrong)?;
        check_private(key).map_err(|reason| TlsError::Key { path: key.clone(), reason })?;
        let private = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| TlsError::Key { path: key.clone(), reason: error.to_string() })?;
        let unfit = |error: rustls::Error| TlsError::Pair {
            certificates: path.clone(),
            key: key.clone(),
            reason: error.to_string(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_no_client_auth()
            .with_single_cert(chain, private)
            .map_err(unfit)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// None: no handshake, or none in time.
    pub(super) async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        match timeout(HANDSHAKE_MAX, self.0.accept(stream)).await {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, "no TLS handshake");
                None
            }
            Err(_) => None,
        }
    }
}

/// A key that others could read is none.
fn check_private(key: &Path) -> Result<(), String> {
    let mode = fs::metadata(key).map_err(|error| error.to_string())?.mode() & 0o777;
    match mode & OTHERS {
        0 => Ok(()),
        _ => Err(format!("others may read it (mode {mode:o}); allowed: 600")),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
    let chain = read.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    match chain.is_empty() {
        true => Err("no certificate is in it".into()),
        false => Ok(chain),
    }
}
