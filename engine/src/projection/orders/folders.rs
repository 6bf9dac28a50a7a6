//! What belongs to one account: its orders in the order of entry, and those that have ended in
//! the order of ending. Only the ends are here; the links are in the shelf's entries.

use super::shelf::{NONE, Place};

#[derive(Clone, Copy)]
pub(super) struct Folder {
    /// The order entered last.
    pub(super) newest: Place,
    pub(super) closed_oldest: Place,
    pub(super) closed_newest: Place,
    pub(super) closed_count: usize,
}

impl Folder {
    pub(super) const EMPTY: Self =
        Self { newest: NONE, closed_oldest: NONE, closed_newest: NONE, closed_count: 0 };
}

orison_core::stored! {
    Folder { newest, closed_oldest, closed_newest, closed_count }
}
