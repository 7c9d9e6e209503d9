//! A crash at any step leaves the old gallery or the new one.

use crate::support::{add, contents, create, fill, known, rng, verified};
use aio_gallery::{Claim, Gallery, Result, Step, Storage, Unclaimed, Writer};
use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Fails after a number of steps, and notes them.
#[derive(Clone, Default)]
struct Crash {
    left: Rc<Cell<usize>>,
    steps: Rc<RefCell<Vec<Step>>>,
    lost: Rc<Cell<bool>>,
}

impl Claim for Crash {
    fn holds(&self) -> bool {
        !self.lost.get()
    }

    fn reached(&self, step: Step) -> std::io::Result<()> {
        self.steps.borrow_mut().push(step);
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        if left == 0 { Err(std::io::Error::other("the power is gone")) } else { Ok(()) }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("created");
    for entry in std::fs::read_dir(from).expect("listed").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Names below a directory, without the manifest.
fn names(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("listed").flatten() {
        if entry.path().is_dir() {
            found.extend(names(&entry.path()));
        }
        found.push(entry.path());
    }
    found.sort();
    found
}

/// Does something to copies of a gallery, with a crash after each of its steps, and returns the steps of the last time, without a crash.
fn crash_everywhere(start: &Path, change: impl Fn(&mut Writer) -> Result<()>) -> Vec<Step> {
    let old = contents(&Gallery::open(start).expect("opened"));
    let finished = tempfile::tempdir().expect("temporary directory");
    copy(start, finished.path());
    change(&mut Writer::open(finished.path(), Unclaimed).expect("opened")).expect("no crash");
    let new = contents(&Gallery::open(finished.path()).expect("opened"));
    for crash_after in 0..1000 {
        let directory = tempfile::tempdir().expect("temporary directory");
        copy(start, directory.path());
        let crash = Crash::default();
        crash.left.set(crash_after);
        let mut writer = Writer::open(directory.path(), crash.clone()).expect("opened");
        let outcome = change(&mut writer);
        drop(writer);
        let steps = crash.steps.borrow().clone();
        let found = contents(&Gallery::open(directory.path()).expect("a reader sees a gallery"));
        let is_new = steps.contains(&Step::Manifest);
        assert_eq!(&found, if is_new { &new } else { &old }, "after {steps:?}");
        assert_eq!(verified(directory.path()).damages, []);
        // The next writer removes what was left and does the same again.
        let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened again");
        let expected = writer.gallery().expect("opened");
        assert_eq!(contents(&expected), found);
        let leftovers = names(directory.path()).len();
        let clean = tempfile::tempdir().expect("temporary directory");
        copy(if is_new { finished.path() } else { start }, clean.path());
        assert_eq!(leftovers, names(clean.path()).len(), "after {steps:?}");
        if !is_new {
            change(&mut writer).expect("no crash");
            assert_eq!(contents(&Gallery::open(directory.path()).expect("opened")), new);
        }
        if outcome.is_ok() {
            return steps;
        }
    }
    panic!("it does not end");
}

fn start(storage: Storage) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("temporary directory");
    let mut writer = create(directory.path(), storage);
    fill(&mut writer, 41, 20, 7);
    writer.remove(&[2, 9]).expect("removed");
    directory
}

#[test]
fn a_crash_while_rows_are_added() {
    let start = start(Storage::Int8);
    let steps = crash_everywhere(start.path(), |writer| {
        let mut rng = rng(42);
        (100..110).for_each(|i| _ = add(writer, &known(&mut rng, i)));
        writer.commit()
    });
    use Step::{Described, Features, Manifest, Named, Rows};
    assert_eq!(steps, [Features, Rows, Described, Named, Manifest]);
}

#[test]
fn a_crash_while_rows_are_removed() {
    let start = start(Storage::F32);
    let steps = crash_everywhere(start.path(), |writer| writer.remove(&[5, 6, 19]).map(|_| ()));
    // The numbers and the contents of the removed rows; those before go.
    use Step::{Cleaned, Manifest, Removed};
    assert_eq!(steps, [Removed, Removed, Manifest, Cleaned, Cleaned]);
}

#[test]
fn a_crash_while_a_gallery_is_compacted() {
    let start = start(Storage::F16);
    let steps = crash_everywhere(start.path(), |writer| writer.compact(&|| false).map(|_| ()));
    assert_eq!(steps.len(), 5 + 4, "three segments and the list of removed rows go: {steps:?}");
}

#[test]
fn a_crash_while_an_index_is_made() {
    let start = start(Storage::F32);
    let make = |writer: &mut Writer| writer.index(8, &|| ControlFlow::Continue(())).map(|_| ());
    let steps = crash_everywhere(start.path(), make);
    assert_eq!(steps, [Step::Index, Step::Manifest]);
    make(&mut Writer::open(start.path(), Unclaimed).expect("opened")).expect("made");
    // The index before goes.
    assert_eq!(crash_everywhere(start.path(), make), [Step::Index, Step::Manifest, Step::Cleaned]);
}

#[test]
fn a_crash_while_galleries_are_merged() {
    let (start, other) = (start(Storage::F32), tempfile::tempdir().expect("temporary directory"));
    let mut writer = create(other.path(), Storage::F32);
    let mut rng = rng(43);
    (15..25).for_each(|i| _ = add(&mut writer, &known(&mut rng, i)));
    writer.commit().expect("committed");
    let steps = crash_everywhere(start.path(), |writer| {
        writer.merge(&[Gallery::open(other.path()).expect("opened")]).map(|_| ())
    });
    assert_eq!(steps.iter().filter(|step| **step == Step::Linked).count(), 6);
    assert_eq!(steps.iter().filter(|step| **step == Step::Manifest).count(), 1);
}

#[test]
fn a_crash_in_the_middle_of_a_file_leaves_the_old_gallery() {
    let start = start(Storage::F32);
    let old = contents(&Gallery::open(start.path()).expect("opened"));
    let mut rng = rng(44);
    let mut writer = Writer::open(start.path(), Unclaimed).expect("opened");
    (200..205).for_each(|i| _ = add(&mut writer, &known(&mut rng, i)));
    // The process ends with rows that are added and not committed.
    drop(writer);
    std::fs::write(start.path().join(".gallery.json.0123456789ab.0.tmp"), "{\"form")
        .expect("written");
    assert_eq!(contents(&Gallery::open(start.path()).expect("opened")), old);
    drop(Writer::open(start.path(), Unclaimed).expect("opened"));
    let left = names(start.path());
    assert!(left.iter().all(|path| !path.to_string_lossy().ends_with(".tmp")), "{left:?}");
}

#[test]
fn whoever_lost_the_claim_writes_nothing_more() {
    let start = start(Storage::F32);
    let old = contents(&Gallery::open(start.path()).expect("opened"));
    let crash = Crash::default();
    crash.left.set(1000);
    let mut writer = Writer::open(start.path(), crash.clone()).expect("opened");
    add(&mut writer, &known(&mut rng(45), 300));
    crash.lost.set(true);
    let error = writer.commit().expect_err("another process took over");
    assert!(!error.is_user() && error.to_string().contains("took the gallery over"), "{error}");
    assert_eq!(contents(&Gallery::open(start.path()).expect("opened")), old);
}
