//! Frames as the session sees them: what a client may ask, in which version of the protocol, with
//! which headers. Bytes are for `decode` and `encode`.

use std::fmt;

use bytes::Bytes;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Version {
    V1_0,
    V1_1,
    V1_2,
}

impl Version {
    pub(crate) const ALL: [Self; 3] = [Self::V1_0, Self::V1_1, Self::V1_2];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// The highest of an `accept-version` header; without one a client speaks 1.0. None: nothing
    /// in common.
    pub(crate) fn best(accepted: Option<&str>) -> Option<Self> {
        let Some(accepted) = accepted else { return Some(Self::V1_0) };
        let known = |word: &str| Self::ALL.into_iter().find(|version| version.word() == word);
        accepted.split(',').filter_map(|word| known(word.trim())).max()
    }
}

/// What a client may send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Verb {
    /// `CONNECT`, or `STOMP`, which means the same.
    Connect,
    Send,
    Subscribe,
    Unsubscribe,
    Ack,
    Nack,
    Begin,
    Commit,
    Abort,
    Disconnect,
}

impl Verb {
    /// Case-sensitive.
    pub(crate) fn parse(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"CONNECT" | b"STOMP" => Self::Connect,
            b"SEND" => Self::Send,
            b"SUBSCRIBE" => Self::Subscribe,
            b"UNSUBSCRIBE" => Self::Unsubscribe,
            b"ACK" => Self::Ack,
            b"NACK" => Self::Nack,
            b"BEGIN" => Self::Begin,
            b"COMMIT" => Self::Commit,
            b"ABORT" => Self::Abort,
            b"DISCONNECT" => Self::Disconnect,
            _ => return None,
        })
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Send => "SEND",
            Self::Subscribe => "SUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::Ack => "ACK",
            Self::Nack => "NACK",
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Abort => "ABORT",
            Self::Disconnect => "DISCONNECT",
        }
    }
}

/// Names and values, unescaped, in the order they came.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Headers(Vec<(String, String)>);

impl Headers {
    pub(crate) fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The first of that name wins.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Frame {
    pub(crate) verb: Verb,
    pub(crate) headers: Headers,
    /// Of a SEND; all others have none.
    pub(crate) body: Bytes,
}

impl fmt::Display for Frame {
    /// For logs: never the headers, which may hold a passcode.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} headers, {} B", self.verb.word(), self.headers.len(), self.body.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_spoken() {
        for (accepted, version) in [
            (None, Some(Version::V1_0)),
            (Some("1.2"), Some(Version::V1_2)),
            (Some("1.0,1.1"), Some(Version::V1_1)),
            (Some("1.2,1.1,1.0"), Some(Version::V1_2)),
            (Some("1.0, 1.1, 2.0"), Some(Version::V1_1)),
            (Some("1.3,2.0"), None),
            (Some(""), None),
            (Some("1.20"), None),
        ] {
            assert_eq!(Version::best(accepted), version, "{accepted:?}");
        }
    }

    #[test]
    fn words_are_case_sensitive_and_read_back() {
        for word in ["Send", "send", "MESSAGE", "CONNECTED", "", "SEND "] {
            assert_eq!(Verb::parse(word.as_bytes()), None, "{word}");
        }
        assert_eq!(Verb::parse(b"STOMP"), Some(Verb::Connect));
        for verb in [Verb::Send, Verb::Ack, Verb::Nack, Verb::Begin, Verb::Disconnect] {
            assert_eq!(Verb::parse(verb.word().as_bytes()), Some(verb));
        }
    }

    #[test]
    fn the_first_of_repeated_headers_wins() {
        let mut headers = Headers::default();
        for value in ["first", "second"] {
            headers.push("foo".into(), value.into());
        }
        assert_eq!(headers.get("foo"), Some("first"));
        assert_eq!(headers.get("Foo"), None);
    }
}
