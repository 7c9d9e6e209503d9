//! What is refused of keys together: those that contradict each other, names that stand for nothing, and numbers with which nothing can be computed. A
//! training would be lost by them.

mod in_vain;
mod stems;

use super::validation::refused;
use super::{Evaluation, Experiment};
use crate::error::{Error, Result};
use aio_data::repeated;
use aio_heads::{BindingKind, OwnPhoto};
use aio_model::import::Stems;
use aio_model::{AbsentUse, AdapterUse, EncoderUse, FusionUse, Neck, Shared, TextUse};
use aio_tokenize::BatchNormMode;
use aio_train::config::StageConfig;
use aio_types::Modality;
use serde::Serialize;

/// Most photographs of a batch and anchors of a queue: more fit into no memory, and their number may exceed what a machine counts to.
const MOST_ROWS: usize = 10_000_000;

impl Experiment {
    /// Refuses keys that contradict each other, and names that stand for nothing. `origins` names all layers.
    pub(super) fn validate(&self, origins: &str) -> Result<()> {
        let wrong = |key: &str, problem: &str| Err(refused(origins, key, problem));
        if !self.model.modalities.contains(Modality::Rgb) {
            return wrong("model.modalities", "lacks rgb, the anchor of every other modality");
        }
        let losses = &self.losses;
        self.validate_numbers(origins)?;
        self.validate_text(origins)?;
        self.validate_adapters(origins)?;
        self.validate_fusion(origins)?;
        self.validate_neck(origins)?;
        self.validate_learning(origins)?;
        self.validate_stems(origins)?;
        self.validate_losses_in_vain(origins)?;
        if losses.identity == 0.0 && losses.binding == 0.0 && losses.triplet == 0.0 {
            return wrong(
                "losses",
                "has neither identity, triplet nor binding; nothing would be learned",
            );
        }
        if losses.own_photo == OwnPhoto::Skipped
            && losses.binding != 0.0
            && self.train.instances_per_identity < 2
            && self.train.stages.iter().all(|stage| stage.real.is_empty())
        {
            return wrong(
                "losses.own_photo",
                "is `skipped`, which leaves photographs and what is made from them nothing to bind to with train.instances_per_identity = 1, and no stage has real samples of another modality",
            );
        }
        if self.model.batch_norm_mode == BatchNormMode::Pretrained
            && self.model.stems != Stems::FromCheckpoint
        {
            return wrong(
                "model.batch_norm_mode",
                "is `pretrained`, but model.stems draws the stems at random: they have no statistics of a pre-training",
            );
        }
        if self.train.neighbours > self.train.identities {
            let problem = format!(
                "is {}, but a batch holds train.identities = {}; expected at most as many",
                self.train.neighbours, self.train.identities
            );
            return wrong("train.neighbours", &problem);
        }
        let pairs = match losses.binding_kind {
            BindingKind::Itc => Some("itc"),
            BindingKind::SdmPairs => Some("sdm-pairs"),
            BindingKind::Supcon | BindingKind::Sdm => None,
        };
        if let (Some(kind), true) = (pairs, losses.binding != 0.0) {
            if losses.binding_kind == BindingKind::Itc && losses.own_photo == OwnPhoto::Skipped {
                return wrong(
                    "losses.own_photo",
                    "is `skipped`, but losses.binding_kind = \"itc\" binds a picture or caption to the photograph of its own tuple; set losses.own_photo = \"kept\", or choose `supcon`, `sdm` or `sdm-pairs`",
                );
            }
            if self.model.modalities.len() < 2 {
                let problem = format!(
                    "is `{kind}`, which binds photographs to other modalities, and model.modalities holds rgb alone"
                );
                return wrong("losses.binding_kind", &problem);
            }
        }
        for (i, stage) in self.train.stages.iter().enumerate() {
            validate_stage(origins, &format!("train.stages[{i}]"), stage)?;
        }
        self.validate_evaluation(origins)
    }

    /// Refuses numbers with which no step can be computed: infinite ones, and batches and queues that no memory holds.
    fn validate_numbers(&self, origins: &str) -> Result<()> {
        let Self { model, losses, train, .. } = self;
        for (key, value) in [
            ("model.lora_alpha", model.lora_alpha),
            ("train.weight_decay", train.weight_decay),
            ("losses.identity", losses.identity),
            ("losses.triplet", losses.triplet),
            ("losses.triplet_margin", losses.triplet_margin),
            ("losses.attribute", losses.attribute),
            ("losses.binding", losses.binding),
            ("losses.binding_text", losses.binding_text),
            ("losses.binding_temperature", losses.binding_temperature),
            ("losses.parts", losses.parts),
        ] {
            if value.is_infinite() {
                return Err(refused(origins, key, "is infinite; expected a finite number"));
            }
        }
        let (people, each) = (train.identities, train.instances_per_identity);
        if people.saturating_mul(each) > MOST_ROWS {
            let problem = format!(
                "is {each} and train.identities is {people}; expected a product of at most {MOST_ROWS}, the photographs of a batch"
            );
            return Err(refused(origins, "train.instances_per_identity", &problem));
        }
        if losses.queue > MOST_ROWS {
            let problem = format!("is {}; expected at most {MOST_ROWS} anchors", losses.queue);
            return Err(refused(origins, "losses.queue", &problem));
        }
        Ok(())
    }

    /// Refuses tasks that there are not or that the model cannot embed, and re-ranking that cannot be computed: a training would be lost by them.
    fn validate_evaluation(&self, origins: &str) -> Result<()> {
        // The text of a task does not say where it stands.
        let tasks = self.tasks().map_err(|error| Error::User {
            message: format!("{origins}: `evaluation.tasks`: {error}"),
            hint: error.hint(),
        })?;
        let embedded = self.model.modalities;
        for task in &tasks {
            let needed = task.query.iter().chain([task.gallery]);
            if let Some(absent) = needed.into_iter().find(|m| !embedded.contains(*m)) {
                let problem = format!(
                    "holds {task}, but model.modalities = \"{embedded}\" lacks {absent}; add it there, or leave the task out"
                );
                return Err(refused(origins, "evaluation.tasks", &problem));
            }
        }
        let Evaluation { rerank, rerank_k1: k1, rerank_k2: k2, .. } = self.evaluation;
        if rerank && k2 > k1 + 1 {
            let problem = format!("is {k2}; expected at most {}, one above rerank_k1", k1 + 1);
            return Err(refused(origins, "evaluation.rerank_k2", &problem));
        }
        Ok(())
    }

    /// Refuses a search behind a normalisation that nothing trains.
    fn validate_neck(&self, origins: &str) -> Result<()> {
        if self.losses.neck == Neck::After && self.losses.identity == 0.0 {
            let problem = "is `after`, but the normalisation is trained by the identity loss alone, whose weight losses.identity is 0; set it to `before`";
            return Err(refused(origins, "losses.neck", problem));
        }
        Ok(())
    }

    /// Refuses a model of which no parameter is trained.
    fn validate_learning(&self, origins: &str) -> Result<()> {
        let Self { model, losses, train, .. } = self;
        // The table of a text tower is trained with the tower.
        let is_tower = |modality| modality == Modality::Text && model.text.is_tower();
        let is_frozen = |modality| model.frozen_tokenizers.contains(&modality);
        let tokenizers_learn = model.modalities.iter().any(|m| !is_frozen(m) && !is_tower(m));
        let mixer_learns = model.fusion == FusionUse::Mixer && train.combinations > 0;
        let reads_captions = train.stages.iter().any(|stage| stage.real.contains(&Modality::Text));
        let attribute_head_learns =
            losses.attribute != 0.0 && model.modalities.contains(Modality::Text) && reads_captions;
        let learns = tokenizers_learn
            || mixer_learns
            || model.absent == AbsentUse::Learned
            || model.shared == Shared::Trained
            || model.encoder == EncoderUse::Trained
            || model.adapters != AdapterUse::None
            || model.text == TextUse::TrainedTower
            || losses.identity != 0.0
            || attribute_head_learns;
        if learns {
            return Ok(());
        }
        Err(refused(
            origins,
            "model.frozen_tokenizers",
            "holds every modality, and nothing else is trained either: not the encoder, not what modalities share, and no head",
        ))
    }

    /// Refuses what a text tower makes no sense with.
    fn validate_text(&self, origins: &str) -> Result<()> {
        let Self { model, losses, .. } = self;
        if !model.text.is_tower() {
            return Ok(());
        }
        let wrong = |key: &str, problem: &str| Err(refused(origins, key, problem));
        if !model.modalities.contains(Modality::Text) {
            return wrong("model.text", "names a tower, but model.modalities holds no text");
        }
        if losses.attribute != 0.0 {
            return wrong(
                "losses.attribute",
                "is not 0, but the attribute head reads text and photograph in one sequence, which text with a tower does not enter; set it to 0",
            );
        }
        if losses.neck == Neck::After {
            return wrong(
                "losses.neck",
                "is `after`, but the normalisation can become a part of one projection only, and a text tower has its own; set it to `before`",
            );
        }
        if model.text == TextUse::TrainedTower && model.frozen_tokenizers.contains(&Modality::Text)
        {
            return wrong(
                "model.frozen_tokenizers",
                "holds text, but model.text = \"trained-tower\" trains its table with the tower; choose one",
            );
        }
        Ok(())
    }

    /// Refuses adapters of blocks that do not keep their pre-trained weights.
    fn validate_adapters(&self, origins: &str) -> Result<()> {
        let consequence = match self.model.encoder {
            EncoderUse::Frozen => return Ok(()),
            EncoderUse::Trained => "trains the adapted weights themselves",
            EncoderUse::Random => "leaves no pre-trained weights to adapt",
        };
        if self.model.adapters == AdapterUse::None {
            return Ok(());
        }
        let (adapters, encoder) = (word(self.model.adapters), word(self.model.encoder));
        let problem = format!(
            "is `{adapters}`, but model.encoder = \"{encoder}\", which {consequence}; choose one of them"
        );
        Err(refused(origins, "model.adapters", &problem))
    }

    /// Refuses what has no place where modalities are combined behind the encoder.
    fn validate_fusion(&self, origins: &str) -> Result<()> {
        let Self { model, losses, .. } = self;
        if model.fusion == FusionUse::Sequence {
            return Ok(());
        }
        if model.fusion == FusionUse::Mean && model.absent == AbsentUse::Learned {
            let problem = "is `learned`, but model.fusion = \"mean\" averages the modalities that are there and has no place for others; set it to `none`, or choose `sequence` or `mixer`";
            return Err(refused(origins, "model.absent", problem));
        }
        if losses.neck == Neck::After {
            let fusion = word(model.fusion);
            let problem = format!(
                "is `after`, but the normalisation can become a part of the projection only, behind which model.fusion = \"{fusion}\" combines modalities; set it to `before`"
            );
            return Err(refused(origins, "losses.neck", &problem));
        }
        Ok(())
    }
}

/// The word that stands for a value in a file.
fn word(value: impl Serialize) -> String {
    let written = serde_json::to_value(value).ok();
    written.as_ref().and_then(|value| value.as_str()).expect("a word").to_owned()
}

/// Refuses a stage of training, which is at `key`, whose keys contradict each other.
fn validate_stage(origins: &str, key: &str, stage: &StageConfig) -> Result<()> {
    let wrong =
        |name: &str, problem: &str| Err(refused(origins, &format!("{key}.{name}"), problem));
    let count = stage.datasets.len();
    if count == 0 {
        return wrong("datasets", "is missing; expected a list of at least one data set");
    }
    let is_share = |share: &f64| share.is_finite() && *share > 0.0;
    if ![0, count].contains(&stage.shares.len()) || !stage.shares.iter().all(is_share) {
        let shares = &stage.shares;
        let problem = format!(
            "is {shares:?}; expected one number above 0 for each of the {count} data sets, or none"
        );
        return wrong("shares", &problem);
    }
    if let (Some(epochs), Some(steps)) = (stage.epochs, stage.steps) {
        let problem = format!("is {steps} and `{key}.epochs` is {epochs}; a stage has one of them");
        return wrong("steps", &problem);
    }
    if let Some(twice) = repeated(stage.datasets.iter().map(|name| name.name())) {
        let problem = format!("names {twice} twice; `shares` says how often each is drawn");
        return wrong("datasets", &problem);
    }
    let can_be_made = StageConfig::synthesised();
    if let Some(odd) = stage.synthesise.iter().find(|m| !can_be_made.contains(m)) {
        let problem = format!("holds {odd}, which cannot be made from a photograph");
        return wrong("synthesise", &problem);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
