//! What a stage warns of when it opens: data with which a setting does not do what it says.

use super::settings::LoaderSettings;
use super::store::{NumberedSample, SampleStore};
use crate::config::StageConfig;
use aio_data::sampler::{BatchPlan, IdentitySampler};
use aio_heads::{BindingKind, OwnPhoto};
use aio_types::{Modality, ModalitySet};

/// Part of its share by which the batches of a data set may differ from it without a warning.
const TOLERATED: f64 = 0.1;

/// Data sets whose batches of an epoch are not what their shares say: an epoch has whole batches, and the next one is divided anew.
pub(super) fn rounded_shares(
    stage: &StageConfig,
    plan: &BatchPlan,
    sampler: &IdentitySampler,
) -> Option<String> {
    let batches = sampler.batches_of_ranges()?;
    let all: usize = batches.iter().sum();
    let sum: f64 = plan.shares.iter().map(|(_, share)| share).sum();
    let mut rounded = Vec::new();
    for ((name, batches), (_, share)) in stage.datasets.iter().zip(batches).zip(&plan.shares) {
        let expected = share / sum * all as f64;
        if (batches as f64 - expected).abs() > TOLERATED * expected {
            rounded.push(format!("{name} has {batches} in place of {expected:.1}"));
        }
    }
    (!rounded.is_empty()).then(|| {
        format!(
            "{}: every epoch has {all} batches, each of one data set, so that shares are rounded: {}; other shares, or a lower train.identities, come nearer",
            stage.name,
            rounded.join(", ")
        )
    })
}

/// People whom the binding loss cannot bind to anything because their own photograph is skipped, if that is everyone: who has one photograph is bound to
/// it by real samples that were not made from it, and by nothing else.
pub(super) fn nothing_to_bind(
    settings: &LoaderSettings,
    stage: &StageConfig,
    store: &SampleStore,
    numbered: &[NumberedSample],
) -> Option<String> {
    let LoaderSettings { config, classes, .. } = *settings;
    if config.losses.binding == 0.0 || config.losses.own_photo == OwnPhoto::Kept {
        return None;
    }
    let used: ModalitySet = stage.real.iter().copied().collect();
    let used = used & config.model.modalities;
    let mut photographs = vec![0_usize; classes.len()];
    let mut is_bound = vec![false; classes.len()];
    for &(number, class, modality) in numbered {
        match modality {
            Modality::Rgb => photographs[class] += 1,
            other => {
                let stands_alone = store.photograph_of(number).is_none();
                is_bound[class] |= used.contains(other) && stands_alone;
            }
        }
    }
    let people = || (0..classes.len()).filter(|class| photographs[*class] > 0);
    let unbound = people().filter(|class| photographs[*class] == 1 && !is_bound[*class]).count();
    (unbound > 0 && unbound == people().count()).then(|| {
        format!(
            "{}: the {unbound} people have one photograph each and no real sample that was not made from it, and losses.own_photo is `skipped`: the binding loss is 0 in every step; add photographs, or set losses.own_photo = \"kept\"",
            stage.name
        )
    })
}

/// Photographs alone where the binding loss compares different modalities: it would be 0 in every step, whatever else is trained.
pub(super) fn no_partners(
    settings: &LoaderSettings,
    stage: &StageConfig,
    numbered: &[NumberedSample],
) -> Option<String> {
    let (losses, modalities) = (&settings.config.losses, settings.config.model.modalities);
    let kind = match losses.binding_kind {
        BindingKind::Itc => "itc",
        BindingKind::SdmPairs => "sdm-pairs",
        BindingKind::Supcon | BindingKind::Sdm => return None,
    };
    let is_other = |modality: Modality| modality != Modality::Rgb && modalities.contains(modality);
    let is_real = |modality: Modality| is_other(modality) && stage.real.contains(&modality);
    let has_partners = stage.synthesise.iter().any(|modality| is_other(*modality))
        || numbered.iter().any(|(_, _, modality)| is_real(*modality));
    (losses.binding != 0.0 && !has_partners).then(|| {
        format!(
            "{}: losses.binding_kind = \"{kind}\" binds photographs to other modalities, of which the stage has no sample: the binding loss is 0 in every step; name a modality that its data sets have among `real`, or one among `synthesise`",
            stage.name
        )
    })
}
