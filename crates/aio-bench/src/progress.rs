//! Progress bars on stderr: phase, done, rate and time left. They hide when stderr is no terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar for a phase of `total` items of a kind (`unit`).
#[must_use]
pub fn bar(phase: &str, total: usize, unit: &str) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let template =
        format!("{{msg:22}} {{wide_bar}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left");
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_message(phase.to_owned());
    bar
}
