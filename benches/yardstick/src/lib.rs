//! The core's book as an engine of the public harness that matching engines are compared with:
//! `Engine` takes its messages, `wire` is what they look like, and the functions below are its C
//! interface, behind which there is one engine a process, called by one thread at a time. Unsafe,
//! because a C interface is made of bare pointers.
//! `RUSTFLAGS='-C target-cpu=native' cargo build --release -p yardstick` makes
//! `target/release/libyardstick.so`.

mod engine;
mod ids;
mod outlet;
pub mod queue;
pub mod wire;

use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

pub use engine::{Engine, Sink};
use orison_core::Side;
use outlet::Outlet;
use wire::{Cancel, Modify, NewOrder, Tagged, Transport};

static ENGINE: AtomicPtr<Engine<Outlet>> = AtomicPtr::new(null_mut());

/// Between init and shutdown.
#[inline]
fn engine() -> &'static mut Engine<Outlet> {
    let engine = ENGINE.load(Ordering::Relaxed);
    assert!(!engine.is_null(), "engine_init comes first");
    // SAFETY: made by `engine_init` and not yet shut down; the interface has one caller at a time,
    // and no function here keeps the reference.
    unsafe { &mut *engine }
}

/// Reports go to `sink`, a queue that `transport` has made. Chance plays no part here, so the seed
/// is not used. A second call begins anew.
///
/// # Safety
/// Both live until `engine_shutdown`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_init(_seed: u64, transport: *const Transport, sink: *mut c_void) {
    // SAFETY: the caller promises a transport.
    let transport = unsafe { *transport };
    // SAFETY: the caller promises that the queue is its, and lives on.
    let outlet = unsafe { Outlet::new(transport, sink) };
    let engine = Box::into_raw(Box::new(Engine::new(outlet)));
    forget(ENGINE.swap(engine, Ordering::AcqRel));
}

#[unsafe(no_mangle)]
pub extern "C" fn engine_shutdown() {
    forget(ENGINE.swap(null_mut(), Ordering::AcqRel));
}

fn forget(engine: *mut Engine<Outlet>) {
    if !engine.is_null() {
        // SAFETY: made by `engine_init`, and no longer reachable.
        drop(unsafe { Box::from_raw(engine) });
    }
}

/// # Safety
/// `order` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_new_order(order: *const NewOrder) {
    // SAFETY: the caller promises it.
    engine().on_new_order(unsafe { &*order });
}

/// # Safety
/// `cancel` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_cancel(cancel: *const Cancel) {
    // SAFETY: the caller promises it.
    engine().on_cancel(unsafe { &*cancel });
}

/// # Safety
/// `modify` is one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_modify(modify: *const Modify) {
    // SAFETY: the caller promises it.
    engine().on_modify(unsafe { &*modify });
}

/// Each in its turn, none looked at before. A tag that is none of the three is passed over.
///
/// # Safety
/// There are `count` messages.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn engine_on_batch(messages: *const Tagged, count: u32) {
    // SAFETY: the caller promises so many.
    let messages = unsafe { std::slice::from_raw_parts(messages, count as usize) };
    let engine = engine();
    for Tagged { kind, body, .. } in messages {
        match *kind {
            // SAFETY: the tag says which it is, and every pattern of bits is one.
            wire::NEW_ORDER => engine.on_new_order(unsafe { &body.new_order }),
            // SAFETY: as above.
            wire::CANCEL => engine.on_cancel(unsafe { &body.cancel }),
            // SAFETY: as above.
            wire::MODIFY => engine.on_modify(unsafe { &body.modify }),
            _ => {}
        }
    }
}

/// Nothing is ever deferred here; a queue of the harness's own may hold something back.
#[unsafe(no_mangle)]
pub extern "C" fn engine_flush() {
    engine().sink().flush();
}

/// `i64::MIN`: there is none.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_best_bid() -> i64 {
    engine().best(Side::Buy).unwrap_or(i64::MIN)
}

/// `i64::MAX`: there is none.
#[unsafe(no_mangle)]
pub extern "C" fn engine_query_best_ask() -> i64 {
    engine().best(Side::Sell).unwrap_or(i64::MAX)
}

#[unsafe(no_mangle)]
pub extern "C" fn engine_query_depth_at(price_ticks: i64, side: u8) -> u64 {
    engine().depth_at(Side::BOTH[usize::from(side != 0)], price_ticks)
}

#[unsafe(no_mangle)]
pub extern "C" fn engine_get_transport() -> *const Transport {
    &raw const queue::TRANSPORT
}
