//! A thread of the runtime: named, pinned if asked, and never half alive: a panic in a stage
//! takes the process with it, because a ring whose reader has gone stands still in silence.

use std::thread::{Builder, JoinHandle};

use core_affinity::CoreId;

use super::StartError;

/// Ends the process if it is dropped by a panic; the panic's own message came first.
struct Guard {
    name: &'static str,
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("stage {} panicked: the process ends", self.name);
            std::process::abort();
        }
    }
}

pub(super) fn spawn<T: Send + 'static>(
    name: &'static str,
    pin: Option<usize>,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, StartError> {
    let run = move || {
        let _guard = Guard { name };
        if let Some(core) = pin {
            pin_to(name, core);
        }
        run()
    };
    let started = Builder::new().name(name.to_string()).spawn(run);
    started.map_err(|source| StartError::Thread { name, source })
}

/// A core that is not there, or not allowed, leaves the thread where it is.
fn pin_to(name: &'static str, core: usize) {
    let core_id = CoreId { id: core };
    let is_there = core_affinity::get_core_ids().is_some_and(|ids| ids.contains(&core_id));
    if !is_there || !core_affinity::set_for_current(core_id) {
        tracing::warn!(stage = name, core, "the core is not there; the thread is not pinned");
    }
}
