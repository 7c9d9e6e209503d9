//! One kind of file: a whole example, how the program reads it, and what damaged copies of it become.

use crate::damage::damaged;
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longest time that reading a small file may take.
const LONGEST: Duration = Duration::from_secs(10);

/// Whether a file says what it contained when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    /// It has a checksum: no other content may come out of it.
    Checksum,
    /// It has none, because other tools or people write it: a value of the right form may come out.
    None,
}

/// What reading a file gives: its content in some form that differs where the content differs, or the message of the error.
pub(crate) type Content = Result<String, String>;

/// A kind of file that the program reads.
pub(crate) struct Kind {
    /// As the documentation names it.
    pub(crate) name: &'static str,
    pub(crate) seal: Seal,
    /// The file that is damaged, whole at first.
    pub(crate) file: PathBuf,
    /// Reads it as the program does.
    pub(crate) read: Box<dyn Fn() -> Content + Send + Sync>,
    /// Where the file and what it needs lie.
    pub(crate) _kept: tempfile::TempDir,
}

/// What became of the damaged copies of a kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// An error that names the file.
    pub(crate) refused: usize,
    /// The content that was written.
    pub(crate) same: usize,
    /// Another value of the right form, where there is no checksum.
    pub(crate) other: usize,
    /// The longest time that reading a copy took.
    pub(crate) slowest: Duration,
}

thread_local! {
    /// Whether panics of this thread are expected to be caught, so that they need not be printed.
    static CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics that a trial catches from being printed.
pub(crate) fn quiet_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !CAUGHT.get() {
            before(info);
        }
    }));
}

impl Kind {
    /// Damages the file in `copies` ways and reads every copy.
    ///
    /// # Errors
    /// The first copy that panics, takes too long, becomes another content in spite of a checksum, or whose error does not name the file.
    pub(crate) fn damage(&self, copies: u64) -> Result<Counts, Failure> {
        let whole = std::fs::read(&self.file).expect("the whole file");
        let content = (self.read)().unwrap_or_else(|e| panic!("{}, whole: {e}", self.name));
        let mut counts = Counts::default();
        for copy in 0..copies {
            let bytes = damaged(&whole, &mut aio_types::rng(0, self.name, copy));
            std::fs::write(&self.file, bytes).expect("write");
            let begun = Instant::now();
            CAUGHT.set(true);
            let outcome = catch_unwind(AssertUnwindSafe(|| (self.read)()));
            CAUGHT.set(false);
            let took = begun.elapsed();
            counts.slowest = counts.slowest.max(took);
            let failed = |what: String| Err(Failure { kind: self.name, copy, what });
            match outcome {
                Err(panic) => return failed(format!("panics: {}", message(&*panic))),
                _ if took > LONGEST => return failed(format!("takes {took:?}")),
                Ok(Ok(found)) if found == content => counts.same += 1,
                Ok(Ok(_)) if self.seal == Seal::None => counts.other += 1,
                Ok(Ok(found)) => return failed(format!("becomes another content: {found}")),
                Ok(Err(error)) if self.is_named_by(&error) => counts.refused += 1,
                Ok(Err(error)) => return failed(format!("is not named by its error: {error}")),
            }
        }
        std::fs::write(&self.file, whole).expect("write");
        assert_eq!((self.read)().as_ref(), Ok(&content), "{}, whole again", self.name);
        Ok(counts)
    }

    /// Whether an error names the file, or the folder that holds it.
    fn is_named_by(&self, error: &str) -> bool {
        let folder = self.file.parent().expect("a folder").display().to_string();
        let name = self.file.file_name().expect("a name").to_string_lossy();
        error.contains(&*name) || error.contains(&folder)
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

/// A damaged copy that was not treated as promised.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: &'static str,
    copy: u64,
    what: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what: String = self.what.chars().take(400).collect();
        write!(f, "{}, copy {}: {what}", self.kind, self.copy)
    }
}
