//! The synthetic benchmark is read back by the readers of the published layouts, and broken trees are refused by name.

use aio_data::readers::LeftOut;
use aio_data::{Content, DataError, DatasetName, Split};
use aio_synth::benchmark::{self, Size};
use aio_types::{Camera, Identity, Modality};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const SIZE: Size =
    Size { synth_pedes: 6, llcm: 5, market_sketch: 5, market: 6, test: 5, pku: 20, development: 3 };

const SMALLEST: Size =
    Size { synth_pedes: 2, llcm: 2, market_sketch: 1, market: 2, test: 2, pku: 4, development: 1 };

/// A benchmark that all tests share; it is rendered once. It lies in the build directory, since what is static is never dropped.
fn root() -> &'static Path {
    static ROOT: OnceLock<tempfile::TempDir> = OnceLock::new();
    ROOT.get_or_init(|| {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("temporary directory");
        benchmark::write(directory.path(), 1, SIZE, &|_, _| ControlFlow::Continue(()))
            .expect("rendered");
        directory
    })
    .path()
}

/// A copy of one data set that a test may break.
fn copy(name: DatasetName) -> (tempfile::TempDir, PathBuf) {
    fn walk(from: &Path, to: &Path) {
        std::fs::create_dir_all(to).expect("create");
        for entry in std::fs::read_dir(from).expect("list").flatten() {
            let target = to.join(entry.file_name());
            if entry.path().is_dir() {
                walk(&entry.path(), &target)
            } else {
                _ = std::fs::copy(entry.path(), target).expect("copy")
            }
        }
    }
    let directory = tempfile::tempdir().expect("temporary directory");
    let source = name.locate(root()).expect("rendered");
    let target = directory.path().join(source.file_name().expect("a folder"));
    walk(&source, &target);
    (directory, target)
}

fn refusal(name: DatasetName, root: &Path) -> String {
    let error = name.open(root).expect_err("broken");
    assert!(error.is_user());
    error.to_string()
}

#[test]
fn every_rendered_data_set_is_read_and_its_files_exist() {
    let rendered: Vec<DatasetName> =
        DatasetName::ALL.into_iter().filter(|name| name.locate(root()).is_ok()).collect();
    assert_eq!(rendered.len(), 9, "{rendered:?}");
    for name in rendered {
        let dataset = name.open(root()).unwrap_or_else(|e| panic!("{name}: {e}"));
        for split in [Split::Train, Split::Validation, Split::Query, Split::Gallery] {
            for sample in dataset.split(split) {
                assert_eq!(sample.modality == Modality::Text, sample.caption().is_some(), "{name}");
                assert!(sample.path().is_none_or(Path::is_file), "{name}: {sample:?}");
            }
        }
    }
}

#[test]
fn counts_follow_from_the_size() {
    let open = |name: DatasetName| name.open(root()).expect("read");
    let market = open(DatasetName::Market1501);
    assert_eq!((market.query.len(), market.identities(Split::Query)), (9, 6));
    // Six people at four cameras, and two of three strangers are distractors: −1 is junk and dropped.
    assert_eq!(market.gallery.len(), 24 + 2);
    assert!(market.gallery.iter().any(|s| s.identity == Identity(0)));
    let sysu = open(DatasetName::SysuMm01);
    assert!(sysu.query.iter().all(|s| s.modality == Modality::Infrared
        && [Some(Camera(3)), Some(Camera(6))].contains(&s.camera)));
    assert_eq!(sysu.query.len(), 5 * 4);
    let pku = open(DatasetName::PkuSketch(0));
    assert_eq!(pku.trials.len(), 10);
    assert!(pku.trials.iter().all(|t| t.query.len() == 5 && t.gallery.len() == 10));
    assert!(pku.train.is_empty(), "every person is tested in some split");
    let split = open(DatasetName::PkuSketch(4));
    assert_eq!((split.trials.len(), split.train.len(), split.query.len()), (1, 15 * 3, 5));
    let tested: Vec<_> = split.query.iter().map(|s| s.identity).collect();
    assert!(split.train.iter().all(|s| !tested.contains(&s.identity)));
    assert_eq!(market.more.len(), 9 * 2);
    let tri = open(DatasetName::TriCuhkPedes);
    assert_eq!((tri.gallery.len(), tri.query.len()), (15, 15 * 3));
    let orbench = open(DatasetName::OrBench);
    assert_eq!(orbench.combinations.len(), 32);
    assert!(orbench.combinations["SK+CP+TEXT"].iter().all(|row| row.len() == 3));
    let synth = open(DatasetName::SynthPedes);
    assert_eq!(synth.train.iter().filter(|s| s.attributes.len() == 6).count(), synth.train.len());
}

#[test]
fn tables_for_development_hold_every_direction() {
    for name in ["table:dev-ordinary", "table:dev-steep"] {
        let table = name.parse::<DatasetName>().expect("a table").open(root()).expect("read");
        // Three people in four photographs, each of which is asked for among the others.
        assert_eq!(table.gallery.len(), 3 * 4);
        assert!(table.train.is_empty() && table.validation.is_empty());
        let queries = |modality| table.query.iter().filter(|s| s.modality == modality).count();
        let expected = [
            (Modality::Rgb, 12),
            (Modality::Infrared, 6),
            (Modality::Sketch, 3),
            (Modality::Text, 6),
            (Modality::ColourPencil, 0),
        ];
        for (modality, count) in expected {
            assert_eq!(queries(modality), count, "{name}, {modality}");
        }
        for sample in table.query.iter().chain(&table.gallery) {
            let by_camera = [Modality::Rgb, Modality::Infrared].contains(&sample.modality);
            assert_eq!(sample.camera.is_some(), by_camera, "{name}: {sample:?}");
            assert!(sample.path().is_none_or(Path::is_file), "{name}: {sample:?}");
        }
    }
}

/// The smallest benchmark that is written can be read.
#[test]
fn the_smallest_benchmark_is_read() {
    let directory = tempfile::tempdir().expect("temporary directory");
    benchmark::write(directory.path(), 5, SMALLEST, &|_, _| ControlFlow::Continue(()))
        .expect("rendered");
    for name in DatasetName::ALL.into_iter().filter(|name| name.locate(directory.path()).is_ok()) {
        name.open(directory.path()).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn tri_samples_of_one_photograph_share_its_number() {
    let tri = DatasetName::TriCuhkPedes.open(root()).expect("read");
    for photo in &tri.gallery {
        let made: Vec<_> = tri.query.iter().filter(|s| s.source == photo.source).collect();
        assert_eq!(made.len(), 3, "two captions and a sketch");
        assert!(made.iter().all(|s| s.identity == photo.identity));
    }
}

#[test]
fn the_benchmark_is_a_pure_function_of_its_seed() {
    let render = |seed| {
        let directory =
            tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("temporary directory");
        benchmark::write(directory.path(), seed, SMALLEST, &|_, _| ControlFlow::Continue(()))
            .expect("rendered")
            .content
    };
    assert_eq!(render(3), render(3));
    assert_ne!(render(3), render(4));
}

#[test]
fn a_call_that_was_stopped_continues_with_the_pictures_that_are_whole() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let (whole, parts) = (directory.path().join("whole"), directory.path().join("parts"));
    let never = |_, _| ControlFlow::Continue(());
    let expected = benchmark::write(&whole, 2, SMALLEST, &never).expect("rendered");
    let enough =
        |done, _| if done < 20 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    let stopped = benchmark::write(&parts, 2, SMALLEST, &enough).expect_err("stopped");
    assert!(matches!(stopped, DataError::Interrupted { .. }), "{stopped}");
    let mut pictures = Vec::new();
    let mut folders = vec![parts.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "jpg") {
                pictures.push(path);
            }
        }
    }
    let written =
        |path: &PathBuf| std::fs::metadata(path).expect("there").modified().expect("time");
    let times: Vec<_> = pictures.iter().map(written).collect();
    assert!(times.len() >= 10, "{} pictures", times.len());
    let bytes = std::fs::read(&pictures[0]).expect("reads");
    std::fs::write(&pictures[0], &bytes[..bytes.len() / 2]).expect("cut short");
    let found = benchmark::write(&parts, 2, SMALLEST, &never).expect("continues");
    assert_eq!(found, expected);
    assert_eq!(std::fs::read(&pictures[0]).expect("reads"), bytes);
    for (path, time) in pictures.iter().zip(&times).skip(1) {
        assert_eq!(written(path), *time, "{} was made again", path.display());
    }
    assert!(!parts.join("rendering.json").exists());
}

#[test]
fn another_benchmark_in_the_same_place_is_refused() {
    let error = benchmark::write(root(), 2, SIZE, &|_, _| ControlFlow::Continue(()))
        .expect_err("another seed");
    assert!(error.to_string().ends_with("than the requested one: seed 1 instead of 2"), "{error}");
    let larger = benchmark::Size { market: SIZE.market + 1, ..SIZE };
    let error = benchmark::write(root(), 1, larger, &|_, _| ControlFlow::Continue(()))
        .expect_err("another size");
    let differs = format!(": size.market {} instead of {}", SIZE.market, larger.market);
    assert!(error.to_string().ends_with(&differs), "{error}");
    assert!(error.is_user() && error.hint().is_some_and(|hint| hint.contains("another root")));
    assert!(benchmark::write(root(), 1, SIZE, &|_, _| ControlFlow::Continue(())).is_ok());
    // What an unfinished one left would be mixed with one of another size.
    let directory = tempfile::tempdir().expect("temporary directory");
    let stop = |_, _| ControlFlow::Break(());
    benchmark::write(directory.path(), 1, SIZE, &stop).expect_err("stopped");
    let error = benchmark::write(directory.path(), 1, SMALLEST, &stop).expect_err("another size");
    assert!(error.to_string().contains("unfinished rendering"), "{error}");
    assert!(error.is_user() && error.hint().is_some());
}

#[test]
fn a_real_data_set_is_not_overwritten() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let file = directory.path().join("Market-1501-v15.09.15/query/0001_c1s1_000001_00.jpg");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("created");
    std::fs::write(&file, "a photograph").expect("written");
    let never = |_, _| ControlFlow::Continue(());
    let error = benchmark::write(directory.path(), 1, SMALLEST, &never).expect_err("real data");
    let text = error.to_string();
    assert!(text.contains("Market-1501-v15.09.15 was not rendered by this program"), "{text}");
    assert!(error.hint().is_some_and(|hint| hint.contains("data.synthetic = false")));
    assert_eq!(std::fs::read(&file).expect("reads"), b"a photograph");
    let entries = std::fs::read_dir(directory.path()).expect("reads").count();
    assert_eq!(entries, 1, "nothing was written");
}

#[test]
fn a_missing_root_shows_the_expected_tree() {
    let error = DatasetName::Market1501.open(Path::new("/nowhere")).expect_err("nothing there");
    assert!(error.to_string().contains("/nowhere/Market-1501-v15.09.15"), "{error}");
    assert!(error.hint().is_some_and(|h| h.contains("bounding_box_train/")));
}

#[test]
fn an_empty_folder_is_named() {
    let (directory, set) = copy(DatasetName::Market1501);
    std::fs::remove_dir_all(set.join("query")).expect("remove");
    assert!(refusal(DatasetName::Market1501, directory.path()).contains("query not found"));
    std::fs::create_dir(set.join("query")).expect("create");
    assert!(refusal(DatasetName::Market1501, directory.path()).contains("no images"));
}

#[test]
fn a_foreign_file_name_is_named() {
    let (directory, set) = copy(DatasetName::Market1501);
    std::fs::write(set.join("query/holiday.jpg"), b"x").expect("write");
    assert!(refusal(DatasetName::Market1501, directory.path()).contains("holiday.jpg"));
}

#[test]
fn a_list_that_names_a_missing_image_names_file_and_row() {
    let (directory, set) = copy(DatasetName::PkuSketch(0));
    let list = set.join("idx/test_visible_3.txt");
    let text = std::fs::read_to_string(&list).expect("read") + "photo/999_04_1.jpg 999 04 5\n";
    std::fs::write(&list, text).expect("write");
    let message = refusal(DatasetName::PkuSketch(0), directory.path());
    assert!(
        message.contains("test_visible_3.txt, row 11")
            && message.contains("999_04_1.jpg does not exist"),
        "{message}"
    );
}

#[test]
fn a_list_cannot_leave_the_root() {
    let (directory, set) = copy(DatasetName::Llcm);
    std::fs::write(set.join("idx/train_vis.txt"), "../../etc/passwd 0\n").expect("write");
    assert!(refusal(DatasetName::Llcm, directory.path()).contains("not a plain relative path"));
}

#[test]
fn a_caption_without_a_key_names_element_and_key() {
    let (directory, set) = copy(DatasetName::CuhkPedes);
    let path = set.join("reid_raw.json");
    let mut items: Vec<serde_json::Value> =
        serde_json::from_str(&std::fs::read_to_string(&path).expect("read")).expect("JSON");
    items[3].as_object_mut().expect("object").remove("captions");
    std::fs::write(&path, serde_json::to_string(&items).expect("JSON")).expect("write");
    let message = refusal(DatasetName::CuhkPedes, directory.path());
    assert!(message.contains("row 4") && message.contains("captions"), "{message}");
    std::fs::write(&path, "[{").expect("write");
    assert!(refusal(DatasetName::CuhkPedes, directory.path()).contains("cannot parse"));
}

#[test]
fn market_names_are_parsed_from_the_base_name_alone() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let nested = directory.path().join("9999_c6_backup");
    let (_kept, set) = copy(DatasetName::Market1501);
    std::fs::create_dir(&nested).expect("create");
    std::fs::rename(&set, nested.join("Market-1501-v15.09.15")).expect("move");
    let dataset = DatasetName::Market1501.open(&nested).expect("read");
    assert!(
        dataset.query.iter().all(|s| s.identity.0 <= 6 && matches!(&s.content, Content::Image(_)))
    );
}

#[test]
fn style_annotation_alone_tells_the_fifth_artist_of_pku_sketch_from_the_fourth() {
    let (directory, set) = copy(DatasetName::PkuSketch(0));
    let (mut styles, mut artists) = (BTreeSet::new(), BTreeSet::new());
    for split in 1..=10 {
        let list = set.join(format!("idx/test_sketch_{split}.txt"));
        let text = std::fs::read_to_string(list).expect("read");
        styles.extend(text.lines().filter_map(|line| line.chars().last()));
    }
    assert_eq!(
        styles,
        BTreeSet::from(['1', '2', '3', '4']),
        "as published, e is written 4 as d is"
    );
    let dataset = DatasetName::PkuSketch(0).open(directory.path()).expect("read");
    for sketch in &dataset.query {
        // The renderer's artists draw in turn.
        let expected = ['a', 'b', 'c', 'd', 'e'][(sketch.identity.0 as usize - 1) % 5];
        assert_eq!(sketch.artist, Some(expected), "{sketch:?}");
        artists.extend(sketch.artist);
    }
    assert_eq!(artists.len(), 5);

    let annotation = set.join("styleAnnotation/e_4.txt");
    let text = std::fs::read_to_string(&annotation).expect("read");
    std::fs::write(&annotation, text.replace("5\n10\n", "5\n")).expect("write");
    let short = refusal(DatasetName::PkuSketch(0), directory.path());
    assert!(short.contains("e_4.txt: it names 3 people, its name says 4"), "{short}");
    std::fs::rename(&annotation, set.join("styleAnnotation/e_3.txt")).expect("rename");
    let missing = refusal(DatasetName::PkuSketch(0), directory.path());
    assert!(missing.contains("name no artist of identity 10"), "{missing}");
    std::fs::write(set.join("styleAnnotation/e_3.txt"), "5\n4\n10\n").expect("write");
    let twice = refusal(DatasetName::PkuSketch(0), directory.path());
    assert!(twice.contains("row 2: the artist of 4 is d already"), "{twice}");
    std::fs::remove_dir_all(set.join("styleAnnotation")).expect("remove");
    let dataset = DatasetName::PkuSketch(0).open(directory.path()).expect("read");
    assert!(dataset.query.iter().all(|sketch| sketch.artist.is_none()), "not known, not guessed");
}

#[test]
fn a_missing_artist_of_market_sketch_1k_is_refused() {
    let (directory, set) = copy(DatasetName::MarketSketch1k(LeftOut::Nobody));
    std::fs::remove_dir_all(set.join("sketch/D/query")).expect("remove");
    let missing = refusal(DatasetName::MarketSketch1k(LeftOut::Nobody), directory.path());
    assert!(missing.contains("sketch/D/query not found"), "{missing}");
}
