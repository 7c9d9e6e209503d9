use crate::evaluation::{
    Direction, Evaluation, NamedQuery, Query, Refusal, TaskMean, TaskRequest, TaskRules, TestSet,
    gallery_items, observation, queries,
};
use crate::{Dataset, Result, Sample};
use aio_eval::Protocol;
use aio_types::{Modality, ModalitySet, TaskId, TaskQuery};
use std::sync::Arc;

/// The 32 published query lists against photographs, and every modality against every other.
pub(super) const RULES: TaskRules = TaskRules {
    usual: &["infrared-rgb", "colour-pencil-rgb", "sketch-rgb", "text-rgb"],
    has_combinations: true,
    every_query: || {
        let named = |list: QueryList| {
            let first = (leading(list.query) != Some(list.first)).then_some(list.first);
            NamedQuery { query: list.query, variant: first.map(variant) }
        };
        published_lists().into_iter().map(named).collect()
    },
    evaluation: |request| {
        let first = first_of(request)?;
        let direction = request.direction;
        if direction.gallery != Modality::Rgb {
            return cross_search(direction, first);
        }
        let members = MEMBERS.map(|(modality, _)| modality);
        if !direction.asks_within(&members) || first.is_some_and(|m| !direction.query.contains(m)) {
            return Err(Refusal::Direction);
        }
        if first.is_some() && first == leading(direction.query) {
            return Err(Refusal::Combination {
                problem: "the list runs over its first modality without that variant, too",
                hint: "leave the variant out: one list has one name",
            });
        }
        Ok(Arc::new(ListSearch { direction, first }))
    },
};

/// What the keys of the lists call the modalities, in the order in which a key names what follows its first element.
const MEMBERS: [(Modality, &str); 4] = [
    (Modality::Infrared, "NIR"),
    (Modality::ColourPencil, "CP"),
    (Modality::Sketch, "SK"),
    (Modality::Text, "TEXT"),
];

/// The modality over whose samples a list runs whose task names none: the first in the name of the task.
fn leading(query: ModalitySet) -> Option<Modality> {
    query.iter().next()
}

/// The modality that a key calls `name`.
pub(super) fn modality_of(name: &str) -> Option<Modality> {
    MEMBERS.iter().find(|(_, known)| *known == name).map(|(modality, _)| *modality)
}

/// A published query list: what a query consists of, and the modality over whose samples the list runs.
#[derive(Debug, Clone, Copy)]
struct QueryList {
    query: ModalitySet,
    first: Modality,
}

fn published_lists() -> Vec<QueryList> {
    let members = MEMBERS.map(|(modality, _)| modality);
    let mut lists = Vec::new();
    for query in ModalitySet::from_iter(members).subsets() {
        let firsts = members.into_iter().filter(|modality| query.contains(*modality));
        lists.extend(firsts.map(|first| QueryList { query, first }));
    }
    lists
}

impl QueryList {
    /// The key of the list in the published file.
    fn key(self) -> String {
        let of_query = MEMBERS.into_iter().filter(|(modality, _)| self.query.contains(*modality));
        let (head, tail): (Vec<_>, Vec<_>) =
            of_query.partition(|(modality, _)| *modality == self.first);
        let names: Vec<&str> = head.into_iter().chain(tail).map(|(_, name)| name).collect();
        names.join("+")
    }
}

/// The key of every list with the number of its queries: one per test sample of its first modality.
pub(super) fn published_queries() -> impl Iterator<Item = (String, usize)> {
    let queries = |list: QueryList| {
        let count = match list.first {
            Modality::Infrared => 10_425,
            Modality::Text => 18_050,
            _ => 7_200,
        };
        (list.key(), count)
    };
    published_lists().into_iter().map(queries)
}

/// The variant that names a list by the modality over whose samples it runs.
fn variant(first: Modality) -> String {
    format!("{first}-first")
}

fn first_of(request: &TaskRequest) -> std::result::Result<Option<Modality>, Refusal> {
    let mut first = None;
    for word in request.variants {
        let modality = word.strip_suffix("-first").and_then(|name| name.parse().ok());
        let known = "<modality>-first";
        let unknown = || Refusal::Variant { word: word.clone(), known };
        first = Some(modality.ok_or_else(unknown)?);
    }
    Ok(first)
}

/// A published list against photographs.
#[derive(Debug)]
struct ListSearch {
    direction: Direction,
    /// The modality over whose samples the list runs, where the task names it; otherwise the leading one of the query.
    first: Option<Modality>,
}

impl ListSearch {
    fn list(&self) -> Option<QueryList> {
        let query = self.direction.query;
        self.first.or(leading(query)).map(|first| QueryList { query, first })
    }
}

impl Evaluation for ListSearch {
    fn variants(&self) -> Vec<String> {
        self.first.into_iter().map(variant).collect()
    }

    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::None)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        let rows = self.list().and_then(|list| dataset.combinations.get(&list.key()));
        let mut queries = Vec::new();
        for row in rows.into_iter().flatten() {
            let samples: Vec<&Sample> = row.iter().map(|i| &dataset.query[*i]).collect();
            let Some(first) = samples.first() else { continue };
            queries.push(Query { entry: first.entry(), views: vec![observation(samples)] });
        }
        let gallery = gallery_items(&dataset.gallery, self.direction.gallery);
        Ok(TestSet { queries, gallery })
    }

    /// ReID5o's summary: the means over the lists of one, two, three and four modalities.
    fn mean(&self) -> Option<TaskMean> {
        let size = self.direction.query.len();
        let members = published_lists().iter().filter(|list| list.query.len() == size).count();
        let id = TaskId::new(super::INFO.name, TaskQuery::AnyOf(size), self.direction.gallery, []);
        Some(TaskMean { id, members })
    }
}

/// One modality against the pictures or sentences of another. No such lists are published: every sample is a query.
#[derive(Debug)]
struct CrossSearch {
    direction: Direction,
}

fn cross_search(
    direction: Direction,
    first: Option<Modality>,
) -> std::result::Result<Arc<dyn Evaluation>, Refusal> {
    let Direction { query, gallery } = direction;
    if query.len() != 1 || query.contains(gallery) || first.is_some() {
        return Err(Refusal::Direction);
    }
    Ok(Arc::new(CrossSearch { direction }))
}

impl Evaluation for CrossSearch {
    fn protocol(&self, _: &TestSet) -> Result<Protocol> {
        Ok(Protocol::None)
    }

    fn test_set(&self, dataset: &Dataset) -> Result<TestSet> {
        let Direction { query, gallery } = self.direction;
        // Photographs are in the gallery part, everything else in the query part.
        let asked = if query.contains(Modality::Rgb) { &dataset.gallery } else { &dataset.query };
        Ok(TestSet {
            queries: queries(asked, query),
            gallery: gallery_items(&dataset.query, gallery),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn there_are_the_32_published_keys() {
        let keys: BTreeSet<String> = published_lists().into_iter().map(QueryList::key).collect();
        assert_eq!(keys.len(), 32);
        for key in ["NIR", "TEXT+NIR", "SK+CP+TEXT", "CP+NIR+SK+TEXT", "TEXT+NIR+CP+SK"] {
            assert!(keys.contains(key), "{key}");
        }
    }
}
