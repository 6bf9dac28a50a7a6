//! Why a command is refused: one closed list, the same words on every wire.

use core::fmt;

macro_rules! reasons {
    ($($variant:ident = $code:literal $word:literal,)*) => {
        /// The numbers are journal-stable: a retired one is never given away again.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Reason { $($variant = $code,)* }

        impl Reason {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word of the tape; other wires show it in upper case.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

reasons! {
    UnknownSymbol = 1 "unknown_symbol",
    UnknownOrder = 2 "unknown_order",
    UnknownAccount = 3 "unknown_account",
    UnknownAsset = 4 "unknown_asset",
    BadPrice = 5 "bad_price",
    BadQuantity = 6 "bad_quantity",
    BadAmount = 7 "bad_amount",
    BadStop = 8 "bad_stop",
    BadDisplay = 9 "bad_display",
    BadExpiry = 10 "bad_expiry",
    BadCombination = 11 "bad_combination",
    BadStatus = 12 "bad_status",
    PriceBand = 13 "price_band",
    MinQuantity = 14 "min_quantity",
    PostOnly = 15 "post_only",
    Fok = 16 "fok",
    NoLiquidity = 17 "no_liquidity",
    InsufficientFunds = 18 "insufficient_funds",
    Overflow = 19 "overflow",
    DuplicateClientOrderId = 20 "duplicate_client_order_id",
    OrderLimit = 21 "order_limit",
    RateLimit = 22 "rate_limit",
    PositionLimit = 23 "position_limit",
    AccountLimit = 24 "account_limit",
    AccountDisabled = 25 "account_disabled",
    Halted = 26 "halted",
    Auction = 27 "auction",
    Closed = 28 "closed",
    BookFull = 29 "book_full",
    JournalFull = 30 "journal_full",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
