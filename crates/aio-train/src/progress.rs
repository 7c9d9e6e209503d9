//! Progress on stderr: a bar on a terminal, plain lines elsewhere, so that the log of a batch job shows how far it is.
//!
//! Progress belongs to the messages of level `info` of the [`log`] facade. A program that installs no logger, or whose level is below
//! [`log::LevelFilter::Info`] when a phase begins, sees nothing: this crate never writes to stderr unasked. Where stderr is a terminal, the bar is drawn
//! there directly; otherwise lines go through [`log::info!`].

use indicatif::{ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two lines of a phase.
const INTERVAL: Duration = Duration::from_secs(30);

/// Phases that end sooner print no line about their end, because there are many of them.
const SHORT_PHASE: Duration = Duration::from_secs(1);

/// Where progress is shown.
#[derive(Debug)]
enum Display {
    Hidden,
    Bar(ProgressBar),
    /// With the time of the last line.
    Lines(Mutex<Instant>),
}

/// The progress of one phase of a command, such as decoding or a training stage. It may be advanced from several threads.
#[derive(Debug)]
pub struct Progress {
    phase: String,
    unit: &'static str,
    total: AtomicUsize,
    done: AtomicUsize,
    /// What an earlier call had done, which does not count for the rate.
    done_before: usize,
    begun: Instant,
    display: Display,
}

/// What is reported about a training step beside its number.
#[derive(Debug)]
pub struct StepReport<'a> {
    /// Loss terms by name.
    pub terms: &'a BTreeMap<String, f32>,
    /// Learning rate of the step.
    pub learning_rate: f64,
    /// Share of the time of this call in which the training waited for its data, in 0..1.
    pub waiting: f64,
    /// Whether the step ends an epoch, which prints a line whatever the time.
    pub epoch_ends: bool,
}

impl Progress {
    /// A phase of `total` items of a kind (`unit`, in the plural).
    #[must_use]
    pub fn new(phase: &str, total: usize, unit: &'static str) -> Self {
        Self::resumed(phase, total, unit, 0)
    }

    /// As [`Progress::new`], for a phase of which an earlier call has done a part.
    #[must_use]
    pub fn resumed(phase: &str, total: usize, unit: &'static str, done_before: usize) -> Self {
        let display = if log::max_level() < log::LevelFilter::Info {
            Display::Hidden
        } else if std::io::stderr().is_terminal() {
            Display::Bar(bar(phase, total, unit, done_before))
        } else {
            Display::Lines(Mutex::new(Instant::now()))
        };
        Self {
            phase: phase.to_owned(),
            unit,
            total: AtomicUsize::new(total),
            done: AtomicUsize::new(done_before),
            done_before,
            begun: Instant::now(),
            display,
        }
    }

    /// Changes the number of items, where it becomes known only during the phase.
    pub fn set_total(&self, total: usize) {
        self.total.store(total, Ordering::Relaxed);
        if let Display::Bar(bar) = &self.display {
            bar.set_length(total as u64);
        }
    }

    /// Says that so many further items are done.
    pub fn inc(&self, count: usize) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        self.show(done, false, String::new);
    }

    /// Says how many items are done.
    pub fn set_position(&self, done: usize) {
        self.done.store(done, Ordering::Relaxed);
        self.show(done, false, String::new);
    }

    /// Says that one training step is done, and what its losses were.
    pub fn step(&self, report: &StepReport) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Display::Bar(bar) = &self.display {
            let sum: f32 = report.terms.values().sum();
            bar.set_message(format!("sum of losses {sum:.3}, {}", waiting(report)));
        }
        self.show(done, report.epoch_ends, || details(report));
    }

    fn show(&self, done: usize, always: bool, details: impl FnOnce() -> String) {
        match &self.display {
            Display::Hidden => {}
            Display::Bar(bar) => bar.set_position(done as u64),
            Display::Lines(last) => {
                let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
                if always || last.elapsed() >= INTERVAL {
                    *last = Instant::now();
                    let line = self.line(done, self.begun.elapsed());
                    log::info!("{line}{}", details());
                }
            }
        }
    }

    /// The phase is done: removes the bar, or prints how long it took.
    pub fn finish(self) {
        match &self.display {
            Display::Hidden => {}
            Display::Bar(bar) => bar.finish_and_clear(),
            Display::Lines(_) => {
                let elapsed = self.begun.elapsed();
                if elapsed >= SHORT_PHASE {
                    let done = self.done.load(Ordering::Relaxed);
                    let Self { phase, unit, .. } = &self;
                    log::info!("{phase}: {done} {unit} done in {}", clock(elapsed.as_secs()));
                }
            }
        }
    }

    /// Phase, number, rate and time left.
    fn line(&self, done: usize, elapsed: Duration) -> String {
        let Self { phase, unit, done_before, .. } = self;
        let total = self.total.load(Ordering::Relaxed);
        let mut line = format!("{phase}: {done}/{total} {unit}");
        let rate = done.saturating_sub(*done_before) as f64 / elapsed.as_secs_f64().max(1e-9);
        if rate > 0.0 && done < total {
            let left = clock(((total - done) as f64 / rate).round() as u64);
            line += &format!(", {rate:.2} {unit}/s, {left} left");
        }
        line
    }
}

fn bar(phase: &str, total: usize, unit: &str, done_before: usize) -> ProgressBar {
    let bar = ProgressBar::new(total as u64);
    let template = format!(
        "{{prefix:22}} {{wide_bar}} {{pos}}/{{len}} {unit}  {{per_sec}}  {{eta}} left  {{msg}}"
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style);
    }
    bar.set_prefix(phase.to_owned());
    bar.set_position(done_before as u64);
    bar.reset_eta();
    bar
}

fn details(report: &StepReport) -> String {
    let mut text = format!("; {}, learning rate {:.2e}", waiting(report), report.learning_rate);
    for (name, value) in report.terms {
        text += &format!(", {name} {value:.4}");
    }
    text
}

fn waiting(report: &StepReport) -> String {
    format!("{:.0} % waiting for data", 100.0 * report.waiting)
}

/// Hours, minutes and seconds.
pub(crate) fn clock(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_a_phase_is_and_how_long_it_will_take() {
        let progress = Progress::resumed("synthetic pairs", 3000, "steps", 100);
        // 50 steps of this call in 25 seconds; 2850 are left.
        let line = progress.line(150, Duration::from_secs(25));
        assert_eq!(line, "synthetic pairs: 150/3000 steps, 2.00 steps/s, 0:23:45 left");
        assert_eq!(progress.line(3000, Duration::from_secs(9)), "synthetic pairs: 3000/3000 steps");
        let terms = BTreeMap::from([("binding".to_owned(), 2.5), ("identity.rgb".to_owned(), 1.0)]);
        let report =
            StepReport { terms: &terms, learning_rate: 0.0005, waiting: 0.034, epoch_ends: false };
        assert_eq!(
            details(&report),
            "; 3 % waiting for data, learning rate 5.00e-4, binding 2.5000, identity.rgb 1.0000"
        );
    }

    #[test]
    fn without_a_logger_nothing_is_shown() {
        let progress = Progress::new("decoding", 2, "pictures");
        assert!(matches!(progress.display, Display::Hidden));
        progress.inc(1);
        progress.finish();
    }
}
