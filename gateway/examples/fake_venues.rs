//! Binance USD-M and Upbit on this machine, as their documents describe them, with a market that
//! moves: for anybody's client, ours too. They behave unless told not to.
//!
//! `cargo run -p gateway --example fake_venues -- --binance 127.0.0.1:9443 --upbit 127.0.0.1:9444`

#[path = "../tests/support/venues/house.rs"]
mod venues;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use tokio::net::TcpListener;
use tokio::time::interval;
use venues::market::{Dice, Futures, Won};
use venues::recording::{self, Speed};
use venues::{House, Kind};

#[derive(Parser)]
#[command(about = "Fake Binance USD-M and Upbit servers")]
struct Arguments {
    #[arg(long, default_value = "127.0.0.1:0")]
    binance: SocketAddr,
    #[arg(long, default_value = "127.0.0.1:0")]
    upbit: SocketAddr,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// May be given several times.
    #[arg(long, value_enum)]
    misbehave: Vec<Misbehaviour>,
    /// Prints what the clients do.
    #[arg(long)]
    verbose: bool,
    /// Plays recordings instead of a market, once somebody has subscribed; may be given several
    /// times. Names say what they hold: usdm_*.gz, spot_*.gz, BINANCE_FUTURES.ws.*, UPBIT.ws.*,
    /// binance_forceOrder_*.csv.zst.
    #[arg(long)]
    play: Vec<PathBuf>,
    /// How fast they are played.
    #[arg(long, value_enum, default_value_t = Pace::Recorded)]
    speed: Pace,
    /// Connections end after so many seconds instead of 24 hours.
    #[arg(long)]
    life: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Pace {
    /// As it came.
    Recorded,
    /// As fast as can be.
    Full,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Misbehaviour {
    /// Accepts and tells nothing.
    Mute,
    /// Answers neither pings nor requests.
    Deaf,
    /// Messages come in small pieces.
    Fragments,
    /// Depth updates are lost now and then.
    Gaps,
    /// Nonsense between the messages.
    Garbage,
    /// Now and then everybody is closed with 1008 "Too many requests".
    Closes,
    /// Now and then every wire ends without a word.
    Cuts,
    /// Text frames instead of Upbit's binary ones.
    Text,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let misbehaves = |what| arguments.misbehave.contains(&what);
    let (binance, upbit) = (House::new(Kind::Binance), House::new(Kind::Upbit));
    for (name, house, address) in
        [("binance", &binance, arguments.binance), ("upbit", &upbit, arguments.upbit)]
    {
        house.behave(|manners| {
            manners.mute = misbehaves(Misbehaviour::Mute);
            manners.deaf = misbehaves(Misbehaviour::Deaf);
            manners.binary = !misbehaves(Misbehaviour::Text);
            manners.fragment_bytes = if misbehaves(Misbehaviour::Fragments) { 7 } else { 0 };
            manners.life = arguments.life.map_or(manners.life, Duration::from_secs);
        });
        let listener = TcpListener::bind(address).await?;
        println!("listening {name} http://{}", listener.local_addr()?);
        tokio::spawn(accept(Arc::clone(house), listener));
        if arguments.verbose {
            tokio::spawn(tell(name, Arc::clone(house)));
        }
    }
    if !arguments.play.is_empty() {
        return play(&arguments, &binance, &upbit).await;
    }
    let seed = arguments.seed;
    let mut futures =
        [Futures::new("BTCUSDT", 61_800, seed), Futures::new("ETHUSDT", 2_600, seed + 1)];
    let mut won =
        [Won::new("KRW-BTC", 84_000_000, seed + 2), Won::new("KRW-ETH", 3_500_000, seed + 3)];
    let (mut dice, mut beats) = (Dice(seed + 4), interval(Duration::from_millis(100)));
    loop {
        beats.tick().await;
        for market in &mut futures {
            market.beat(&binance, misbehaves(Misbehaviour::Gaps) && dice.roll(50) == 0);
        }
        for market in &mut won {
            market.beat(&upbit);
        }
        for house in [&binance, &upbit] {
            if misbehaves(Misbehaviour::Garbage) && dice.roll(5) == 0 {
                house.blurt(r#"{"e":"24hrTicker","E":"#);
            }
            if misbehaves(Misbehaviour::Closes) && dice.roll(100) == 0 {
                house.close_all(1008, "Too many requests");
            }
            if misbehaves(Misbehaviour::Cuts) && dice.roll(100) == 0 {
                house.cut_all();
            }
        }
    }
}

/// One recording after the other, each once somebody listens.
async fn play(arguments: &Arguments, binance: &House, upbit: &House) -> anyhow::Result<()> {
    let speed = match arguments.speed {
        Pace::Recorded => Speed::Recorded,
        Pace::Full => Speed::Full,
    };
    for path in &arguments.play {
        let opened = recording::open(path);
        let (tape, lines) =
            opened.with_context(|| format!("{}: of no known kind", path.display()))?;
        println!("waiting for a subscriber of {}", path.display());
        let mut looks = interval(Duration::from_millis(100));
        while !tape.is_heard(binance, upbit) {
            looks.tick().await;
        }
        // What is subscribed together arrives together, more or less.
        tokio::time::sleep(Duration::from_secs(1)).await;
        recording::play(&lines, speed, |text| tape.say(binance, upbit, text)).await;
        println!("played {} messages of {}", lines.len(), path.display());
    }
    std::future::pending().await
}

async fn tell(name: &'static str, house: Arc<House>) {
    let mut told = 0;
    loop {
        house.until(|house| house.log().len() > told).await;
        for (_, what) in house.log().drain(told..) {
            println!("{name} {what:?}");
            told += 1;
        }
    }
}

async fn accept(house: Arc<House>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(Arc::clone(&house).serve(stream))),
            Err(error) => eprintln!("accept: {error}"),
        }
    }
}
