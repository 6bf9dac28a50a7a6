//! The bytes of each kind, format version 1: little-endian, fixed width, padded by name only.
//! Fields stand widest first, so that nothing lies between them; golden bytes in the tests keep
//! it so. Texts fill their fields from the front, zeros behind. It must not know what they mean.

use rkyv::{Archive, Archived, Serialize};

use super::{Kind, PAYLOAD_ALIGN, PAYLOAD_BYTES_MAX};

macro_rules! layouts {
    ($($name:ident { $($field:ident: $type:ty,)* })*) => {$(
        #[derive(Archive, Serialize)]
        pub(super) struct $name { $(pub(super) $field: $type,)* }

        const _: () = {
            let bytes = Kind::$name.payload_bytes();
            assert!(size_of::<Archived<$name>>() == bytes);
            assert!(0 $(+ size_of::<$type>())* == bytes, "no padding without a name");
            assert!(align_of::<Archived<$name>>() <= PAYLOAD_ALIGN);
            assert!(bytes <= PAYLOAD_BYTES_MAX);
        };
    )*};
}

/// Cancels of a known account, and orders with and without a name, are what a day is made of.
const _: () = assert!(Kind::Cancel.payload_bytes() <= 32);
const _: () = assert!(Kind::Place.payload_bytes() <= 40);
const _: () = assert!(Kind::PlaceClient.payload_bytes() <= 64);

layouts! {
    Genesis {
        rules_version: u32,
        orders_max: u32,
        accounts_max: u32,
        closed_ids_max: u32,
        closed_ids_per_account_max: u32,
        feed_window: u32,
        instruments_max: u16,
        assets_max: u16,
    }
    Instrument {
        price_step: u64,
        quantity_step: u64,
        interruption_ns: u64,
        band_low: i64,
        band_high: i64,
        reference_price: i64,
        max_quantity: u64,
        min_notional_low: u64,
        min_notional_high: i64,
        maker_fee_ppm: i32,
        taker_fee_ppm: i32,
        execution_range_ppm: u32,
        fields: u16,
        base_decimals: u8,
        quote_decimals: u8,
        status: u8,
        price_step_scale: u8,
        quantity_step_scale: u8,
        reserved: [u8; 5],
        symbol: [u8; 16],
        base: [u8; 16],
        quote: [u8; 16],
    }
    GenesisWide {
        rules_version: u32,
        orders_max: u32,
        accounts_max: u32,
        closed_ids_max: u32,
        closed_ids_per_account_max: u32,
        feed_window: u32,
        positions_max: u32,
        balances_max: u32,
        trailing_max: u32,
        instruments_max: u16,
        assets_max: u16,
        actor: [u8; 32],
    }
    InstrumentBy {
        spec: Instrument,
        actor: [u8; 32],
    }
    Place {
        price: i64,
        quantity: u64,
        account: u32,
        instrument: u16,
        fields: u16,
        side: u8,
        order_type: u8,
        time_in_force: u8,
        self_trade: u8,
        reserved: [u8; 4],
    }
    PlaceClient {
        price: i64,
        quantity: u64,
        account: u32,
        instrument: u16,
        fields: u16,
        side: u8,
        order_type: u8,
        time_in_force: u8,
        self_trade: u8,
        client_order_id: [u8; 36],
    }
    PlaceWide {
        price: i64,
        quantity: u64,
        stop_price: i64,
        trail: i64,
        display: u64,
        min_quantity: u64,
        budget_low: u64,
        budget_high: i64,
        protection: i64,
        expire_at_ns: u64,
        account: u32,
        instrument: u16,
        fields: u16,
        side: u8,
        order_type: u8,
        time_in_force: u8,
        self_trade: u8,
        client_order_id: [u8; 36],
        account_name: [u8; 32],
        account_by: u8,
        reserved: [u8; 7],
    }
    Pair {
        legs: [PlaceWide; 2],
        link: u8,
        reserved: [u8; 7],
    }
    Cancel {
        sequence: u64,
        slot: u32,
        account: u32,
        leg: u16,
        reserved: [u8; 6],
    }
    CancelClient {
        account: u32,
        client_order_id: [u8; 36],
    }
    CancelNamed {
        sequence: u64,
        slot: u32,
        leg: u16,
        reserved: [u8; 2],
        account_name: [u8; 32],
    }
    CancelClientNamed {
        client_order_id: [u8; 36],
        account_name: [u8; 32],
    }
    Amend {
        sequence: u64,
        quantity: u64,
        price: i64,
        slot: u32,
        account: u32,
        leg: u16,
        fields: u8,
        reserved: [u8; 5],
    }
    AmendClient {
        quantity: u64,
        price: i64,
        account: u32,
        client_order_id: [u8; 36],
        fields: u8,
        reserved: [u8; 7],
    }
    AmendWide {
        sequence: u64,
        quantity: u64,
        price: i64,
        stop_price: i64,
        trail: i64,
        slot: u32,
        account: u32,
        leg: u16,
        fields: u8,
        account_by: u8,
        target_by: u8,
        reserved: [u8; 7],
        client_order_id: [u8; 36],
        account_name: [u8; 32],
    }
    MassCancel {
        account: u32,
        instrument: u16,
        given: u8,
        side: u8,
        reason: u8,
        reserved: [u8; 3],
    }
    MassCancelNamed {
        instrument: u16,
        given: u8,
        side: u8,
        reason: u8,
        reserved: [u8; 3],
        account_name: [u8; 32],
    }
    MassCancelBy {
        account: u32,
        instrument: u16,
        given: u8,
        side: u8,
        reason: u8,
        account_by: u8,
        reserved: [u8; 6],
        account_name: [u8; 32],
        actor: [u8; 32],
    }
    Pray {
        count: u32,
        side: u8,
        reserved: [u8; 3],
    }
    Ticker {
        price: i64,
        change_24h: i64,
        event_time_ms: u64,
        price_scale: u8,
        change_24h_scale: u8,
        reserved: [u8; 6],
        venue: [u8; 16],
        symbol: [u8; 16],
    }
    Liquidation {
        quantity: i64,
        price: i64,
        event_time_ms: u64,
        quantity_scale: u8,
        price_scale: u8,
        side: u8,
        reserved: [u8; 5],
        venue: [u8; 16],
        symbol: [u8; 16],
    }
    ExternalTrade {
        quantity: i64,
        price: i64,
        trade_id: u64,
        event_time_ms: u64,
        quantity_scale: u8,
        price_scale: u8,
        side: u8,
        reserved: [u8; 5],
        venue: [u8; 16],
        symbol: [u8; 16],
    }
    ExternalDepth {
        // Price, quantity; zeros behind the last.
        bids: [i64; 16],
        asks: [i64; 16],
        update_id: u64,
        event_time_ms: u64,
        price_scale: u8,
        quantity_scale: u8,
        bids_count: u8,
        asks_count: u8,
        reserved: [u8; 4],
        venue: [u8; 16],
        symbol: [u8; 16],
    }
    Status {
        instrument: u16,
        status: u8,
        reserved: [u8; 5],
        actor: [u8; 32],
    }
    Uncross {
        instrument: u16,
        reserved: [u8; 6],
        actor: [u8; 32],
    }
    EndOfDay {
        instrument: u16,
        given: u8,
        reserved: [u8; 5],
        actor: [u8; 32],
    }
    Transfer {
        amount_low: u64,
        amount_high: i64,
        account: u32,
        amount_scale: u8,
        direction: u8,
        account_by: u8,
        reserved: [u8; 1],
        asset: [u8; 16],
        account_name: [u8; 32],
        actor: [u8; 32],
    }
    Account {
        max_quantity_low: u64,
        max_quantity_high: i64,
        max_notional_low: u64,
        max_notional_high: i64,
        position_limit_low: u64,
        position_limit_high: i64,
        max_open_orders: u32,
        orders_per_second: u32,
        maker_fee_ppm: i32,
        taker_fee_ppm: i32,
        account: u32,
        fields: u16,
        cleared: u16,
        self_trade: u8,
        access: u8,
        max_quantity_scale: u8,
        max_notional_scale: u8,
        position_limit_scale: u8,
        account_by: u8,
        reserved: [u8; 2],
        account_name: [u8; 32],
        actor: [u8; 32],
    }
}
