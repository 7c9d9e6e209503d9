//! A model whose picture stems have more channels and compute the same (`aio weights widen`).

use crate::embed::{Loaded, ModelSource};
use crate::error::{Error, Result};
use crate::overwrite;
use aio_data::fs;
use aio_model::Backbone;
use aio_tokenize::{StemConfig, StemKind};
use aio_types::rng;
use serde::Serialize;
use std::path::PathBuf;

/// The most new channels for an old one: mistyped numbers are found before memory is allocated for them.
const MOST_TIMES: usize = 16;

/// What is widened to what.
#[derive(Debug, Clone)]
pub struct Request {
    /// The model.
    pub model: ModelSource,
    /// Channels of the first layer of a wide stem.
    pub channels: usize,
    /// Deviation of the noise on copied channels, as a share of the root mean square of their weights.
    pub noise: f64,
    /// Seed of what is copied and of the noise.
    pub seed: u64,
    /// The weights file to write.
    pub output: PathBuf,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Widened {
    output: PathBuf,
    /// Channels of the first layer before.
    from: usize,
    /// And now.
    channels: usize,
    /// Of the file.
    sha256: String,
}

/// Writes the model with wider stems for all picture modalities ([`aio_tokenize::ImageTokenizer::widened`]).
///
/// # Errors
/// [`Error`] if the model cannot be read, its stems have no channels to widen, `channels` is not larger than what they have or too large, or the
/// output is the file of the model or holds something else than weights.
pub fn run(request: &Request) -> Result<Widened> {
    let Request { channels, noise, seed, .. } = *request;
    let model = request.model.file();
    overwrite::check("--output", &request.output, [model.as_path()])?;
    overwrite::check_weights("--output", &request.output)?;
    let Loaded { backbone, mut config, preprocessing, sha256, stated_origin, .. } =
        request.model.load()?;
    let (name, sizes) = (&request.model.name, &mut config.tokenizers);
    let narrow = sizes.stem;
    if narrow.kind == StemKind::Patch {
        return Err(Error::user(
            format!("the stems of `{name}` are one convolution per patch"),
            "stems of the kinds `pyramid` and `transreid-ssl` can be widened",
        ));
    }
    if channels <= narrow.channels {
        return Err(Error::user(
            format!("--channels is {channels}, but the stems of `{name}` have {}", narrow.channels),
            "name more than they have",
        ));
    }
    if channels > MOST_TIMES * narrow.channels {
        return Err(Error::user(
            format!(
                "--channels is {channels}, more than {MOST_TIMES} times the {} of `{name}`",
                narrow.channels
            ),
            "name fewer; a widened model can be widened again",
        ));
    }
    sizes.stem = StemConfig { channels, ..narrow };
    let invalid = |problem| Error::user(problem, "name another number of --channels");
    sizes.stem.check(sizes.height, sizes.width).map_err(invalid)?;
    let mut rng = rng(seed, "widening", 0);
    let tokenizers = backbone.tokenizers.widened(&narrow, &sizes.stem, noise as f32, &mut rng);
    let mut card = stated_origin;
    card.extend([
        ("widened_from", name.clone().into()),
        ("widened_from_sha256", sha256.into()),
        ("widened_channels", format!("{} to {channels}", narrow.channels).into()),
        ("widened_noise", noise.into()),
        ("widened_seed", seed.into()),
    ]);
    let backbone = Backbone { tokenizers, ..backbone };
    let bytes = backbone.to_bytes(&config, &preprocessing, &card)?;
    fs::write_output(&request.output, &bytes)?;
    Ok(Widened {
        output: request.output.clone(),
        from: narrow.channels,
        channels,
        sha256: aio_encoder::weights::sha256(&bytes),
    })
}

impl Widened {
    /// What was written.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { output, from, channels, sha256 } = self;
        format!("{} ({from} to {channels} channels), sha256 {sha256}\n", output.display())
    }
}
