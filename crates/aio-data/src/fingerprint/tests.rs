use super::*;
use aio_types::{Camera, Clothes, Identity, Modality, SourcePhoto};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The fingerprints of a data set of two pictures, and how many files were read for them.
fn taken(
    root: &Path,
    identity: i64,
    earlier: Option<&ContentFingerprint>,
) -> (ContentFingerprint, usize) {
    let picture = |name: &str| Sample::picture(identity, Modality::Rgb, root.join(name));
    let dataset = Dataset {
        train: vec![picture("a.jpg"), Sample::sentence(identity, "a coat")],
        more: vec![picture("b.jpg")],
        ..Dataset::default()
    };
    let read = AtomicUsize::new(0);
    let tick = |total| {
        assert_eq!(total, 2);
        read.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let found = dataset.content_fingerprint(root, earlier, &tick).expect("fingerprints");
    (found, read.into_inner())
}

/// A data set with one sample in every part.
fn listed(root: &str) -> Dataset {
    let sample = || {
        let path = Path::new(root).join("a/1.jpg");
        vec![Sample::picture(1, Modality::Rgb, path), Sample::sentence(1, "a red coat")]
    };
    Dataset {
        train: sample(),
        validation: sample(),
        query: sample(),
        gallery: sample(),
        more: sample(),
        trials: vec![Trial { query: vec![0], gallery: vec![1] }],
        combinations: [("two".to_owned(), vec![vec![0, 1]])].into(),
        ..Dataset::default()
    }
}

#[test]
fn everything_that_a_reader_finds_is_in_the_fingerprint_but_where_it_lies() {
    let first = listed("here").fingerprint(Path::new("here"));
    let length = COMBINED_RULE.len() + 16;
    assert!(first.starts_with(COMBINED_RULE) && first.len() == length, "{first}");
    let without = Dataset { combinations: BTreeMap::new(), ..listed("here") };
    let without = without.fingerprint(Path::new("here"));
    assert!(without.starts_with(RULE) && without.len() == RULE.len() + 16, "{without}");
    assert_eq!(listed("there/deep").fingerprint(Path::new("there/deep")), first);
    let parts: [fn(&mut Dataset) -> &mut Vec<Sample>; 5] = [
        |of| &mut of.train,
        |of| &mut of.validation,
        |of| &mut of.query,
        |of| &mut of.gallery,
        |of| &mut of.more,
    ];
    let changes: [fn(&mut Sample); 9] = [
        |sample| sample.identity = Identity(2),
        |sample| sample.camera = Some(Camera(-1)),
        |sample| sample.modality = Modality::Sketch,
        |sample| sample.content = Content::Image(PathBuf::from("here/a/2.jpg")),
        |sample| sample.content = Content::Caption("a/1.jpg".into()),
        |sample| sample.source = Some(SourcePhoto(3)),
        |sample| sample.attributes = vec!["coat".into()],
        |sample| sample.artist = Some('a'),
        |sample| sample.clothes = Some(Clothes(4)),
    ];
    let mut seen = BTreeSet::from([first]);
    let mut expected = 1;
    let mut check = |what: &str, dataset: &Dataset| {
        seen.insert(dataset.fingerprint(Path::new("here")));
        expected += 1;
        assert_eq!(seen.len(), expected, "{what} is not in the fingerprint");
    };
    for (number, part) in parts.iter().enumerate() {
        for (change, apply) in changes.iter().enumerate() {
            let mut dataset = listed("here");
            apply(&mut part(&mut dataset)[0]);
            check(&format!("change {change} of part {number}"), &dataset);
        }
        let mut dataset = listed("here");
        part(&mut dataset).swap(0, 1);
        check(&format!("the order of part {number}"), &dataset);
    }
    let others: [fn(&mut Dataset); 4] = [
        |of| of.trials[0].query.push(1),
        |of| of.trials = vec![Trial { query: vec![1], gallery: vec![0] }],
        |of| of.combinations = [("two".to_owned(), vec![vec![1, 0]])].into(),
        |of| of.permutations = Some(PathBuf::from("here/rand_perm_cam.mat")),
    ];
    for (number, apply) in others.iter().enumerate() {
        let mut dataset = listed("here");
        apply(&mut dataset);
        check(&format!("change {number} of the data set"), &dataset);
    }
}

#[test]
fn fingerprints_of_different_rules_say_nothing_about_each_other() {
    assert_eq!(same_content("2:a", "2:a"), Some(true));
    assert_eq!(same_content("2:a", "2:b"), Some(false));
    // Those of version 0.1, in committed manifests.
    assert_eq!(same_content("436c8622d942e814", "436c8622d942e814"), Some(true));
    assert_eq!(same_content("436c8622d942e814", "f442ebe0f9208a9d"), Some(false));
    assert_eq!(same_content("436c8622d942e814", "2:436c8622d942e814"), None);
    // ORBench before the photographs of its captions were read, as in committed manifests.
    assert_eq!(same_content("2:60b066961cde8da3", "2-combined:60b066961cde8da3"), None);
}

#[cfg(unix)]
#[test]
fn a_change_that_keeps_length_and_time_is_seen() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (root, path) = (directory.path(), directory.path().join("b.jpg"));
    std::fs::write(root.join("a.jpg"), "one").expect("write");
    std::fs::write(&path, "two").expect("write");
    let time = std::fs::metadata(&path).and_then(|m| m.modified()).expect("a time");
    let (first, _) = taken(root, 1, None);
    std::fs::write(&path, "owt").expect("write");
    let file = std::fs::File::options().write(true).open(&path).expect("opened");
    file.set_modified(time).expect("the time of before");
    drop(file);
    let (in_place, read) = taken(root, 1, Some(&first));
    assert!(read == 2 && in_place.content != first.content, "written in place");
    // Another file of the same name, length and time.
    std::fs::write(root.join("new"), "wto").expect("write");
    let file = std::fs::File::options().write(true).open(root.join("new")).expect("opened");
    file.set_modified(time).expect("the time of before");
    drop(file);
    std::fs::rename(root.join("new"), &path).expect("replaced");
    let (replaced, _) = taken(root, 1, Some(&in_place));
    assert_ne!(replaced.content, in_place.content);
}

#[test]
fn contents_count_and_files_are_read_only_where_they_may_have_changed() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let root = directory.path();
    let write = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("write");
    write("a.jpg", "one");
    write("b.jpg", "two");
    let (first, read) = taken(root, 1, None);
    assert_eq!(read, 2);
    assert_eq!(taken(root, 1, Some(&first)), (first.clone(), 0));
    assert_ne!(taken(root, 2, Some(&first)).0.content, first.content, "labels count");

    // The same length: only the contents differ.
    write("b.jpg", "owt");
    let (changed, read) = taken(root, 1, Some(&first));
    assert!(read == 2 && changed.content != first.content);
    // Written again with the same contents: the time differs.
    write("b.jpg", "two");
    let (again, read) = taken(root, 1, Some(&first));
    assert!(read == 2 && again.files != first.files);
    assert_eq!(again.content, first.content);

    // A copy elsewhere.
    let copy = tempfile::tempdir().expect("temporary directory");
    for name in ["a.jpg", "b.jpg"] {
        std::fs::copy(root.join(name), copy.path().join(name)).expect("copied");
    }
    assert_eq!(taken(copy.path(), 1, None).0.content, first.content);
}

#[test]
fn a_missing_file_is_named_and_a_signal_stops() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = directory.path().join("a.jpg");
    let dataset = Dataset {
        query: vec![Sample::picture(1, Modality::Rgb, path.clone())],
        ..Dataset::default()
    };
    let stop = |_| ControlFlow::Break(());
    let error = dataset.content_fingerprint(directory.path(), None, &stop);
    assert!(error.expect_err("missing").to_string().contains("a.jpg"));
    std::fs::write(&path, "one").expect("write");
    let error = dataset.content_fingerprint(directory.path(), None, &stop);
    assert!(matches!(error, Err(DataError::Interrupted { .. })));
}

#[test]
fn an_index_that_was_built_since_is_no_change_of_the_data() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let root = directory.path().join("SYNTH-PEDES");
    std::fs::create_dir_all(root.join("Part1/7")).expect("created");
    std::fs::write(root.join("Part1/7/1.jpg"), "x").expect("written");
    let list = root.join("synthpedes_dataset.json");
    let write = |caption: &str| {
        let item = format!(
            "[{{\"id\":7,\"file_path\":\"Part1/7/1.jpg\",\"attributes\":[],\"captions\":[\"{caption}\"]}}]"
        );
        std::fs::write(&list, item).expect("written");
    };
    let content = || {
        let dataset = crate::DatasetName::SynthPedes.open(directory.path()).expect("read");
        let go_on = |_| ControlFlow::Continue(());
        let found = dataset.content_fingerprint(&root, None, &go_on).expect("fingerprints");
        (dataset.fingerprint(&root), found.content)
    };
    write("A man.");
    let (listing, whole) = content();
    assert!(whole.starts_with(RULE), "{whole}");
    crate::readers::synth_pedes::prepare(&root, &|_| ()).expect("prepared");
    let (of_index, indexed) = content();
    assert_eq!((same_content(&whole, &indexed), same_content(&listing, &of_index)), (None, None));
    // Two calls with an index are compared.
    assert_eq!(same_content(&indexed, &content().1), Some(true));
    write("A cat.");
    assert_eq!(same_content(&indexed, &content().1), Some(false));
}
