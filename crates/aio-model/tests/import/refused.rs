//! Checkpoints that would compute something else than their own code, and are therefore refused with the reason.

use crate::golden;
use crate::made::{file, tensors_of, zeros};
use crate::options;
use aio_encoder::weights::{Shipped, Tensors, Weights};
use aio_model::import::{self, Hints, ImportOptions, Stems, convert, open, open_encoder};
use serde_json::{Value, json};
use std::path::Path;

/// The error of a golden checkpoint that `edit` has changed, both as a model and as blocks alone.
fn refused(golden: &str, edit: impl FnOnce(&mut Tensors)) -> String {
    let mut tensors = tensors_of(golden);
    edit(&mut tensors);
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = file(directory.path(), &tensors, &[], None);
    let options = options(32, 32, Stems::FromCheckpoint);
    let error = convert(&path, &options).expect_err("changed").to_string();
    let name = path.to_str().expect("UTF-8");
    let of_blocks = open_encoder(name, options.hints, false).expect_err("changed").to_string();
    assert_eq!(error, of_blocks, "one rule for all");
    error
}

fn unwrapped(weights: &Weights) -> (Tensors, Value) {
    let config: Value = weights.metadata("config").expect("sizes");
    (weights.tensors().expect("tensors"), config)
}

#[test]
fn unknown_and_misshaped_tensors_are_named() {
    let refused = |edit: &dyn Fn(&mut Tensors)| refused("timm-augreg.safetensors", edit);
    let extra = refused(&|t| {
        let copy = t["norm.weight"].clone();
        t.insert("blocks.0.adapter.weight".into(), copy);
    });
    assert!(extra.contains("unknown    blocks.0.adapter.weight"), "{extra}");
    let short = refused(&|t| {
        let tensor = t.get_mut("blocks.1.mlp.fc2.bias").expect("there");
        tensor.shape = vec![31];
        tensor.values.pop();
    });
    assert!(short.contains("misshaped  blocks.1.mlp.fc2.bias: [31], expected [32]"), "{short}");
    let nothing = refused(&|t| t.clear());
    assert!(nothing.contains("no known layout"), "{nothing}");
    let heads = convert(
        &golden("timm-augreg.safetensors"),
        &ImportOptions {
            hints: Hints { heads: Some(5), ..Hints::default() },
            ..options(32, 32, Stems::Fresh)
        },
    );
    assert!(
        heads.expect_err("5 heads").to_string().contains("5 heads do not divide a width of 32")
    );
}

/// timm's `qk_norm` normalises queries and keys, open_clip's `ls_init_value` scales the branches of a block.
#[test]
fn tensors_of_blocks_that_no_rule_covers_are_refused() {
    let normalised = refused("timm-augreg.safetensors", |t| {
        t.insert("blocks.1.attn.q_norm.weight".into(), zeros(&[16]));
    });
    assert!(normalised.contains("unknown    blocks.1.attn.q_norm.weight"), "{normalised}");
    let scaled = refused("open-clip.safetensors", |t| {
        t.insert("visual.transformer.resblocks.1.ls_1.gamma".into(), zeros(&[32]));
    });
    let name = "unknown    visual.transformer.resblocks.1.ls_1.gamma";
    assert!(scaled.contains(name), "{scaled}");
    // Without the tensor by which blocks are counted, a block is not one of them.
    let short = refused("open-clip.safetensors", |t| {
        t.remove("visual.transformer.resblocks.1.ln_1.weight").expect("there");
    });
    let name = "unknown    visual.transformer.resblocks.1.attn.in_proj_weight";
    assert!(short.contains(name), "{short}");
}

#[test]
fn a_tensor_that_every_checkpoint_of_the_layout_has_is_never_drawn_at_random() {
    for (file, theirs, ours) in [
        ("timm-augreg.safetensors", "blocks.1.mlp.fc2.weight", "encoder.blocks.1.mlp.fc2.weight"),
        ("timm-augreg.safetensors", "norm.weight", "projection.norm.weight"),
        ("timm-augreg.safetensors", "pos_embed", "tokenizers.rgb.positions"),
        ("dinov2.safetensors", "blocks.0.ls2.gamma", "encoder.blocks.0.ls2"),
        (
            "open-clip.safetensors",
            "transformer.resblocks.0.attn.out_proj.weight",
            "text_tower.encoder.blocks.0.attn.proj.weight",
        ),
        ("open-clip.safetensors", "visual.conv1.weight", "tokenizers.rgb.proj.weight"),
        (
            "siglip-open-clip.safetensors",
            "visual.trunk.attn_pool.proj.weight",
            "projection.pooling.proj.weight",
        ),
        ("transreid-ssl.pth", "patch_embed.conv.3.weight", "tokenizers.rgb.layers.1.conv.weight"),
    ] {
        let error = refused(file, |t| {
            t.remove(theirs).expect("there");
        });
        assert!(error.contains(&format!("  lacking    {ours}\n")), "{file}, {theirs}: {error}");
    }
}

#[test]
fn a_file_of_this_project_is_never_read_as_one_of_another() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let converted =
        convert(&golden("open-clip.safetensors"), &options(64, 32, Stems::FromCheckpoint));
    let converted = converted.expect("converted").weights;
    for weights in [Shipped::Embedded.weights().expect("reads"), converted] {
        let (tensors, config) = unwrapped(&weights);
        let all = |path: &Path| {
            let (name, options) = (path.to_str().expect("UTF-8"), ImportOptions::default());
            [
                open(name, &options).map(drop),
                open_encoder(name, Hints::default(), false).map(drop),
                convert(path, &options).map(drop),
            ]
            .map(|outcome| outcome.expect_err("no sizes").to_string())
        };
        // As a program stores it that knows tensors alone.
        for error in all(&file(directory.path(), &tensors, &[], None)) {
            let said = "names are those of a weights file of this project";
            assert!(error.contains(said) && error.contains("metadata entry `aio`"), "{error}");
        }
        // As a later version may write it, and a damaged one.
        let mut later = config.clone();
        later["colours"] = json!(1);
        for (sizes, said) in [(later, "unknown field `colours`"), (json!({}), "missing field")] {
            let path = file(directory.path(), &tensors, &[], Some(&json!({"config": sizes})));
            let own = import::own_weights(&path).expect_err("no sizes").to_string();
            for error in all(&path).into_iter().chain([own]) {
                assert!(error.contains("made.safetensors") && error.contains(said), "{error}");
            }
        }
        // With its sizes it is what it was, and no checkpoint to convert.
        let path = directory.path().join("own.safetensors");
        std::fs::write(&path, weights.bytes()).expect("write");
        let error = convert(&path, &ImportOptions::default()).expect_err("own").to_string();
        assert!(error.contains("a weights file of this project already"), "{error}");
    }
}

/// Names of timm's NaFlex models, of chunked training checkpoints of DINOv2 and of Swin transformers, which all have `….0.norm1.weight`.
#[test]
fn blocks_are_taken_alone_only_from_files_of_blocks_alone() {
    let naflex = refused("timm-augreg.safetensors", |t| {
        t.retain(|name, _| name.starts_with("blocks."));
        t.insert("embeds.proj.weight".into(), zeros(&[32, 192]));
    });
    let chunked = refused("timm-augreg.safetensors", |t| {
        *t = std::mem::take(t)
            .into_iter()
            .map(|(name, tensor)| {
                let name = match name.strip_prefix("blocks.") {
                    Some(rest) if rest.starts_with('0') => format!("blocks.0.{rest}"),
                    Some(rest) => format!("blocks.1.{rest}"),
                    None => name,
                };
                (format!("teacher.backbone.{name}"), tensor)
            })
            .collect();
    });
    let swin = refused("timm-augreg.safetensors", |t| {
        t.retain(|name, _| name.starts_with("blocks."));
        *t = std::mem::take(t)
            .into_iter()
            .map(|(name, tensor)| (format!("backbone.stages.0.{name}"), tensor))
            .collect();
        t.insert("backbone.patch_embed.projection.weight".into(), zeros(&[96, 3, 4, 4]));
    });
    for (error, outside) in [
        (naflex, "embeds.proj.weight"),
        (chunked, "teacher.backbone.blocks.1.1.attn.proj.bias"),
        (swin, "backbone.patch_embed.projection.weight"),
    ] {
        assert!(error.contains("of no known layout"), "{error}");
        assert!(error.contains(&format!("but `{outside}` is none of them")), "{error}");
    }
}

/// I-JEPA and timm's `vit_*_gap_*` have no class token, MAE's fine-tuned models normalise the mean, CLIPA's have no `ln_pre` (open_clip's `no_ln_pre`
/// with `pool_type = "avg"`).
#[test]
fn models_whose_embedding_is_the_mean_of_the_patches_are_refused() {
    let renamed = |t: &mut Tensors| {
        for part in ["weight", "bias"] {
            let norm = t.remove(&format!("norm.{part}")).expect("there");
            t.insert(format!("fc_norm.{part}"), norm);
        }
    };
    let gap = refused("timm-augreg.safetensors", |t| {
        renamed(t);
        t.remove("cls_token").expect("there");
        let positions = t.get_mut("pos_embed").expect("there");
        positions.values.drain(..32);
        positions.shape = vec![1, 16, 32];
    });
    assert!(gap.contains("neither a class token"), "{gap}");
    let tuned = refused("timm-augreg.safetensors", renamed);
    assert!(tuned.contains("`fc_norm` and no `norm`"), "{tuned}");
    let clipa = refused("open-clip.safetensors", |t| t.retain(|name, _| !name.contains("ln_pre")));
    assert!(clipa.contains("no `ln_pre`") && clipa.contains("CLIPA"), "{clipa}");
}

#[test]
fn a_clip_whose_visual_tower_is_no_vision_transformer_is_refused_by_that() {
    let resnet = refused("open-clip.safetensors", |t| {
        let block = t["visual.transformer.resblocks.0.ln_1.weight"].clone();
        t.retain(|name, _| !name.starts_with("visual."));
        t.insert("transformer.resblocks.0.ln_1.weight".into(), block);
        t.insert("visual.conv1.weight".into(), zeros(&[32, 3, 3, 3]));
        t.insert("visual.layer1.0.conv1.weight".into(), zeros(&[32, 32, 1, 1]));
    });
    assert!(resnet.contains("its visual tower is no vision transformer"), "{resnet}");
}

#[test]
fn blocks_of_this_project_take_no_hints_and_no_normalisation_that_they_lack() {
    let hints = Hints { heads: Some(2), ..Hints::default() };
    let error = open_encoder("embedded", hints, false).expect_err("hints").to_string();
    assert!(error.contains("leave --layout, --heads"), "{error}");
    let error = open_encoder("embedded", Hints::default(), true).expect_err("none").to_string();
    assert!(error.contains("it has no ln_pre"), "{error}");
}
