//! Which captions describe the gallery, and which the simulated user knows.

use aio_data::Dataset;
use aio_data::task::{GalleryItem, Query};
use aio_eval::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Captions by their role. No caption has two.
///
/// The different captions of every person are dealt alternately, in the order of the data set: the first describes the gallery, the second
/// belongs to the user, and so on. The caption of a query is one of the user's.
#[derive(Debug)]
pub(super) struct Roles<'a> {
    /// Captions of every row of the gallery: those of the photograph, where the data set says of which photograph a caption is, otherwise
    /// those of the person.
    pub(super) gallery: Vec<Vec<&'a str>>,
    /// What the user knows of the person of every query: the person's other captions of that role. None for a query whose sentence
    /// describes the gallery, and which is left out.
    pub(super) users: Vec<Option<Vec<&'a str>>>,
}

/// A caption and whom it describes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Caption<'a> {
    pub(super) entry: Entry,
    pub(super) text: &'a str,
}

/// The captions of the test part of a data set.
pub(super) fn captions(dataset: &Dataset) -> Vec<Caption<'_>> {
    let samples = dataset.query.iter().chain(&dataset.gallery);
    samples
        .filter_map(|sample| Some(Caption { entry: sample.entry(), text: sample.caption()? }))
        .collect()
}

impl<'a> Roles<'a> {
    pub(super) fn deal(
        captions: &[Caption<'a>],
        queries: &[Query],
        gallery: &[GalleryItem],
    ) -> Self {
        let mut people: BTreeMap<i64, Dealt> = BTreeMap::new();
        for caption in captions.iter().filter(|caption| caption.entry.identity.is_known()) {
            people.entry(caption.entry.identity.0).or_default().take(*caption);
        }
        let nobody = Dealt::default();
        let person = |entry: &Entry| people.get(&entry.identity.0).unwrap_or(&nobody);
        Self {
            gallery: gallery.iter().map(|item| person(&item.entry).of_row(&item.entry)).collect(),
            users: queries.iter().map(|q| person(&q.entry).beside(q.caption())).collect(),
        }
    }
}

/// The different captions of a person.
#[derive(Default)]
struct Dealt<'a> {
    seen: BTreeSet<&'a str>,
    gallery: Vec<Caption<'a>>,
    user: Vec<&'a str>,
}

impl<'a> Dealt<'a> {
    fn take(&mut self, caption: Caption<'a>) {
        if self.seen.insert(caption.text) {
            if self.seen.len() % 2 == 1 {
                self.gallery.push(caption);
            } else {
                self.user.push(caption.text);
            }
        }
    }

    /// The captions of a row.
    fn of_row(&self, row: &Entry) -> Vec<&'a str> {
        let describes = |caption: &&Caption| match (caption.entry.source, row.source) {
            (Some(of_caption), Some(of_row)) => of_caption == of_row,
            _ => true,
        };
        self.gallery.iter().filter(describes).map(|caption| caption.text).collect()
    }

    /// The user's captions beside the query's sentence; None if that describes the gallery.
    fn beside(&self, sentence: Option<&str>) -> Option<Vec<&'a str>> {
        if sentence.is_some_and(|sentence| self.gallery.iter().any(|c| c.text == sentence)) {
            return None;
        }
        Some(self.user.iter().copied().filter(|text| Some(*text) != sentence).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aio_data::Sample;
    use aio_types::Modality;

    fn dataset() -> Dataset {
        let photo = |person, number: i64| {
            let path = format!("{number}.jpg").into();
            Sample::picture(person, Modality::Rgb, path).made_from(number)
        };
        let sentence =
            |person, number, text: &str| Sample::sentence(person, text).made_from(number);
        Dataset {
            query: vec![
                sentence(1, 10, "1a"),
                sentence(1, 10, "1b"),
                sentence(1, 11, "1c"),
                sentence(1, 11, "1d"),
                // The same words twice are one caption.
                sentence(1, 12, "1b"),
                sentence(2, 20, "2a"),
                Sample::picture(2, Modality::Sketch, "s.jpg".into()),
            ],
            gallery: vec![photo(1, 10), photo(1, 11), photo(1, 12), photo(2, 20), photo(3, 30)],
            ..Dataset::default()
        }
    }

    fn roles(
        dataset: &Dataset,
        wanted: &[Modality],
    ) -> (Vec<Query>, Vec<Vec<String>>, Vec<String>) {
        let queries: Vec<Query> = dataset
            .query
            .iter()
            .filter(|sample| wanted.contains(&sample.modality))
            .map(|sample| Query {
                entry: sample.entry(),
                views: vec![aio_types::Observation {
                    pictures: Vec::new(),
                    caption: sample.caption().map(str::to_owned),
                }],
            })
            .collect();
        let gallery: Vec<GalleryItem> = dataset
            .gallery
            .iter()
            .map(|sample| GalleryItem { entry: sample.entry(), content: sample.content.clone() })
            .collect();
        let captions = captions(dataset);
        let Roles { gallery, users } = Roles::deal(&captions, &queries, &gallery);
        let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let user = |texts: Option<Vec<&str>>| texts.map_or("left out".into(), |t| t.join(" "));
        (queries, gallery.into_iter().map(owned).collect(), users.into_iter().map(user).collect())
    }

    #[test]
    fn captions_are_dealt_to_photographs_and_users() {
        let dataset = dataset();
        let (_, gallery, users) = roles(&dataset, &[Modality::Text, Modality::Sketch]);
        let expected: [&[&str]; 5] = [&["1a"], &["1c"], &[], &["2a"], &[]];
        assert_eq!(gallery, expected);
        let left = "left out";
        // Person 2 has one caption, which describes the photograph: nothing is known beside the sketch.
        assert_eq!(users, [left, "1d", left, "1b", "1d", left, ""]);
    }

    #[test]
    fn no_user_knows_the_sentence_of_the_query_or_a_caption_of_the_gallery() {
        let mut dataset = dataset();
        for person in 4..20 {
            for number in 0..person {
                let text = format!("{person} {}", number * number % 7);
                dataset.query.push(Sample::sentence(person, text));
            }
            let path = format!("{person}.jpg").into();
            dataset.gallery.push(Sample::picture(person, Modality::Rgb, path));
        }
        let captions = captions(&dataset);
        let (queries, gallery, _) = roles(&dataset, &[Modality::Text]);
        let items: Vec<GalleryItem> = Vec::new();
        let users = Roles::deal(&captions, &queries, &items).users;
        let described: BTreeSet<&str> = gallery.iter().flatten().map(String::as_str).collect();
        let mut known = 0;
        for (query, user) in queries.iter().zip(&users) {
            for text in user.iter().flatten() {
                assert_ne!(Some(*text), query.caption());
                assert!(!described.contains(text), "{text}");
                known += 1;
            }
            let is_described = query.caption().is_some_and(|text| described.contains(text));
            assert_eq!(user.is_none(), is_described);
        }
        assert!(known > 50, "{known}");
    }
}
