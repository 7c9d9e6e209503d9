//! Learned tokens that stand in a sequence for the modalities that it lacks.

use aio_types::{Modality, ModalitySet};
use burn::module::{Initializer, Module, Param};
use burn::tensor::{Device, Tensor};

/// One learned token for each modality, `[width]`.
///
/// FlexiReID (Sun et al., ICML 2025) has a learned embedding for each absent modality in its fusion module. That it is a token of the encoder's
/// sequence here is a *reconstruction*.
#[derive(Module, Debug, Default)]
pub(crate) struct AbsentTokens {
    rgb: Option<Param<Tensor<1>>>,
    infrared: Option<Param<Tensor<1>>>,
    sketch: Option<Param<Tensor<1>>>,
    colour_pencil: Option<Param<Tensor<1>>>,
    text: Option<Param<Tensor<1>>>,
}

impl AbsentTokens {
    fn of(&mut self, modality: Modality) -> &mut Option<Param<Tensor<1>>> {
        match modality {
            Modality::Rgb => &mut self.rgb,
            Modality::Infrared => &mut self.infrared,
            Modality::Sketch => &mut self.sketch,
            Modality::ColourPencil => &mut self.colour_pencil,
            Modality::Text => &mut self.text,
        }
    }

    /// The same tokens with a fresh one for each of `modalities` that has none. It is drawn like `[CLS]`.
    pub(crate) fn with(mut self, modalities: ModalitySet, width: usize, device: &Device) -> Self {
        let fresh = || Initializer::Normal { mean: 0.0, std: 0.02 }.init([width], device);
        for modality in modalities.iter() {
            self.of(modality).get_or_insert_with(fresh);
        }
        self
    }

    /// The tokens of some modalities alone.
    pub(crate) fn only(mut self, modalities: ModalitySet) -> Self {
        for modality in Modality::ALL.into_iter().filter(|m| !modalities.contains(*m)) {
            *self.of(modality) = None;
        }
        self
    }

    /// The tokens of a sequence of `present`, in the order of modalities: `[absent, width]`; `None` if there is none.
    pub(crate) fn beside(&self, present: ModalitySet) -> Option<Tensor<2>> {
        let Self { rgb, infrared, sketch, colour_pencil, text } = self;
        let all = Modality::ALL.into_iter().zip([rgb, infrared, sketch, colour_pencil, text]);
        let absent = all.filter(|(modality, _)| !present.contains(*modality));
        let tokens: Vec<Tensor<1>> =
            absent.filter_map(|(_, token)| Some(token.as_ref()?.val())).collect();
        (!tokens.is_empty()).then(|| Tensor::stack(tokens, 0))
    }
}
