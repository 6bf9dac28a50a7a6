//! The read models in a snapshot: each has a section of its own, and everyone has one. A new view
//! is one more line of the list at the end; without it nothing here compiles.

use orison_core::snapshot::{Input, Stored, Unreadable};

use super::{ViewLimits, Views};
use crate::snapshot::{Label, Need, Sections};

/// Of the section that says what all views are at, and how much they keep.
const VIEWS_VERSION: u32 = 1;

orison_core::stored! {
    ViewLimits {
        trades_max, candles_max, closed_orders_max, closed_orders_total_max, account_events_max,
        account_events_total_max, order_events_max, value_samples_max, value_lines_max,
    }
}

macro_rules! sections {
    ($($view:ident: $version:literal $need:ident,)*) => {
        impl Views {
            /// By name, and what must be there for the others to go on.
            pub(crate) const SECTIONS: [(&'static str, Need); 1 + [$($version),*].len()] =
                [("views", Need::Always), $((stringify!($view), Need::$need)),*];

            /// Between commands.
            pub(crate) fn sections(&self, sections: &mut impl Sections) {
                let Self { $($view,)* bars, limits, at } = self;
                assert!(bars.is_empty(), "a command that is over has told what it traded");
                sections.section("views", VIEWS_VERSION, &(*limits, *at));
                $(sections.section(stringify!($view), $version, $view);)*
            }

            /// Reads the section of a view into its place. None: there is no such view, or it is
            /// stored otherwise. Some: its name.
            pub(crate) fn restore_section(
                &mut self,
                label: Label<'_>,
                from: &mut Input<'_>,
            ) -> Option<Result<&'static str, Unreadable>> {
                match (label.name, label.version) {
                    ("views", VIEWS_VERSION) => Some(Stored::load(from).map(|(limits, at)| {
                        (self.limits, self.at) = (limits, at);
                        "views"
                    })),
                    $((stringify!($view), $version) => {
                        Some(Stored::load(from).map(|view| {
                            self.$view = view;
                            stringify!($view)
                        }))
                    })*
                    _ => None,
                }
            }
        }
    };
}

// The number goes up when what the view stores is no longer the same.
sections! {
    catalog: 1 Always,
    depth: 1 Always,
    trades: 1 History,
    statistics: 1 History,
    candles: 1 History,
    orders: 1 History,
    markets: 1 Always,
    balances: 1 Always,
    positions: 1 Always,
    prayers: 1 History,
    tickers: 1 History,
    external: 1 History,
    values: 1 History,
    signals: 1 History,
}
