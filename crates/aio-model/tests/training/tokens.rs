//! Tokens that enter several sequences are made once, and are what every sequence would make of its own.

use crate::fixtures::{batch, config, model, model_with, picture, preprocessing};
use crate::gradients::{ByName, by_name, largest_difference};
use aio_encoder::Activations;
use aio_encoder::weights::module_bytes;
use aio_model::{
    Aio, Backbone, Frozen, FusionUse, LossWeights, Shared, StepInput, TrainBatch, pictures,
    token_ids,
};
use aio_tokenize::{BatchNormMode, ModalityInput, ModalityTokens, Tokenizers};
use aio_types::{Modality, ModalitySet};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};
use burn::train::TrainStep;

const VISUAL: [Modality; 3] = [Modality::Rgb, Modality::Infrared, Modality::Sketch];

/// The input of one modality for all tuples of the batch that are among `rows`.
pub(crate) fn input(batch: &TrainBatch, modality: Modality, rows: &[usize]) -> ModalityInput {
    let device = Device::flex();
    let tuples = rows.iter().map(|row| &batch.tuples[*row]);
    if modality == Modality::Text {
        let captions = tuples.map(|tuple| &*tuple.caption.as_ref().expect("a caption").ids);
        return ModalityInput::Text(token_ids(captions, &device));
    }
    let found = tuples.map(|tuple| &tuple.picture(modality).expect("a picture").picture);
    ModalityInput::Pictures(modality, pictures(found, &preprocessing(), &device))
}

/// The rows of the batch that have a modality: all have pictures, some have captions, and none of the first two sketches.
fn rows_of(batch: &TrainBatch, set: ModalitySet) -> Vec<usize> {
    let has = |row: &usize| {
        let tuple = &batch.tuples[*row];
        set.iter().all(|modality| match modality {
            Modality::Text => tuple.caption.is_some(),
            _ => tuple.picture(modality).is_some(),
        })
    };
    (0..batch.tuples.len()).filter(has).collect()
}

/// A batch in which sketches and captions are not on all tuples.
fn partial_batch() -> TrainBatch {
    let mut batch = batch();
    for tuple in &mut batch.tuples[..2] {
        tuple.pictures.retain(|picture| picture.modality != Modality::Sketch);
    }
    batch
}

/// A sum over all embeddings with a weight of its own for every number, and the gradients of all parameters.
fn gradients(backbone: &Backbone, embedded: &[Tensor<2>]) -> ByName {
    let weighted = embedded.iter().map(|embedded| {
        let [rows, width] = embedded.dims();
        let weights: Vec<f32> = (0..rows * width).map(|i| (i as f32 * 0.7).sin()).collect();
        let weights = Tensor::from_data(TensorData::new(weights, [rows, width]), &Device::flex());
        (embedded.clone() * weights).sum()
    });
    let total = weighted.reduce(|a, b| a + b).expect("embeddings");
    by_name(backbone, &GradientsParams::from_grads(total.backward(), backbone))
}

#[test]
fn joined_tokens_embed_every_combination_as_separate_tokenization_does() {
    let device = Device::flex();
    let frozen = Frozen { batch_norm_mode: BatchNormMode::Pretrained, ..Frozen::default() };
    let backbone = model_with(frozen, &device).backbone;
    let (batch, known) = (partial_batch(), config().backbone.tokenizers.modalities);
    let sets: Vec<ModalitySet> = ModalitySet::combinations()
        .into_iter()
        .filter(|set| set.iter().all(|modality| known.contains(modality)))
        .collect();
    assert_eq!(sets.len(), 15, "every combination of four modalities");
    // As it was: every sequence runs the tokenizers of its modalities on its own rows.
    let separate: Vec<Tensor<2>> = sets
        .iter()
        .map(|set| {
            let rows = rows_of(&batch, *set);
            let inputs: Vec<_> = set.iter().map(|m| input(&batch, m, &rows)).collect();
            backbone.forward(&inputs).0
        })
        .collect();
    // As it is: the tokenizer of every modality runs on all rows that have it, and sequences take the tokens of theirs.
    let tokenizers = &backbone.tokenizers;
    let tokens: Vec<(Modality, Vec<usize>, ModalityTokens)> = known
        .iter()
        .map(|modality| {
            let rows = rows_of(&batch, modality.into());
            let tokens = tokenizers.tokens(&input(&batch, modality, &rows));
            (modality, rows, tokens)
        })
        .collect();
    let select = |modality: Modality, wanted: &[usize]| {
        let (_, rows, tokens) = tokens.iter().find(|(m, ..)| *m == modality).expect("known");
        let place = |row: &usize| rows.binary_search(row).expect("a row that has it") as i64;
        let places: Vec<i64> = wanted.iter().map(place).collect();
        let count = places.len();
        tokens.select(Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &device))
    };
    let joined: Vec<Tensor<2>> = sets
        .iter()
        .map(|set| {
            let rows = rows_of(&batch, *set);
            let parts: Vec<_> = set.iter().map(|m| select(m, &rows)).collect();
            backbone.encode(&mut Activations::Stored, tokenizers.join(&parts)).0
        })
        .collect();
    for ((set, separate), joined) in sets.iter().zip(&separate).zip(&joined) {
        let difference = (separate.clone() - joined.clone()).abs().max().into_scalar::<f32>();
        assert!(difference < 1e-5, "{set}: {difference}");
    }
    let (separate, joined) = (gradients(&backbone, &separate), gradients(&backbone, &joined));
    let difference = largest_difference(&separate, &joined);
    assert!(separate.len() > 40 && difference < 1e-5, "{} gradients, {difference}", separate.len());
}

#[test]
fn a_step_runs_every_stem_exactly_once() {
    let device = Device::flex();
    let Backbone { tokenizers, encoder, projection, .. } = model(&device).backbone;
    // Copies of the same stem with running statistics of their own, which every run moves.
    let fresh = || Tokenizers::from_pretrained(&tokenizers, &config().backbone.tokenizers);
    let all: Vec<usize> = (0..batch().tuples.len()).collect();
    let run = |tokenizers: &Tokenizers, modality| {
        let _ = tokenizers.tokens(&input(&batch(), modality, &all));
    };
    let by_hand = fresh();
    VISUAL.into_iter().for_each(|modality| run(&by_hand, modality));
    let bytes = |tokenizers: &Tokenizers| module_bytes(tokenizers).expect("bytes");
    let once = bytes(&by_hand);
    for activation_checkpointing in [false, true] {
        let training = device.clone().autodiff();
        let backbone = Backbone {
            tokenizers: fresh(),
            encoder: encoder.clone(),
            projection: projection.clone(),
            text_tower: None,
            fusion: FusionUse::Sequence,
            mixer: None,
        };
        let model = Aio::new(backbone, &config(), &training);
        let batch = batch();
        assert_eq!(batch.combinations.len(), 2);
        let input = StepInput {
            batch,
            weights: LossWeights::default(),
            preprocessing: preprocessing(),
            accumulate: 1,
            activation_checkpointing,
            device: device.clone(),
        };
        let terms = model.step(input).item.terms.expect("finite");
        let names: Vec<String> = terms.iter().map(|(term, _)| term.to_string()).collect();
        assert!(names.iter().any(|name| name == "attribute"), "{names:?}");
        assert!(bytes(&model.backbone.tokenizers) == once, "every stem has run once");
    }
    for modality in VISUAL {
        run(&by_hand, modality);
        assert!(bytes(&by_hand) != once, "a second run of {modality} is seen");
    }
}

#[test]
fn what_no_trained_parameter_reaches_is_outside_the_graph() {
    let device = Device::flex();
    let text = [Modality::Text].into_iter().collect();
    let caption = input(&batch(), Modality::Text, &[0, 1]);
    let photograph = || {
        let picture = picture(1);
        ModalityInput::Pictures(Modality::Rgb, pictures([&picture], &preprocessing(), &device))
    };
    for (shared, in_graph) in [(Shared::Frozen, false), (Shared::Trained, true)] {
        let frozen = Frozen { tokenizers: text, shared, ..Frozen::default() };
        let backbone = model_with(frozen, &device).backbone;
        let tokens = backbone.tokenizers.tokens(&caption);
        assert!(!tokens.is_tracked(), "the table is frozen");
        assert!(backbone.tokenizers.tokens(&photograph()).is_tracked(), "the RGB stem learns");
        let sequence = backbone.tokenizers.join(&[tokens]);
        assert_eq!(sequence.tokens.is_autodiff(), in_graph, "[CLS] is {shared:?}");
        let (embedded, _) = backbone.encode(&mut Activations::Stored, sequence);
        assert_eq!(embedded.is_tracked(), in_graph, "[CLS] and projection are {shared:?}");
    }
}
