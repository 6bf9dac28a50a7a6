//! Heart-beats: how often either side has to be heard, as CONNECT and CONNECTED agree on it.

use std::time::Duration;

use super::frame::Version;

/// None: that side need not be heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Beats {
    pub(super) to_client: Option<Duration>,
    pub(super) from_client: Option<Duration>,
}

/// The header is not two numbers of milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct BadBeats;

impl Beats {
    /// `ours`: how often we can beat and want to hear. 1.0 knows no heart-beats.
    pub(super) fn agree(
        version: Version,
        theirs: Option<&str>,
        ours: Duration,
    ) -> Result<Self, BadBeats> {
        if version == Version::V1_0 {
            return Ok(Self::default());
        }
        let (can, wants) = match theirs {
            Some(text) => text.split_once(',').ok_or(BadBeats)?,
            None => ("0", "0"),
        };
        let (can, wants) = (interval(can)?, interval(wants)?);
        let slower = |theirs: Option<Duration>| theirs.map(|theirs| theirs.max(ours));
        Ok(Self { to_client: slower(wants), from_client: slower(can) })
    }
}

/// None: 0, which means never.
fn interval(text: &str) -> Result<Option<Duration>, BadBeats> {
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(BadBeats);
    }
    let millis = text.parse::<u32>().map_err(|_| BadBeats)?;
    Ok((millis > 0).then(|| Duration::from_millis(millis.into())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_both_sides_decides_and_zero_means_never() {
        let millis = |beats: Beats| {
            let millis = |interval: Option<Duration>| interval.map_or(0, |i| i.as_millis());
            (millis(beats.to_client), millis(beats.from_client))
        };
        for (theirs, agreed) in [
            (None, Ok((0, 0))),
            (Some("0,0"), Ok((0, 0))),
            (Some("10000,10000"), Ok((10_000, 10_000))),
            (Some("1,1"), Ok((10_000, 10_000))),
            (Some("20000,0"), Ok((0, 20_000))),
            (Some("0,30000"), Ok((30_000, 0))),
            (Some("4294967295,1"), Ok((10_000, 4_294_967_295))),
            (Some(" 5 , 60000 "), Ok((60_000, 10_000))),
            (Some(""), Err(BadBeats)),
            (Some("10000"), Err(BadBeats)),
            (Some("1,2,3"), Err(BadBeats)),
            (Some("-1,0"), Err(BadBeats)),
            (Some("a,b"), Err(BadBeats)),
            (Some("4294967296,0"), Err(BadBeats)),
        ] {
            let ours = Duration::from_secs(10);
            let found = Beats::agree(Version::V1_2, theirs, ours).map(millis);
            assert_eq!(found, agreed, "{theirs:?}");
        }
        let in_1_0 = Beats::agree(Version::V1_0, Some("1000,1000"), Duration::from_secs(10));
        assert_eq!(in_1_0.map(millis), Ok((0, 0)), "1.0 has no heart-beats");
    }
}
