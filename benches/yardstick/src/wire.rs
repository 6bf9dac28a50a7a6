//! What passes the C interface, octet for octet. Fields keep the names they have there.
//! `unsafe` stands in the types of the harness's own functions alone; nothing is called here.

use std::ffi::{c_int, c_void};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct NewOrder {
    pub order_id: u64,
    pub sequence_number: u64,
    pub price_ticks: i64,
    pub quantity: u32,
    /// 0 buys, anything else sells.
    pub side: u8,
    /// 0 rests what it has not traded.
    pub ioc: u8,
    pub pad: [u8; 2],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Cancel {
    pub order_id: u64,
    pub sequence_number: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Modify {
    pub order_id: u64,
    pub sequence_number: u64,
    pub new_price_ticks: i64,
    pub new_quantity: u32,
    /// Not looked at: an order keeps its side.
    pub side: u8,
    pub pad: [u8; 3],
}

/// One of a batch: a tag, and one of the three above.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Tagged {
    pub kind: u8,
    pub pad: [u8; 7],
    pub body: Body,
}

#[derive(Clone, Copy)]
#[repr(C)]
pub union Body {
    pub new_order: NewOrder,
    pub cancel: Cancel,
    pub modify: Modify,
}

pub const NEW_ORDER: u8 = 0;
pub const CANCEL: u8 = 1;
pub const MODIFY: u8 = 2;

/// One cache line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C, align(64))]
pub struct Report {
    pub kind: u8,
    pub side: u8,
    pub pad: [u8; 6],
    /// Of the message that caused it.
    pub sequence_number: u64,
    pub order_id: u64,
    /// Of a trade: the maker's.
    pub price_ticks: i64,
    pub quantity: u32,
    pub pad_quantity: [u8; 4],
    pub maker_order_id: u64,
    pub taker_order_id: u64,
    pub pad_end: [u8; 8],
}

pub const ORDER_ACK: u8 = 0;
pub const TRADE: u8 = 1;
/// Also for what is left of an IOC order.
pub const CANCEL_ACK: u8 = 2;
pub const MODIFY_ACK: u8 = 3;
/// Also for a new order whose id is resting.
pub const CANCEL_REJECT: u8 = 4;
pub const MODIFY_REJECT: u8 = 5;

/// How reports travel: five functions over a queue that they know.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Transport {
    pub create: unsafe extern "C" fn(capacity: u32) -> *mut c_void,
    /// 1: taken; 0: full.
    pub push: unsafe extern "C" fn(queue: *mut c_void, report: *const Report) -> c_int,
    /// How many were written to `out`.
    pub drain: unsafe extern "C" fn(queue: *mut c_void, out: *mut Report, max: u32) -> u32,
    pub flush: unsafe extern "C" fn(queue: *mut c_void),
    pub destroy: unsafe extern "C" fn(queue: *mut c_void),
}

const _: () = assert!(size_of::<NewOrder>() == 32);
const _: () = assert!(size_of::<Modify>() == 32);
const _: () = assert!(size_of::<Tagged>() == 40);
const _: () = assert!(size_of::<Report>() == 64);
