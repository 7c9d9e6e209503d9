//! Writes that fail, and files that cannot be removed.

#![cfg(unix)]

use crate::support::{add, contents, create, fill, known, rng, verified};
use aio_gallery::{Added, Content, Entry, Gallery, Storage, Unclaimed, Writer};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Set for the processes that the tests start: the gallery.
const GALLERY: &str = "AIO_TEST_GALLERY";

/// Bytes of a file in the process with limited files.
const LIMIT: usize = 512 * 1024;
/// Bytes of a thumbnail there.
const THUMBNAIL: usize = 50_000;

/// Runs another test of this program in a process of its own and returns what it printed.
fn in_a_process(command: &mut Command, test: &str, gallery: &Path) -> String {
    let output = command
        .args(["--exact", test, "--include-ignored", "--nocapture"])
        .env(GALLERY, gallery)
        .output()
        .expect("started");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{printed}{}", String::from_utf8_lossy(&output.stderr));
    printed
}

#[test]
fn a_write_that_fails_costs_no_more_than_the_rows_that_do_not_fit() {
    for storage in [Storage::F32, Storage::Int8] {
        let directory = tempfile::tempdir().expect("temporary directory");
        fill(&mut create(directory.path(), storage), 81, 12, 5);
        let old = contents(&Gallery::open(directory.path()).expect("opened"));
        let program = std::env::current_exe().expect("this program");
        // Writing behind the limit fails as on a full disk, because the signal is ignored.
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$0\" \"$@\"", LIMIT / 512);
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).arg(program);
        in_a_process(&mut shell, "failures::adds_more_than_fits", directory.path());
        let gallery = Gallery::open(directory.path()).expect("opened");
        let found = contents(&gallery);
        assert_eq!(found[..12], old, "the old rows are there");
        // Ten thumbnails fit, and so the ten rows before the failure are kept.
        assert_eq!(found.len(), 12 + LIMIT / THUMBNAIL);
        let mut rng = rng(82);
        for (i, row) in (100..).zip(&found[12..]) {
            let expected = known(&mut rng, i);
            assert_eq!(row.1, expected.record);
            assert_eq!(row.2, vec![i as u8; THUMBNAIL]);
        }
        assert_eq!(verified(directory.path()).damages, []);
        let mut writer = Writer::open(directory.path(), Unclaimed).expect("opened");
        assert_eq!(add(&mut writer, &known(&mut rng, 500)), Added::Row(found.len() as u64));
        writer.commit().expect("committed");
        writer.remove(&[3, 13]).expect("removed");
        writer.compact(&|| false).expect("compacted");
        assert_eq!(Gallery::open(directory.path()).expect("opened").len(), found.len() - 1);
    }
}

#[test]
#[ignore = "is started by the test above, and does nothing alone"]
fn adds_more_than_fits() {
    let Some(directory) = std::env::var_os(GALLERY) else { return };
    let mut writer = Writer::open(Path::new(&directory), Unclaimed).expect("opened");
    let mut rng = rng(82);
    let mut failed = 0;
    for i in 100..120 {
        let row = known(&mut rng, i);
        let name = row.record.path.clone().expect("a path");
        let content = Content::of([("rgb", name.as_bytes())]);
        let thumbnail = vec![i as u8; THUMBNAIL];
        let entry =
            Entry { content, features: &row.features, record: row.record, thumbnail: &thumbnail };
        match writer.add(entry) {
            Ok(added) => assert_eq!(added, Added::Row((i - 100 + 12) as u64)),
            Err(error) => {
                assert!(error.to_string().contains("thumbnails.jpegs"), "{error}");
                assert!(!writer.contains(content), "it can be added again");
                failed += 1;
            }
        }
    }
    assert_eq!(failed, 20 - LIMIT / THUMBNAIL);
    writer.commit().expect("what was whole");
}

/// A segment that no manifest names.
const LEFTOVER: &str = "0123456789abcdef0123456789abcdef";

/// The user `nobody`, for tests that the administrator runs.
const NOBODY: u32 = 65534;

#[test]
fn a_leftover_that_cannot_be_removed_does_not_stop_a_writer() {
    let directory = tempfile::tempdir().expect("temporary directory");
    fill(&mut create(directory.path(), Storage::F32), 83, 12, 5);
    // Of an interrupted writer. Its folder cannot be changed, so that the file in it stays.
    let leftover = directory.path().join("segments").join(LEFTOVER);
    std::fs::create_dir(&leftover).expect("created");
    std::fs::write(leftover.join("features.f32"), [0; 8]).expect("written");
    let temporary = directory.path().join("segments/.segment.0123456789ab.0.tmp");
    std::fs::create_dir(&temporary).expect("created");
    std::fs::write(temporary.join("features.f32"), [0; 8]).expect("written");
    let mode = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
    };
    for path in [directory.path(), &directory.path().join("segments")] {
        mode(path, 0o777);
    }
    for path in [&leftover, &temporary] {
        mode(path, 0o555);
    }
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    // Permissions do not bind the administrator.
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|found| {
        use std::os::unix::fs::MetadataExt;
        found.uid() == 0
    });
    if is_root {
        command.uid(NOBODY);
    }
    in_a_process(&mut command, "failures::changes_a_gallery_beside_it", directory.path());
    assert!(leftover.join("features.f32").exists() && temporary.join("features.f32").exists());
    assert_eq!(Gallery::open(directory.path()).expect("opened").len(), 12);
    for path in [&leftover, &temporary] {
        mode(path, 0o755);
    }
    drop(Writer::open(directory.path(), Unclaimed).expect("opened"));
    assert!(!leftover.exists() && !temporary.exists(), "the next writer that can removes it");
}

#[test]
#[ignore = "is started by the test above, and does nothing alone"]
fn changes_a_gallery_beside_it() {
    let Some(directory) = std::env::var_os(GALLERY) else { return };
    let directory = Path::new(&directory);
    let leftover = directory.join("segments").join(LEFTOVER).join("features.f32");
    std::fs::remove_file(&leftover).expect_err("this user cannot remove it");
    let mut writer = Writer::open(directory, Unclaimed).expect("opened");
    add(&mut writer, &known(&mut rng(84), 200));
    writer.commit().expect("committed");
    assert_eq!(writer.remove(&[4]).expect("removed"), 1);
    writer.compact(&|| false).expect("compacted");
}
