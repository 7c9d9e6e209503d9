//! The models that are compared, and what they have embedded.

use super::Test;
use super::descriptors::Describer;
use super::embed::{Embedding, rows_per_input};
use super::inputs::{EmbeddedInputs, Instead};
use super::pictures::{KEPT, Pictures, views};
use super::score::{Scored, TestFeatures};
use crate::config::Evaluation;
use crate::error::Result;
use aio_data::DatasetName;
use aio_data::descriptor::Descriptor;
use aio_eval::Features;
use aio_model::Extractor;
use aio_train::StopFlag;
use aio_types::Modality;
use std::collections::BTreeMap;

/// The models that are compared, which take pictures of one size, and the galleries and inputs of queries that they have embedded: tasks of one data
/// set share them.
pub(in crate::experiment) struct TestedModels<'a, const N: usize> {
    models: [Extractor; N],
    pictures: Pictures,
    describer: Describer,
    evaluation: &'a Evaluation,
    galleries: BTreeMap<(DatasetName, Modality), [Features; N]>,
    /// By the first model.
    inputs: EmbeddedInputs,
    stop: &'a StopFlag,
}

impl<'a, const N: usize> TestedModels<'a, N> {
    pub(in crate::experiment) fn new(
        models: [Extractor; N],
        evaluation: &'a Evaluation,
        stop: &'a StopFlag,
    ) -> Self {
        let pictures = Pictures::new(models[0].preprocessing().size(), KEPT);
        let (describer, galleries) = (Describer::default(), BTreeMap::new());
        let inputs = EmbeddedInputs::default();
        Self { models, pictures, describer, evaluation, galleries, inputs, stop }
    }

    pub(super) fn models(&self) -> &[Extractor; N] {
        &self.models
    }

    /// Scores of hand-made descriptors on a task.
    ///
    /// # Errors
    /// As [`Describer::scores`].
    pub(in crate::experiment) fn describe(
        &mut self,
        test: &Test,
    ) -> Result<BTreeMap<Descriptor, Scored>> {
        self.describer.scores(test, self.stop)
    }

    /// Embeds the queries of a task and, unless an earlier task has shown it, its gallery. Every picture is decoded once for all models,
    /// a block at a time.
    ///
    /// # Errors
    /// [`Error::User`](crate::error::Error::User) if a model cannot embed a modality,
    /// [`Error::Interrupted`](crate::error::Error::Interrupted) after a signal.
    pub(in crate::experiment) fn embed(&mut self, test: &Test) -> Result<[TestFeatures<'_>; N]> {
        let key = (test.task.dataset, test.task.gallery);
        if !self.galleries.contains_key(&key) {
            let gallery = self.embed_gallery(test)?;
            self.galleries.insert(key, gallery);
        }
        let mut queries = self.embed_queries(test)?.into_iter();
        Ok(self.galleries[&key].each_ref().map(|gallery| TestFeatures {
            queries: queries.next().expect("as many as galleries"),
            gallery,
        }))
    }

    fn embed_gallery(&mut self, test: &Test) -> Result<[Features; N]> {
        let Self { models, pictures, evaluation, stop, .. } = self;
        let (dataset, modality) = (test.task.dataset, test.task.gallery);
        let gallery = &test.data.gallery;
        let what = format!("{dataset} {modality} gallery");
        let phase = format!("gallery {dataset} {modality}");
        let embedding = Embedding::new(&what, &phase, evaluation, stop);
        let counts = vec![1; gallery.len()];
        embedding
            .of(models.each_ref(), &counts, |rows| pictures.of_gallery(&gallery[rows], modality))
    }

    /// Embeds every view of every query; a query is the mean of its views.
    fn embed_queries(&mut self, test: &Test) -> Result<[Features; N]> {
        let Self { models, pictures, evaluation, stop, inputs, .. } = self;
        let queries = &test.data.queries;
        let counts: Vec<usize> = queries.iter().map(|query| query.views.len()).collect();
        let views = views(queries);
        let (what, phase) = (format!("{} queries", test.task), format!("queries {}", test.task));
        let embedding = Embedding::new(&what, &phase, evaluation, stop);
        let features = embedding
            .rows(models.each_ref(), views.len(), |rows| pictures.of_views(&views[rows]))?;
        if let Some(of_first) = features.first() {
            inputs.keep(test, rows_per_input(evaluation.flip), of_first);
        }
        Ok(embedding.averaged(features, &counts))
    }

    /// Queries of several modalities by the first model, with other inputs in their place. Inputs that a task of the data set has shown are not
    /// embedded again.
    ///
    /// # Errors
    /// As [`TestedModels::embed`].
    ///
    /// # Panics
    /// If the task was not embedded before: the gallery is the same.
    pub(in crate::experiment) fn embed_instead(
        &mut self,
        test: &Test,
        instead: Instead,
    ) -> Result<TestFeatures<'_>> {
        let Self { models, pictures, evaluation, stop, galleries, inputs, .. } = self;
        let gallery = &galleries[&(test.task.dataset, test.task.gallery)][0];
        let (what, phase) = (format!("{} inputs", test.task), format!("inputs {}", test.task));
        let embedding = Embedding::new(&what, &phase, evaluation, stop);
        let queries = inputs.pooled(
            test,
            instead,
            rows_per_input(evaluation.flip),
            embedding.metric,
            |new| {
                let [features] = embedding
                    .rows([&models[0]], new.len(), |rows| pictures.of_views(&new[rows]))?;
                Ok(features)
            },
        )?;
        Ok(TestFeatures { queries, gallery })
    }
}
