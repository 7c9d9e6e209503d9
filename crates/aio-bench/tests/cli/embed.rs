//! `aio embed`.

use crate::harness::{Desk, coloured, features, leftovers};
use aio_data::picture;
use aio_model::Shipped;

#[test]
fn embedding_is_what_the_library_gives_and_continues_after_an_error() {
    use aio_model::Extractor;
    use aio_types::Observation;
    let desk = Desk::new();
    let files = coloured(&desk, "gallery", 5);
    std::fs::write(
        desk.path("captions.txt"),
        "A woman in a red coat.\nA man with a black backpack.\n\n",
    )
    .expect("write");
    let embed = ["embed", "gallery", "--captions", "captions.txt", "--output", "out/f.safetensors"];
    assert!(desk.succeed(&embed).contains("out/f.safetensors [7, 128]"));
    let extractor =
        Extractor::shipped(Shipped::Default, &burn::tensor::Device::flex()).expect("shipped");
    let size = extractor.preprocessing().size();
    let pictures = files.iter().map(|f| Observation {
        pictures: vec![(aio_types::Modality::Rgb, picture::open(f, size).expect("a picture"))],
        caption: None,
    });
    let captions = ["A woman in a red coat.", "A man with a black backpack."]
        .map(|c| Observation { caption: Some(c.into()), ..Observation::default() });
    let expected: Vec<f32> = extractor
        .embed(&pictures.chain(captions).collect::<Vec<_>>())
        .expect("embedded")
        .into_iter()
        .flatten()
        .collect();
    let found = features(&desk, "out/f.safetensors");
    assert!(
        found.len() == expected.len()
            && found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5)
    );
    assert!(leftovers(&desk.path("out")).is_empty() && !desk.path("out/f.unfinished").exists());

    // 300 pictures are two blocks; one of the second is damaged.
    let files = coloured(&desk, "many", 255);
    let more = coloured(&desk, "many/more", 45);
    let whole = std::fs::read(&more[9]).expect("read");
    std::fs::write(&more[9], &whole[..30]).expect("write");
    let embed = ["embed", "many", "--output", "many.safetensors"];
    assert!(desk.refused(2, &embed).contains("009.png"));
    assert!(
        desk.path("many.unfinished/values").metadata().expect("what was done is kept").len() > 0
            && !desk.path("many.safetensors").exists()
    );
    std::fs::write(&more[9], whole).expect("write");
    desk.succeed(&embed);
    assert_eq!(features(&desk, "many.safetensors").len(), (files.len() + more.len()) * 128);
    desk.succeed(&["embed", "many/more", "--output", "part.safetensors"]);
    let (all, part) = (features(&desk, "many.safetensors"), features(&desk, "part.safetensors"));
    assert!(
        all[255 * 128..].iter().zip(&part).all(|(a, b)| (a - b).abs() < 1e-5),
        "what is embedded beside does not matter"
    );
}

#[test]
fn lists_of_people_carry_their_labels_into_scores() {
    let desk = Desk::new();
    coloured(&desk, "p", 4);
    let rows = "rgb,sketch,text,identity,camera\np/000.png,p/001.png,A man.,1,1\np/002.png,,,1,2\n,,A tall woman.,2,1\np/003.png,,A tall woman.,2,2\n";
    std::fs::write(desk.path("people.csv"), rows).expect("write");
    desk.succeed(&["embed", "--list", "people.csv", "--output", "f.safetensors"]);
    let json = desk.succeed(&[
        "score",
        "--query",
        "f.safetensors",
        "--gallery",
        "f.safetensors",
        "--protocol",
        "market1501",
        "--json",
    ]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((json["queries"].as_u64(), json["skipped"].as_u64()), (Some(4), Some(0)));
    for (text, expected) in [
        ("rgb,age\np/000.png,3\n", "row 1: unknown column `age`"),
        ("rgb,rgb\np/000.png,p/001.png\n", "row 1: has two columns `rgb`"),
        ("rgb,image\np/000.png,x\n", "row 2: `image` is `x`"),
        ("rgb,identity\n,4\n", "row 2: holds neither a picture nor a text"),
        ("rgb\np/009.png\n", "p/009.png"),
    ] {
        std::fs::write(desk.path("people.csv"), text).expect("write");
        let refused =
            desk.refused(2, &["embed", "--list", "people.csv", "--output", "g.safetensors"]);
        assert!(refused.contains(expected), "{refused}");
    }
    assert!(desk.refused(2, &["embed", "--output", "g.safetensors"]).contains("nothing to embed"));
}

#[test]
fn rows_without_an_identity_are_not_scored() {
    let desk = Desk::new();
    coloured(&desk, "p", 3);
    let names = |output: &str| -> Vec<String> {
        let bytes = std::fs::read(desk.path(output)).expect("features");
        let file = safetensors::SafeTensors::deserialize(&bytes).expect("safetensors");
        file.names().into_iter().map(str::to_owned).collect()
    };
    let refused = |output: &str| {
        let files = ["--query", output, "--gallery", output, "--protocol", "none"];
        desk.refused(2, &[&["score"][..], &files].concat())
    };
    desk.succeed(&["embed", "p", "--output", "bare.safetensors"]);
    assert_eq!(names("bare.safetensors"), ["features"]);
    let nobody = "bare.safetensors has no `ids`, which say who each row is";
    assert!(refused("bare.safetensors").contains(nobody));
    let list = "rgb,identity,camera\np/000.png,1,1\np/001.png,,2\np/002.png,2,3\n";
    std::fs::write(desk.path("people.csv"), list).expect("write");
    let part = ["embed", "--list", "people.csv", "--output", "part.safetensors"];
    let output = desk.run(&part);
    assert!(output.status.success());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("`ids` is left out of the features: 1 of 3 rows have none"), "{said}");
    let mut found = names("part.safetensors");
    found.sort();
    assert_eq!(found, ["cameras", "features"]);
    assert!(refused("part.safetensors").contains("has no `ids`"));
    // A search compares features alone.
    let search = ["search", "bare.safetensors", "--rgb", "p/001.png", "--json"];
    assert_eq!(desk.json(&search)["results"][0]["path"], "p/001.png");
}

#[cfg(unix)]
#[test]
fn folders_end_whatever_lies_in_them_and_what_is_passed_over_is_named() {
    let desk = Desk::new();
    coloured(&desk, "gallery", 1);
    // Two links to the parent: without memory of the folders a walk would go through 2^40 of them.
    for name in ["again", "and-again"] {
        std::os::unix::fs::symlink(desk.path("gallery"), desk.path("gallery").join(name))
            .expect("link");
    }
    let made = std::process::Command::new("mkfifo").arg(desk.path("gallery/pipe.jpg")).status();
    assert!(made.expect("mkfifo").success());
    std::fs::write(desk.path("gallery/photo.heic"), "HEIC").expect("write");
    let output = desk.run(&["embed", "gallery", "--output", "g.safetensors"]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    for expected in [
        "gallery/pipe.jpg: a named pipe",
        "gallery/photo.heic: a picture in a format that is not read",
        "2 folders that were walked already",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert_eq!(features(&desk, "g.safetensors").len(), 128);
    let text = desk.refused(2, &["embed", "/dev/null", "--output", "g.safetensors"]);
    assert!(text.contains("/dev/null is neither a file nor a folder"), "{text}");
}

#[test]
fn bad_pictures_are_passed_over_listed_and_counted_where_that_is_wanted() {
    let desk = Desk::new();
    let files = coloured(&desk, "many", 255);
    let more = coloured(&desk, "many/more", 45);
    desk.succeed(&["embed", "many", "--output", "all.safetensors"]);
    let whole = features(&desk, "all.safetensors");
    for path in [&files[0], &files[254], &more[44]] {
        std::fs::write(path, "no picture").expect("write");
    }
    let embed = ["embed", "many", "--output", "some.safetensors"];
    assert!(desk.refused(2, &embed).contains("000.png"));
    let skipping = [&embed[..], &["--on-error", "skip"]].concat();
    let text = desk.succeed(&skipping);
    assert!(text.contains("[297, 128], 3 rows skipped"), "{text}");
    let some = features(&desk, "some.safetensors");
    let kept = (0..300).filter(|row| ![0, 254, 299].contains(row));
    let expected: Vec<f32> =
        kept.flat_map(|row| whole[row * 128..(row + 1) * 128].to_vec()).collect();
    assert!(some.len() == expected.len());
    assert!(some.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-5));
    let manifest = std::fs::read_to_string(desk.path("some.json")).expect("manifest");
    let manifest: serde_json::Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["rows"].as_array().map(Vec::len), Some(297));
    let skipped = manifest["skipped"].as_array().expect("a list");
    let numbers: Vec<_> = skipped.iter().filter_map(|row| row["row"].as_u64()).collect();
    assert_eq!(numbers, [0, 254, 299]);
    assert!(skipped[2]["problem"].as_str().is_some_and(|text| text.contains("more/044.png")));
    assert_eq!(desk.json(&[&skipping[..], &["--json"]].concat())["skipped"], 3);
    for path in files.iter().chain(&more) {
        std::fs::write(path, "no picture").expect("write");
    }
    let text = desk.refused(2, &skipping);
    assert!(text.contains("none of 300 rows could be embedded"), "{text}");
}

#[test]
fn features_are_used_with_their_own_manifest_alone() {
    let desk = Desk::new();
    coloured(&desk, "a", 2);
    coloured(&desk, "b", 2);
    let search = ["search", "a.safetensors", "--text", "a man", "--top", "1"];
    for name in ["a", "b"] {
        desk.succeed(&["embed", name, "--output", &format!("{name}.safetensors")]);
    }
    desk.succeed(&search);
    // As a crash between the two files leaves them.
    std::fs::copy(desk.path("b.json"), desk.path("a.json")).expect("copied");
    let text = desk.refused(2, &search);
    assert!(text.contains("a.json") && text.contains("of other features"), "{text}");
    desk.succeed(&["embed", "a", "--output", "a.safetensors"]);
    desk.succeed(&search);
}
