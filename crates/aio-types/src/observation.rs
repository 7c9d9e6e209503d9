use crate::Modality;

/// One person to be embedded or searched for: pictures in any visual modalities, and at most one sentence.
///
/// `P` is a decoded picture, or a path to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation<P> {
    /// Pictures with their modalities.
    pub pictures: Vec<(Modality, P)>,
    /// A sentence.
    pub caption: Option<String>,
}

impl<P> Default for Observation<P> {
    fn default() -> Self {
        Self { pictures: Vec::new(), caption: None }
    }
}
