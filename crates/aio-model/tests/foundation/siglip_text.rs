//! SigLIP's text tower and its tokenizer give what transformers and open_clip give (`scripts/golden/siglip_text.py`).

use crate::{difference, golden, options};
use aio_encoder::Activation;
use aio_encoder::weights::{RawTensor, Weights};
use aio_model::import::{self, Converted, Hints, ImportOptions, Opened, Stems, convert};
use aio_model::{Backbone, BackboneConfig, Extractor, PiecesConfig, TextUse};
use aio_tokenize::{Pieces, SentenceTokenizer};
use aio_types::{Modality, Observation, Picture, PictureSize};
use burn::tensor::{Device, Tensor, TensorData};
use std::path::{Path, PathBuf};

const SQUARE: PictureSize = PictureSize { height: 32, width: 32 };
const GOLDEN: &str = "siglip-text.safetensors";
const HUGGING_FACE: &str = "siglip-text-hugging-face.safetensors";
const OPEN_CLIP: &str = "siglip-text-open-clip.safetensors";
const TOKENIZER: &str = "siglip-text-hugging-face.tokenizer.json";
const TOKENIZER_2: &str = "siglip2-text.tokenizer.json";
const CONTEXT: usize = 16;
/// The one that has an underscore, which open_clip takes for a space and transformers for punctuation.
const UNDERSCORE: usize = 3;

fn sentences() -> Vec<String> {
    let text = std::fs::read_to_string(golden("siglip-text.sentences.json")).expect("sentences");
    serde_json::from_str(&text).expect("JSON")
}

fn stored(name: &str) -> RawTensor {
    let mut tensors = Weights::open(&golden(GOLDEN)).expect("golden").tensors().expect("tensors");
    tensors.remove(name).unwrap_or_else(|| panic!("{name}"))
}

fn expected(name: &str) -> Tensor<2> {
    let tensor = stored(name);
    Tensor::from_data(TensorData::new(tensor.values, tensor.shape), &Device::flex())
}

fn expected_ids(name: &str) -> Vec<Vec<u32>> {
    let rows = stored(name).values;
    rows.chunks_exact(CONTEXT).map(|row| row.iter().map(|id| *id as u32).collect()).collect()
}

fn tower(size: PictureSize) -> ImportOptions {
    let hints = Hints { text: Some(TextUse::Tower), ..options(size).hints };
    ImportOptions { hints, ..options(size) }
}

/// A checkpoint with a tokenizer beside it in a folder of its own.
fn placed(folder: &Path, checkpoint: &str, tokenizer: &str, as_name: &str) -> PathBuf {
    let path = folder.join("model.safetensors");
    std::fs::copy(golden(checkpoint), &path).expect("copy");
    std::fs::copy(golden(tokenizer), folder.join(as_name)).expect("copy");
    path
}

fn converted(path: &Path) -> Converted {
    convert(path, &tower(SQUARE)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn extractor(weights: &Weights) -> (Extractor, BackboneConfig) {
    let device = Device::flex();
    let (backbone, config, preprocessing) = Backbone::load(weights, &device).expect("loads");
    (Extractor::new(&backbone, &config, preprocessing, &device), config)
}

/// The embeddings of sentences, from their letters on.
fn embedded(weights: &Weights, sentences: &[String]) -> Tensor<2> {
    let (extractor, _) = extractor(weights);
    let inputs: Vec<_> = sentences
        .iter()
        .map(|text| Observation { caption: Some(text.clone()), ..Observation::default() })
        .collect();
    let rows = extractor.embed(&inputs).expect("embeds");
    let shape = [rows.len(), extractor.width()];
    Tensor::from_data(TensorData::new(rows.concat(), shape), &Device::flex())
}

#[test]
fn ids_are_those_of_transformers_and_open_clip() {
    for (file, name, padding) in [
        (TOKENIZER, "siglip-ids", 1),
        (TOKENIZER, "open-clip-ids", 1),
        (TOKENIZER_2, "siglip2-ids", 0),
    ] {
        let json = std::fs::read(golden(file)).expect("a tokenizer");
        let pieces = Pieces::from_json(json, CONTEXT).expect(file);
        assert_eq!((pieces.end(), pieces.padding()), (1, padding), "{file}");
        let rows = expected_ids(name);
        assert_eq!(rows.len(), sentences().len());
        for (i, (sentence, row)) in sentences().iter().zip(&rows).enumerate() {
            let (ids, truncated) = pieces.ids(sentence);
            if name == "open-clip-ids" && i == UNDERSCORE {
                assert_ne!(&ids, row, "{sentence:?}");
                assert_eq!(&pieces.ids(&sentence.replace('_', " ")).0, row, "{sentence:?}");
            } else {
                assert_eq!(&ids, row, "{name}: {sentence:?}");
            }
            assert_eq!(pieces.encode(sentence).ids, ids, "{name}: {sentence:?}");
            assert!(!truncated || ids[CONTEXT - 1] == 1, "{name}: {sentence:?}");
        }
        let cut = rows.iter().zip(sentences()).filter(|(_, text)| pieces.ids(text).1).count();
        assert!(cut > 1 && cut < rows.len() - 3, "{name}: {cut}");
    }
}

#[test]
fn sentences_are_embedded_as_transformers_and_open_clip_do() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let open_clip = placed(folder.path(), OPEN_CLIP, TOKENIZER, "tokenizer.json");
    for (path, name, unused) in [(golden(HUGGING_FACE), "siglip", 2), (open_clip, "open-clip", 2)] {
        let Converted { weights, coverage, tokenizer, .. } = converted(&path);
        assert!(coverage.missing.is_empty(), "{name}: {:?}", coverage.missing);
        assert_eq!(coverage.unused.len(), unused, "{name}: {:?}", coverage.unused);
        assert_eq!(tokenizer.map(|sum| sum.len()), Some(64), "{name}");
        let (_, config) = extractor(&weights);
        let tower = config.text_tower.as_ref().expect("a tower");
        let sizes = (tower.depth, tower.embed_dim, tower.heads, tower.mlp, tower.causal);
        assert_eq!(sizes, (2, 128, 2, 32, false), "{name}");
        assert_eq!((tower.activation, tower.epsilon), (Activation::GeluTanh, 1e-6), "{name}");
        assert_eq!(config.text_context, Some(CONTEXT), "{name}");
        let pieces = PiecesConfig { vocabulary: 80, end: 1, padding: 1 };
        assert_eq!(config.text_pieces, Some(pieces), "{name}");
        assert_eq!(config.modalities().to_string(), "rgb+text", "{name}");
        let mut sentences = sentences();
        if name == "open-clip" {
            sentences[UNDERSCORE] = sentences[UNDERSCORE].replace('_', " ");
        }
        let ours = embedded(&weights, &sentences);
        let wrong = difference(ours.clone(), expected(name));
        assert!(wrong < 1e-4, "{name}: {wrong}");
        // The embeddings of different sentences differ by far more.
        let others = difference(ours.clone().narrow(0, 0, 1), ours.narrow(0, 1, 1));
        assert!(others > 0.1, "{name}: {others}");
    }
}

/// Its end and its padding are two tokens; the class of the model is SigLIP's.
#[test]
fn sentences_of_siglip_2_are_embedded_as_transformers_does() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = placed(folder.path(), HUGGING_FACE, TOKENIZER_2, "model.tokenizer.json");
    // A tokenizer of the checkpoint's name goes before one of the publisher's.
    std::fs::write(folder.path().join("tokenizer.json"), "of another checkpoint").expect("write");
    let original = Weights::open(&path).expect("golden");
    let mut tensors = original.tensors().expect("tensors");
    let value = |i: usize| {
        let (row, column) = (i / 128, i % 128);
        ((row * 131 + column * 71 + row / 7 * column) % 1009) as f32
    };
    let values = (0..400 * 128).map(|i| (value(i) - 504.0) / 2048.0).collect();
    let table = RawTensor { shape: vec![400, 128], values };
    tensors.insert("text_model.embeddings.token_embedding.weight".into(), table);
    let whole = Weights::from_tensors("siglip2", &tensors, &original).expect("serialises");
    std::fs::write(&path, whole.bytes()).expect("write");
    let Converted { weights, .. } = converted(&path);
    let (_, config) = extractor(&weights);
    let pieces = PiecesConfig { vocabulary: 400, end: 1, padding: 0 };
    assert_eq!(config.text_pieces, Some(pieces));
    let wrong = difference(embedded(&weights, &sentences()), expected("siglip2"));
    assert!(wrong < 1e-4, "{wrong}");
}

#[test]
fn a_missing_or_foreign_tokenizer_is_named_with_what_was_expected() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = placed(folder.path(), HUGGING_FACE, TOKENIZER, "tokenizer.json");
    let beside = folder.path().join("tokenizer.json");
    let problem = || convert(&path, &tower(SQUARE)).expect_err("refused").to_string();
    let shown = path.display().to_string();
    for (contents, said) in [
        ("{", "it is no tokenizer.json of Hugging Face's tokenizers"),
        ("{\"model\": {\"type\": \"WordPiece\"}}", "of the type WordPiece, expected Unigram"),
    ] {
        std::fs::write(&beside, contents).expect("write");
        let problem = problem();
        assert!(problem.contains(&shown) && problem.contains("tokenizer.json`: "), "{problem}");
        assert!(problem.contains(said), "{problem}");
    }
    std::fs::copy(golden(TOKENIZER_2), &beside).expect("copy");
    let foreign = problem();
    assert!(
        foreign.contains("tokenizer.json`: it has 400 ids, expected 80, the rows"),
        "{foreign}"
    );
    std::fs::remove_file(&beside).expect("removed");
    std::fs::create_dir(&beside).expect("a folder");
    assert!(problem().contains("it is a folder, expected a regular file"));
    std::fs::remove_dir(&beside).expect("removed");
    let missing = problem();
    for said in ["model.tokenizer.json", "tokenizer.json", "neither", "--text-encoder", &shown] {
        assert!(missing.contains(said), "{missing} lacks {said}");
    }
    // Where nobody asks for either, text is refused, too, and pictures can be had with the table.
    let either = ImportOptions { hints: options(SQUARE).hints, ..options(SQUARE) };
    assert_eq!(convert(&path, &either).expect_err("refused").to_string(), missing);
    let table = Hints { text: Some(TextUse::Table), ..either.hints };
    let found = convert(&path, &ImportOptions { hints: table, ..either }).expect("pictures");
    let (_, config) = extractor(&found.weights);
    assert_eq!((config.text_tower, config.text_pieces, found.tokenizer), (None, None, None));
}

#[test]
fn a_weights_file_holds_its_tokenizer_and_its_checksum_covers_it() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = placed(folder.path(), HUGGING_FACE, TOKENIZER, "tokenizer.json");
    let beside = folder.path().join("tokenizer.json");
    let name = path.to_str().expect("UTF-8");
    let first = import::open(name, &tower(SQUARE)).expect("opens");
    let again = import::open(name, &tower(SQUARE)).expect("opens");
    assert_eq!(first.weights.sha256(), again.weights.sha256());
    let hints = tower(SQUARE).hints;
    assert_eq!(first.tokenizer, import::tokenizer_beside(&path, hints).expect("read"));
    assert!(first.tokenizer.is_some());
    // The same pieces in another file: the checkpoint's own checksum cannot tell.
    let mut json = std::fs::read(&beside).expect("read");
    json.push(b'\n');
    std::fs::write(&beside, json).expect("write");
    let other = import::open(name, &tower(SQUARE)).expect("opens");
    assert_eq!(first.sha256, other.sha256);
    assert_ne!(first.tokenizer, other.tokenizer);
    assert_ne!(first.weights.sha256(), other.weights.sha256());

    let expected = embedded(&first.weights, &sentences());
    let own = folder.path().join("own.safetensors");
    std::fs::write(&own, first.weights.bytes()).expect("write");
    std::fs::remove_file(&beside).expect("removed");
    let Opened { weights, tokenizer, .. } =
        import::open(own.to_str().expect("UTF-8"), &tower(SQUARE)).expect("opens");
    assert_eq!((tokenizer, import::tokenizer_beside(&own, hints).expect("own")), (None, None));
    assert_eq!(difference(embedded(&weights, &sentences()), expected.clone()), 0.0);
    let packed = weights.packed(&[]).expect("packs");
    let close = embedded(&packed.unpacked().expect("unpacks"), &sentences());
    assert!(difference(close, expected.clone()) < 1e-2);
    let stems = import::with_stems(weights.clone(), Stems::FreshPatch, 3).expect("other stems");
    assert_eq!(difference(embedded(&stems, &sentences()), expected.clone()), 0.0);
    let device = Device::flex();
    let (backbone, config, preprocessing) = Backbone::load(&weights, &device).expect("loads");
    let bytes = backbone.to_bytes(&config, &preprocessing, &[]).expect("serialises");
    let same = Weights::from_bytes("again", bytes);
    assert_eq!(difference(embedded(&same, &sentences()), expected), 0.0);
    // Without text, nothing of it is left.
    let visual = config.clone().with_modalities(Modality::Rgb.into());
    assert_eq!((visual.text_tower, visual.text_pieces), (None, None));

    // A tower that has no tokenizer cannot be written, and a file with another one is refused.
    let bare = config.init(&device).to_bytes(&config, &preprocessing, &[]);
    assert!(bare.expect_err("no tokenizer").to_string().contains("has no tokenizer"));
    for (card, said) in [
        (serde_json::json!("not Base64"), "`text_tokenizer`: "),
        (serde_json::json!(7), "`text_tokenizer`: "),
    ] {
        let bytes = backbone.to_bytes(&config, &preprocessing, &[("text_tokenizer", card)]);
        let wrong = Weights::from_bytes("a file", bytes.expect("serialises"));
        let problem = Backbone::load(&wrong, &device).expect_err("refused").to_string();
        assert!(problem.contains(said), "{problem}");
    }
    let pieces = Some(PiecesConfig { vocabulary: 80, end: 1, padding: 0 });
    let changed = BackboneConfig { text_pieces: pieces, ..config };
    let bytes = backbone.to_bytes(&changed, &preprocessing, &[]).expect("serialises");
    let problem = Backbone::load(&Weights::from_bytes("a file", bytes), &device);
    let problem = problem.expect_err("another padding").to_string();
    assert!(problem.contains("padding: 1") && problem.contains("padding: 0"), "{problem}");
}

#[test]
fn what_is_attended_to_is_told_by_words_and_mixed_queries_are_means() {
    let Converted { weights, .. } = converted(&golden(HUGGING_FACE));
    let (extractor, _) = extractor(&weights);
    let text = "A man, in a RED jacket!".to_owned();
    let SentenceTokenizer::Pieces(pieces) = extractor.sentences() else { panic!("CLIP's") };
    let encoded = pieces.encode(&text);
    assert_eq!(encoded.words, ["a", "man", "in", "a", "red", "jacket"]);
    let sentence = Observation { caption: Some(text.clone()), ..Observation::default() };
    let parts = extractor.rollout(&sentence).expect("rolled out");
    assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [CONTEXT]);
    let sum: f32 = parts[0].iter().sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
    // The last token sees padding, which is behind the words.
    assert!(encoded.word_of[CONTEXT - 2].is_none() && parts[0][CONTEXT - 2] > 0.0);

    let pixels = (0..32 * 32 * 3).map(|i| (i * 37 % 251) as u8).collect();
    let picture = (Modality::Rgb, Picture { size: SQUARE, pixels });
    let photo = Observation { pictures: vec![picture.clone()], caption: None };
    let both = Observation { pictures: vec![picture], caption: Some(text) };
    let rows = extractor.embed(&[photo, sentence, both]).expect("embeds");
    let unit = |row: &[f32]| -> Vec<f32> {
        let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
        row.iter().map(|v| v / length).collect()
    };
    let mean: Vec<f32> = unit(&rows[0]).iter().zip(unit(&rows[1])).map(|(a, b)| a + b).collect();
    for (ours, by_hand) in unit(&rows[2]).iter().zip(unit(&mean)) {
        assert!((ours - by_hand).abs() < 1e-5, "{ours} {by_hand}");
    }
}

#[test]
fn an_incomplete_tower_and_tensors_that_no_rule_covers_are_named() {
    let folder = tempfile::tempdir().expect("temporary directory");
    let path = placed(folder.path(), HUGGING_FACE, TOKENIZER, "tokenizer.json");
    let original = Weights::open(&golden(HUGGING_FACE)).expect("golden");
    let problem = |edit: &dyn Fn(&mut aio_encoder::weights::Tensors)| {
        let mut tensors = original.tensors().expect("tensors");
        edit(&mut tensors);
        let changed = Weights::from_tensors("changed", &tensors, &original).expect("serialises");
        std::fs::write(&path, changed.bytes()).expect("write");
        convert(&path, &tower(SQUARE)).expect_err("refused").to_string()
    };
    let headless = problem(&|tensors| drop(tensors.remove("text_model.head.bias")));
    assert!(
        headless.contains("it has no text tower of SigLIP: `text_model.head.bias` is missing"),
        "{headless}"
    );
    let long = problem(&|tensors| {
        let values = vec![0.0; 78 * 128];
        let name = "text_model.embeddings.position_embedding.weight";
        tensors.insert(name.into(), RawTensor { shape: vec![78, 128], values });
    });
    assert!(long.contains("[78, 128], expected"), "{long}");
    let narrow = problem(&|tensors| {
        let values = vec![0.0; 24 * 128];
        let head = RawTensor { shape: vec![24, 128], values };
        tensors.insert("text_model.head.weight".into(), head);
    });
    assert!(narrow.contains("text_model.head.weight: [24, 128], expected [32, 128]"), "{narrow}");
    let more = problem(&|tensors| {
        let row = RawTensor { shape: vec![128], values: vec![0.0; 128] };
        tensors.insert("text_model.encoder.layers.0.scale".into(), row);
    });
    assert!(more.contains("unknown    text_model.encoder.layers.0.scale"), "{more}");
}
