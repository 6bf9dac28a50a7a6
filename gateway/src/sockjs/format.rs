//! Frames, and how each transport wraps them.
//!
//! ```text
//! o             the session is open            h            still here
//! a["..",".."]  messages                       c[code,".."] the session is closed
//! ```

use bytes::Bytes;
use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::callback::Callback;
use super::service::{Close, Message};
use super::text::push_json;

/// Old browsers show nothing of a stream before this much has come.
const XHR_PRELUDE_BYTES: usize = 2048;
const HTML_PRELUDE_BYTES: usize = 1024;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Frame {
    Open,
    Heartbeat,
    Messages(Vec<Message>),
    Close(Close),
}

impl Frame {
    /// As it stands on a WebSocket.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Open => "o".into(),
            Self::Heartbeat => "h".into(),
            Self::Messages(messages) => {
                let bytes: usize = messages.iter().map(|message| message.bytes() + 8).sum();
                let mut text = String::with_capacity(bytes + 8);
                for (index, message) in messages.iter().enumerate() {
                    text.push_str(if index == 0 { "a[" } else { "," });
                    match message {
                        Message::Text(message) => push_json(&mut text, message.as_str()),
                        Message::Binary(message) => {
                            push_json(&mut text, &String::from_utf8_lossy(message));
                        }
                    }
                }
                text.push(']');
                text
            }
            Self::Close(Close { code, reason }) => {
                let mut text = format!("c[{code},");
                push_json(&mut text, reason);
                text.push(']');
                text
            }
        }
    }
}

/// How a frame is wrapped in an HTTP answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Xhr,
    EventSource,
    HtmlFile(Callback),
    Jsonp(Callback),
}

impl Format {
    pub(super) fn content_type(&self) -> &'static str {
        match self {
            Self::Xhr | Self::Jsonp(_) => "application/javascript; charset=UTF-8",
            Self::EventSource => "text/event-stream",
            Self::HtmlFile(_) => "text/html; charset=UTF-8",
        }
    }

    /// What a stream begins with.
    pub(super) fn prelude(&self) -> Bytes {
        match self {
            Self::Xhr => format!("{}\n", "h".repeat(XHR_PRELUDE_BYTES)).into(),
            Self::EventSource => Bytes::from_static(b"\r\n"),
            Self::HtmlFile(callback) => {
                let head = html_head(callback);
                let padding = HTML_PRELUDE_BYTES.saturating_sub(head.len());
                format!("{head}{}\r\n\r\n", " ".repeat(padding)).into()
            }
            Self::Jsonp(_) => Bytes::new(),
        }
    }

    pub(super) fn wrap(&self, frame: &Frame) -> Bytes {
        let mut text = frame.text();
        match self {
            Self::Xhr => {
                text.push('\n');
                text.into()
            }
            // The client's script undoes the escapes of an URI here, and here alone.
            Self::EventSource => format!("data: {}\r\n\r\n", text.replace('%', "%25")).into(),
            // Within a script element no text may look like its end.
            Self::HtmlFile(_) => {
                let json = json(&text).replace('<', "\\u003c");
                format!("<script>\np({json});\n</script>\r\n").into()
            }
            Self::Jsonp(callback) => {
                format!("/**/{}({});\r\n", callback.as_str(), json(&text)).into()
            }
        }
    }
}

/// The frame as a WebSocket message.
impl From<&Frame> for Utf8Bytes {
    fn from(frame: &Frame) -> Self {
        frame.text().into()
    }
}

fn json(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + text.len() / 8 + 2);
    push_json(&mut json, text);
    json
}

fn html_head(callback: &Callback) -> String {
    format!(
        r#"<!doctype html>
<html><head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
</head><body><h2>Don't panic!</h2>
  <script>
    document.domain = document.domain;
    var c = parent.{};
    c.start();
    function p(d) {{c.message(d);}};
    window.onload = function() {{c.stop();}};
  </script>"#,
        callback.as_str()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(texts: &[&str]) -> Frame {
        Frame::Messages(texts.iter().map(|text| Message::Text((*text).into())).collect())
    }

    #[test]
    fn every_transport_wraps_every_frame() {
        let callback = || Callback::of_query("c=cb").unwrap();
        let close = Frame::Close(Close::new(3000, "Go \"away\"!"));
        let rows = [
            (Frame::Open, "o", "o", "o"),
            (Frame::Heartbeat, "h", "h", "h"),
            (messages(&["a", "\u{2028}"]), r#"a["a","\u2028"]"#, r#"a[\"a\",\"\\u2028\"]"#, ""),
            (
                messages(&["</script>"]),
                r#"a["</script>"]"#,
                r#"a[\"</script>\"]"#,
                r#"a[\"\u003c/script>\"]"#,
            ),
            (close, r#"c[3000,"Go \"away\"!"]"#, r#"c[3000,\"Go \\\"away\\\"!\"]"#, ""),
        ];
        for (frame, plain, quoted, in_html) in rows {
            let in_html = if in_html.is_empty() { quoted } else { in_html };
            let wrapped = |format: Format| String::from_utf8(format.wrap(&frame).to_vec()).unwrap();
            assert_eq!(frame.text(), plain);
            assert_eq!(wrapped(Format::Xhr), format!("{plain}\n"));
            assert_eq!(wrapped(Format::EventSource), format!("data: {plain}\r\n\r\n"));
            let html = format!("<script>\np(\"{in_html}\");\n</script>\r\n");
            assert_eq!(wrapped(Format::HtmlFile(callback())), html);
            assert_eq!(wrapped(Format::Jsonp(callback())), format!("/**/cb(\"{quoted}\");\r\n"));
        }
    }

    #[test]
    fn an_event_carries_a_percent_sign_as_an_escape() {
        let frame = messages(&["100% %41"]);
        assert_eq!(Format::EventSource.wrap(&frame), "data: a[\"100%25 %2541\"]\r\n\r\n");
        assert_eq!(Format::Xhr.wrap(&frame), "a[\"100% %41\"]\n");
    }

    #[test]
    fn binary_leaves_as_text() {
        let frame = Frame::Messages(vec![Message::Binary(Bytes::from_static(b"a\xffb"))]);
        assert_eq!(frame.text(), "a[\"a\\ufffdb\"]");
    }
}
