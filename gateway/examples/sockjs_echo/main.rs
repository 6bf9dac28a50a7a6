//! The SockJS module by itself, for conformance suites and any client: four small services on
//! one port, over the same connection code as the exchange. `sockjs_echo [PORT]`

mod site;

use anyhow::Context;
use clap::Parser;
use gateway::config::Listen;
use gateway::http::acceptor::Counters;
use gateway::http::{Acceptor, Listener};
use tokio::signal::unix::{SignalKind, signal};

use site::EchoSite;

/// Serves /echo, /disabled_websocket_echo, /cookie_needed_echo and /close on the loopback
/// addresses until it is told to end.
#[derive(Parser)]
struct Arguments {
    /// The port; 0 is any free one.
    #[arg(default_value_t = 8081)]
    port: u16,
    /// The same as a flag.
    #[arg(long = "port", value_name = "PORT", conflicts_with = "port")]
    port_flag: Option<u16>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let arguments = Arguments::parse();
    let port = arguments.port_flag.unwrap_or(arguments.port);
    let listener = Listener::bind("port", Listen::Loopback { port }).await?;
    let listener = listener.context("a port is never off")?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let address = listener.address();
    let site = EchoSite::new();
    let acceptor = Acceptor::new(Counters::default(), None);
    acceptor.serve(listener, &site);
    println!("listening sockjs http://{address}");
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    acceptor.stop();
    site.stop().await;
    Ok(())
}
