//! Names of files that decide numbers.

use super::*;

#[test]
fn the_name_of_weights_counts_where_it_decides_the_normalisation_of_pictures() {
    let checksums = Checksums { weights: "abc".into(), ..Checksums::default() };
    let id = |name: &str, normalisation: &str| {
        let text =
            format!("[model]\nweights = \"weights/{name}\"\nnormalisation = \"{normalisation}\"\n");
        load(&text, &[]).expect("valid").config_id(&checksums)
    };
    let published = id("dino_vitbase16_pretrain.pth", "auto");
    assert_ne!(published, id("mine.pth", "auto"), "normalised as its layout suggests");
    assert_eq!(published, id("mine.pth", "imagenet"), "normalised as the published file");
    assert_eq!(published, id("dino_vitbase16_pretrain.pth", "imagenet"));
    assert_eq!(id("ViT-B-16.safetensors", "auto"), id("mine.pth", "auto"), "CLIP's layout says it");
}
