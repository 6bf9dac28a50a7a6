//! Frames that leave: LF alone ends a line, nothing stands before the command, the body's length
//! is counted in bytes and its end marked with NUL. One frame is one message of the transport.

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::escape::escape;
use super::frame::Version;

/// A heart-beat: exactly one LF.
pub(super) const BEAT: Utf8Bytes = Utf8Bytes::from_static("\n");

/// What the server may say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Said {
    Connected,
    Message,
    Receipt,
    Error,
}

/// One frame in the making.
pub(super) struct Encoder {
    version: Version,
    said: Said,
    text: String,
}

impl Encoder {
    pub(super) fn new(version: Version, said: Said, body_bytes: usize) -> Self {
        let word = match said {
            Said::Connected => "CONNECTED\n",
            Said::Message => "MESSAGE\n",
            Said::Receipt => "RECEIPT\n",
            Said::Error => "ERROR\n",
        };
        let mut text = String::with_capacity(HEAD_BYTES + body_bytes);
        text.push_str(word);
        // A client that has only just asked for a version reads this frame as 1.0 has it.
        let version = if said == Said::Connected { Version::V1_0 } else { version };
        Self { version, said, text }
    }

    #[must_use]
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.text.push_str(name);
        self.text.push(':');
        escape(self.version, value, &mut self.text);
        self.text.push('\n');
        self
    }

    #[must_use]
    pub(super) fn header_if(self, name: &'static str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.header(name, value),
            None => self,
        }
    }

    /// CONNECTED and RECEIPT have none.
    pub(super) fn body(self, content_type: &str, body: &str) -> Utf8Bytes {
        assert!(matches!(self.said, Said::Message | Said::Error), "only these have bodies");
        let length = body.len().to_string();
        let mut this = self.header("content-type", content_type).header("content-length", &length);
        this.text.push('\n');
        this.text.push_str(body);
        this.text.push('\0');
        this.text.into()
    }

    pub(super) fn bare(mut self) -> Utf8Bytes {
        self.text.push_str("\n\0");
        self.text.into()
    }
}

/// Room for a usual head.
const HEAD_BYTES: usize = 256;

pub(super) fn receipt(version: Version, id: &str) -> Utf8Bytes {
    Encoder::new(version, Said::Receipt, 0).header("receipt-id", id).bare()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_written_as_every_client_reads_them() {
        let message = Encoder::new(Version::V1_2, Said::Message, 0)
            .header("subscription", "a:b")
            .header_if("ack", None)
            .header_if("receipt-id", Some("r"))
            .body("application/json", "{\"가\":1}");
        assert_eq!(
            message.as_str(),
            "MESSAGE\nsubscription:a\\cb\nreceipt-id:r\ncontent-type:application/json\n\
             content-length:9\n\n{\"가\":1}\0"
        );
        assert_eq!(receipt(Version::V1_0, "a:b").as_str(), "RECEIPT\nreceipt-id:a:b\n\n\0");
        let connected = Encoder::new(Version::V1_2, Said::Connected, 0)
            .header("version", "1.2")
            .header("server", "a:b\\")
            .bare();
        assert_eq!(connected.as_str(), "CONNECTED\nversion:1.2\nserver:a:b\\\n\n\0");
        let error =
            Encoder::new(Version::V1_1, Said::Error, 0).header("message", "no").body("t", "");
        assert_eq!(error.as_str(), "ERROR\nmessage:no\ncontent-type:t\ncontent-length:0\n\n\0");
        assert_eq!(BEAT.as_str(), "\n");
    }
}
