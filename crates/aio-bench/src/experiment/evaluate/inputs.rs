//! The inputs of one data set's queries. Each is embedded once: tasks share photographs, sentences, and what is left of a query without a modality.

use super::Test;
use crate::error::Result;
use aio_data::DatasetName;
use aio_data::task::{Query, QueryPicture};
use aio_eval::{Features, Metric};
use aio_types::{Modality, Observation};
use ndarray::Axis;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// What is embedded: a view of a query, one of its parts, or what is left of it without a modality.
pub(in crate::experiment) type Input = Observation<QueryPicture>;

/// What is embedded in the place of a query of several modalities.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::experiment) enum Instead {
    /// Every part on its own; the query is their mean (late fusion).
    Parts,
    /// The query without one of its modalities.
    Without(Modality),
}

impl Instead {
    /// The inputs whose mean stands for a query.
    pub(in crate::experiment) fn of(self, query: &Query) -> Vec<Input> {
        let views = query.views.iter();
        match self {
            Self::Parts => views.flat_map(Observation::parts).collect(),
            Self::Without(modality) => views.filter_map(|view| view.without(modality)).collect(),
        }
    }

    /// Everything that is embedded in the place of the queries of a task; nothing for queries of one modality.
    pub(in crate::experiment) fn all(test: &Test) -> Vec<Self> {
        if test.task.query.len() == 1 {
            return Vec::new();
        }
        let without = test.task.query.iter().map(Self::Without);
        [Self::Parts].into_iter().chain(without).collect()
    }
}

/// Features of inputs of one data set.
#[derive(Default)]
pub(super) struct EmbeddedInputs {
    dataset: Option<DatasetName>,
    /// Number of every input, in the order in which they were embedded.
    numbers: HashMap<Input, usize>,
    /// Rows of all inputs, the same number of rows for each.
    values: Vec<f32>,
    width: usize,
}

impl EmbeddedInputs {
    /// Keeps the features of the views of a task's queries, `rows` rows for each.
    pub(super) fn keep(&mut self, test: &Test, rows: usize, features: &Features) {
        self.turn_to(test);
        self.width = features.width();
        let views = test.data.queries.iter().flat_map(|query| &query.views);
        let values = features.view();
        for (view, of_view) in views.zip(values.axis_chunks_iter(Axis(0), rows)) {
            let next = self.numbers.len();
            if let Entry::Vacant(place) = self.numbers.entry(view.clone()) {
                place.insert(next);
                self.values.extend(of_view.iter());
            }
        }
    }

    /// The features of queries for which other inputs stand, to be compared by `metric`. `embed` gives the features of inputs that are not known, `rows` rows for each.
    ///
    /// # Errors
    /// Those of `embed`.
    pub(super) fn pooled(
        &mut self,
        test: &Test,
        instead: Instead,
        rows: usize,
        metric: Metric,
        embed: impl FnOnce(&[&Input]) -> Result<Features>,
    ) -> Result<Features> {
        self.turn_to(test);
        let (mut of_queries, mut counts, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for query in &test.data.queries {
            let before = of_queries.len();
            for input in instead.of(query) {
                let next = self.numbers.len();
                of_queries.push(match self.numbers.entry(input) {
                    Entry::Occupied(known) => *known.get(),
                    Entry::Vacant(place) => {
                        new.push(place.key().clone());
                        *place.insert(next)
                    }
                });
            }
            counts.push(rows * (of_queries.len() - before));
        }
        if !new.is_empty() {
            let features = match embed(&new.iter().collect::<Vec<_>>()) {
                Ok(features) => features,
                Err(error) => {
                    // Some of the numbers have no rows.
                    *self = Self::default();
                    return Err(error);
                }
            };
            self.values.extend(features.view().iter());
            self.width = features.width();
        }
        let size = rows * self.width;
        let mut values = Vec::with_capacity(of_queries.len() * size);
        for number in &of_queries {
            values.extend_from_slice(&self.values[number * size..(number + 1) * size]);
        }
        let what = format!("{} queries", test.task);
        let features = Features::new(&what, of_queries.len() * rows, self.width, values)?;
        Ok(means(features, &counts, metric))
    }

    /// Forgets the inputs of another data set.
    fn turn_to(&mut self, test: &Test) {
        if self.dataset != Some(test.task.dataset) {
            *self = Self { dataset: Some(test.task.dataset), ..Self::default() };
        }
    }
}

/// One row for every run of `counts` rows; rows that stand alone stay as they are.
pub(super) fn means(features: Features, counts: &[usize], metric: Metric) -> Features {
    if counts.iter().all(|count| *count == 1) { features } else { features.pooled(counts, metric) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use aio_data::task::Task;
    use aio_train::Library;
    use aio_types::rng;
    use rand::RngExt;
    use std::path::Path;

    const WIDTH: usize = 3;

    /// Tasks of a table of three people, each with two captions and two pictures.
    fn tests(directory: &Path, tasks: &[&str]) -> Vec<Test> {
        let mut rows = String::from("path,identity,camera,modality,split,caption\n");
        for person in 0..3u32 {
            for (camera, split, modality) in
                [(1, "query", "rgb"), (1, "query", "sketch"), (2, "gallery", "rgb")]
            {
                let file = format!("{person}-{camera}-{modality}.png");
                image::RgbImage::new(2, 4).save(directory.join(&file)).expect("written");
                rows += &format!("{file},{person},{camera},{modality},{split},\n");
            }
            for caption in ["a man", "somebody"] {
                rows += &format!(",{person},1,text,query,{caption} {person}\n");
            }
        }
        std::fs::write(directory.join("shop.csv"), rows).expect("written");
        let mut library = Library::new(directory);
        let open = |text: &&str| {
            let task = Task::parse(&format!("table:shop.{text}")).expect("a task").remove(0);
            let data = task.data(library.get(task.dataset).expect("a table")).expect("both sides");
            Test { task, data }
        };
        tasks.iter().map(open).collect()
    }

    /// Features that depend on the input alone, so many rows for each.
    fn features(inputs: &[&Input], rows: usize) -> Features {
        let mut values = Vec::new();
        for input in inputs {
            let mut stream = rng(0, &format!("{input:?}"), 0);
            values.extend((0..rows * WIDTH).map(|_| stream.random::<f32>()));
        }
        Features::new("inputs", inputs.len() * rows, WIDTH, values).expect("finite")
    }

    /// The features that queries should have, each input embedded anew.
    fn expected(test: &Test, instead: Instead, rows: usize) -> Features {
        let of_queries: Vec<Vec<Input>> =
            test.data.queries.iter().map(|query| instead.of(query)).collect();
        let counts: Vec<usize> = of_queries.iter().map(|of| rows * of.len()).collect();
        let features = features(&of_queries.iter().flatten().collect::<Vec<_>>(), rows);
        means(features, &counts, Metric::Cosine)
    }

    #[test]
    fn every_input_is_embedded_once_and_queries_are_the_means_of_their_own() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let tests =
            tests(directory.path(), &["rgb+text-rgb", "sketch+text-rgb", "rgb+sketch+text-rgb"]);
        for rows in [1, 2] {
            let (mut inputs, mut embedded) = (EmbeddedInputs::default(), Vec::new());
            for test in &tests {
                for instead in Instead::all(test) {
                    let pooled = inputs.pooled(test, instead, rows, Metric::Cosine, |new| {
                        embedded.push(new.len());
                        Ok(features(new, rows))
                    });
                    assert_eq!(pooled.expect("finite"), expected(test, instead, rows));
                }
            }
            // Photographs and captions, of which nothing else is left without the other; sketches; what is left of all three without the sentence.
            // The pairs of the first two tasks were not kept.
            assert_eq!(embedded, [3 + 6, 3, 6, 6, 3], "{rows}");
        }
    }

    #[test]
    fn queries_that_were_embedded_are_known() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let names =
            ["rgb-rgb", "text-rgb", "rgb+text-rgb", "sketch+text-rgb", "rgb+sketch+text-rgb"];
        let tests = tests(directory.path(), &names);
        for rows in [1, 2] {
            let (mut inputs, mut embedded) = (EmbeddedInputs::default(), 0);
            for test in &tests {
                let views: Vec<&Input> = test.data.queries.iter().flat_map(|q| &q.views).collect();
                inputs.keep(test, rows, &features(&views, rows));
                for instead in Instead::all(test) {
                    let pooled = inputs.pooled(test, instead, rows, Metric::Cosine, |new| {
                        embedded += new.len();
                        Ok(features(new, rows))
                    });
                    assert_eq!(pooled.expect("finite"), expected(test, instead, rows));
                }
            }
            // Three sketches, and the three pairs of a photograph and a sketch.
            assert_eq!(embedded, 3 + 3, "{rows}");
        }
    }

    #[test]
    fn late_fusion_keeps_the_length_of_features_that_are_compared_by_it() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let test = &tests(directory.path(), &["rgb+text-rgb"])[0];
        for (metric, row) in
            [(Metric::Cosine, [0.6, 0.8, 0.0]), (Metric::Euclidean, [6.0, 8.0, 0.0])]
        {
            let fused = EmbeddedInputs::default().pooled(test, Instead::Parts, 1, metric, |new| {
                let values = new.iter().flat_map(|_| [6.0f32, 8.0, 0.0]).collect();
                Ok(Features::new("inputs", new.len(), WIDTH, values)?)
            });
            let fused = fused.expect("finite");
            let near = |(a, b): (&f32, f32)| (a - b).abs() < 1e-5;
            let is_row = |found: ndarray::ArrayView1<f32>| found.iter().zip(row).all(near);
            assert!(fused.view().rows().into_iter().all(is_row), "{fused:?}");
        }
    }

    #[test]
    fn inputs_without_features_are_embedded_by_the_next_call() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let tests = tests(directory.path(), &["rgb+text-rgb"]);
        let mut inputs = EmbeddedInputs::default();
        let stopped = inputs.pooled(&tests[0], Instead::Parts, 1, Metric::Cosine, |_| {
            Err(Error::Interrupted { phase: "evaluating" })
        });
        assert!(stopped.is_err());
        let mut count = 0;
        let fused = inputs.pooled(&tests[0], Instead::Parts, 1, Metric::Cosine, |new| {
            count = new.len();
            Ok(features(new, 1))
        });
        assert_eq!((fused.expect("finite").rows(), count), (tests[0].data.queries.len(), 9));
    }
}
