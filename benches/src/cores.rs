//! Where threads run: whoever is pinned hands it on to the threads and processes it starts.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The core of what is measured, and the one of what puts load on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Seat {
    Server,
    Load,
}

/// The calling thread, on one core from here on. On a machine with one core both are that one.
pub fn pin(seat: Seat) {
    let cores = allowed();
    let core = match seat {
        Seat::Server => cores.first(),
        Seat::Load => cores.last(),
    };
    let mut only = CpuSet::new();
    only.set(*core.expect("this thread runs somewhere"));
    sched_setaffinity(None, &only).expect("a core that this process may use");
}

/// The calling thread, wherever this process may run.
pub fn unpin() {
    let mut all = CpuSet::new();
    allowed().iter().for_each(|core| all.set(*core));
    sched_setaffinity(None, &all).expect("cores that this process may use");
}

/// What it may use, whatever the calling thread is pinned to: asked before anything is pinned.
fn allowed() -> &'static [usize] {
    static ALLOWED: std::sync::OnceLock<Vec<usize>> = std::sync::OnceLock::new();
    ALLOWED.get_or_init(|| {
        let set = sched_getaffinity(None).expect("a thread may ask where it runs");
        (0..CpuSet::MAX_CPU).filter(|core| set.is_set(*core)).collect()
    })
}
