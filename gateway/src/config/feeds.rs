//! The settings of the feeds out to venues. Off by default: nothing leaves this machine unasked.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use hyper::Uri;
use orison_core::Decimal;

use super::ConfigError;
use super::layers::{Layers, Source};
use super::settings::{bad, number, words};
use crate::feeds::{Format, Keys, Settings, Target, Topic, VenueName};

/// None: all are off.
pub(super) fn feeds(layers: &Layers) -> Result<Option<Settings>, ConfigError> {
    let (text, source) = layers.get("feed");
    if text == "off" {
        return Ok(None);
    }
    let venue = |word: &str| {
        VenueName::of_word(word.trim()).ok_or_else(|| bad(source, text, "off, binance, upbit"))
    };
    let venues: BTreeSet<VenueName> = text.split(',').map(venue).collect::<Result<_, _>>()?;
    let mut settings = Settings::new(venues);
    settings.binance_ws = address(layers, "feed-binance-ws", &["ws", "wss"])?;
    settings.binance_rest = address(layers, "feed-binance-rest", &["http", "https"])?;
    settings.upbit_ws = address(layers, "feed-upbit-ws", &["ws", "wss"])?;
    settings.upbit_keys = keys(layers)?;
    let formats = Format::ALL.map(|format| (format.word(), format));
    settings.upbit_format = words(layers, "feed-upbit-format", &formats)?;
    settings.depth_interval = Duration::from_millis(number(layers, "feed-depth-ms", 0, 600_000)?);
    let levels_max = Settings::DEPTH_LEVELS_MAX as u64;
    settings.depth_levels = number(layers, "feed-depth-levels", 1, levels_max)? as usize;
    let large_usd = number(layers, "feed-large-usd", 1, 1 << 53)?;
    settings.large_usd = Decimal::new(i128::from(large_usd), 0);
    let seconds = |name| number(layers, name, 1, 86_400).map(Duration::from_secs);
    settings.timing.silence = seconds("feed-silence-s")?;
    settings.timing.quiet = seconds("feed-quiet-s")?;
    settings.topics = topics(layers, &settings)?;
    Ok(Some(settings))
}

/// A base address, to which paths are put.
fn address(layers: &Layers, name: &str, schemes: &[&str]) -> Result<String, ConfigError> {
    let (text, source) = layers.get(name);
    let text = text.trim_end_matches('/');
    let is_good = text.parse::<Uri>().ok().is_some_and(|uri| {
        let scheme = uri.scheme_str().unwrap_or_default();
        schemes.contains(&scheme) && uri.query().is_none() && Target::of(&uri).is_ok()
    });
    let allowed = || format!("{}://HOST[:PORT][/PATH]", schemes.join(":// or "));
    if is_good { Ok(text.into()) } else { Err(bad(source, text, allowed())) }
}

fn keys(layers: &Layers) -> Result<Option<Keys>, ConfigError> {
    let (text, source) = layers.get("feed-upbit-keys");
    if text == "off" {
        return Ok(None);
    }
    let allowed = |reason| format!("off, or a file that can be read with {reason}");
    Keys::read(Path::new(text)).map(Some).map_err(|reason| bad(source, text, allowed(reason)))
}

/// Of the defaults those of venues that are on; what was asked for must be there.
fn topics(layers: &Layers, settings: &Settings) -> Result<BTreeSet<Topic>, ConfigError> {
    let (text, source) = layers.get("feed-topics");
    let texts = text.split(',').map(str::trim).filter(|topic| !topic.is_empty());
    let mut topics = BTreeSet::new();
    for text in texts {
        let topic: Topic = text.parse().map_err(|error| bad(source, text, format!("{error}")))?;
        let is_default = matches!(source, Source::Default { .. });
        if settings.venues.contains(&topic.venue()) {
            topics.insert(topic);
        } else if !is_default {
            let allowed = format!("topics of venues that are on; --feed {}", topic.venue().word());
            return Err(bad(source, text, allowed));
        }
    }
    let private = topics.iter().find(|topic| topic.is_private());
    match (private, &settings.upbit_keys) {
        (Some(topic), None) => {
            Err(bad(source, &topic.to_string(), "topics without keys; --feed-upbit-keys FILE"))
        }
        (_, _) => Ok(topics),
    }
}
