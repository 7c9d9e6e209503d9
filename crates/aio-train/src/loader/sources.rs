//! Which samples were made from or written for which photograph, where the data set says so.

use aio_data::Sample;
use aio_types::{Identity, Modality, SourcePhoto};
use std::collections::HashMap;

/// The samples of a stage that have the same source as a photograph of the same person, by number.
#[derive(Debug, Default)]
pub(super) struct Sources {
    of_photograph: HashMap<usize, Vec<(Modality, usize)>>,
    /// The first photograph with the source of a picture that is no photograph.
    photograph_of: HashMap<usize, usize>,
}

impl Sources {
    /// Matches the samples from number `first` on, which are of one data set.
    pub(super) fn add(&mut self, samples: &[Sample], first: usize) {
        let is_photograph = |number: &usize| samples[*number].modality == Modality::Rgb;
        let of_data_set = || first..samples.len();
        let mut made: HashMap<(Identity, SourcePhoto), Vec<(Modality, usize)>> = HashMap::new();
        for number in of_data_set().filter(|number| !is_photograph(number)) {
            if let Some(source) = samples[number].photograph() {
                made.entry(source).or_default().push((samples[number].modality, number));
            }
        }
        for photograph in of_data_set().filter(is_photograph) {
            let of_source = samples[photograph].photograph().and_then(|source| made.get(&source));
            let Some(of_photograph) = of_source else { continue };
            for (modality, number) in of_photograph {
                if modality.is_visual() {
                    self.photograph_of.entry(*number).or_insert(photograph);
                }
            }
            self.of_photograph.insert(photograph, of_photograph.clone());
        }
    }

    /// The samples of a modality that were made from or written for a photograph.
    pub(super) fn made_from(&self, photograph: usize, modality: Modality) -> Vec<usize> {
        let of_photograph = self.of_photograph.get(&photograph).map(Vec::as_slice);
        let of_modality = of_photograph.unwrap_or_default().iter().filter(|(m, _)| *m == modality);
        of_modality.map(|(_, number)| *number).collect()
    }

    /// The photograph that a picture was made from.
    pub(super) fn photograph_of(&self, picture: usize) -> Option<usize> {
        self.photograph_of.get(&picture).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_belong_to_the_photograph_of_the_same_person_with_their_source() {
        let picture = |identity, modality| Sample::picture(identity, modality, "1.jpg".into());
        // Two people of two parts of a data set, whose photographs are both number 0 of their part.
        let samples = [
            picture(1, Modality::Rgb).made_from(0),
            picture(1, Modality::Sketch).made_from(0),
            Sample::sentence(1, "A man.").made_from(0),
            picture(2, Modality::Rgb).made_from(0),
            picture(2, Modality::Sketch).made_from(0),
            Sample::sentence(2, "A woman.").made_from(0),
            picture(2, Modality::Sketch),
            picture(2, Modality::Sketch).made_from(1),
        ];
        let mut sources = Sources::default();
        sources.add(&samples, 0);
        assert_eq!(sources.made_from(0, Modality::Text), [2]);
        assert_eq!(sources.made_from(3, Modality::Text), [5]);
        assert_eq!(sources.made_from(3, Modality::Sketch), [4], "not one without a source");
        assert!(sources.made_from(3, Modality::Infrared).is_empty());
        assert_eq!([1, 4, 6, 7].map(|n| sources.photograph_of(n)), [Some(0), Some(3), None, None]);
        // The second of two data sets does not see the first.
        let mut second = Sources::default();
        second.add(&samples, 4);
        assert_eq!(second.photograph_of(4), None);
    }
}
