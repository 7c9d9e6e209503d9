use crate::{Modality, ModalitySet};

/// What is known of one person: pictures, each in its modality, and perhaps a sentence.
///
/// `P` is how a picture is given: a path, a decoded [`Picture`](crate::Picture), or a file with what is made of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Observation<P> {
    /// Pictures and their modalities.
    pub pictures: Vec<(Modality, P)>,
    /// A sentence.
    pub caption: Option<String>,
}

impl<P> Default for Observation<P> {
    fn default() -> Self {
        Self { pictures: Vec::new(), caption: None }
    }
}

impl<P> Observation<P> {
    /// Every part on its own: one observation per picture, then one of the caption.
    #[must_use]
    pub fn parts(&self) -> Vec<Self>
    where
        P: Clone,
    {
        let picture = |part: &(Modality, P)| Self { pictures: vec![part.clone()], caption: None };
        let caption =
            self.caption.clone().map(|text| Self { caption: Some(text), ..Self::default() });
        self.pictures.iter().map(picture).chain(caption).collect()
    }

    /// What is left without one modality; nothing where there is no other.
    #[must_use]
    pub fn without(&self, modality: Modality) -> Option<Self>
    where
        P: Clone,
    {
        let pictures = self.pictures.iter().filter(|(of, _)| *of != modality).cloned();
        let caption = self.caption.clone().filter(|_| modality != Modality::Text);
        let rest = Self { pictures: pictures.collect(), caption };
        (!rest.modalities().is_empty()).then_some(rest)
    }

    /// The modalities present.
    #[must_use]
    pub fn modalities(&self) -> ModalitySet {
        let text = self.caption.as_ref().map(|_| Modality::Text);
        self.pictures.iter().map(|(modality, _)| *modality).chain(text).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_picture_of_a_modality_is_left_out() {
        let pictures = vec![(Modality::Sketch, 1), (Modality::Rgb, 2), (Modality::Sketch, 3)];
        let whole = Observation { pictures, caption: Some("a man".to_owned()) };
        let photograph =
            Observation { pictures: vec![(Modality::Rgb, 2)], ..Observation::default() };
        let rest = whole.without(Modality::Sketch).expect("a photograph and a sentence");
        assert_eq!(rest, Observation { caption: Some("a man".to_owned()), ..photograph.clone() });
        assert_eq!(rest.without(Modality::Text), Some(photograph.clone()));
        assert_eq!(rest.without(Modality::Infrared), Some(rest));
        assert_eq!(photograph.without(Modality::Rgb), None);
    }
}
