use super::*;

#[test]
fn a_row_is_described_by_what_was_embedded() {
    let record = |modality: &str, extra: &[(&str, &str)]| aio_gallery::Record {
        path: Some("a.jpg".into()),
        modality: modality.into(),
        caption: Some("a red coat".into()),
        extra: extra.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
        ..Default::default()
    };
    let row = described(record("rgb", &[("floor", "2")]));
    assert_eq!((row.text, row.pictures.len()), (None, 1), "a caption is not embedded");
    let row = described(record("rgb+sketch+text", &[("sketch", "s.png")]));
    assert_eq!(row.text.as_deref(), Some("a red coat"));
    let paths: Vec<(&str, &str)> =
        row.pictures.iter().map(|(m, p)| (m.as_str(), p.to_str().expect("UTF-8"))).collect();
    assert_eq!(paths, [("rgb", "a.jpg"), ("sketch", "s.png")]);
    let row = described(aio_gallery::Record { path: None, ..record("text", &[]) });
    assert!(row.pictures.is_empty() && row.text.is_some());
    let row = described(record("rgb+text", &[("text", "a blue hat")]));
    assert_eq!(row.text.as_deref(), Some("a blue hat"), "the caption was not embedded");
    assert_eq!(described(record("rgb", &[("text", "a blue hat")])).text, None);
}

#[test]
fn an_export_that_a_signal_stops_leaves_nothing_and_keeps_the_files_before_it() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let output = folder.path().join("people.safetensors");
    let preprocessing = aio_encoder::weights::Preprocessing {
        height: 8,
        width: 4,
        mean: [0.5; 3],
        std: [0.5; 3],
        interpolation: String::new(),
    };
    let manifest = |text: &str| Manifest {
        model: "m".into(),
        weights: "0".into(),
        preprocessing: preprocessing.clone(),
        import: embed::ImportSettings::default(),
        width: 2,
        rows: vec![Row::sentence(text); 3],
        skipped: Vec::new(),
    };
    let names = || {
        let mut names = aio_data::fs::names(folder.path()).expect("listed");
        names.sort();
        names
    };
    let first = StopFlag::default();
    let features = |_| Ok(vec![1.0, 2.0]);
    write_features(&output, &manifest("a"), &[0, 1, 2], &first, features).expect("written");
    assert_eq!(names(), ["people.json", "people.safetensors"]);
    let read = |name: std::ffi::OsString| std::fs::read(folder.path().join(name));
    let pair = || names().into_iter().map(|n| read(n).expect("read")).collect::<Vec<_>>();
    let (old, stop) = (pair(), StopFlag::default());
    let mut seen = Vec::new();
    let outcome = write_features(&output, &manifest("b"), &[0, 1, 2], &stop, |_| {
        seen = names();
        stop.raise();
        Ok(vec![3.0, 4.0])
    });
    let error = outcome.expect_err("a signal");
    assert!(matches!(error, Error::Interrupted { .. }) && error.exit_code() == 75, "{error}");
    // Its one temporary file is one of the output, which a later call finds if this one is killed.
    assert_eq!(seen.len(), 3, "{seen:?}");
    let of_output = seen[0].to_string_lossy().into_owned();
    assert!(of_output.starts_with(".people.safetensors.") && fs::is_temporary(&seen[0]));
    assert_eq!(names(), ["people.json", "people.safetensors"]);
    assert!(pair() == old, "the pair of files is the old one");
}

#[test]
fn names_that_are_numbers_stay_and_others_have_a_number_in_every_file() {
    let number = |text: &str| label(text.to_owned()).number();
    assert_eq!((number("7"), number("0")), (7, 0));
    assert!(number("-1") > 0 && number("b") > 0 && number("a") != number("b"));
    assert_eq!(label("-1".to_owned()), Label::Name("-1".to_owned()));
}

#[test]
fn two_people_who_would_become_one_number_are_refused() {
    let check = |identities: &[&str]| {
        let record = |identity: &&str| aio_gallery::Record {
            identity: Some((*identity).to_owned()),
            camera: Some("7".into()),
            ..Default::default()
        };
        check_labels(&identities.iter().map(record).collect::<Vec<_>>())
    };
    check(&["007", "007", "8", "anna", "-1"]).expect("each is one person");
    for (first, second) in [("007", "7"), ("7", "7.0"), ("0", "-0")] {
        let error = check(&["8", first, second]).expect_err(second);
        let text = error.to_string();
        assert!(text.contains(&format!("the identities `{first}` and `{second}`")), "{text}");
        assert_eq!(error.exit_code(), 2);
    }
}
