//! The text tower of CLIP checkpoints gives what open_clip's `encode_text` gives (`scripts/golden/text_tower.py`).

use aio_encoder::weights::{RawTensor, Tensors, Weights};
use aio_encoder::{Activation, EncoderConfig};
use aio_model::import::{self, Converted, Hints, ImportOptions, Opened, convert};
use aio_model::{Backbone, BackboneConfig, Extractor, TextUse, token_ids};
use aio_tokenize::ModalityInput;
use aio_tokenize::bpe::{CONTEXT, VOCABULARY};
use aio_types::{Modality, Observation, Picture, PictureSize};
use burn::tensor::{Device, Tensor, TensorData};
use std::path::{Path, PathBuf};

/// Width of the towers.
const WIDTH: usize = 128;

/// Name of the file, prefix of the tower, activation.
const CHECKPOINTS: [(&str, &str, Activation); 2] =
    [("openai", "", Activation::QuickGelu), ("open-clip", "text.", Activation::Gelu)];

fn golden(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(file)
}

fn stored(file: &str) -> Tensors {
    Weights::open(&golden(file)).expect("golden").tensors().expect("tensors")
}

/// The token table, as the script makes it.
fn table() -> RawTensor {
    let value = |i: usize| {
        let (row, column) = (i / WIDTH, i % WIDTH);
        ((row * 131 + column * 71 + row / 7 * column) % 1009) as f32
    };
    let values = (0..VOCABULARY * WIDTH).map(|i| (value(i) - 504.0) / 2048.0).collect();
    RawTensor { shape: vec![VOCABULARY, WIDTH], values }
}

/// A checkpoint with its table, changed by `edit`, as a file in `directory`.
fn checkpoint(
    directory: &Path,
    name: &str,
    prefix: &str,
    edit: impl FnOnce(&mut Tensors),
) -> PathBuf {
    let file = format!("text-tower-{name}.safetensors");
    let contents = Weights::open(&golden(&file)).expect("golden").contents().expect("contents");
    let mut tensors = contents.tensors;
    // Of integers the names alone matter, and what is written here are numbers of floating point.
    let scalar = RawTensor { shape: Vec::new(), values: vec![1.0] };
    tensors.extend(contents.integers.into_iter().map(|name| (name, scalar.clone())));
    tensors.insert(format!("{prefix}token_embedding.weight"), table());
    edit(&mut tensors);
    let path = directory.join(file);
    let like = Weights::open(&golden("text-tower.safetensors")).expect("golden");
    let whole = Weights::from_tensors(name, &tensors, &like).expect("serialises");
    std::fs::write(&path, whole.bytes()).expect("write");
    path
}

fn options(text: Option<TextUse>) -> ImportOptions {
    ImportOptions {
        size: PictureSize { height: 32, width: 16 },
        hints: Hints { heads: Some(2), text, ..Hints::default() },
        ..ImportOptions::default()
    }
}

fn converted(path: &Path, options: &ImportOptions) -> Converted {
    convert(path, options).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn loaded(weights: &Weights) -> (Backbone, BackboneConfig) {
    let (backbone, config, _) = Backbone::load(weights, &Device::flex()).expect("loads");
    (backbone, config)
}

/// The sentences of the script.
fn sentences() -> Vec<Vec<u32>> {
    let ids = stored("text-tower.safetensors").remove("ids").expect("ids");
    ids.values.chunks_exact(CONTEXT).map(|row| row.iter().map(|id| *id as u32).collect()).collect()
}

fn embedded(backbone: &Backbone, sentences: &[Vec<u32>]) -> Tensor<2> {
    let ids = token_ids(sentences.iter().map(Vec::as_slice), &Device::flex());
    backbone.embed(&[ModalityInput::Text(ids)])
}

fn expected(name: &str) -> Tensor<2> {
    let tensor = stored("text-tower.safetensors").remove(name).expect("a name");
    Tensor::from_data(TensorData::new(tensor.values, tensor.shape), &Device::flex())
}

fn difference(a: Tensor<2>, b: Tensor<2>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    (a - b).abs().max().into_scalar()
}

#[test]
fn sentences_are_embedded_as_open_clip_does() {
    let directory = tempfile::tempdir().expect("temporary directory");
    for (name, prefix, activation) in CHECKPOINTS {
        let path = checkpoint(directory.path(), name, prefix, |_| ());
        let Converted { weights, coverage, .. } = converted(&path, &options(None));
        assert!(coverage.missing.is_empty(), "{name}: {:?}", coverage.missing);
        let unused: Vec<&String> = coverage.unused.iter().collect();
        assert!(unused.iter().all(|n| !n.contains("transformer")), "{name}: {unused:?}");
        let (backbone, config) = loaded(&weights);
        let tower = config.text_tower.clone().expect("a tower");
        let sizes = (tower.depth, tower.embed_dim, tower.heads, tower.mlp);
        assert_eq!((sizes, tower.activation), ((2, WIDTH, 2, 32), activation), "{name}");
        assert!(tower.causal && !config.encoder.causal);
        assert_eq!(config.modalities().to_string(), "rgb+text");
        let all = sentences();
        let ours = embedded(&backbone, &all);
        let wrong = difference(ours.clone(), expected(name));
        assert!(wrong < 1e-5, "{name}: {wrong}");
        // Without what follows the end token: the longest of these has 12 ids.
        let short: Vec<Vec<u32>> = all[1..].iter().map(|ids| ids[..12].to_vec()).collect();
        let wrong = difference(embedded(&backbone, &short), expected(name).narrow(0, 1, 3));
        assert!(wrong < 1e-5, "{name}, short: {wrong}");
        // The activation matters, so that the comparison tells them apart.
        let other = EncoderConfig {
            activation: match activation {
                Activation::Gelu => Activation::QuickGelu,
                Activation::QuickGelu | Activation::GeluTanh => Activation::Gelu,
            },
            ..tower
        };
        let other = weights_with(&weights, BackboneConfig { text_tower: Some(other), ..config });
        assert!(difference(embedded(&other, &all), ours) > 1e-4, "{name}");
    }
}

/// The backbone of the same tensors with other sizes.
fn weights_with(weights: &Weights, config: BackboneConfig) -> Backbone {
    let below = |prefix| weights.below(prefix).expect("prefix");
    let backbone = config.init(&Device::flex());
    let tower = backbone.text_tower.expect("a tower");
    let text_tower = Some(below("text_tower.").load(tower).expect("fits"));
    Backbone { text_tower, ..backbone }
}

#[test]
fn a_table_is_taken_where_it_is_asked_for_or_there_is_no_tower() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = checkpoint(directory.path(), "openai", "", |_| ());
    let Converted { weights, coverage, .. } = converted(&path, &options(Some(TextUse::Table)));
    let (_, config) = loaded(&weights);
    assert_eq!((config.text_tower, config.tokenizers.text.width), (None, WIDTH));
    assert!(coverage.unused.iter().any(|n| n == "transformer.resblocks.0.ln_1.weight"));
    let cut = checkpoint(directory.path(), "openai", "", |tensors| {
        tensors.remove("ln_final.weight");
    });
    let (_, config) = loaded(&converted(&cut, &options(None)).weights);
    assert_eq!(config.text_tower, None);
    let error = convert(&cut, &options(Some(TextUse::Tower))).expect_err("no tower").to_string();
    assert!(
        error.contains("it has no text tower of CLIP: `ln_final.weight` is missing"),
        "{error}"
    );
    let timm = convert(&golden("timm-clip.safetensors"), &options(Some(TextUse::Tower)));
    let error = timm.expect_err("no text").to_string();
    assert!(error.contains("its layout is timm"), "{error}");
}

#[test]
fn other_towers_are_refused_by_the_tensor_that_differs() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let error = |edit: &dyn Fn(&mut Tensors)| {
        let path = checkpoint(directory.path(), "open-clip", "text.", edit);
        convert(&path, &options(Some(TextUse::Tower))).expect_err("refused").to_string()
    };
    let coca = error(&|tensors| {
        let row = tensors["text.ln_final.weight"].clone();
        tensors.insert("text.cls_emb".into(), row);
    });
    assert!(coca.contains("`text.cls_emb` is CoCa's"), "{coca}");
    let siglip = error(&|tensors| {
        let table = tensors.get_mut("text.token_embedding.weight").expect("a table");
        table.shape[0] = 32_000;
        table.values.truncate(32_000 * WIDTH);
    });
    assert!(siglip.contains("[32000, 128]") && siglip.contains("CLIP's tokenizer"), "{siglip}");
    let scaled = error(&|tensors| {
        let row = tensors["text.ln_final.weight"].clone();
        tensors.insert("text.transformer.resblocks.0.ls_1.gamma".into(), row);
    });
    assert!(scaled.contains("unknown    text.transformer.resblocks.0.ls_1.gamma"), "{scaled}");
    let narrow = error(&|tensors| {
        let projection = tensors.get_mut("text.text_projection").expect("a projection");
        projection.shape[1] = 23;
        projection.values.truncate(WIDTH * 23);
    });
    assert!(narrow.contains("text.text_projection: [128, 23], expected [128, 24]"), "{narrow}");
}

#[test]
fn a_weights_file_keeps_its_tower() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = checkpoint(directory.path(), "openai", "", |_| ());
    let own = directory.path().join("own.safetensors");
    std::fs::write(&own, converted(&path, &options(None)).weights.bytes()).expect("write");
    let name = own.to_str().expect("UTF-8");
    let Opened { weights, conversion, .. } =
        import::open(name, &options(Some(TextUse::Tower))).expect("opens");
    assert!(conversion.is_none());
    let (backbone, config, preprocessing) =
        Backbone::load(&weights, &Device::flex()).expect("loads");
    let again = backbone.to_bytes(&config, &preprocessing, &[]).expect("serialises");
    let (again, same) = loaded(&Weights::from_bytes("again", again));
    assert_eq!(same, config);
    assert_eq!(difference(embedded(&again, &sentences()), embedded(&backbone, &sentences())), 0.0);
    let error = import::open(name, &options(Some(TextUse::Table))).expect_err("a tower");
    assert!(error.to_string().contains("it has a text tower and no table"), "{error}");
    let error = import::open("embedded", &options(Some(TextUse::Tower))).expect_err("a table");
    assert!(error.to_string().contains("it has no text tower, only a table"), "{error}");
    // Without text, nothing is left of the tower.
    let visual = config.with_modalities(Modality::Rgb.into());
    assert_eq!((visual.text_tower.clone(), visual.modalities().to_string()), (None, "rgb".into()));
}

#[test]
fn people_are_searched_by_sentences_and_by_sentences_with_pictures() {
    let directory = tempfile::tempdir().expect("temporary directory");
    let path = checkpoint(directory.path(), "open-clip", "text.", |_| ());
    let weights = converted(&path, &options(None)).weights;
    let (backbone, config, preprocessing) =
        Backbone::load(&weights, &Device::flex()).expect("loads");
    let extractor = Extractor::new(&backbone, &config, preprocessing, &Device::flex());
    let size = extractor.preprocessing().size();
    let pixels = (0..size.height * size.width * 3).map(|i| (i * 37 % 251) as u8).collect();
    let picture =
        Observation { pictures: vec![(Modality::Rgb, Picture { size, pixels })], caption: None };
    let caption = Some("a man in a red jacket".to_owned());
    let sentence = Observation { caption: caption.clone(), ..Observation::default() };
    let both = Observation { caption, ..picture.clone() };
    let rows = extractor.embed(&[picture, sentence.clone(), both.clone()]).expect("embeds");
    assert_eq!(extractor.cut_sentences(), 0);
    let long = Observation { caption: Some("a man ".repeat(60)), ..Observation::default() };
    extractor.embed(&[long.clone(), sentence.clone(), long]).expect("embeds");
    assert_eq!(extractor.cut_sentences(), 2);
    let unit = |row: &[f32]| -> Vec<f32> {
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        row.iter().map(|v| v / length).collect()
    };
    let mean: Vec<f32> =
        unit(&rows[0]).iter().zip(unit(&rows[1])).map(|(a, b)| (a + b) / 2.0).collect();
    for (ours, by_hand) in unit(&rows[2]).iter().zip(unit(&mean)) {
        assert!((ours - by_hand).abs() < 1e-5, "{ours} {by_hand}");
    }
    // Start token, six words, end token, padded to 8; 4 × 2 patches.
    for (input, lengths) in [(sentence, vec![8]), (both, vec![8, 8])] {
        let parts = extractor.rollout(&input).expect("rolled out");
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
        let caption: f32 = parts.last().expect("a caption").iter().sum();
        assert!((caption - 1.0).abs() < 1e-5, "the row of the end token: {caption}");
    }
}
