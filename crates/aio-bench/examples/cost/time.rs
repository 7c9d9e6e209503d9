//! Times a piece of work.

use std::time::{Duration, Instant};

/// A piece of work is repeated for at least so long.
const AT_LEAST: Duration = Duration::from_millis(400);
/// And so often.
const TIMES: usize = 5;

/// The median of the milliseconds that a piece of work takes, after it was done once.
pub(crate) fn milliseconds(mut work: impl FnMut()) -> f64 {
    work();
    let (mut times, begun) = (Vec::new(), Instant::now());
    while times.len() < TIMES || begun.elapsed() < AT_LEAST {
        let start = Instant::now();
        work();
        times.push(1e3 * start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
