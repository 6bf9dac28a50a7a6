//! The progress bar of long runs: on a terminal only, on standard error only, gone at the end.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How far a long run has come.
pub(crate) struct Gauge {
    bar: ProgressBar,
}

impl Gauge {
    pub(crate) fn of_commands() -> Self {
        Self::new("{spinner} {human_pos} commands  {per_sec}  {elapsed}")
    }

    pub(crate) fn of_bytes() -> Self {
        Self::new("{wide_bar} {bytes} of {total_bytes}  {eta} left")
    }

    fn new(template: &str) -> Self {
        let style = ProgressStyle::with_template(template).expect("our templates are good ones");
        // At most a few times a second; not at all where nobody is watching.
        let target = ProgressDrawTarget::stderr_with_hz(4);
        let bar = ProgressBar::with_draw_target(None, target).with_style(style);
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(250));
        }
        Self { bar }
    }

    pub(crate) fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    pub(crate) fn at_of(&self, position: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(position);
    }
}

impl Drop for Gauge {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
