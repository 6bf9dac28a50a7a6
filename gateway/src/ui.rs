//! The web page, compiled into the binary: four files, no build step, no other server.
//! It is a client like any other and knows only REST and the xTrader socket.

/// A file of the page.
pub(crate) struct Asset {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: &'static [u8],
}

/// By the raw path of the request; None: no such file.
pub(crate) fn asset(path: &str) -> Option<Asset> {
    let (content_type, bytes): (_, &[u8]) = match path {
        "/" => ("text/html; charset=utf-8", include_bytes!("../ui/index.html")),
        "/ui/app.js" => ("text/javascript; charset=utf-8", include_bytes!("../ui/app.js")),
        "/ui/chart.js" => ("text/javascript; charset=utf-8", include_bytes!("../ui/chart.js")),
        "/ui/style.css" => ("text/css; charset=utf-8", include_bytes!("../ui/style.css")),
        _ => return None,
    };
    Some(Asset { content_type, bytes })
}
