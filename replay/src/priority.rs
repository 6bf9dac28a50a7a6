//! How threads that replay beside a running exchange give way to it.

/// Nobody else waits for them.
const NICE: i32 = 19;

/// Of the calling thread alone. One that may not is a little more in the way.
pub fn lower() {
    let thread = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(thread), NICE) {
        tracing::debug!(%error, "a thread keeps its priority");
    }
}
