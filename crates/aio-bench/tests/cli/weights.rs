//! `aio weights`.

use crate::harness::{Desk, checkpoint, coloured, features};
use aio_encoder::weights::{Tensors, Weights};

#[test]
fn weights_are_listed_inspected_and_converted_and_calls_are_refused() {
    let desk = Desk::new();
    let list = desk.succeed(&["weights", "list"]);
    assert!(
        list.contains("Meta-Transformer_base_patch16_encoder.pth: not there")
            && list.contains("Apache-2.0"),
        "{list}"
    );
    // A published name tells what no tensor tells: DINO's pictures have ImageNet's statistics, and timm's, of the same layout, have others.
    std::fs::create_dir_all(desk.path("weights")).expect("create");
    std::fs::copy(checkpoint("dino.pth"), desk.path("weights/dino_vitbase16_pretrain.pth"))
        .expect("copy");
    let bytes = std::fs::read(desk.path("weights/dino_vitbase16_pretrain.pth")).expect("bytes");
    let listed = desk.succeed(&["weights", "list"]);
    assert!(
        listed.contains("dino_vitbase16_pretrain.pth: there")
            && listed.contains(&aio_encoder::weights::sha256(&bytes)),
        "{listed}"
    );
    for (file, mean) in
        [("weights/dino_vitbase16_pretrain.pth".to_owned(), 0.485), (checkpoint("dino.pth"), 0.5)]
    {
        desk.succeed(&[
            "weights",
            "convert",
            &file,
            "--output",
            "dino.safetensors",
            "--height",
            "32",
            "--width",
            "32",
            "--heads",
            "2",
        ]);
        let converted =
            aio_encoder::weights::Weights::open(&desk.path("dino.safetensors")).expect("weights");
        let preprocessing: aio_encoder::weights::Preprocessing =
            converted.metadata("preprocessing").expect("preprocessing");
        assert_eq!(preprocessing.mean[0], mean, "{file}");
    }
    let inspected =
        desk.succeed(&["weights", "inspect", &checkpoint("open-clip.safetensors"), "--heads", "2"]);
    for expected in [
        "layout clip",
        "2 blocks of width 32, 2 heads, MLP 128",
        "ln_pre true",
        "visual.conv1.weight → tokenizers.rgb.proj.weight",
        "unused     logit_scale",
        "fresh 0,",
        "text tower: 1 blocks of width 2, 1 heads, MLP 8",
        "causal",
        "ln_final.weight → text_tower.projection.norm.weight",
    ] {
        assert!(inspected.contains(expected), "{inspected}\nlacks {expected}");
    }
    let open_clip = checkpoint("open-clip.safetensors");
    let table = ["weights", "inspect", &open_clip, "--heads", "2", "--text-encoder", "table"];
    let inspected = desk.succeed(&table);
    assert!(
        inspected.contains("unused     ln_final.weight") && !inspected.contains("text tower"),
        "{inspected}"
    );
    assert!(inspected.contains("fresh      tokenizers.text.positions"), "{inspected}");
    let blocks = checkpoint("meta-transformer.pth");
    let inspected = desk.succeed(&["weights", "inspect", &blocks, "--heads", "2"]);
    assert!(inspected.contains("fresh      tokenizers.rgb.layers.0.conv.weight"), "{inspected}");
    let lacking = checkpoint("openai-clip.safetensors");
    let tower = ["weights", "inspect", &lacking, "--heads", "2", "--text-encoder", "tower"];
    let text = desk.refused(2, &tower);
    assert!(text.contains("`token_embedding.weight` is missing"), "{text}");
    let convert = [
        "weights",
        "convert",
        &checkpoint("dinov2.safetensors"),
        "--output",
        "own.safetensors",
        "--height",
        "64",
        "--width",
        "32",
        "--heads",
        "2",
    ];
    assert!(desk.succeed(&convert).contains("fresh"));
    assert!(
        desk.succeed(&["weights", "inspect", "own.safetensors"])
            .contains("a weights file of this project")
    );
    let call = desk.refused(2, &["weights", "inspect", &checkpoint("call.pth")]);
    assert!(
        call.contains("print`, which is no part of a state dict")
            && !call.contains("must never be printed"),
        "{call}"
    );
    let wrong = desk.refused(
        2,
        &[
            "weights",
            "convert",
            &checkpoint("dino.pth"),
            "--output",
            "x.safetensors",
            "--height",
            "60",
            "--width",
            "32",
        ],
    );
    assert!(wrong.contains("60 × 32") && !desk.path("x.safetensors").exists(), "{wrong}");
    let convert = ["weights", "convert", &checkpoint("dino.pth"), "--output", "x.safetensors"];
    let wrong = desk.refused(2, &[&convert[..], &["--height", "1000000000"]].concat());
    assert!(wrong.contains("1000000000 × 128") && wrong.contains("at most 2048"), "{wrong}");
    let weights = checkpoint("open-clip.safetensors");
    let plain = [
        "weights",
        "convert",
        &weights,
        "--output",
        "plain.safetensors",
        "--height",
        "64",
        "--width",
        "32",
        "--heads",
        "2",
        "--stems",
    ];
    assert!(
        desk.succeed(&[&plain[..], &["fresh-batch"]].concat())
            .contains("fresh      tokenizers.rgb.layers.0.norm.running_mean")
    );
    assert!(
        desk.refused(2, &[&plain[..], &["fresh-bath"]].concat())
            .contains("unknown variant `fresh-bath`, expected one of `from-checkpoint`")
    );
}

#[test]
fn what_a_model_does_not_have_is_refused_where_it_is_named() {
    let desk = Desk::new();
    coloured(&desk, "few", 3);
    // No sentence was ever shown to it, so that a ranking would be one of random numbers.
    let timm = checkpoint("timm-augreg.safetensors");
    let model = ["--model", &timm, "--heads", "2"];
    let sentence = [&["search", "few", "--text", "a man in a red jacket"][..], &model].concat();
    let refused = desk.refused(2, &sentence);
    assert!(refused.contains("holds text, but the model was made for rgb"), "{refused}");
    assert!(refused.contains("without text tower and token table"), "{refused}");
    desk.succeed(&[&["embed", "few", "--output", "f.safetensors"][..], &model].concat());
    // A weights file of this project states what the options say of a checkpoint.
    let clip = checkpoint("open-clip.safetensors");
    let own = "own.safetensors";
    desk.succeed(&["weights", "convert", &clip, "--heads", "2", "--output", own]);
    let embed = ["embed", "few", "--output", "g.safetensors", "--model", own];
    for option in [
        &["--heads", "2"][..],
        &["--quick-gelu"],
        &["--normalisation", "clip"],
        &["--layout", "clip"],
    ] {
        let refused = desk.refused(2, &[&embed[..], option].concat());
        assert!(refused.contains("do not apply to own.safetensors"), "{refused}");
    }
    desk.succeed(&[&embed[..], &["--text-encoder", "tower"]].concat());
    let refused = desk.refused(2, &["weights", "convert", own, "--output", "x.safetensors"]);
    assert!(refused.contains("a weights file of this project already"), "{refused}");
}

#[test]
fn a_model_is_adapted_to_pictures_and_embeds_them_otherwise() {
    let desk = Desk::new();
    coloured(&desk, "few", 3);
    let few = desk.refused(2, &["weights", "adapt", "few", "--output", "a.safetensors"]);
    assert!(
        few.contains("3 pictures are too few") && few.contains("at least 64 are needed"),
        "{few}"
    );
    coloured(&desk, "place", 64);
    let pencil = ["weights", "adapt", "place", "--modality", "colour-pencil"];
    let text = desk.refused(2, &[&pencil[..], &["--output", "a.safetensors"]].concat());
    assert!(text.contains("has no stem of colour-pencil; it has rgb+infrared+sketch\n"), "{text}");
    // One convolution per patch, as CLIP, DINOv2 and timm have: no statistics that could be adapted.
    let patches = checkpoint("open-clip.safetensors");
    let of_patches = ["--model", &patches, "--heads", "2", "--output", "a.safetensors"];
    let text = desk.refused(2, &[&["weights", "adapt", "place"][..], &of_patches].concat());
    assert!(text.contains("has no batch normalisation"), "{text}");
    assert!(!desk.path("a.safetensors").exists());
    let adapt = ["weights", "adapt", "place", "--output", "a.safetensors", "--json"];
    let adapted = desk.json(&adapt);
    assert_eq!((&adapted["pictures"], &adapted["modality"]), (&64.into(), &"rgb".into()));
    let bytes = std::fs::read(desk.path("a.safetensors")).expect("written");
    assert_eq!(adapted["sha256"], aio_encoder::weights::sha256(&bytes));
    let embedded = ["--model", "embedded", "--output", "e.safetensors"];
    desk.succeed(&[&["weights", "adapt", "place"][..], &embedded].concat());
    let stated = std::fs::read(desk.path("e.safetensors")).expect("written");
    let stated = aio_encoder::weights::Weights::from_bytes("e", stated);
    let entry = |key| stated.metadata::<serde_json::Value>(key).expect(key);
    assert_eq!(entry("licence"), "MIT OR Apache-2.0");
    assert_eq!(entry("origin"), "aio pretrain, rendered data only");
    assert_eq!(entry("adapted_from"), "embedded");
    let of_embedded = aio_encoder::weights::Shipped::Embedded.sha256();
    assert_eq!(entry("adapted_from_sha256"), of_embedded);
    desk.succeed(&["embed", "few", "--output", "before.safetensors"]);
    let model = ["--model", "a.safetensors"];
    desk.succeed(&[&["embed", "few", "--output", "after.safetensors"][..], &model].concat());
    let (before, after) =
        (features(&desk, "before.safetensors"), features(&desk, "after.safetensors"));
    assert!(before.len() == after.len() && before != after);
    assert!(after.iter().all(|value| value.is_finite()));
}

#[test]
fn a_model_of_the_program_is_no_file_and_the_hint_says_where_its_file_is() {
    let desk = Desk::new();
    for name in ["default", "embedded"] {
        let source = format!("crates/aio-encoder/weights/{name}.safetensors");
        for call in [
            &["weights", "inspect", name][..],
            &["weights", "convert", name, "--output", "o.safetensors"],
            &["weights", "pack", name, "--output", "o.safetensors"],
            &["weights", "average", name, name, "--output", "o.safetensors"],
        ] {
            let text = desk.refused(2, call);
            assert!(text.contains(&format!("`{name}` is compiled into the program")), "{text}");
            assert!(text.contains(&format!("hint: its file is {source}")), "{text}");
        }
        assert!(!desk.path("o.safetensors").exists());
        // A directory of that name is the user's own.
        std::fs::create_dir_all(desk.path(name)).expect("create");
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(source);
        std::fs::copy(file, desk.path(name).join("weights.safetensors")).expect("copied");
        let text = desk.succeed(&["weights", "inspect", name]);
        assert!(text.contains("a weights file of this project"), "{text}");
    }
}

#[test]
fn the_directory_of_a_model_stands_for_its_weights() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("model")).expect("create");
    let weights = "model/weights.safetensors";
    let convert = |from: &str, to: &str| {
        desk.succeed(&["weights", "convert", from, "--output", to, "--heads", "2"]);
    };
    convert(&checkpoint("open-clip.safetensors"), weights);
    assert_eq!(
        desk.succeed(&["weights", "inspect", "model"]),
        desk.succeed(&["weights", "inspect", weights])
    );
    let of = |from: &str| {
        let output = desk.run(&["weights", "convert", from, "--output", "again.safetensors"]);
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let (directory, file) = (of("model"), of(weights));
    assert_eq!(directory, file);
    assert!(!directory.contains("without weights.safetensors"), "{directory}");
    let text = desk.refused(2, &["experiment", "smoke", "--set", "model.weights=model"]);
    assert!(
        text.contains("weights: model is a directory; its weights are model/weights.safetensors"),
        "{text}"
    );
}

#[test]
fn a_widened_model_embeds_as_before_and_noise_changes_it_a_little() {
    let desk = Desk::new();
    coloured(&desk, "few", 3);
    let fewer = ["weights", "widen", "--channels", "24", "--output", "w.safetensors"];
    let refused = desk.refused(2, &fewer);
    assert!(refused.contains("--channels is 24") && refused.contains("have 24"), "{refused}");
    let odd = ["weights", "widen", "--channels", "25", "--output", "w.safetensors"];
    assert!(desk.refused(2, &odd).contains("expected an even number"));
    desk.succeed(&["embed", "few", "--output", "before.safetensors"]);
    let before = features(&desk, "before.safetensors");
    let mut distances = Vec::new();
    for noise in ["0", "0.1"] {
        let widen = ["weights", "widen", "--channels", "28", "--output", "w.safetensors"];
        let widened = desk.json(&[&widen[..], &["--noise", noise, "--json"]].concat());
        assert_eq!((&widened["from"], &widened["channels"]), (&24.into(), &28.into()));
        let inspected = desk.succeed(&["weights", "inspect", "w.safetensors"]);
        assert!(inspected.contains("\"channels\": 28"), "{inspected}");
        let model = ["--model", "w.safetensors"];
        desk.succeed(&[&["embed", "few", "--output", "after.safetensors"][..], &model].concat());
        let after = features(&desk, "after.safetensors");
        assert_eq!(before.len(), after.len());
        let length = |features: &[f32]| features.iter().map(|x| x * x).sum::<f32>().sqrt();
        let apart: Vec<f32> = before.iter().zip(&after).map(|(a, b)| a - b).collect();
        distances.push(length(&apart) / length(&before));
    }
    assert!(distances[0] < 1e-5 && (1e-3..0.5).contains(&distances[1]), "{distances:?}");
}

/// A weights file of this project whose tensors were changed.
fn changed(desk: &Desk, name: &str, change: impl Fn(&mut Tensors)) {
    let own = Weights::open(&desk.path("own.safetensors")).expect("opens");
    let mut tensors = own.tensors().expect("tensors");
    change(&mut tensors);
    let file = Weights::from_tensors(name, &tensors, &own).expect("written");
    std::fs::write(desk.path(name), file.bytes()).expect("written");
}

fn own(desk: &Desk) {
    let file = checkpoint("open-clip.safetensors");
    let small = ["--height", "64", "--width", "32", "--heads", "2", "--output", "own.safetensors"];
    desk.succeed(&[&["weights", "convert", &file][..], &small].concat());
}

#[test]
fn tensors_that_no_part_of_a_model_has_are_named_and_values_that_are_not_finite_embed_nothing() {
    let desk = Desk::new();
    coloured(&desk, "few", 2);
    own(&desk);
    for name in ["foo.bar", "mixer.norm.weight"] {
        changed(&desk, "more.safetensors", |tensors| {
            let tensor = tensors.values().next().expect("a tensor").clone();
            tensors.insert(name.to_owned(), tensor);
        });
        let embed = ["embed", "few", "--model", "more.safetensors", "--output", "x.safetensors"];
        let text = desk.refused(2, &embed);
        assert!(text.contains(&format!("`{name}` is unknown")), "{text}");
    }
    changed(&desk, "nan.safetensors", |tensors| {
        let tensor = tensors.get_mut("encoder.blocks.0.attn.qkv.weight").expect("there");
        tensor.values[0] = f32::NAN;
    });
    let embed = ["embed", "few", "--model", "nan.safetensors", "--output", "x.safetensors"];
    let text = desk.refused(2, &embed);
    assert!(text.contains("embedding of few/000.png holds values that are not finite"), "{text}");
    assert!(!desk.path("x.safetensors").exists());
    std::fs::write(desk.path("l.csv"), "path\nfew/001.png\n").expect("written");
    let create = ["gallery", "create", "people", "--list", "l.csv"];
    let text = desk.refused(2, &[&create[..], &["--model", "nan.safetensors"]].concat());
    assert!(text.contains("embedding of l.csv, row 2 holds values that are not finite"), "{text}");
    // A gallery of which nothing was made is of no model.
    assert!(!desk.path("people").exists());
    desk.succeed(&create);
}

#[test]
fn the_mean_of_two_models_lies_between_them_and_others_are_refused() {
    let desk = Desk::new();
    coloured(&desk, "few", 3);
    own(&desk);
    changed(&desk, "other.safetensors", |tensors| {
        tensors.get_mut("projection.norm.bias").expect("there").values.fill(0.5);
    });
    let average = ["weights", "average", "own.safetensors", "other.safetensors"];
    let output = ["--output", "mean.safetensors", "--json"];
    let averaged = desk.json(&[&average[..], &output].concat());
    assert_eq!(averaged["models"], 2);
    let embedded = |model: &str| {
        let model = format!("{model}.safetensors");
        desk.succeed(&["embed", "few", "--model", &model, "--output", "f.safetensors"]);
        features(&desk, "f.safetensors")
    };
    // The bias is added behind everything that is not linear.
    let (own, other, mean) = (embedded("own"), embedded("other"), embedded("mean"));
    assert!(own != other);
    for ((a, b), mean) in own.iter().zip(&other).zip(&mean) {
        assert!(((a + b) / 2.0 - mean).abs() < 1e-4, "{a} {b} {mean}");
    }
    let widen = ["weights", "widen", "--channels", "28", "--output", "w.safetensors"];
    desk.succeed(&widen);
    let average = ["weights", "average", "own.safetensors", "w.safetensors"];
    let text = desk.refused(2, &[&average[..], &["--output", "x.safetensors"]].concat());
    assert!(text.contains("`w.safetensors` has another config than `own.safetensors`"), "{text}");
    let average = ["weights", "average", "own.safetensors", "w.safetensors"];
    let text = desk.refused(2, &[&average[..], &["--output", "w.safetensors"]].concat());
    assert!(text.contains("it would be written over the input w.safetensors"), "{text}");
}

#[test]
fn a_mean_loses_no_terms_of_use_and_names_its_parts() {
    let desk = Desk::new();
    own(&desk);
    for (folder, licence) in [("a", "MIT"), ("b", "CC BY 4.0")] {
        std::fs::create_dir(desk.path(folder)).expect("created");
        let file = format!("{folder}/weights.safetensors");
        let stated = ["--licence", licence, "--origin", "a test", "--output", &file];
        desk.succeed(&[&["weights", "pack", "own.safetensors"][..], &stated].concat());
    }
    let average = ["weights", "average", "a", "b", "--output", "mean.safetensors"];
    let text = desk.refused(2, &average);
    let expected = "the models do not state the same licence: a/weights.safetensors: MIT; b/weights.safetensors: CC BY 4.0";
    assert!(text.contains(expected) && text.contains("hint: say what"), "{text}");
    assert!(!desk.path("mean.safetensors").exists());
    desk.succeed(&[&average[..], &["--licence", "MIT AND CC BY 4.0"]].concat());
    let mean = Weights::open(&desk.path("mean.safetensors")).expect("opens");
    let parts = mean.metadata::<serde_json::Value>("averaged").expect("stated");
    let names = ["a", "b"].map(|folder| format!("{folder}/weights.safetensors"));
    assert_eq!([&parts[0]["name"], &parts[1]["name"]], [&names[0], &names[1]]);
    let inspected = desk.succeed(&["weights", "inspect", "mean.safetensors"]);
    assert!(inspected.contains("\nlicence: MIT AND CC BY 4.0\norigin: a test\n"), "{inspected}");
    let inspected = desk.json(&["weights", "inspect", "a", "--json"]);
    assert_eq!((&inspected["licence"], &inspected["origin"]), (&"MIT".into(), &"a test".into()));
}

#[test]
fn blank_terms_of_use_and_values_that_are_not_finite_are_refused() {
    let desk = Desk::new();
    own(&desk);
    for command in
        [&["pack", "own.safetensors"][..], &["average", "own.safetensors", "nan.safetensors"]]
    {
        for option in ["--licence", "--origin"] {
            for blank in ["", "  "] {
                let stated = [option, blank, "--output", "x.safetensors"];
                let text = desk.refused(2, &[&["weights"][..], command, &stated].concat());
                assert!(text.contains(option) && text.contains("expected a text"), "{text}");
            }
        }
    }
    let broken = "encoder.blocks.0.attn.qkv.weight";
    changed(&desk, "nan.safetensors", |tensors| {
        tensors.get_mut(broken).expect("there").values[0] = f32::NAN;
    });
    for command in
        [&["pack", "nan.safetensors"][..], &["average", "own.safetensors", "nan.safetensors"]]
    {
        let output = ["--output", "x.safetensors"];
        let text = desk.refused(2, &[&["weights"][..], command, &output].concat());
        let expected =
            format!("nan.safetensors: the tensor `{broken}` has values that are not finite");
        assert!(text.contains(&expected) && text.contains("hint: "), "{text}");
    }
    assert!(!desk.path("x.safetensors").exists());
}

#[test]
fn pictures_are_no_text() {
    let desk = Desk::new();
    coloured(&desk, "few", 2);
    for call in [
        vec!["embed", "few", "--modality", "text", "--output", "x.safetensors"],
        vec!["gallery", "create", "people", "few", "--modality", "text"],
        vec!["weights", "adapt", "few", "--modality", "text", "--output", "x.safetensors"],
    ] {
        let text = desk.refused(2, &call);
        assert!(text.contains("possible values: rgb, infrared, sketch, colour-pencil"), "{text}");
    }
}
