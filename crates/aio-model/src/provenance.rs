//! What embeddings were made from, so that none is trained to be near a picture that it shows itself.

use crate::{Origin, TrainBatch};
use aio_heads::OwnPhoto;
use aio_types::ModalitySet;

/// Numbers what the embeddings of a batch were made from. Two embeddings with the same number show the same photograph, real picture or sentence
/// ([`shown`]). What shows no single sample has a number of its own.
pub(crate) struct Provenance<'a> {
    batch: &'a TrainBatch,
    own_photo: OwnPhoto,
    /// The next number of its own: below those of sentences.
    next: i64,
}

impl<'a> Provenance<'a> {
    pub(crate) fn new(batch: &'a TrainBatch, own_photo: OwnPhoto) -> Self {
        Self { batch, own_photo, next: LAST_SENTENCE }
    }

    /// The numbers of the embeddings of `set` for the tuples in `rows`.
    pub(crate) fn of(&mut self, set: ModalitySet, rows: &[usize]) -> Vec<i64> {
        let shown = shown(self.batch, self.own_photo, set, rows);
        shown.into_iter().map(|number| number.unwrap_or_else(|| self.new_number())).collect()
    }

    fn new_number(&mut self) -> i64 {
        self.next -= 1;
        self.next
    }
}

/// The sample that each embedding of `set` shows, as a number that is the same in all steps of a stage: the photograph, the real picture, or the
/// sentence. Nothing where it is made of several samples without a photograph, or where what it shows counts like others ([`OwnPhoto::Kept`]).
pub(crate) fn shown(
    batch: &TrainBatch,
    own_photo: OwnPhoto,
    set: ModalitySet,
    rows: &[usize],
) -> Vec<Option<i64>> {
    let of = |row: &usize| {
        let tuple = &batch.tuples[*row];
        if own_photo == OwnPhoto::Kept {
            return None;
        }
        if let Some(photograph) = tuple.shown_photograph(set) {
            return Some(photograph as i64);
        }
        let mut members = set.iter();
        let (only, None) = (members.next()?, members.next()) else { return None };
        match tuple.picture(only).map(|picture| picture.origin) {
            Some(Origin::Itself { sample } | Origin::OtherPhotograph { sample }) => {
                Some(sample as i64)
            }
            Some(Origin::Photograph) => Some(tuple.photograph as i64),
            None => tuple.caption.as_ref().map(|caption| sentence(&caption.ids)),
        }
    };
    rows.iter().map(of).collect()
}

/// The lowest number of a sentence.
const LAST_SENTENCE: i64 = -2 - (u32::MAX >> 2) as i64;

/// The number of a sentence: negative, so that it is no sample's, and below -1. The 30 bits of a hash (FNV-1a) are few enough for the integers of any
/// device; two sentences that share them are taken for one.
fn sentence(ids: &[u32]) -> i64 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = ids.iter().flat_map(|id| id.to_le_bytes()).fold(0x811c_9dc5, mix);
    -2 - i64::from(hash >> 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{TrainCaption, TrainPicture, TrainTuple};
    use aio_heads::Masked;
    use aio_types::{Modality, Picture, PictureSize};

    fn tuple(photograph: usize, infrared: Origin, sentence: u32) -> TrainTuple {
        let size = PictureSize { height: 1, width: 1 };
        let picture = |modality, origin| TrainPicture {
            modality,
            picture: Picture { size, pixels: vec![0; 3] },
            origin,
        };
        let masked = Masked::default();
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

    /// The second tuple shows the photograph of the first again; its infrared picture was taken by a camera, and is in the third tuple as well.
    fn batch() -> TrainBatch {
        let tuples = vec![
            tuple(70, Origin::Photograph, 5),
            tuple(70, Origin::Itself { sample: 31 }, 5),
            tuple(9, Origin::Itself { sample: 31 }, 6),
        ];
        TrainBatch { tuples, combinations: Vec::new(), sampled_classes: None }
    }

    #[test]
    fn what_shows_the_same_photograph_real_picture_or_sentence_has_the_same_number() {
        let batch = batch();
        let mut provenance = Provenance::new(&batch, OwnPhoto::Skipped);
        let mut of = |set: &str| provenance.of(set.parse().expect("a set"), &[0, 1, 2]);
        let rgb = of("rgb");
        assert!(rgb[0] == rgb[1] && rgb[0] != rgb[2]);
        let infrared = of("infrared");
        assert_eq!(infrared[0], rgb[0]);
        assert_eq!(infrared[1], infrared[2], "the same real picture twice");
        assert!(!rgb.contains(&infrared[1]));
        let text = of("text");
        assert!(text[0] == text[1] && text[1] != text[2]);
        assert!(text.iter().all(|number| !infrared.contains(number) && !rgb.contains(number)));
        let mixed = of("infrared+text");
        assert_eq!(mixed[0], rgb[0]);
        assert_ne!(mixed[1], mixed[2], "not the same sentences");
        for known in [&rgb, &infrared, &text] {
            assert!(!known.contains(&mixed[1]) && !known.contains(&mixed[2]));
        }
        assert_eq!(of("rgb+infrared"), rgb);
        let mut all = Vec::new();
        let mut provenance = Provenance::new(&batch, OwnPhoto::Kept);
        for set in ["rgb", "infrared", "text"] {
            all.extend(provenance.of(set.parse().expect("a set"), &[0, 1, 2]));
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 9);
    }

    #[test]
    fn what_was_made_from_another_photograph_shows_that_photograph() {
        let tuples = vec![
            tuple(9, Origin::OtherPhotograph { sample: 70 }, 5),
            tuple(70, Origin::Photograph, 6),
        ];
        let batch = TrainBatch { tuples, combinations: Vec::new(), sampled_classes: None };
        let of = |set: &str| shown(&batch, OwnPhoto::Skipped, set.parse().expect("a set"), &[0, 1]);
        assert_eq!(of("infrared"), [Some(70), Some(70)]);
        assert_eq!(of("infrared+text"), [Some(70), Some(70)]);
        assert_eq!(of("rgb+infrared"), [Some(9), Some(70)], "that of the tuple comes first");
    }

    #[test]
    fn what_is_shown_has_the_same_number_in_every_batch() {
        let batch = batch();
        let of = |set: &str, own_photo| {
            shown(&batch, own_photo, set.parse().expect("a set"), &[0, 1, 2])
        };
        let skipped = |set| of(set, OwnPhoto::Skipped);
        assert_eq!(skipped("rgb"), [Some(70), Some(70), Some(9)]);
        assert_eq!(skipped("infrared"), [Some(70), Some(31), Some(31)]);
        assert_eq!(skipped("rgb+text"), skipped("rgb"));
        assert_eq!(skipped("infrared+text"), [Some(70), None, None]);
        // FNV-1a of the bytes 05 00 00 00 and 06 00 00 00, computed with Python.
        let [first, other] = [0xbab8_b9c0_i64, 0xab3d_76f3].map(|hash| Some(-2 - (hash >> 2)));
        assert_eq!(skipped("text"), [first, first, other]);
        assert_eq!(of("rgb", OwnPhoto::Kept), [None; 3]);
    }
}
