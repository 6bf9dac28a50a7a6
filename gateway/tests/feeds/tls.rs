//! Over a real socket with TLS: a venue whose certificate is trusted, and one whose is not.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gateway::feeds::{Feeds, Network, Settings, VenueEvent, VenueName};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::town::topics;
use crate::venues::market::Futures;
use crate::venues::{House, Kind};

async fn venue(house: Arc<House>) -> (SocketAddr, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a venue of our own");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("a venue of our own")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a venue of our own");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a venue of our own");
    let address = listener.local_addr().expect("a venue of our own");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, house) = (acceptor.clone(), Arc::clone(&house));
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    house.serve(stream).await;
                }
            });
        }
    });
    (address, cert.der().clone())
}

fn settings(address: SocketAddr) -> Settings {
    let mut settings = Settings::new([VenueName::Binance].into());
    let port = address.port();
    settings.binance_ws = format!("wss://localhost:{port}");
    settings.binance_rest = format!("https://localhost:{port}");
    settings.topics = topics(&["binance:trade:BTCUSDT", "binance:depth:BTCUSDT"]);
    settings
}

#[tokio::test]
async fn stream_and_snapshot_come_over_tls() {
    let house = House::new(Kind::Binance);
    let (address, certificate) = venue(Arc::clone(&house)).await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let network = Arc::new(Network::with_roots(roots));
    let (feeds, mut heard) = Feeds::start(settings(address), network).unwrap();
    let stuck = Duration::from_secs(60);
    timeout(stuck, house.until(|house| house.carried().len() == 2)).await.unwrap();
    let mut market = Futures::new("BTCUSDT", 61_800, 1);
    market.beat(&house, false);
    let (mut trades, mut depths) = (0, 0);
    while trades == 0 || depths == 0 {
        match timeout(stuck, heard.recv()).await.unwrap().unwrap() {
            VenueEvent::Trade(_) => trades += 1,
            VenueEvent::Depth(_) => depths += 1,
            other => panic!("{other:?}"),
        }
    }
    feeds.stop().await;
    timeout(stuck, house.until(|house| house.lock().guests.is_empty())).await.unwrap();
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let house = House::new(Kind::Binance);
    let (address, _) = venue(Arc::clone(&house)).await;
    let (feeds, _heard) = Feeds::start(settings(address), Arc::new(Network::new())).unwrap();
    let failed = async {
        loop {
            let metrics = feeds.status().connection_metrics;
            if let Some(error) = metrics.into_iter().find_map(|line| line.last_error) {
                return error;
            }
            tokio::task::yield_now().await;
        }
    };
    let error = timeout(Duration::from_secs(60), failed).await.unwrap();
    assert!(error.contains("certificate"), "{error}");
    assert!(house.log().is_empty(), "not a byte of HTTP was said");
    feeds.stop().await;
}
