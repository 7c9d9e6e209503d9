//! The user's own tables, as CSV and as Parquet.

mod tree;

use aio_data::DatasetName;
use aio_data::readers::table;
use aio_data::task::{Task, TaskData};
use aio_types::{Camera, Clothes, Identity, SourcePhoto};
use tree::Tree;

const HEAD: &str = "path,identity,camera,modality,split,caption,source\n";

#[test]
fn a_table_is_read_from_csv_and_from_parquet_alike() {
    let tree = Tree::new(&["pictures/a.jpg", "pictures/b.png", "pictures/c.jpg"]);
    let rows = "pictures/a.jpg,1,3,rgb,gallery,,10\npictures/b.png,1,,sketch,query,,10\n,1,,text,query,\"A man, tall, in red.\",10\npictures/c.jpg,2,4,rgb,train,,\n";
    tree.write("shop.csv", &format!("{HEAD}{rows}"));
    let name: DatasetName = "table:shop".parse().expect("a table");
    let dataset = name.open(tree.root()).expect("read");
    assert_eq!((dataset.train.len(), dataset.query.len(), dataset.gallery.len()), (1, 2, 1));
    assert_eq!(dataset.query[1].caption(), Some("A man, tall, in red."));
    assert_eq!(
        (dataset.gallery[0].camera, dataset.gallery[0].source),
        (Some(Camera(3)), Some(SourcePhoto(10)))
    );
    assert_eq!(dataset.query[0].camera, None);
    // The same rows, written by pandas with pyarrow (scripts/golden/table.py).
    std::fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/shop.parquet"),
        tree.path("other.parquet"),
    )
    .expect("copy");
    let other = table::read(&tree.path("other.parquet")).expect("read");
    assert_eq!(
        (other.train, other.query, other.gallery),
        (dataset.train, dataset.query, dataset.gallery)
    );
    std::fs::write(tree.path("other.parquet"), "PAR1 but no more").expect("write");
    assert!(
        table::read(&tree.path("other.parquet"))
            .expect_err("damaged")
            .to_string()
            .contains("other.parquet")
    );
}

/// Files that pandas wrote (scripts/golden/table.py).
fn of_pandas(file: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

#[test]
fn integers_of_a_column_with_a_gap_are_integers() {
    let tree = Tree::new(&["pictures/a.jpg", "pictures/b.png", "pictures/c.jpg"]);
    for file in ["gaps.csv", "gaps.parquet"] {
        std::fs::copy(of_pandas(file), tree.path(file)).expect("copy");
        let dataset = table::read(&tree.path(file)).expect(file);
        let [photograph] = dataset.gallery.as_slice() else { panic!("{file}") };
        assert_eq!(photograph.camera, Some(Camera(3)), "{file}");
        assert_eq!(photograph.source, Some(SourcePhoto(10)), "{file}");
        // -1.0 is no camera, as -1 is none.
        assert_eq!(dataset.query[0].camera, None, "{file}");
        assert_eq!(dataset.names.named_camera(), None, "{file}");
    }
}

#[test]
fn columns_that_are_not_read_are_named() {
    let tree = Tree::new(&["pictures/a.jpg", "pictures/b.png", "pictures/c.jpg"]);
    for (file, expected) in [
        ("narrow.parquet", "its column `identity` has the type Int16, which is not read"),
        ("dated.parquet", "unknown column `when`"),
    ] {
        std::fs::copy(of_pandas(file), tree.path(file)).expect("copy");
        let error = table::read(&tree.path(file)).expect_err(file).to_string();
        assert!(error.contains(expected) && error.contains(file), "{error}");
        assert!(!error.contains("damaged"), "{error}");
    }
}

#[test]
fn wrong_tables_are_refused_by_row_and_column() {
    let tree = Tree::new(&["a.jpg", "folder/b.jpg"]);
    let refused = |text: &str| {
        tree.write("shop.csv", text);
        let error = table::read(&tree.path("shop.csv")).expect_err(text);
        assert!(error.is_user());
        error.to_string()
    };
    for (text, expected) in [
        ("path,identity,camera,modality\n".to_owned(), "row 1: the column `split` is missing"),
        ("path,identity,camera,modality,split,age\n".to_owned(), "unknown column `age`"),
        (format!("{HEAD}a.jpg,,,rgb,query,,\n"), "row 2: `identity` is empty"),
        (format!("{HEAD}a.jpg,1,,rgb,query,,one\n"), "row 2: `source` is `one`"),
        (format!("{HEAD}a.jpg,1,,photo,query,,\n"), "row 2: `modality`: unknown modality `photo`"),
        (format!("{HEAD}a.jpg,1,,rgb,test,,\n"), "`split` is `test`"),
        (
            format!("{HEAD}a.jpg,1,,rgb,query,,\na.jpg,1,,rgb,query,,\n"),
            "row 3: `a.jpg` is in the split query already (row 2)",
        ),
        (
            format!("{HEAD}../a.jpg,1,,rgb,query,,\n"),
            "row 2: `../a.jpg` is not a plain relative path",
        ),
        (format!("{HEAD}b.jpg,1,,rgb,query,,\n"), "b.jpg does not exist"),
        (format!("{HEAD},1,,text,query,,\n"), "a text has no `caption`"),
        (
            format!("{HEAD}a.jpg,1,,rgb,query,A man.,\n"),
            "row 2: a picture (rgb) has a `caption`, which nothing would read; write the sentence as a row of modality text",
        ),
        (
            format!("{HEAD}a.jpg,1,,rgb+sketch,query,,\n"),
            "unknown modality `rgb+sketch`: expected rgb, infrared, sketch, colour-pencil or text",
        ),
        (
            format!("{HEAD}a.jpg,1,,rgb,query\n"),
            "row 2: found 5 fields, expected 7, as many as there are columns",
        ),
        // Spreadsheets write lines with two bytes at their ends, and leave blank ones.
        (
            format!("{HEAD}a.jpg,1,,rgb,query,,\n,,,,,,\n").replace('\n', "\r\n"),
            "row 3: `modality`",
        ),
        (format!("{HEAD}\n\na.jpg,1,,rgb,test,,\n"), "row 4: `split` is `test`"),
        (format!("\r\n{}", HEAD.replace("camera", "place")), "row 2: unknown column `place`"),
        (format!("{HEAD}folder,1,,rgb,query,,\n"), "folder is a folder, expected a picture"),
    ] {
        let found = refused(&text);
        assert!(found.contains(expected), "{found} lacks {expected}");
    }
}

/// The queries, gallery and protocol of a task on the table `rows`.
fn task_on(tree: &Tree, rows: &str, task: &str) -> aio_data::Result<TaskData> {
    tree.write("shop.csv", &format!("{HEAD}{rows}"));
    let dataset = "table:shop".parse::<DatasetName>().expect("a table").open(tree.root())?;
    Task::parse(&format!("table:shop.{task}"))?.remove(0).data(&dataset)
}

#[test]
fn the_protocol_follows_from_the_rows_of_the_task() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg", "d.jpg", "s.png"]);
    let photographs = "a.jpg,1,1,rgb,query,,\nb.jpg,1,2,rgb,gallery,,\nc.jpg,1,1,rgb,gallery,,\n";
    let protocol = |rows: &str, task: &str| {
        task_on(&tree, rows, task).expect("a test").protocol.name().to_owned()
    };
    assert_eq!(protocol(photographs, "rgb-rgb"), "market1501");
    // A caption or a sketch has no camera. It is not a row of the task.
    let described = format!(
        "{photographs},1,,text,query,A man.,7\ns.png,1,,sketch,query,,\nd.jpg,1,2,rgb,gallery,,7\n"
    );
    assert_eq!(protocol(&described, "rgb-rgb"), "market1501");
    assert_eq!(protocol(&described, "text-rgb"), "none");
    assert_eq!(protocol(&described, "sketch-rgb"), "none");
    assert_eq!(protocol(&described, "text-rgb.tri"), "tri");
    let without = "a.jpg,1,,rgb,query,,\nb.jpg,1,,rgb,gallery,,\n";
    assert_eq!(protocol(without, "rgb-rgb"), "none");
    let only_gallery = "a.jpg,1,,rgb,query,,\nb.jpg,1,2,rgb,gallery,,\n";
    assert_eq!(protocol(only_gallery, "rgb-rgb"), "none");
}

#[test]
fn rows_with_and_without_a_camera_in_one_task_are_refused() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    let rows = "a.jpg,1,1,rgb,query,,\nb.jpg,1,2,rgb,gallery,,\nc.jpg,4,,rgb,gallery,,\nd.jpg,5,,rgb,gallery,,\n";
    let error = task_on(&tree, rows, "rgb-rgb").expect_err("mixed");
    let (text, hint) = (error.to_string(), error.hint().expect("a hint"));
    assert!(
        text.contains("task `table:shop.rgb-rgb`: 1 gallery rows have a camera and 2 have none")
            && text.contains("c.jpg`"),
        "{text}"
    );
    assert!(hint.contains(".market1501 or .none"), "{hint}");
    // Named, the protocol is clear: what has no camera is not hidden.
    let named = task_on(&tree, rows, "rgb-rgb.market1501").expect("a test");
    let hidden =
        named.gallery.iter().filter(|g| named.protocol.is_junk(&named.queries[0].entry, &g.entry));
    assert_eq!(hidden.count(), 0);
    let queries = "a.jpg,1,1,rgb,query,,\nb.jpg,1,,rgb,query,,\nc.jpg,1,3,rgb,gallery,,\n";
    let text = task_on(&tree, queries, "rgb-rgb").expect_err("mixed").to_string();
    assert!(text.contains("1 query rows have a camera and 1 have none"), "{text}");
}

#[test]
fn a_query_of_several_modalities_has_one_row_of_each() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg", "i.png", "s.png"]);
    let rows = "a.jpg,1,1,rgb,query,,\nb.jpg,1,1,rgb,gallery,,\nc.jpg,1,2,rgb,gallery,,\ni.png,1,6,infrared,query,,\n\
                s.png,1,,sketch,query,,\n,1,,text,query,A man.,\n,1,,text,query,Somebody.,\n";
    let hidden = |task: &str| {
        let data = task_on(&tree, rows, task).expect("a test");
        let junk = |query: usize| {
            let entry = &data.queries[query].entry;
            data.gallery.iter().map(|item| data.protocol.is_junk(entry, &item.entry)).collect()
        };
        (0..data.queries.len()).map(junk).collect::<Vec<Vec<bool>>>()
    };
    // The photograph's camera is the query's.
    assert_eq!(hidden("rgb+text-rgb"), [[true, false], [true, false]]);
    assert_eq!(hidden("rgb+text-rgb.none"), [[false, false], [false, false]]);
    assert_eq!(hidden("rgb+sketch-rgb.market1501"), [[true, false]]);
    assert_eq!(hidden("sketch+text-rgb"), [[false, false], [false, false]]);
    assert_eq!(hidden("rgb+infrared+sketch+text-rgb.none").len(), 2);
    for (task, said, advice) in [
        (
            "rgb+infrared-rgb",
            "task `table:shop.rgb+infrared-rgb`: no person has query rows of rgb+infrared with the same camera",
            "behind the task: .none",
        ),
        ("rgb+text-rgb.tri", "have no source or clothes in common", "compares cameras, or none"),
        ("rgb+text-text", "has no rgb+text queries against text", "docs/protocols.md"),
        (
            "rgb+colour-pencil-rgb",
            "task `table:shop.rgb+colour-pencil-rgb`: 0 queries and 2 gallery entries",
            "a query of several has a row of each, of one person",
        ),
    ] {
        let error = task_on(&tree, rows, task).expect_err(task);
        assert!(error.to_string().contains(said), "{error}");
        assert!(error.hint().expect("a hint").contains(advice), "{:?}", error.hint());
    }
}

#[test]
fn a_name_that_stands_for_two_files_is_refused_with_both() {
    let name: DatasetName = "table:shop".parse().expect("a table");
    let text = format!("{HEAD}a.jpg,1,1,rgb,train,,\n");
    for (first, second) in [
        ("shop.csv", "shop/shop.csv"),
        ("shop.csv", "shop.parquet"),
        ("shop/shop.csv", "shop.parquet"),
    ] {
        let tree = Tree::new(&["a.jpg", "shop/a.jpg"]);
        tree.write(first, &text);
        assert_eq!(name.locate(tree.root()).expect(first), tree.path(first));
        tree.write(second, &text);
        let error = name.open(tree.root()).expect_err(second);
        assert!(error.is_user() && error.hint().is_some(), "{error}");
        let [first, second] = [first, second].map(|file| tree.path(file).display().to_string());
        let expected = format!("table:shop is both {first} and {second}; expected one file");
        assert_eq!(error.to_string(), expected);
        assert!(!name.is_gone(tree.root()), "{expected}");
        let found: Vec<String> =
            table::below(tree.root()).iter().map(|(_, file)| file.display().to_string()).collect();
        assert_eq!(found, [first, second]);
    }
}

#[test]
fn people_and_cameras_may_have_names() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"]);
    let rows = "a.jpg,anna,gate,rgb,query,,,7\nb.jpg,anna,gate,rgb,gallery,,,coat\nc.jpg,anna,hall,rgb,gallery,,,7\n\
                d.jpg,007,3,rgb,gallery,,,\ne.jpg,7,hall,rgb,query,,,\n";
    tree.write("shop.csv", &format!("{}{rows}", HEAD.replace("source", "source,clothes")));
    let dataset = table::read(&tree.path("shop.csv")).expect("read");
    let (asked, shown) = (&dataset.query, &dataset.gallery);
    // A name is one person and one camera everywhere; integers are their own numbers, as in a table without names.
    assert_eq!((asked[0].identity, asked[0].camera), (shown[0].identity, shown[0].camera));
    assert_ne!(shown[0].camera, shown[1].camera);
    assert_eq!((shown[2].identity, shown[2].camera), (Identity(7), Some(Camera(3))));
    assert_eq!(asked[1].identity, Identity(7));
    let names = &dataset.names;
    assert_eq!(
        (names.person(asked[0].identity), names.person(Identity(7))),
        ("anna".into(), "7".into())
    );
    assert_eq!((asked[0].clothes, shown[2].clothes), (Some(Clothes(7)), None));
    assert!(shown[0].clothes.is_some_and(|clothes| clothes.0 > i64::from(u32::MAX)));

    let hidden = |task: &str| -> aio_data::Result<Vec<bool>> {
        let data = Task::parse(&format!("table:shop.{task}"))?.remove(0).data(&dataset)?;
        let query = &data.queries[0].entry;
        Ok(data.gallery.iter().map(|item| data.protocol.is_junk(query, &item.entry)).collect())
    };
    assert_eq!(hidden("rgb-rgb").expect("a test"), [true, false, false]);
    assert_eq!(hidden("rgb-rgb.clothes-changing").expect("a test"), [true, true, false]);
    let error = hidden("rgb-rgb.sysu-mm01").expect_err("cameras that it does not know").to_string();
    assert!(
        error.contains("knows cameras by their numbers") && error.contains("`gate`"),
        "{error}"
    );
}

#[test]
fn a_row_to_train_on_says_whom_it_shows() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg"]);
    let open = |rows: &str| {
        tree.write("shop.csv", &format!("{HEAD}{rows}"));
        "table:shop".parse::<DatasetName>().expect("a table").open(tree.root())
    };
    for unknown in ["-1", "-7", "-1.0"] {
        let error = open(&format!("a.jpg,1,1,rgb,train,,\nb.jpg,{unknown},1,rgb,train,,\n"));
        let error = error.expect_err("nobody").to_string();
        assert!(error.contains("shop.csv, row 3: `identity` is -"), "{error}");
    }
    let other = "a.jpg,1,1,rgb,query,,\nb.jpg,-1,1,rgb,gallery,,\nc.jpg,-1,1,rgb,validation,,\n";
    assert_eq!(open(other).expect("distractors are not trained on").gallery.len(), 1);
}

#[test]
fn photographs_and_sketches_are_searched_among_sentences() {
    let tree = Tree::new(&["a.jpg", "s.png"]);
    let rows = "a.jpg,1,1,rgb,query,,\ns.png,2,,sketch,query,,\n,1,,text,gallery,A man.,\n,2,,text,gallery,A woman.,\n";
    for (task, identity) in [("rgb-text", 1), ("sketch-text", 2)] {
        let data = task_on(&tree, rows, task).expect("a test");
        assert_eq!((data.queries.len(), data.queries[0].entry.identity), (1, Identity(identity)));
        let sentences: Vec<_> = data.gallery.iter().filter_map(|item| item.caption()).collect();
        assert_eq!(sentences, ["A man.", "A woman."]);
        assert_eq!(data.protocol.name(), "none");
    }
    let error = task_on(&tree, "a.jpg,1,1,rgb,query,,\n", "rgb-text").expect_err("no sentence");
    assert!(error.to_string().contains("1 queries and 0 gallery entries"), "{error}");
    assert!(error.hint().expect("a hint").contains("rows of the split `gallery`"));
}

#[test]
fn labels_below_zero_are_not_known() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg"]);
    let rows = "path,identity,camera,modality,split,source,clothes\n\
                a.jpg,1,-1,rgb,query,-1,-1\nb.jpg,1,-1,rgb,gallery,-1,-1\nc.jpg,1,0,rgb,gallery,0,0\n";
    tree.write("shop.csv", rows);
    let dataset = table::read(&tree.path("shop.csv")).expect("read");
    let unknown = &dataset.query[0];
    assert_eq!((unknown.camera, unknown.source, unknown.clothes), (None, None, None));
    let known = &dataset.gallery[1];
    assert_eq!(
        (known.camera, known.source, known.clothes),
        (Some(Camera(0)), Some(SourcePhoto(0)), Some(Clothes(0)))
    );
    // So nothing is hidden, and the query has its match.
    let rows = "a.jpg,1,-1,rgb,query,,\nb.jpg,1,-1,rgb,gallery,,\n";
    let data = task_on(&tree, rows, "rgb-rgb").expect("a test");
    assert_eq!((data.protocol.name(), data.unmatched()[0].total()), ("none", 0));
}

#[cfg(unix)]
#[test]
fn a_query_that_would_find_itself_by_another_path_is_refused() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "c.jpg"]);
    std::os::unix::fs::symlink("a.jpg", tree.path("link.jpg")).expect("linked");
    std::os::unix::fs::symlink("a.jpg", tree.path("again.jpg")).expect("linked");
    let rows = "link.jpg,1,,rgb,query,,\nb.jpg,1,,rgb,gallery,,\na.jpg,1,,rgb,gallery,,\n";
    let error = task_on(&tree, rows, "rgb-rgb").expect_err("itself").to_string();
    assert!(error.contains("1 of 1 queries are in the gallery themselves"), "{error}");
    assert!(error.contains("link.jpg`"), "{error}");
    // One of two paths to the file is hidden, the other one is not.
    let rows = "a.jpg,1,1,rgb,query,,\nlink.jpg,1,2,rgb,gallery,,\nagain.jpg,1,1,rgb,gallery,,\n";
    assert!(task_on(&tree, rows, "rgb-rgb").is_err());
    let rows = "a.jpg,1,1,rgb,query,,\nlink.jpg,1,1,rgb,gallery,,\nc.jpg,1,2,rgb,gallery,,\n";
    assert!(task_on(&tree, rows, "rgb-rgb").is_ok());
}

#[test]
fn a_query_that_would_find_itself_is_refused() {
    let tree = Tree::new(&["a.jpg", "b.jpg"]);
    let rows = "a.jpg,1,,rgb,query,,3\n./a.jpg,1,,rgb,gallery,,3\nb.jpg,1,,rgb,gallery,,4\n";
    let error = task_on(&tree, rows, "rgb-rgb").expect_err("itself");
    let text = error.to_string();
    assert!(text.contains("1 of 1 queries are in the gallery themselves"), "{text}");
    assert!(text.contains("a.jpg`") && error.hint().is_some_and(|hint| hint.ends_with(".tri")));
    // A protocol that hides the file has nothing to refuse.
    assert!(task_on(&tree, rows, "rgb-rgb.tri").is_ok());
    let by_camera = "a.jpg,1,1,rgb,query,,\na.jpg,1,1,rgb,gallery,,\nb.jpg,1,2,rgb,gallery,,\n";
    assert_eq!(task_on(&tree, by_camera, "rgb-rgb").expect("hidden").protocol.name(), "market1501");
    let twice = "a.jpg,1,1,rgb,gallery,,\n./a.jpg,1,1,rgb,gallery,,\n";
    let text = task_on(&tree, twice, "rgb-rgb").expect_err("twice").to_string();
    assert!(text.contains("row 3: `./a.jpg` is in the split gallery already (row 2)"), "{text}");
}

#[test]
fn a_named_protocol_needs_the_labels_that_it_compares() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "i.png"]);
    let bare = "a.jpg,1,,rgb,query,,\nb.jpg,1,,rgb,gallery,,\n";
    for (protocol, column) in
        [("market1501", "camera"), ("tri", "source"), ("clothes-changing", "camera")]
    {
        let error = task_on(&tree, bare, &format!("rgb-rgb.{protocol}")).expect_err(protocol);
        let text = error.to_string();
        let expected = format!(
            "the protocol `{protocol}` compares the column `{column}`, which is empty in every query row"
        );
        assert!(text.contains(&expected), "{text}");
    }
    let strange = "a.jpg,1,1,rgb,query,,\nb.jpg,1,7,rgb,gallery,,\n";
    let text = task_on(&tree, strange, "rgb-rgb.sysu-mm01").expect_err("camera 7").to_string();
    assert!(text.contains("1 to 6; one of the task is 7"), "{text}");
}

#[test]
fn parts_are_of_one_camera_only_where_cameras_are_compared() {
    let tree = Tree::new(&["a.jpg", "b.jpg", "i.png"]);
    let rows = |camera: &str| {
        format!(
            "a.jpg,1,1,rgb,query,,\ni.png,1,6,infrared,query,,\nb.jpg,1,{camera},rgb,gallery,,\n"
        )
    };
    let data = task_on(&tree, &rows(""), "rgb+infrared-rgb").expect("a test");
    assert_eq!((data.protocol.name(), data.queries.len()), ("none", 1));
    let text = task_on(&tree, &rows("2"), "rgb+infrared-rgb").expect_err("cameras").to_string();
    assert!(text.contains("with the same camera"), "{text}");
}
