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

    /// The modalities present.
    #[must_use]
    pub fn modalities(&self) -> ModalitySet {
        let text = self.caption.as_ref().map(|_| Modality::Text);
        self.pictures.iter().map(|(modality, _)| *modality).chain(text).collect()
    }
}
