//! What `/metrics` shows: counted where it happens, read when asked.

#[derive(Default)]
pub struct Metrics {}

impl Metrics {
    pub fn new() -> Self {
        Self {}
    }
}
