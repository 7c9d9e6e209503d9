//! The content hash of what decides an experiment's numbers: the `config_id`.
//!
//! Version 1 hashes a TOML text under the key names of the first results. It is written out here, key by key, so that the
//! schema may change and results keep their ids. Every key has a value that is left out of the text: its default at the time of
//! the first results, or for a later key the value under which they were computed. A default may therefore change without a
//! change here.
//!
//! Adding a key to the schema makes the patterns below incomplete, which the compiler reports. Add the key here with the
//! value that keeps the ids of earlier results, or, if it does not decide the numbers, to `NOT_DECIDING` in `difference`.

use super::Experiment;
use super::section::{Section, integer, list, words};
use aio_data::augment::Augmentation;
use aio_model::LossWeights;
use aio_model::import::{Normalisation, normalisation_by_name};
use aio_synth::benchmark::Size;
use aio_train::config::{DataConfig, ModelConfig, StageConfig, StageLength, TrainConfig};
use std::path::Path;
use toml::Value;

/// First line of the text that version 1 hashes.
const VERSION: &str = "defaults 1";

/// SHA-256 of the files that an experiment names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checksums {
    /// The pre-trained weights.
    pub weights: String,
    /// The weights of the sketch generator, if it has any.
    pub sketch_generator: Option<String>,
}

fn data(data: &DataConfig, checksums: &Checksums) -> Section {
    let DataConfig {
        root: _,
        synthetic,
        seed,
        size,
        validation_fraction,
        identity_fraction,
        sketch_generator: _,
        made_infrared,
        allow_leakage: _,
    } = data;
    let Size { synth_pedes, llcm, market_sketch, market, test, pku, development } = *size;
    let mut people = Section::default();
    people.put("synth_pedes", integer(synth_pedes), 1120);
    people.put("llcm", integer(llcm), 280);
    people.put("market_sketch", integer(market_sketch), 280);
    people.put("market", integer(market), 600);
    people.put("test", integer(test), 80);
    people.put("pku", integer(pku), 200);
    people.put("development", integer(development), 100);
    let mut section = Section::default();
    section.always("root", "");
    section.put("synthetic", *synthetic, true);
    section.put("seed", Value::Integer(*seed as i64), 0);
    // Of no meaning for other data; their ids stay when the benchmark gets other sizes.
    if *synthetic {
        section.table("size", people);
    }
    section.put("validation", *validation_fraction, 0.1);
    section.put("fraction", *identity_fraction, 1.0);
    section.put("infrared", words(made_infrared), "channel-exchange");
    section.put("lines", checksums.sketch_generator.as_deref().unwrap_or_default(), "");
    section
}

fn model(model: &ModelConfig, checksums: &Checksums) -> Section {
    let ModelConfig {
        weights,
        height,
        width,
        stems,
        encoder,
        adapters,
        lora_rank,
        lora_alpha,
        prompt_tokens,
        normalisation,
        attention_heads,
        modalities,
        text,
        fusion,
        absent,
        frozen_tokenizers,
        shared,
        batch_norm_mode,
    } = model;
    // Version 1 writes 0 for `auto`.
    let size = |size: &Option<usize>| integer(size.unwrap_or(0));
    // Of some published files the name decides, which the checksum of their contents does not tell.
    let normalisation = match normalisation {
        Normalisation::Auto => normalisation_by_name(Path::new(weights)).unwrap_or_default(),
        stated => *stated,
    };
    let mut section = Section::default();
    section.put("weights", checksums.weights.as_str(), "embedded");
    section.put("height", size(height), 0);
    section.put("width", size(width), 0);
    section.put("stems", words(stems), "from-checkpoint");
    section.put("encoder", words(encoder), "frozen");
    section.put("adapters", words(adapters), "none");
    section.put("lora_rank", integer(*lora_rank), 8);
    section.put("lora_alpha", *lora_alpha, 8.0);
    section.put("prompt_tokens", integer(*prompt_tokens), 8);
    section.put("normalisation", words(&normalisation), "auto");
    section.put("heads", size(attention_heads), 0);
    section.put("modalities", modalities.to_string(), "rgb+infrared+sketch+text");
    section.put("text", words(text), "table");
    section.put("fusion", words(fusion), "sequence");
    section.put("absent", words(absent), "none");
    section.put("frozen", words(frozen_tokenizers), list([]));
    section.put("shared", words(shared), "trained");
    section.put("statistics", words(batch_norm_mode), "batch");
    section
}

fn train(train: &TrainConfig) -> Section {
    let TrainConfig {
        identities,
        instances_per_identity,
        neighbours,
        combinations,
        accumulation_steps,
        activation_checkpointing: _,
        precision,
        weight_decay,
        max_grad_norm,
        validate_every,
        checkpoint_every: _,
        validate_every_steps,
        checkpoint_every_steps: _,
        keep_checkpoints: _,
        select,
        augment,
        stages,
    } = train;
    let Augmentation { flip, pad, jitter, erase, randomise } = *augment;
    let mut augmentation = Section::default();
    augmentation.put("flip", flip, 0.5);
    augmentation.put("pad", integer(pad), 4);
    augmentation.put("jitter", f64::from(jitter), f64::from(0.2_f32));
    augmentation.put("erase", erase, 0.4);
    augmentation.put("randomise", f64::from(randomise), 0.0);
    let mut section = Section::default();
    section.put("identities", integer(*identities), 16);
    section.put("tuples", integer(*instances_per_identity), 2);
    section.put("neighbours", integer(*neighbours), 1);
    section.put("combinations", integer(*combinations), 1);
    section.put("accumulate", integer(*accumulation_steps), 1);
    section.put("precision", words(precision), "f32");
    section.put("weight_decay", *weight_decay, 0.02);
    section.put("clip", *max_grad_norm, 1.0);
    // Version 1 writes 0 for `stage-end`.
    section.put("validate_every", integer(validate_every.unwrap_or(0)), 0);
    section.put("validate_every_steps", integer(validate_every_steps.unwrap_or(0)), 0);
    section.always("checkpoint_every", 0);
    section.always("keep", 0);
    section.put("select", words(select), "last");
    section.table("augment", augmentation);
    section.put("stages", Value::Array(stages.iter().map(stage).collect()), default_stages());
    section
}

fn stage(stage: &StageConfig) -> Value {
    let StageConfig {
        name,
        datasets,
        shares,
        batches,
        epochs: _,
        steps: _,
        real,
        learning_rate,
        warmup_steps,
        min_lr_ratio,
        synthesise,
        all_splits,
    } = stage;
    let mut section = Section::default();
    section.always("name", name.as_str());
    section.always("datasets", words(datasets));
    section.put("shares", words(shares), list([]));
    section.put("batches", words(batches), "mixed");
    match stage.length() {
        StageLength::Epochs(epochs) => section.always("epochs", integer(epochs)),
        StageLength::Steps(steps) => section.always("steps", integer(steps)),
    }
    section.always("real", words(real));
    section.always("rate", *learning_rate);
    section.always("warmup", integer(*warmup_steps));
    section.always("floor", *min_lr_ratio);
    section.put("synthesise", words(synthesise), list(["infrared", "sketch", "colour-pencil"]));
    section.put("whole", *all_splits, false);
    Value::Table(section.0)
}

/// The list of stages that is left out.
fn default_stages() -> Value {
    let mut stage = Section::default();
    stage.always("name", "synthetic pairs");
    stage.always("datasets", list(["synth-pedes"]));
    stage.always("epochs", 1);
    stage.always("real", list(["text"]));
    stage.always("rate", 1e-3);
    stage.always("warmup", 20);
    stage.always("floor", 0.05);
    Value::Array(vec![Value::Table(stage.0)])
}

fn losses(losses: &LossWeights) -> Section {
    let LossWeights {
        identity,
        identity_sample,
        label_smoothing,
        triplet,
        triplet_margin,
        attribute,
        attribute_words,
        mask_rate,
        binding,
        binding_kind,
        binding_text,
        binding_temperature,
        anchor_features,
        anchors,
        own_photo,
        queue,
        queue_after,
        parts,
        parts_margin,
        neck,
    } = losses;
    let mut section = Section::default();
    section.put("identity", *identity, 1.0);
    section.put("identity_sample", *identity_sample, 1.0);
    section.put("smoothing", *label_smoothing, 0.1);
    section.put("triplet", *triplet, 0.5);
    section.put("margin", *triplet_margin, 0.3);
    section.put("attribute", *attribute, 0.3);
    section.put("attribute_words", integer(*attribute_words), 500);
    section.put("mask_rate", *mask_rate, 0.5);
    section.put("binding", *binding, 1.0);
    section.put("binding_kind", words(binding_kind), "supcon");
    section.put("binding_text", *binding_text, 1.0);
    section.put("temperature", *binding_temperature, 0.07);
    section.put("anchor_features", words(anchor_features), "rgb");
    section.put("anchors", words(anchors), "moving");
    section.put("own_photo", words(own_photo), "skipped");
    section.put("queue", integer(*queue), 0);
    section.put("queue_after", integer(*queue_after), 1000);
    section.put("parts", *parts, 0.0);
    section.put("parts_margin", *parts_margin, 0.02);
    section.put("neck", words(neck), "before");
    section
}

fn evaluation(evaluation: &super::Evaluation) -> Section {
    let super::Evaluation {
        tasks,
        ranked_lists,
        chance_draws,
        metric,
        flip,
        rerank,
        rerank_k1,
        rerank_k2,
        rerank_lambda,
    } = evaluation;
    let mut section = Section::default();
    section.put("tasks", tasks.clone(), list([]));
    section.put("ranked_lists", integer(*ranked_lists), 4);
    section.put("chance_draws", Value::Integer(i64::from(*chance_draws)), 10);
    section.put("metric", words(metric), "cosine");
    section.put("flip", *flip, false);
    section.put("rerank", *rerank, false);
    section.put("rerank_k1", integer(*rerank_k1), 20);
    section.put("rerank_k2", integer(*rerank_k2), 6);
    section.put("rerank_lambda", f64::from(*rerank_lambda), f64::from(0.3_f32));
    section
}

impl Experiment {
    /// The text that version 1 of the identity hashes: TOML with sorted keys.
    pub(super) fn canonical(&self, checksums: &Checksums) -> String {
        let Self {
            claim: _,
            seed: _,
            data: data_keys,
            model: model_keys,
            train: train_keys,
            losses: loss_keys,
            evaluation: evaluation_keys,
        } = self;
        let mut deciding = Section::default();
        deciding.table("data", data(data_keys, checksums));
        deciding.table("model", model(model_keys, checksums));
        deciding.table("train", train(train_keys));
        deciding.table("losses", losses(loss_keys));
        deciding.table("evaluation", evaluation(evaluation_keys));
        let mut text = format!("{VERSION}\n{}", deciding.0);
        if self.data.synthetic {
            text += &format!("renderer {}", aio_synth::VERSION);
        }
        text
    }

    /// Content hash of what decides the numbers: the pre-trained weights and the sketch generator (by their SHA-256), the
    /// renderer's version where the data are rendered, and every key but those that describe the experiment or say where
    /// files lie.
    #[must_use]
    pub fn config_id(&self, checksums: &Checksums) -> String {
        blake3::hash(self.canonical(checksums).as_bytes()).to_hex()[..12].to_owned()
    }
}
