//! The limits of a genesis by name, for those who configure, show and raise them. What a limit
//! means stands at its field.

use crate::command::Genesis;

macro_rules! limits {
    ($($name:ident: $type:ty,)*) => {
        impl Genesis {
            /// Every limit with its name.
            pub fn limits(&self) -> [(&'static str, u64); [$(stringify!($name),)*].len()] {
                [$((stringify!($name), u64::from(self.$name)),)*]
            }

            /// With one limit changed. None: there is none of that name, or it cannot be so high.
            #[must_use]
            pub fn with_limit(mut self, name: &str, value: u64) -> Option<Self> {
                match name {
                    $(stringify!($name) => self.$name = <$type>::try_from(value).ok()?,)*
                    _ => return None,
                }
                Some(self)
            }
        }
    };
}

limits! {
    orders_max: u32,
    accounts_max: u32,
    instruments_max: u16,
    assets_max: u16,
    closed_ids_max: u32,
    closed_ids_per_account_max: u32,
    feed_window: u32,
    positions_max: u32,
    balances_max: u32,
    trailing_max: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_read_and_changed_by_its_name() {
        let mut genesis = Genesis::DEFAULT;
        for (index, (name, value)) in Genesis::DEFAULT.limits().into_iter().enumerate() {
            genesis = genesis.with_limit(name, value + 1).unwrap();
            let raised = genesis
                .limits()
                .iter()
                .zip(Genesis::DEFAULT.limits())
                .position(|(now, before)| now.1 != before.1);
            assert_eq!(raised, Some(0), "{name}");
            assert_eq!(genesis.limits()[index], (name, value + 1));
        }
        assert_eq!(genesis.with_limit("rules_version", 1), None);
        assert_eq!(genesis.with_limit("assets_max", 1 << 16), None, "16 bits");
        assert_eq!(genesis.with_limit("orders_max", 1 << 32), None, "32 bits");
    }
}
