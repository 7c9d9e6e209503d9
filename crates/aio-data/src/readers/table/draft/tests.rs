use super::*;
use crate::readers::table;

/// A folder of these pictures.
fn folder(pictures: &[&str]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("temporary directory");
    for picture in pictures {
        let path = directory.path().join("shop").join(picture);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        std::fs::write(path, "x").expect("written");
    }
    directory
}

fn draft(directory: &Path, train: f64) -> Result<Drafted> {
    let (folder, output) = (directory.join("shop"), directory.join("shop.csv"));
    Draft { folder: &folder, output: &output, train, seed: 1 }.write()
}

#[test]
fn a_folder_of_each_person_becomes_queries_and_a_gallery() {
    let directory = folder(&[
        "anna/1.jpg",
        "anna/2.jpg",
        "anna/sketch/1.png",
        "ben/1.jpg",
        "ben/x, y/2.jpg",
        "notes.txt",
    ]);
    let drafted = draft(directory.path(), 0.0).expect("written");
    assert_eq!((drafted.naming, drafted.people), (Naming::Folders, 2));
    assert_eq!(drafted.passed_over, ["1 file that is not a picture"]);
    let dataset = table::read(&directory.path().join("shop.csv")).expect("a table");
    let of = |samples: &[crate::Sample]| {
        let name = |sample: &crate::Sample| {
            let path = sample.path().expect("a picture");
            let path = path.strip_prefix(directory.path()).expect("below").display().to_string();
            format!("{} {path}", sample.modality)
        };
        samples.iter().map(name).collect::<Vec<_>>()
    };
    assert_eq!(
        of(&dataset.query),
        ["rgb shop/anna/1.jpg", "sketch shop/anna/sketch/1.png", "rgb shop/ben/1.jpg"]
    );
    assert_eq!(of(&dataset.gallery), ["rgb shop/anna/2.jpg", "rgb shop/ben/x, y/2.jpg"]);
    assert_eq!(dataset.query[0].identity, dataset.gallery[0].identity);
    let error = draft(directory.path(), 0.0).expect_err("there already");
    assert!(error.is_user() && error.to_string().contains("shop.csv exists already"), "{error}");
}

#[test]
fn names_of_market_1501_give_identities_and_cameras() {
    let directory = folder(&[
        "0002_c1s1_1.jpg",
        "0002_c1s1_2.jpg",
        "0002_c3s1_1.jpg",
        "0000_c2s1_1.jpg",
        "-1_c1s1_1.jpg",
        "0007_c1s1_1.jpg",
        "0007_c2s1_1.jpg",
    ]);
    let drafted = draft(directory.path(), 0.5).expect("written");
    assert_eq!((drafted.naming, drafted.people), (Naming::Files, 3));
    assert_eq!(drafted.passed_over, ["pictures of identity −1: 1"]);
    let dataset = table::read(&directory.path().join("shop.csv")).expect("a table");
    let trained: BTreeSet<i64> = dataset.train.iter().map(|sample| sample.identity.0).collect();
    assert_eq!(trained.len(), 1, "half of the two people who are no distractors");
    let tested = dataset.query.iter().chain(&dataset.gallery);
    assert!(tested.clone().all(|sample| !trained.contains(&sample.identity.0)));
    assert!(tested.clone().all(|sample| sample.camera.is_some()));
    assert!(dataset.query.iter().all(|sample| sample.identity.0 != 0));
    // Of person 2 camera 1 took two; of person 7 every camera took one, so that only its first is a query.
    let (asked, shown) = if trained.contains(&2) { (1, 2) } else { (1, 3) };
    assert_eq!((dataset.query.len(), dataset.gallery.len()), (asked, shown));
}

#[test]
fn what_shows_nobody_or_cannot_be_named_is_refused() {
    let directory = folder(&["anna/1.jpg", "2.jpg"]);
    let error = draft(directory.path(), 0.0).expect_err("nobody").to_string();
    assert!(error.contains("shop/2.jpg lies in no folder of a person"), "{error}");
    assert!(!directory.path().join("shop.csv").exists());
    let twice = folder(&["0012/1.jpg", "12/1.jpg", "anna/1.jpg"]);
    let error = draft(twice.path(), 0.0).expect_err("one number").to_string();
    assert!(error.contains("`0012` and `12` are one number"), "{error}");
    let empty = folder(&["anna/notes.txt"]);
    let error = draft(empty.path(), 0.0).expect_err("no picture").to_string();
    assert!(error.contains("there is no picture below"), "{error}");
    assert!(draft(directory.path(), 1.0).is_err());
    let (pictures, elsewhere) = (directory.path().join("shop"), empty.path().join("shop.csv"));
    let draft = Draft { folder: &pictures, output: &elsewhere, train: 0.0, seed: 0 };
    assert!(draft.write().expect_err("elsewhere").to_string().contains("is not below"));
    let odd = directory.path().join("my shop.csv");
    let draft = Draft { folder: &pictures, output: &odd, train: 0.0, seed: 0 };
    assert!(draft.write().expect_err("a name").to_string().contains("is no name of a table"));
}

#[test]
fn the_folder_is_below_that_of_the_table_however_both_are_written() {
    let directory = folder(&["anna/1.jpg", "anna/2.jpg"]);
    let root = directory.path();
    for (number, (pictures, below)) in
        [("shop/../shop", ""), ("shop", "shop/.."), ("./shop", "./")].into_iter().enumerate()
    {
        let (folder, name) = (root.join(pictures), format!("{number}.csv"));
        let output = root.join(below).join(name);
        Draft { folder: &folder, output: &output, train: 0.0, seed: 0 }.write().expect(pictures);
        let dataset = table::read(&output).expect("a table");
        assert_eq!((dataset.query.len(), dataset.gallery.len()), (1, 1), "{pictures}");
    }
    let (missing, output) = (root.join("shops"), root.join("x.csv"));
    let draft = Draft { folder: &missing, output: &output, train: 0.0, seed: 0 };
    let error = draft.write().expect_err("no folder");
    assert!(error.is_user() && error.to_string().contains("shops"), "{error}");
    #[cfg(unix)]
    {
        let other = folder(&[]);
        let link = other.path().join("shop");
        std::os::unix::fs::symlink(root.join("shop"), &link).expect("a link");
        let output = other.path().join("shop.csv");
        let draft = Draft { folder: &link, output: &output, train: 0.0, seed: 0 };
        let error = draft.write().expect_err("elsewhere").to_string();
        assert!(error.contains(" (a link to ") && error.contains("is not below"), "{error}");
    }
}

#[test]
fn the_file_that_is_called_otherwise_is_the_one_that_is_named() {
    let directory = folder(&["0001_c1s1_1.jpg", "0001_c2s1_1.jpg", "cover.jpg"]);
    let error = draft(directory.path(), 0.0).expect_err("a cover").to_string();
    assert!(error.contains("shop/cover.jpg lies in no folder of a person"), "{error}");
}

#[test]
fn a_folder_called_0_is_that_of_a_person_like_any_other() {
    let pictures: Vec<String> =
        (0..4).flat_map(|who| [1, 2].map(|picture| format!("{who}/{picture}.jpg"))).collect();
    let pictures: Vec<&str> = pictures.iter().map(String::as_str).collect();
    let tested = folder(&pictures);
    draft(tested.path(), 0.0).expect("written");
    let dataset = table::read(&tested.path().join("shop.csv")).expect("a table");
    let asked: Vec<i64> = dataset.query.iter().map(|sample| sample.identity.0).collect();
    assert_eq!(asked, [0, 1, 2, 3]);
    let trained = folder(&pictures);
    draft(trained.path(), 0.75).expect("written");
    let dataset = table::read(&trained.path().join("shop.csv")).expect("a table");
    assert_eq!((dataset.train.len(), dataset.query.len()), (6, 1), "three of four people");
}

#[test]
fn a_modality_may_be_written_in_capital_letters() {
    let directory = folder(&["anna/1.jpg", "anna/2.jpg", "anna/Sketch/1.png", "IR/INFRARED/1.jpg"]);
    draft(directory.path(), 0.0).expect("written");
    let dataset = table::read(&directory.path().join("shop.csv")).expect("a table");
    let mut asked: Vec<Modality> = dataset.query.iter().map(|sample| sample.modality).collect();
    asked.sort_unstable();
    assert_eq!(asked, [Modality::Rgb, Modality::Infrared, Modality::Sketch]);
}

#[test]
fn the_name_of_the_folder_itself_says_the_modality() {
    let directory = folder(&["infrared/anna/1.jpg", "infrared/anna/rgb/2.jpg"]);
    let (folder, output) = (directory.path().join("shop/infrared"), directory.path().join("n.csv"));
    Draft { folder: &folder, output: &output, train: 0.0, seed: 0 }.write().expect("written");
    let dataset = table::read(&output).expect("a table");
    let of = |samples: &[crate::Sample]| samples.iter().map(|s| s.modality).collect::<Vec<_>>();
    assert_eq!(
        (of(&dataset.query), of(&dataset.gallery)),
        (vec![Modality::Infrared], vec![Modality::Rgb])
    );
}

#[cfg(unix)]
#[test]
fn a_link_that_a_table_cannot_name_is_refused_before_the_table_is_written() {
    use std::os::unix::fs::symlink;
    let (directory, elsewhere) = (folder(&["anna/1.jpg", "anna/2.jpg"]), folder(&["ben/1.jpg"]));
    let shop = directory.path().join("shop");
    for (link, target, problem) in [
        ("ben", elsewhere.path().join("shop/ben"), "`shop/ben/1.jpg` is a link that leads out of"),
        ("anna/3.jpg", shop.join("nowhere.jpg"), "shop/anna/3.jpg does not exist"),
    ] {
        symlink(target, shop.join(link)).expect("a link");
        let error = draft(directory.path(), 0.0).expect_err("no picture of the table");
        assert!(error.is_user() && error.to_string().contains(problem), "{error}");
        assert!(!directory.path().join("shop.csv").exists());
        std::fs::remove_file(shop.join(link)).expect("remove");
    }
    draft(directory.path(), 0.0).expect("without the links");
}
