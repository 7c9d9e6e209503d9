//! `aio embed`.

use crate::harness::{Desk, coloured, features, leftovers};
use aio_data::picture;

#[test]
fn embedding_is_what_the_library_gives_and_continues_after_an_error() {
    use aio_model::Extractor;
    use aio_types::Observation;
    let desk = Desk::new();
    let files = coloured(&desk, "gallery", 5);
    std::fs::write(
        desk.path("captions.txt"),
        "A woman in a red coat.\n\nA man with a black backpack.\n",
    )
    .expect("write");
    let embed = ["embed", "gallery", "--captions", "captions.txt", "--output", "out/f.safetensors"];
    assert!(desk.succeed(&embed).contains("out/f.safetensors [7, 128]"));
    let extractor = Extractor::embedded(&burn::tensor::Device::flex()).expect("embedded");
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
    assert!(leftovers(&desk.path("out")).is_empty() && !desk.path("out/f.partial").exists());

    // 300 pictures are two blocks; one of the second is damaged.
    let files = coloured(&desk, "many", 255);
    let more = coloured(&desk, "many/more", 45);
    let whole = std::fs::read(&more[9]).expect("read");
    std::fs::write(&more[9], &whole[..30]).expect("write");
    let embed = ["embed", "many", "--output", "many.safetensors"];
    assert!(desk.refused(2, &embed).contains("009.png"));
    assert!(
        desk.path("many.partial").metadata().expect("what was done is kept").len() > 0
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
        ("rgb,identity\np/000.png,x\n", "row 2: `identity` is `x`"),
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
    assert!(refused("bare.safetensors").contains("bare.safetensors has no `ids`"));
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

#[test]
fn an_output_that_would_overwrite_itself_is_refused() {
    let desk = Desk::new();
    coloured(&desk, "gallery", 1);
    for (output, expected) in [
        ("x.json", "the manifest of the features is written to this file"),
        ("x.partial", "unfinished features are written to this file"),
        ("gallery", "this is a folder"),
    ] {
        let text = desk.refused(2, &["embed", "gallery", "--output", output]);
        assert!(text.contains(expected) && text.contains(output), "{text}");
    }
    assert!(!desk.path("x.json").exists() && !desk.path("x.partial").exists());
}

#[cfg(unix)]
#[test]
fn folders_that_contain_themselves_and_pipes_are_refused() {
    let desk = Desk::new();
    coloured(&desk, "gallery", 1);
    std::os::unix::fs::symlink(desk.path("gallery"), desk.path("gallery/again")).expect("link");
    let text = desk.refused(2, &["embed", "gallery", "--output", "g.safetensors"]);
    assert!(text.contains("gallery/again is a link to gallery, which contains it"), "{text}");
    let text = desk.refused(2, &["embed", "/dev/null", "--output", "g.safetensors"]);
    assert!(text.contains("/dev/null is neither a file nor a folder"), "{text}");
}
