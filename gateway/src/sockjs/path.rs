//! What an address below a mount's prefix names. Paths are taken as they come: nothing is
//! decoded, no slashes are merged.

use hyper::Method;

/// A longer session id is not found.
const SESSION_ID_BYTES_MAX: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place<'a> {
    Greeting,
    Info,
    Iframe,
    RawWebSocket,
    WebSocket,
    Session { id: &'a str, door: Door },
}

/// The ways by HTTP into and out of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Door {
    Xhr,
    XhrStreaming,
    EventSource,
    HtmlFile,
    Jsonp,
    XhrSend,
    JsonpSend,
}

/// What comes after a mount's prefix. None: the path is not below it.
pub fn below<'a>(prefix: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl<'a> Place<'a> {
    pub(super) fn of(path: &'a str) -> Option<Self> {
        let Some(path) = path.strip_prefix('/') else {
            return path.is_empty().then_some(Self::Greeting);
        };
        let segments: Vec<&str> = path.splitn(4, '/').collect();
        match *segments.as_slice() {
            [""] => Some(Self::Greeting),
            ["info"] => Some(Self::Info),
            ["websocket"] => Some(Self::RawWebSocket),
            [page] => is_iframe(page).then_some(Self::Iframe),
            [server, id, door] if is_id(server) && is_id(id) => match door {
                "websocket" => Some(Self::WebSocket),
                door => Door::of(door).map(|door| Self::Session { id, door }),
            },
            _ => None,
        }
    }

    pub(super) fn methods(self) -> &'static [Method] {
        match self {
            Self::Greeting | Self::Iframe => &[Method::GET, Method::HEAD],
            Self::Info => &[Method::OPTIONS, Method::GET, Method::HEAD],
            Self::RawWebSocket | Self::WebSocket => &[Method::GET],
            Self::Session { door, .. } => match door {
                Door::Xhr | Door::XhrStreaming | Door::XhrSend | Door::JsonpSend => {
                    &[Method::OPTIONS, Method::POST]
                }
                Door::EventSource | Door::HtmlFile | Door::Jsonp => &[Method::OPTIONS, Method::GET],
            },
        }
    }
}

impl Door {
    fn of(segment: &str) -> Option<Self> {
        Some(match segment {
            "xhr" => Self::Xhr,
            "xhr_streaming" => Self::XhrStreaming,
            "eventsource" => Self::EventSource,
            "htmlfile" => Self::HtmlFile,
            "jsonp" => Self::Jsonp,
            "xhr_send" => Self::XhrSend,
            "jsonp_send" => Self::JsonpSend,
            _ => return None,
        })
    }
}

/// A server's or a session's name: any text but an empty one or one with a dot.
fn is_id(segment: &str) -> bool {
    !segment.is_empty() && !segment.contains('.') && segment.len() <= SESSION_ID_BYTES_MAX
}

/// `iframe.html`, and `iframe` with a version before its ending.
fn is_iframe(page: &str) -> bool {
    let version = page.strip_prefix("iframe").and_then(|rest| rest.strip_suffix(".html"));
    let is_fine = |b: u8| b.is_ascii_digit() || b.is_ascii_lowercase() || b"-._".contains(&b);
    version.is_some_and(|version| version.bytes().all(is_fine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_one_place_or_none() {
        let session = |id, door| Some(Place::Session { id, door });
        let long = format!("/0/{}/xhr", "x".repeat(SESSION_ID_BYTES_MAX + 1));
        for (path, place) in [
            ("", Some(Place::Greeting)),
            ("/", Some(Place::Greeting)),
            ("//", None),
            ("///", None),
            ("/a", None),
            ("/a.html", None),
            ("/a/a", None),
            ("/a/a/", None),
            ("/info", Some(Place::Info)),
            ("/info/", None),
            ("/websocket", Some(Place::RawWebSocket)),
            ("/iframe.html", Some(Place::Iframe)),
            ("/iframe-.html", Some(Place::Iframe)),
            ("/iframe-0.1.2abc-dirty.2144.html", Some(Place::Iframe)),
            ("/iframe.htm", None),
            ("/iframe", None),
            ("/IFRAME.HTML", None),
            ("/iframe.HTML", None),
            ("/iframe.xml", None),
            ("/iframe-/.html", None),
            ("/iframe-A.html", None),
            ("/0/1/websocket", Some(Place::WebSocket)),
            ("/0/1/xhr", session("1", Door::Xhr)),
            ("/0/1/xhr_send", session("1", Door::XhrSend)),
            ("/0/1/xhr_streaming", session("1", Door::XhrStreaming)),
            ("/0/1/eventsource", session("1", Door::EventSource)),
            ("/0/1/htmlfile", session("1", Door::HtmlFile)),
            ("/0/1/jsonp", session("1", Door::Jsonp)),
            ("/0/1/jsonp_send", session("1", Door::JsonpSend)),
            ("/a b/i-j%20/xhr", session("i-j%20", Door::Xhr)),
            ("///xhr", None),
            ("//1/xhr", None),
            ("/0//xhr", None),
            ("/a./a/xhr", None),
            ("/a/a./xhr", None),
            ("/./././xhr", None),
            ("/0/1/2/xhr", None),
            ("/0/1/xhr/", None),
            ("/0/1/XHR", None),
            (&long, None),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash() {
        for (path, rest) in [
            ("/ws", Some("")),
            ("/ws/", Some("/")),
            ("/ws/info", Some("/info")),
            ("/wsx", None),
            ("/w", None),
            ("//ws", None),
        ] {
            assert_eq!(below("/ws", path), rest, "{path}");
        }
    }
}
