//! What embeddings were made from, so that none is trained to be near a picture that it shows itself.

use crate::TrainBatch;
use aio_heads::OwnPhoto;
use aio_types::{Modality, ModalitySet};
use std::collections::HashMap;

/// Numbers what the embeddings of a batch were made from. Two embeddings with the same number show the same photograph or are the same sentence;
/// where an embedding's own photograph counts like others ([`OwnPhoto::Kept`]), no two have the same number.
pub(crate) struct Provenance<'a> {
    batch: &'a TrainBatch,
    own_photo: OwnPhoto,
    /// The first tuple that shows each photograph.
    first_with: HashMap<usize, usize>,
    /// Numbers given to what was made from no photograph: negative, so that none is a tuple's.
    next: i64,
}

impl<'a> Provenance<'a> {
    pub(crate) fn new(batch: &'a TrainBatch, own_photo: OwnPhoto) -> Self {
        let mut first_with = HashMap::new();
        for (row, tuple) in batch.tuples.iter().enumerate() {
            first_with.entry(tuple.photograph).or_insert(row);
        }
        Self { batch, own_photo, first_with, next: -1 }
    }

    /// The numbers of the embeddings of `set` for the tuples in `rows`.
    pub(crate) fn of(&mut self, set: ModalitySet, rows: &[usize]) -> Vec<i64> {
        let mut sentences: HashMap<&[u32], i64> = HashMap::new();
        let mut numbers = Vec::with_capacity(rows.len());
        for row in rows {
            let tuple = &self.batch.tuples[*row];
            let sentence = tuple.caption.as_ref().filter(|_| set == Modality::Text.into());
            let known = sentence.and_then(|caption| sentences.get(&*caption.ids));
            let number = if self.own_photo == OwnPhoto::Kept {
                self.new_number()
            } else if tuple.shows_photograph(set) {
                self.first_with[&tuple.photograph] as i64
            } else if let Some(known) = known {
                *known
            } else {
                self.new_number()
            };
            if let Some(caption) = sentence {
                sentences.insert(&caption.ids, number);
            }
            numbers.push(number);
        }
        numbers
    }

    fn new_number(&mut self) -> i64 {
        self.next -= 1;
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Origin, TrainCaption, TrainPicture, TrainTuple};
    use aio_heads::Masked;
    use aio_types::{Picture, PictureSize};

    fn tuple(photograph: usize, infrared: Origin, sentence: u32) -> TrainTuple {
        let size = PictureSize { height: 1, width: 1 };
        let picture = |modality, origin| TrainPicture {
            modality,
            picture: Picture { size, pixels: vec![0; 3] },
            origin,
        };
        let masked = Masked { ids: Vec::new(), targets: Vec::new() };
        TrainTuple {
            class: 0,
            photograph,
            pictures: vec![
                picture(Modality::Rgb, Origin::Photograph),
                picture(Modality::Infrared, infrared),
            ],
            caption: Some(TrainCaption { ids: vec![sentence], masked }),
        }
    }

    #[test]
    fn what_shows_the_same_photograph_or_sentence_has_the_same_number() {
        // The second tuple shows the photograph of the first again; its infrared picture was taken by a camera.
        let tuples = vec![
            tuple(70, Origin::Photograph, 5),
            tuple(70, Origin::Itself, 5),
            tuple(9, Origin::Itself, 6),
        ];
        let batch = TrainBatch { tuples, combinations: Vec::new(), sampled_classes: None };
        let mut provenance = Provenance::new(&batch, OwnPhoto::Skipped);
        let mut of = |set: &str| provenance.of(set.parse().expect("a set"), &[0, 1, 2]);
        assert_eq!(of("rgb"), [0, 0, 2]);
        let infrared = of("infrared");
        assert!(infrared[0] == 0 && infrared[1] < 0 && infrared[2] < 0);
        assert_ne!(infrared[1], infrared[2]);
        let text = of("text");
        assert!(text[0] < 0 && text[0] == text[1] && text[1] != text[2]);
        assert!(text.iter().all(|number| !infrared.contains(number)));
        let mixed = of("infrared+text");
        assert!(mixed[0] == 0 && mixed[1] < 0 && !text.contains(&mixed[1]));
        assert_eq!(of("rgb+infrared"), [0, 0, 2]);
        let mut all = Vec::new();
        let mut provenance = Provenance::new(&batch, OwnPhoto::Kept);
        for set in ["rgb", "infrared", "text"] {
            all.extend(provenance.of(set.parse().expect("a set"), &[0, 1, 2]));
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 9);
    }
}
