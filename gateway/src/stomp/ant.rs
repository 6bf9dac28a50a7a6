//! What a SUBSCRIBE names: one destination, or a pattern of them as Spring's AntPathMatcher reads
//! it: `?` one character, `*` any within a segment, `**` any segments, `{name}` like `*`.
//! Segments are parted by `/`.

use std::borrow::Cow;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Pattern {
    /// `{name}` is `*` here.
    text: String,
    is_exact: bool,
}

impl Pattern {
    pub(super) fn new(destination: &str) -> Self {
        let text = without_names(destination).into_owned();
        let is_exact = !text.contains(['*', '?']);
        Self { text, is_exact }
    }

    /// The only destination that it can match.
    pub(super) fn exact(&self) -> Option<&str> {
        self.is_exact.then_some(self.text.as_str())
    }

    pub(super) fn matches(&self, destination: &str) -> bool {
        if self.is_exact {
            return self.text == destination;
        }
        let (pattern, path): (Vec<_>, Vec<_>) =
            (self.text.split('/').collect(), destination.split('/').collect());
        matches_path(&pattern, &path)
    }
}

fn without_names(destination: &str) -> Cow<'_, str> {
    let mut text = String::new();
    let mut rest = destination;
    while let Some((before, after)) = rest.split_once('{')
        && let Some((name, after)) = after.split_once('}')
        && !name.contains('/')
    {
        text.push_str(before);
        text.push('*');
        rest = after;
    }
    if text.is_empty() { Cow::Borrowed(destination) } else { Cow::Owned(text + rest) }
}

/// Like `matches_segment`, of segments: `**` is their `*`. Both go back to the last star alone,
/// so that no pattern takes longer than its length times that of the path.
fn matches_path(pattern: &[&str], path: &[&str]) -> bool {
    let (mut p, mut s) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while s < path.len() {
        if p < pattern.len() && pattern[p] == "**" {
            star = Some((p, s));
            p += 1;
        } else if p < pattern.len() && matches_segment(pattern[p], path[s]) {
            (p, s) = (p + 1, s + 1);
        } else if let Some((star_p, star_s)) = star {
            star = Some((star_p, star_s + 1));
            (p, s) = (star_p + 1, star_s + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&rest| rest == "**")
}

fn matches_segment(pattern: &str, segment: &str) -> bool {
    let (pattern, segment): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), segment.chars().collect());
    let (mut p, mut s) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while s < segment.len() {
        if p < pattern.len() && pattern[p] == '*' {
            star = Some((p, s));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == segment[s]) {
            (p, s) = (p + 1, s + 1);
        } else if let Some((star_p, star_s)) = star {
            star = Some((star_p, star_s + 1));
            (p, s) = (star_p + 1, star_s + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&rest| rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_ants_do() {
        for (pattern, destination, expected) in [
            ("/topic/prayer", "/topic/prayer", true),
            ("/topic/prayer", "/topic/prayers", false),
            ("/topic/prayer", "/topic/prayer/", false),
            ("/topic/*", "/topic/prayer", true),
            ("/topic/*", "/topic/orderbook.BTC-KRW", true),
            ("/topic/*", "/topic/a/b", false),
            ("/topic/*", "/topic", false),
            ("/topic/*", "/queue/a", false),
            ("/topic/**", "/topic/a/b", true),
            ("/topic/**", "/topic", true),
            ("/**", "/topic/prayer", true),
            ("**", "/topic/prayer", true),
            ("/**/prayer", "/topic/prayer", true),
            ("/**/prayer", "/a/b/c/prayer", true),
            ("/**/b/**/d", "/a/b/c/b/x/d", true),
            ("/**/b/**/d", "/a/c/d", false),
            ("/topic/orderbook.*", "/topic/orderbook.BTC-KRW", true),
            ("/topic/*.BTC-KRW", "/topic/candles.BTC-KRW.1m", false),
            ("/topic/*.BTC-KRW*", "/topic/candles.BTC-KRW.1m", true),
            ("/topic/candles.*.1?", "/topic/candles.AAPL.1m", true),
            ("/topic/candles.*.1?", "/topic/candles.AAPL.15m", false),
            ("/topic/pr?yer", "/topic/prayer", true),
            ("/topic/pr?yer", "/topic/pryer", false),
            ("/topic/{kind}", "/topic/prayer", true),
            ("/topic/{kind}.BTC-KRW", "/topic/status.BTC-KRW", true),
            ("/topic/{kind", "/topic/{kind", true),
            ("/user/queue/*", "/user/queue/errors", true),
            ("/topic/a*b*c", "/topic/axxbyybzzc", true),
            ("/topic/a*b*c", "/topic/axxbyybzz", false),
            ("/topic/기*", "/topic/기도", true),
            ("", "", true),
        ] {
            let found = Pattern::new(pattern).matches(destination);
            assert_eq!(found, expected, "{pattern} and {destination}");
        }
        assert_eq!(Pattern::new("/topic/prayer").exact(), Some("/topic/prayer"));
        assert_eq!(Pattern::new("/topic/{x}").exact(), None);
    }

    #[test]
    fn no_pattern_takes_long() {
        let pattern = format!("/topic/{}b", "a*".repeat(2_000));
        assert!(!Pattern::new(&pattern).matches(&format!("/topic/{}", "a".repeat(4_000))));
        let pattern = format!("{}x", "**/a/".repeat(1_000));
        assert!(!Pattern::new(&pattern).matches(&"a/".repeat(4_000)));
    }
}
