//! Korean or English: which one a client reads. Texts that the seeds fix are Korean unless
//! English outranks Korean; all others are English unless Korean outranks English. Codes are
//! never translated.

use std::borrow::Cow;

/// What a client prefers of the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Language {
    /// Neither outranks the other.
    #[default]
    Unsaid,
    English,
    Korean,
}

impl Language {
    /// Reads `Accept-Language`, or one tag of it; what is not understood says nothing.
    pub fn from_accept_language(header: &str) -> Self {
        let (mut korean, mut english, mut any) = (None, None, 0);
        for range in header.split(',') {
            let (tag, quality) = match range.split_once(';') {
                Some((tag, parameter)) => (tag, quality_millis(parameter)),
                None => (range, Some(1000)),
            };
            let Some(quality) = quality else { continue };
            let primary = tag.trim().split('-').next().unwrap_or_default();
            if primary == "*" {
                any = any.max(quality);
            } else if primary.eq_ignore_ascii_case("ko") {
                korean = korean.max(Some(quality));
            } else if primary.eq_ignore_ascii_case("en") {
                english = english.max(Some(quality));
            }
        }
        match korean.unwrap_or(any).cmp(&english.unwrap_or(any)) {
            std::cmp::Ordering::Greater => Self::Korean,
            std::cmp::Ordering::Less => Self::English,
            std::cmp::Ordering::Equal => Self::Unsaid,
        }
    }
}

/// `q=0.8` in thousandths; None: no quality.
fn quality_millis(parameter: &str) -> Option<u32> {
    let value =
        parameter.trim().strip_prefix("q=").or_else(|| parameter.trim().strip_prefix("Q="))?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u32 = format!("{fraction:0<3}").parse().ok()?;
    match whole {
        "0" => Some(thousandths),
        "1" if thousandths == 0 => Some(1000),
        _ => None,
    }
}

/// Who fixed a text's wording, and with it the language of a client that said nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Origin {
    Seeds,
    Ours,
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Message {
    origin: Origin,
    english: Cow<'static, str>,
    korean: Cow<'static, str>,
}

impl Message {
    pub fn of_seeds(
        english: impl Into<Cow<'static, str>>,
        korean: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { origin: Origin::Seeds, english: english.into(), korean: korean.into() }
    }

    pub fn ours(
        english: impl Into<Cow<'static, str>>,
        korean: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self { origin: Origin::Ours, english: english.into(), korean: korean.into() }
    }

    pub fn text(&self, language: Language) -> &str {
        match (language, self.origin) {
            (Language::English, _) | (Language::Unsaid, Origin::Ours) => &self.english,
            (Language::Korean, _) | (Language::Unsaid, Origin::Seeds) => &self.korean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_rank_of_the_two_counts() {
        for (header, language) in [
            ("", Language::Unsaid),
            ("ko", Language::Korean),
            ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", Language::Korean),
            ("en-US,en;q=0.5", Language::English),
            ("fr", Language::Unsaid),
            ("fr, ko;q=0.1", Language::Korean),
            ("ko;q=0.3, en;q=0.300", Language::Unsaid),
            ("*", Language::Unsaid),
            ("*, ko;q=0", Language::English),
            ("en;q=0, *;q=0.1", Language::Korean),
            ("KO", Language::Korean),
            ("en;q=2, ko;q=0.1", Language::Korean),
            ("kok", Language::Unsaid),
            (";;,=,q=1", Language::Unsaid),
        ] {
            assert_eq!(Language::from_accept_language(header), language, "{header:?}");
        }
    }

    #[test]
    fn texts_of_the_seeds_stay_korean_until_english_outranks() {
        let seeds = Message::of_seeds("english", "한국어");
        let ours = Message::ours("english", "한국어");
        for (language, of_seeds, of_ours) in [
            (Language::Unsaid, "한국어", "english"),
            (Language::English, "english", "english"),
            (Language::Korean, "한국어", "한국어"),
        ] {
            assert_eq!(seeds.text(language), of_seeds);
            assert_eq!(ours.text(language), of_ours);
        }
    }
}
