//! The pages that browsers load: the iframe for transports across domains, and the client's
//! script that it needs, of the version that the page itself uses.

use bytes::Bytes;

/// The script's path at the root of a listener, and the default of `Settings::sockjs_url`.
pub(super) const SCRIPT_PATH: &str = "/sockjs-1.6.1.min.js";
/// npm `sockjs-client` 1.6.1, `dist/sockjs.min.js`; its licence lies beside it.
const SCRIPT: &[u8] = include_bytes!("sockjs-1.6.1.min.js");

/// A text that never changes while the process runs, and the tag that names it.
pub(super) struct Page {
    pub(super) content_type: &'static str,
    pub(super) body: Bytes,
    pub(super) tag: String,
}

impl Page {
    fn new(content_type: &'static str, body: Bytes) -> Self {
        let tag = format!("\"{:08x}\"", crc32fast::hash(&body));
        Self { content_type, body, tag }
    }

    pub(super) fn iframe(sockjs_url: &str) -> Self {
        Self::new("text/html; charset=UTF-8", html(sockjs_url).into())
    }
}

/// The client's script, if the path is its own.
pub fn script(path: &str) -> Option<Script> {
    (path == SCRIPT_PATH).then(|| {
        Script(Page::new("application/javascript; charset=UTF-8", Bytes::from_static(SCRIPT)))
    })
}

/// The client's script on its way to a browser.
pub struct Script(pub(super) Page);

fn html(sockjs_url: &str) -> String {
    format!(
        r#"<!DOCTYPE html>
<html>
<head>
  <meta http-equiv="X-UA-Compatible" content="IE=edge" />
  <meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
  <script src="{sockjs_url}"></script>
  <script>
    document.domain = document.domain;
    SockJS.bootstrap_iframe();
  </script>
</head>
<body>
  <h2>Don't panic!</h2>
  <p>This is a SockJS hidden iframe. It's used for cross domain magic.</p>
</body>
</html>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_the_one_that_its_name_says() {
        let Script(page) = script(SCRIPT_PATH).unwrap();
        assert!(page.body.starts_with(b"/* sockjs-client v1.6.1 "));
        assert!(script("/sockjs.js").is_none());
    }
}
