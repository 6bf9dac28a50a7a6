//! The house rules as data: limits of form, and words that must not stand in certain places, each
//! with its reason. A new rule is a new row; the check that it works comes by itself.

use super::source::is_within;

pub(super) const COLUMNS_MAX: usize = 100;
pub(super) const LINES_MAX: usize = 800;
pub(super) const HEADER_LINES_MAX: usize = 8;
pub(super) const FUNCTION_LINES_MAX: usize = 70;

/// Split, so that this very file does not break the rule.
pub(super) const MACHINE_ROOTS: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// `unsafe` stands in these alone; each opens with the reason.
const UNSAFE_FILES: &[&str] = &[
    "journal/src/segment.rs",
    "benches/benches/yardstick.rs",
    "benches/src/mapped.rs",
    "benches/yardstick/src/lib.rs",
    "benches/yardstick/src/outlet.rs",
    "benches/yardstick/src/queue.rs",
    "benches/yardstick/src/wire.rs",
    "benches/yardstick/tests/it/main.rs",
];

/// Where a thread may nap because nothing could wake it, and says so.
const NAPS: &[&str] =
    &["journal/src/syncer.rs", "engine/src/runtime/bare.rs", "engine/src/runtime/pause.rs"];

/// Where a ban does not hold although its place is within the rule.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Spare {
    Nothing,
    /// Code from `#[cfg(test)]` on.
    Tests,
    /// Tests, and files in which a comment speaks of the word.
    Explained,
}

pub(super) struct Ban {
    /// Any of these, as whole words of the code: comments and strings do not count.
    pub(super) words: &'static [&'static str],
    /// Files, or folders with all below.
    pub(super) within: &'static [&'static str],
    pub(super) except: &'static [&'static str],
    pub(super) spare: Spare,
    pub(super) reason: &'static str,
}

const EVERYWHERE: &[&str] =
    &["journal", "engine/core", "engine/src", "replay", "gateway", "benches", "tests"];
const PRODUCT: &[&str] =
    &["journal/src", "engine/core/src", "engine/src", "replay/src", "gateway/src"];

pub(super) const BANS: &[Ban] = &[
    // Layers: every arrow points down.
    Ban {
        words: &["engine", "orison_core", "replay", "gateway"],
        within: &["journal/src"],
        except: &[],
        spare: Spare::Nothing,
        reason: "the journal carries bytes with a sequence and knows nothing of orders",
    },
    Ban {
        words: &["journal", "engine", "std", "disruptor", "tokio"],
        within: &["engine/core/src"],
        except: &[],
        spare: Spare::Tests,
        reason: "the core is a pure state machine without clock, thread, file or journal",
    },
    Ban {
        words: &["HashMap", "HashSet", "RandomState", "Instant", "SystemTime"],
        within: &["engine/core/src"],
        except: &[],
        spare: Spare::Tests,
        reason: "no clock or hash-map order may decide anything",
    },
    Ban {
        words: &["f64", "f32"],
        within: &["engine/core/src"],
        // Carries the bits of what a view has reckoned.
        except: &["engine/core/src/snapshot/values.rs"],
        spare: Spare::Tests,
        reason: "no float may decide anything",
    },
    Ban {
        words: &[
            "Exchange",
            "BookOrder",
            "orison_core::exchange",
            "orison_core::book",
            "disruptor",
            "journal",
        ],
        within: &["engine/src/projection", "engine/src/projection.rs"],
        except: &[],
        spare: Spare::Tests,
        reason: "a projection is made of events alone, never of the book, the rings or the journal",
    },
    Ban {
        words: &["Exchange", "BookOrder", "Instant", "SystemTime", "HashMap", "HashSet", "journal"],
        within: &[
            "engine/src/analytics",
            "engine/src/analytics.rs",
            "engine/src/projection/signals",
        ],
        except: &[],
        spare: Spare::Tests,
        reason: "a figure is a function of views: no clock, no core, nothing in random order",
    },
    Ban {
        words: &[".ln()", ".exp()", ".powf(", ".powi(", ".log10(", ".sin("],
        within: &["engine/src"],
        except: &[],
        spare: Spare::Nothing,
        reason: "libm's have the same bits on every machine",
    },
    Ban {
        words: &["serde", "serde_json", "tokio", "hyper", "TcpListener", "TcpStream"],
        within: &["engine/src", "journal/src"],
        except: &[],
        spare: Spare::Nothing,
        reason: "sockets, async and JSON live in the gateway",
    },
    Ban {
        words: &["TcpListener", "TcpStream", "UdpSocket", "tokio", "hyper"],
        within: &["replay/src"],
        except: &[],
        spare: Spare::Nothing,
        reason: "replay knows no sockets",
    },
    Ban {
        words: &["disruptor", "core_affinity", "BookOrder", "orison_core::exchange"],
        within: &["gateway/src"],
        except: &[],
        spare: Spare::Nothing,
        reason: "adapters must not name the ring or the book",
    },
    Ban {
        words: &["xtrader", "stomp", "fanout", "desk", "App", "engine", "orison_core"],
        within: &["gateway/src/sockjs", "gateway/src/sockjs.rs"],
        except: &[],
        spare: Spare::Nothing,
        reason: "SockJS carries messages for any service and knows none",
    },
    Ban {
        words: &["Serialize", "Deserialize"],
        within: &["engine/core/src"],
        except: &[],
        spare: Spare::Nothing,
        reason: "domain types are not wire types",
    },
    // Words that do not pass.
    Ban {
        words: &["todo!", "unimplemented!", "dbg!", "FIXME", "XXX"],
        within: EVERYWHERE,
        except: &[],
        spare: Spare::Nothing,
        reason: "what is here is finished",
    },
    Ban {
        words: &["#[ignore"],
        within: EVERYWHERE,
        except: &[],
        spare: Spare::Nothing,
        reason: "a test that does not run proves nothing",
    },
    Ban {
        words: &["SeqCst"],
        within: EVERYWHERE,
        except: &[],
        spare: Spare::Explained,
        reason: "the strongest ordering needs a sentence in the file that says why",
    },
    Ban {
        words: &[".unwrap()"],
        within: PRODUCT,
        except: &[],
        spare: Spare::Tests,
        reason: "`expect` states the invariant",
    },
    Ban {
        words: &["let _ = write"],
        within: PRODUCT,
        except: &[],
        spare: Spare::Nothing,
        reason: "a failed write is not swallowed",
    },
    Ban {
        words: &["unsafe"],
        within: EVERYWHERE,
        except: UNSAFE_FILES,
        spare: Spare::Nothing,
        reason: "unsafe stands in the files named in tests/tidy/rules.rs alone",
    },
    Ban {
        words: &["sleep"],
        within: &["journal/src", "engine/core/src", "engine/src", "replay/src"],
        except: NAPS,
        spare: Spare::Tests,
        reason: "a sleep is no synchronisation",
    },
];

impl Ban {
    pub(super) fn holds_for(&self, path: &str) -> bool {
        let is_in = |places: &[&str]| places.iter().any(|place| is_within(path, place));
        is_in(self.within) && !is_in(self.except)
    }
}
