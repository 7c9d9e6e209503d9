//! The parts of queries of several modalities. Each is embedded once: the tasks of one data set share most of them.

use super::Test;
use crate::error::Result;
use aio_data::DatasetName;
use aio_data::task::QueryPicture;
use aio_eval::Features;
use aio_types::Observation;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// Features of the parts of one data set's queries.
#[derive(Default)]
pub(super) struct Parts {
    dataset: Option<DatasetName>,
    /// Number of every part, in the order in which they were embedded.
    numbers: HashMap<Observation<QueryPicture>, usize>,
    /// Rows of all parts, the same number of rows for each.
    values: Vec<f32>,
    width: usize,
}

/// The parts of a query: every modality of every view on its own.
pub(super) fn of_query(
    views: &[Observation<QueryPicture>],
) -> impl Iterator<Item = Observation<QueryPicture>> {
    views.iter().flat_map(Observation::parts)
}

impl Parts {
    /// Late fusion: every query of a task is the mean of its parts. `embed` gives the features of parts that no earlier task had, `rows` rows for each.
    ///
    /// # Errors
    /// Those of `embed`.
    pub(super) fn fused(
        &mut self,
        test: &Test,
        rows: usize,
        embed: impl FnOnce(&[&Observation<QueryPicture>]) -> Result<Features>,
    ) -> Result<Features> {
        if self.dataset != Some(test.task.dataset) {
            *self = Self { dataset: Some(test.task.dataset), ..Self::default() };
        }
        let (mut of_queries, mut counts, mut new) = (Vec::new(), Vec::new(), Vec::new());
        for query in &test.data.queries {
            let before = of_queries.len();
            for part in of_query(&query.views) {
                let next = self.numbers.len();
                of_queries.push(match self.numbers.entry(part) {
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
        let what = format!("{} parts", test.task);
        Ok(Features::new(&what, of_queries.len() * rows, self.width, values)?.pooled(&counts))
    }
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

    /// Features that depend on the part alone, so many rows for each.
    fn features(parts: &[&Observation<QueryPicture>], rows: usize) -> Features {
        let mut values = Vec::new();
        for part in parts {
            let mut stream = rng(0, &format!("{part:?}"), 0);
            values.extend((0..rows * WIDTH).map(|_| stream.random::<f32>()));
        }
        Features::new("parts", parts.len() * rows, WIDTH, values).expect("finite")
    }

    #[test]
    fn every_part_is_embedded_once_and_queries_are_the_means_of_their_own() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let tests =
            tests(directory.path(), &["rgb+text-rgb", "sketch+text-rgb", "rgb+sketch+text-rgb"]);
        for rows in [1, 2] {
            let (mut parts, mut embedded) = (Parts::default(), Vec::new());
            for test in &tests {
                let fused = parts.fused(test, rows, |parts| {
                    embedded.push(parts.len());
                    Ok(features(parts, rows))
                });
                let of_queries: Vec<Vec<_>> =
                    test.data.queries.iter().map(|q| of_query(&q.views).collect()).collect();
                let counts: Vec<usize> = of_queries.iter().map(|of| rows * of.len()).collect();
                let all: Vec<_> = of_queries.iter().flatten().collect();
                assert!(all.len() >= 6, "{}", all.len());
                assert_eq!(fused.expect("finite"), features(&all, rows).pooled(&counts));
            }
            // Photographs and captions; sketches; nothing.
            assert_eq!(embedded, [3 + 6, 3], "{rows}");
        }
    }

    #[test]
    fn parts_without_features_are_embedded_by_the_next_call() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let tests = tests(directory.path(), &["rgb+text-rgb"]);
        let mut parts = Parts::default();
        let stopped =
            parts.fused(&tests[0], 1, |_| Err(Error::Interrupted { phase: "evaluating" }));
        assert!(stopped.is_err());
        let mut count = 0;
        let fused = parts.fused(&tests[0], 1, |parts| {
            count = parts.len();
            Ok(features(parts, 1))
        });
        assert_eq!((fused.expect("finite").rows(), count), (tests[0].data.queries.len(), 9));
    }
}
