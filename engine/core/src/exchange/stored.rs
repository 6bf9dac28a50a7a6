//! The exchange in a snapshot. Its genesis comes first, so that all memory is reserved before the
//! rest is put into it, as `Genesis` itself does it: nothing is allocated afterwards.

use super::Exchange;
use crate::snapshot::{Input, Output, Stored, Unreadable};

/// Of what `store` writes: it goes up when a field, or one of any type below it, does.
pub const EXCHANGE_VERSION: u32 = 1;

macro_rules! fields {
    ($($field:ident)*) => {
        impl Stored for Exchange {
            /// Between commands.
            fn store(&self, to: &mut Output<'_>) {
                let Self { $($field,)* genesis, rules: _, key, leaving, children, collected: _ } =
                    self;
                assert!(leaving.is_empty(), "nothing leaves between commands");
                assert!(children.is_empty(), "no child waits between commands");
                key.store(to);
                genesis.store(to);
                $($field.store(to);)*
            }

            fn load(from: &mut Input<'_>) -> Result<Self, Unreadable> {
                let key = Stored::load(from)?;
                let mut exchange = Self::begun(key, Stored::load(from)?);
                $(exchange.$field.restore(from)?;)*
                Ok(exchange)
            }
        }
    };
}

fields! {
    applied book terms tickets accounts clients instruments feeds timers conditions trails expiries
    holdings ledger prayers
}
