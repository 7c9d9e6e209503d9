//! What published files show and what they do not.

use crate::made::{file, tensors_of, zeros};
use crate::{golden, options};
use aio_encoder::Activation;
use aio_encoder::weights::Tensors;
use aio_model::import::{self, Hints, Imported, Stems, convert, open_encoder};

fn imported(name: &str, contents: impl Into<aio_encoder::weights::Contents>) -> Imported {
    let hints = Hints { heads: Some(2), ..Hints::default() };
    import::import(name, contents, hints).expect("a known layout")
}

/// OpenAI's archives have three scalars of integers, and PyTorch counts the batches of a batch normalisation in integers.
#[test]
fn integers_are_names_alone_in_every_kind_of_file() {
    let counters = [
        "patch_embed.conv.1.BN.num_batches_tracked",
        "patch_embed.conv.4.BN.num_batches_tracked",
        "patch_embed.conv.7.num_batches_tracked",
    ];
    let pth = import::read(&golden("transreid-ssl.pth")).expect("reads");
    assert_eq!(pth.integers.iter().map(String::as_str).collect::<Vec<_>>(), counters);
    let directory = tempfile::tempdir().expect("temporary directory");
    let stored = file(directory.path(), &pth.tensors, &counters, None);
    let stored = import::read(&stored).expect("reads");
    assert!(stored == pth, "the same in both kinds of files");
    let found = imported("transreid-ssl", stored);
    assert!(found.coverage.is_complete(), "{}", found.coverage);
    assert!(counters.iter().all(|name| found.coverage.unused.iter().any(|n| n == name)));

    let openai = import::read(&golden("openai-clip.safetensors")).expect("reads");
    let scalars = ["context_length", "input_resolution", "vocab_size"];
    assert_eq!(openai.integers.iter().map(String::as_str).collect::<Vec<_>>(), scalars);
    let found = imported("openai-clip", openai.clone());
    assert_eq!(found.encoder.activation, Activation::QuickGelu);
    assert!(scalars.iter().all(|name| found.coverage.unused.iter().any(|n| n == name)));
    // The other files of CLIP have the same tensors without them.
    assert_eq!(imported("open-clip", openai.tensors).encoder.activation, Activation::Gelu);
}

/// ViT-H-14 of open_clip: 1280 channels, of which a head has 80.
#[test]
fn a_visual_tower_that_is_wider_than_vit_l_has_16_heads() {
    const WIDTH: usize = 1280;
    let (visual, block) = ("visual.", "visual.transformer.resblocks.0.");
    let mut tensors = Tensors::new();
    for (name, shape) in [
        ("class_embedding", &[WIDTH][..]),
        ("positional_embedding", &[5, WIDTH]),
        ("conv1.weight", &[WIDTH, 3, 2, 2]),
        ("ln_pre.weight", &[WIDTH]),
        ("ln_pre.bias", &[WIDTH]),
        ("ln_post.weight", &[WIDTH]),
        ("ln_post.bias", &[WIDTH]),
    ] {
        tensors.insert(format!("{visual}{name}"), zeros(shape));
    }
    for (name, shape) in [
        ("ln_1.weight", &[WIDTH][..]),
        ("ln_1.bias", &[WIDTH]),
        ("ln_2.weight", &[WIDTH]),
        ("ln_2.bias", &[WIDTH]),
        ("attn.in_proj_weight", &[3 * WIDTH, WIDTH]),
        ("attn.in_proj_bias", &[3 * WIDTH]),
        ("attn.out_proj.weight", &[WIDTH, WIDTH]),
        ("attn.out_proj.bias", &[WIDTH]),
        ("mlp.c_fc.weight", &[4, WIDTH]),
        ("mlp.c_fc.bias", &[4]),
        ("mlp.c_proj.weight", &[WIDTH, 4]),
        ("mlp.c_proj.bias", &[WIDTH]),
    ] {
        tensors.insert(format!("{block}{name}"), zeros(shape));
    }
    let found = import::import("ViT-H-14", tensors, Hints::default()).expect("a known layout");
    assert!(found.coverage.is_complete(), "{}", found.coverage);
    assert_eq!(found.encoder.heads, 16);
}

/// `checkpoint.pth` of DINO's `main_dino.py`: the names of the student come first and are as long.
#[test]
fn of_student_and_teacher_the_teacher_is_taken() {
    let teacher = tensors_of("timm-augreg.safetensors");
    let mut both = Tensors::new();
    for (name, tensor) in &teacher {
        both.insert(format!("student.module.backbone.{name}"), zeros(&tensor.shape));
        both.insert(format!("teacher.module.backbone.{name}"), tensor.clone());
    }
    let found = imported("checkpoint.pth", both);
    assert!(found.coverage.is_complete(), "{}", found.coverage);
    let mut of_teacher = found.coverage.loaded.iter().map(|(theirs, _)| theirs);
    assert!(of_teacher.all(|name| name.starts_with("teacher.module.backbone.")));
    assert!(found.tensors == imported("teacher", teacher).tensors);
}

/// timm's `vit_base_patch14_reg4_dinov2`: rows of `pos_embed` are for patches alone.
#[test]
fn positions_may_belong_to_the_patches_alone() {
    let theirs = tensors_of("timm-no-embed-class.safetensors");
    let found = imported("no_embed_class", theirs.clone());
    assert!(found.coverage.is_complete(), "{}", found.coverage);
    let values = |name: &str| &found.tensors[name].values;
    assert_eq!(values("tokenizers.cls"), &theirs["cls_token"].values);
    assert_eq!(values("tokenizers.registers"), &theirs["reg_token"].values);
    assert_eq!(values("tokenizers.rgb.positions"), &theirs["pos_embed"].values);
    // 15 rows are neither 16 patches nor 14 behind a class token.
    let mut short = theirs;
    let positions = short.get_mut("pos_embed").expect("there");
    positions.values.truncate(15 * 32);
    positions.shape = vec![1, 15, 32];
    let hints = Hints { heads: Some(2), ..Hints::default() };
    let error = import::import("short", short, hints).expect_err("no grid").to_string();
    let said = "neither its 15 positions nor those behind the 1 tokens in front of the patches";
    assert!(error.contains(said), "{error}");
}

#[test]
fn an_inspection_names_what_a_conversion_starts_fresh() {
    for name in [
        "timm-augreg.safetensors",
        "dinov3-meta.pth",
        "dinov2.safetensors",
        "open-clip.safetensors",
        "pe.pt",
        "transreid-ssl.pth",
        "meta-transformer.pth",
    ] {
        let path = golden(name);
        let found = imported(name, import::read(&path).expect("reads"));
        let named = found.with_fresh_named().expect("named").coverage;
        let size = options(64, 32, Stems::FromCheckpoint);
        assert_eq!(named, convert(&path, &size).expect("converts").coverage, "{name}");
    }
}

/// The flag decides about `ln_pre`, whoever has stored the blocks.
#[test]
fn blocks_of_a_converted_checkpoint_are_those_of_the_checkpoint() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let theirs = golden("open-clip.safetensors");
    let own = directory.path().join("own.safetensors");
    let converted = convert(&theirs, &options(64, 32, Stems::FromCheckpoint)).expect("converts");
    std::fs::write(&own, converted.weights.bytes()).expect("write");
    let theirs = theirs.to_str().expect("UTF-8");
    let own = own.to_str().expect("UTF-8");
    for pre_norm in [false, true] {
        let hints = options(64, 32, Stems::FromCheckpoint).hints;
        let (config, blocks) = open_encoder(theirs, hints, pre_norm).expect("opens");
        let (of_own, own_blocks) = open_encoder(own, Hints::default(), pre_norm).expect("opens");
        assert_eq!((config.pre_norm, &config), (pre_norm, &of_own));
        let blocks = blocks.tensors().expect("tensors");
        assert_eq!(blocks.contains_key("norm_pre.weight"), pre_norm);
        assert!(blocks == own_blocks.tensors().expect("tensors"));
    }
}
