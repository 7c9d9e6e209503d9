//! `aio pretrain`: the recipe that made the embedded encoder.

use crate::checkpoint::Checkpoints;
use crate::error::{Error, Result};
use crate::progress;
use aio_data::{augment::Augmentation, fs};
use aio_encoder::EncoderConfig;
use aio_encoder::weights::{Preprocessing, Weights};
use aio_model::pretrain::{self, Pretraining, PretrainingLosses};
use aio_model::{Backbone, BackboneConfig, pictures, token_ids};
use aio_synth::{
    corpus::{self, Company, Depictions, Item, Together},
    tags,
};
use aio_tokenize::bpe::Bpe;
use aio_tokenize::{StemConfig, StemKind, TokenizersConfig};
use aio_train::schedule::WarmupCosine;
use aio_types::{Picture, rng};
use burn::grad_clipping::GradientClippingConfig;
use burn::module::Module;
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::Device;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The recipe. Its defaults made the committed weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Optimiser steps.
    pub steps: usize,
    /// Pairs of picture and caption in a step.
    pub batch: usize,
    /// Pictures in the corpus.
    pub corpus: usize,
    /// Peak learning rate.
    pub rate: f64,
    /// Temperature of the contrastive loss.
    pub temperature: f64,
    /// Weight of the contrastive loss beside that of the tags.
    pub contrastive: f64,
    /// Optimiser steps at the beginning that read no captions: pictures are learned first.
    pub pictures_first: usize,
    /// Optimiser steps after these, in which people are also read in company: two pictures, or pictures and a caption, in one sequence.
    pub company_steps: usize,
    /// Peak learning rate of the steps with company, which have a warm-up and a cosine of their own.
    pub company_rate: f64,
    /// Optimiser steps of the linear warm-up.
    pub warmup: usize,
    /// Weights to start from instead of random ones.
    #[serde(skip)]
    pub init: Option<PathBuf>,
    /// Fraction of people that are drawn.
    pub drawn: f32,
    /// Fraction of people that are photographed in infrared.
    pub infrared: f32,
    /// Seed of the corpus, the weights and the order.
    pub seed: u64,
    /// What turns pictures into tokens.
    pub stem: Stem,
    /// Blocks of the encoder.
    pub depth: usize,
    /// Width of the encoder; an attention head has 32 of it.
    pub width: usize,
}

impl Default for Recipe {
    fn default() -> Self {
        let EncoderConfig { depth, embed_dim: width, .. } = EncoderConfig::embedded();
        Self {
            steps: 6000,
            batch: 96,
            corpus: 30_000,
            rate: 1e-3,
            temperature: 0.07,
            contrastive: 1.0,
            pictures_first: 2000,
            company_steps: 1500,
            company_rate: 4e-4,
            warmup: 200,
            init: None,
            drawn: 0.2,
            infrared: 0.25,
            seed: 20_240_508,
            stem: Stem::default(),
            depth,
            width,
        }
    }
}

/// Channels of an attention head, as in the embedded encoder.
const HEAD: usize = 32;

impl Recipe {
    /// The backbone that the recipe trains.
    fn config(&self) -> Result<BackboneConfig> {
        let Self { depth, width, .. } = *self;
        if depth == 0 || width == 0 || !width.is_multiple_of(HEAD) {
            let problem = format!(
                "an encoder of {depth} blocks of width {width}, expected at least one block and a multiple of {HEAD}"
            );
            return Err(Error::user(problem, "such as --depth 4 --width 128"));
        }
        let embedded = pretrain::stem();
        let stem = match self.stem {
            Stem::Ibn => embedded,
            Stem::Batch => StemConfig { ibn: false, ..embedded },
            Stem::Patch => StemConfig { kind: StemKind::Patch, channels: 0, ..embedded },
        };
        Ok(pretrain::config(
            stem,
            EncoderConfig {
                depth,
                embed_dim: width,
                heads: width / HEAD,
                mlp: 4 * width,
                ..EncoderConfig::embedded()
            },
        ))
    }
}

/// What turns pictures into tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stem {
    /// The embedded encoder's: a pyramid of convolutions, half of the channels of its first two layers normalised picture by picture (IBN).
    #[default]
    Ibn,
    /// The same pyramid, everything normalised over the batch.
    Batch,
    /// One convolution per patch.
    Patch,
}

#[derive(Serialize, Deserialize)]
struct State {
    step: usize,
    recipe: Recipe,
}

/// Pictures are normalised to −1..1, as TransReID-SSL's stem expects.
fn preprocessing(config: &BackboneConfig) -> Preprocessing {
    let TokenizersConfig { height, width, .. } = config.tokenizers;
    Preprocessing {
        height,
        width,
        mean: [0.5; 3],
        std: [0.5; 3],
        interpolation: Preprocessing::BILINEAR.into(),
    }
}

const CHECKPOINT_EVERY: usize = 250;

/// A picture of the corpus with its caption and tags.
struct Pair {
    picture: Picture,
    ids: Vec<u32>,
    tags: [Option<usize>; tags::CLASSES.len()],
}

/// A person in company, with the token ids of the witness.
struct Read {
    pictures: Vec<Picture>,
    witness: Option<Vec<u32>>,
    tags: [Option<usize>; tags::CLASSES.len()],
}

fn augmentation() -> Augmentation {
    Augmentation { jitter: 0.15, erase: 0.15, ..Augmentation::default() }
}

/// Groups of captions of like length that a batch is split into.
const GROUPS: usize = 4;

/// The corpus with the recipe that orders it.
struct Corpus<'a> {
    recipe: &'a Recipe,
    items: Vec<Item>,
}

impl Corpus<'_> {
    fn pair(&self, item: usize, pass: u64) -> Pair {
        let view = self.items[item].view(&augmentation(), self.recipe.seed, item as u64, pass);
        Pair { picture: view.picture, ids: Bpe::clip().encode(&view.caption).ids, tags: view.tags }
    }

    /// The people among the chosen items in company; which company changes from step to step.
    fn company(&self, chosen: &[usize], pass: u64, step: usize) -> Vec<Read> {
        const KINDS: [(bool, bool); 3] = [(false, true), (true, false), (true, true)];
        let (second, witness) = KINDS[step % KINDS.len()];
        let company = Company { second, witness };
        let together = |item: usize| {
            let Together { pictures, witness, tags } = self.items[item].together(
                company,
                &augmentation(),
                self.recipe.seed,
                item as u64,
                pass,
            )?;
            Some(Read {
                pictures,
                witness: witness.map(|text| Bpe::clip().encode(&text).ids),
                tags,
            })
        };
        chosen.par_iter().filter_map(|item| together(*item)).collect()
    }

    fn per_pass(&self) -> usize {
        self.items.len() / self.recipe.batch
    }

    /// The order of a pass: the corpus shuffled anew.
    fn order(&self, pass: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.shuffle(&mut rng(self.recipe.seed, "pre-training order", pass));
        order
    }

    /// The chosen items in `pass`, those with short captions first.
    fn batch(&self, chosen: &[usize], pass: u64) -> Vec<Pair> {
        let mut pairs: Vec<Pair> = chosen.par_iter().map(|item| self.pair(*item, pass)).collect();
        pairs.sort_by_key(|pair| pair.ids.len());
        pairs
    }
}

/// Trains the encoder and writes `embedded.safetensors`, `loss.csv` and checkpoints into `out`.
///
/// # Errors
/// [`Error`] if something cannot be written, or `out` holds checkpoints of another recipe.
pub fn run(recipe: &Recipe, out: &Path, device: &Device) -> Result<PathBuf> {
    let training = device.clone().autodiff();
    let (start, config) = match &recipe.init {
        Some(path) => {
            let (start, config, _) = Backbone::load(&Weights::open(path)?, &training)?;
            (Some(start), config)
        }
        None => (None, recipe.config()?),
    };
    let checkpoints = Checkpoints::new(out.join("checkpoint"), 1);
    if checkpoints
        .state::<State>()?
        .is_some_and(|state| state.recipe != Recipe { init: None, ..recipe.clone() })
    {
        return Err(Error::user(
            format!("{} holds checkpoints of another recipe", out.display()),
            "choose another --output, or remove it",
        ));
    }
    let preprocessing = preprocessing(&config);
    let size = preprocessing.size();
    if recipe.batch == 0 || recipe.corpus < recipe.batch {
        return Err(Error::user(
            "a corpus smaller than one batch",
            "raise --corpus or lower --batch",
        ));
    }
    let bar = progress::bar("rendering corpus", recipe.corpus, "pictures");
    let mix = Depictions { drawn: recipe.drawn, infrared: recipe.infrared };
    let corpus = Corpus {
        recipe,
        items: corpus::render(recipe.seed, recipe.corpus, size, mix, &|| bar.inc(1)),
    };
    bar.finish();
    device.seed(recipe.seed);
    let optimiser = AdamWConfig::new()
        .with_beta_2(0.98)
        .with_epsilon(1e-6)
        .with_weight_decay(0.05)
        .with_grad_clipping(Some(GradientClippingConfig::Norm(1.0)))
        .init();
    let start = Pretraining::new(
        start.unwrap_or_else(|| config.init(&training)),
        config.embedding_width(),
        &tags::CLASSES,
        &training,
    );
    let (mut model, mut optimiser, state) =
        checkpoints.resume::<Pretraining, State>(start, optimiser)?;
    let first = state.map_or(0, |s| s.step);
    let cosine = |base, steps| WarmupCosine { base, warmup: recipe.warmup, steps, floor: 0.02 };
    let (alone, in_company) =
        (cosine(recipe.rate, recipe.steps), cosine(recipe.company_rate, recipe.company_steps));
    let rate = |step| {
        if step < recipe.steps { alone.at(step) } else { in_company.at(step - recipe.steps) }
    };
    let steps = recipe.steps + recipe.company_steps;
    fs::create_dir_all(out)?;
    let mut log = loss_curve(out, first)?;
    let bar = progress::bar("pre-training", steps, "steps");
    bar.set_position(first as u64);
    let mut order = (u64::MAX, Vec::new());
    for step in first..steps {
        let (pass, position) = ((step / corpus.per_pass()) as u64, step % corpus.per_pass());
        if order.0 != pass {
            order = (pass, corpus.order(pass));
        }
        let chosen = &order.1[position * recipe.batch..(position + 1) * recipe.batch];
        let pairs = corpus.batch(chosen, pass);
        let images = pictures(pairs.iter().map(|p| &p.picture), &preprocessing, device);
        let groups =
            pairs.chunks(recipe.batch.div_ceil(GROUPS)).filter(|_| step >= recipe.pictures_first);
        let captions =
            groups.map(|group| token_ids(group.iter().map(|p| &*p.ids), device)).collect();
        let company = if step < recipe.steps {
            Vec::new()
        } else {
            corpus.company(&chosen[..recipe.batch / GROUPS], pass, step)
        };
        let together = (!company.is_empty()).then(|| pretrain::Together {
            pictures: (0..company[0].pictures.len())
                .map(|i| pictures(company.iter().map(|t| &t.pictures[i]), &preprocessing, device))
                .collect(),
            captions: company[0]
                .witness
                .is_some()
                .then(|| token_ids(company.iter().filter_map(|t| t.witness.as_deref()), device)),
            tags: company.iter().map(|t| &t.tags[..]).collect(),
        });
        let tags: Vec<_> = pairs.iter().map(|p| &p.tags[..]).collect();
        let PretrainingLosses { tags, contrastive } =
            model.losses(images, &tags, captions, together, recipe.temperature);
        let values: Vec<f32> = [Some(&tags), contrastive.as_ref()]
            .into_iter()
            .flatten()
            .map(|loss| loss.clone().into_scalar())
            .collect();
        if values.iter().any(|v| !v.is_finite()) {
            return Err(Error::Failure(format!(
                "the losses (tags, contrastive) are {values:?} at step {step}"
            )));
        }
        let total =
            contrastive.map_or(tags.clone(), |contrastive| tags + contrastive * recipe.contrastive);
        let grads = GradientsParams::from_grads(total.backward(), &model);
        model = optimiser.step(rate(step), model, grads);
        // The contrastive column is empty as long as no captions are read.
        writeln!(
            log,
            "{step},{},{}",
            values[0],
            values.get(1).map_or(String::new(), f32::to_string)
        )
        .map_err(|e| Error::Failure(format!("cannot write the loss curve: {e}")))?;
        bar.inc(1);
        if (step + 1) % CHECKPOINT_EVERY == 0 || step + 1 == steps {
            checkpoints.save(
                step + 1,
                &model,
                &optimiser,
                &State { step: step + 1, recipe: recipe.clone() },
            )?;
            write(out, &model.backbone.valid(), &config, recipe)?;
        }
    }
    bar.finish();
    write(out, &model.backbone.valid(), &config, recipe)
}

/// The loss curve, with what it holds beyond the first `steps` cut off: a killed call has logged more than it has saved.
fn loss_curve(out: &Path, steps: usize) -> Result<std::fs::File> {
    let path = out.join("loss.csv");
    let old = if path.exists() { fs::read_to_string(&path)? } else { String::new() };
    let kept: String = std::iter::once("step,tags,contrastive")
        .chain(old.lines().skip(1).take(steps))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write_then_rename(&path, kept.as_bytes())?;
    std::fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .map_err(|e| Error::Failure(format!("cannot write {}: {e}", path.display())))
}

fn write(
    out: &Path,
    model: &Backbone,
    config: &BackboneConfig,
    recipe: &Recipe,
) -> Result<PathBuf> {
    let recipe = serde_json::to_value(recipe).map_err(|e| Error::Failure(e.to_string()))?;
    let card = [
        ("recipe", recipe),
        ("licence", "MIT OR Apache-2.0".into()),
        ("origin", "aio pretrain, rendered data only".into()),
    ];
    let bytes = model.to_bytes(config, &preprocessing(config), &card)?;
    let path = out.join("embedded.safetensors");
    fs::write_then_rename(&path, &bytes)?;
    Ok(path)
}
