//! Whose pages may use a session over HTTP: asked anew of every request, since whoever knows a
//! session's id can ask for it.

use hyper::HeaderMap;

use crate::http::origin::Origin;
use crate::sockjs::path::Door;
use crate::sockjs::settings::Pages;

const FOREIGN: &str = "this web origin is not allowed here\n";
const UNPROVEN: &str = "what a script or a frame loads here needs the Referer of an allowed page; \
                        other transports do not\n";

impl Pages {
    /// An error is what the one who asks is told.
    pub(super) fn check(&self, headers: &HeaderMap, door: Door) -> Result<(), &'static str> {
        let Self::Trusted { listed } = self else { return Ok(()) };
        let is_load = match door {
            Door::Jsonp | Door::HtmlFile => true,
            Door::Xhr
            | Door::XhrStreaming
            | Door::EventSource
            | Door::XhrSend
            | Door::JsonpSend => false,
        };
        let origin = if is_load { Origin::of_load } else { Origin::of }(headers, listed);
        match origin {
            Origin::Trusted => Ok(()),
            Origin::Absent if is_load => Err(UNPROVEN),
            Origin::Absent => Ok(()),
            Origin::Foreign => Err(FOREIGN),
        }
    }
}
