//! The frozen blocks alone over a token tensor.

use crate::device;
use crate::error::{Error, Result};
use crate::features::is_replaceable;
use crate::overwrite;
use aio_data::fs;
use aio_encoder::Encoder;
use aio_encoder::weights::Shipped;
use aio_model::import::{self, Hints};
use burn::tensor::{Tensor, TensorData};
use safetensors::Dtype;
use safetensors::tensor::{SafeTensors, TensorView};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What is encoded, and with which blocks.
#[derive(Debug, Clone)]
pub struct Request {
    /// A checkpoint, a weights file of this project, or `embedded`.
    pub weights: String,
    /// Safetensors file with `tokens` F32 `[batch, tokens, width]`.
    pub input: PathBuf,
    /// Safetensors file to write, with `features` of the same shape.
    pub output: PathBuf,
    /// Whether tokens are normalised before the first block with CLIP's `ln_pre`.
    pub pre_norm: bool,
    /// Name of the device.
    pub device: String,
    /// What the tensors of a checkpoint leave open.
    pub hints: Hints,
}

/// What was written.
#[derive(Debug, Clone, Serialize)]
pub struct Encoded {
    /// The file.
    pub output: PathBuf,
    /// `[batch, tokens, width]`.
    pub shape: [usize; 3],
    /// Blocks of the encoder.
    pub blocks: usize,
}

/// Sequences that are encoded at once.
const BATCH: usize = 16;

/// Runs the blocks over the tokens and writes the features.
///
/// # Errors
/// [`Error`] naming the file or tensor that does not fit.
pub fn run(request: &Request) -> Result<Encoded> {
    let inputs = [request.input.as_path(), Path::new(&request.weights)];
    overwrite::check("--output", &request.output, inputs)?;
    overwrite::check_ending("--output", &request.output, "safetensors")?;
    overwrite::check_kind("--output", &request.output, "a file of features", is_replaceable)?;
    let device = device::open(&request.device)?;
    let (config, weights) = import::open_encoder(&request.weights, request.hints, request.pre_norm)
        .map_err(|error| {
            let is_there =
                Path::new(&request.weights).is_file() || Shipped::named(&request.weights).is_some();
            let hint = if is_there {
                "`aio weights inspect` shows what is in the file"
            } else {
                "name a checkpoint, a weights file of this project, or `embedded`"
            };
            Error::user(error.to_string(), hint)
        })?;
    if config.rotary.is_some() {
        return Err(Error::user(
            format!("{} has rotary positions, and tokens alone have no places", request.weights),
            "`aio embed` runs such an encoder on pictures",
        ));
    }
    let encoder: Encoder = weights.load(config.init(&device))?;
    let Tokens { shape, values } = Tokens::read(&request.input)?;
    let [_, count, width] = shape;
    if width != config.embed_dim {
        return Err(Error::user(
            format!("{} has tokens of width {width}", request.input.display()),
            format!("the blocks have width {}", config.embed_dim),
        ));
    }
    let mut features = Vec::with_capacity(values.len());
    for rows in values.chunks(BATCH * count * width) {
        let n = rows.len() / (count * width);
        let data = TensorData::new(rows.to_vec(), [n, count, width]);
        let tokens = Tensor::<3>::from_data(data, &device);
        let attention_mask = Tensor::ones([n, count], &device);
        let encoded = encoder.forward(tokens, attention_mask);
        features.extend(encoded.into_data().iter::<f32>());
    }
    if features.iter().any(|value| !value.is_finite()) {
        return Err(Error::user(
            format!("the blocks of {} make values that are not finite", request.weights),
            "the weights hold NaN or infinity, or values of tokens are too large",
        ));
    }
    write(&request.output, shape, &features)?;
    Ok(Encoded { output: request.output.clone(), shape, blocks: config.depth })
}

fn write(path: &Path, shape: [usize; 3], features: &[f32]) -> Result<()> {
    let failed = |e: safetensors::SafeTensorError| Error::Failure(e.to_string());
    let bytes: Vec<u8> = features.iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, shape.to_vec(), &bytes).map_err(failed)?;
    let serialised = safetensors::serialize([("features", view)], None).map_err(failed)?;
    Ok(fs::write_output(path, &serialised)?)
}

/// Tokens of a batch of sequences.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// `[batch, tokens, width]`.
    pub shape: [usize; 3],
    /// The values, sequence by sequence and token by token.
    pub values: Vec<f32>,
}

impl Tokens {
    /// Reads a safetensors file with `tokens` F32 `[batch, tokens, width]`.
    ///
    /// # Errors
    /// [`Error`] naming the file, and what it holds instead.
    pub fn read(path: &Path) -> Result<Self> {
        let wrong = |problem: String| {
            Error::user(
                format!("{} {problem}", path.display()),
                "expected safetensors with `tokens` F32 [batch, tokens, width]",
            )
        };
        let bytes = fs::read(path)?;
        let file = SafeTensors::deserialize(&bytes)
            .map_err(|e| wrong(format!("is not a safetensors file: {e}")))?;
        let view = file.tensor("tokens").map_err(|_| wrong("has no tensor `tokens`".into()))?;
        let &[batch, count, width] = view.shape() else {
            return Err(wrong(format!("has `tokens` of shape {:?}", view.shape())));
        };
        if view.dtype() != Dtype::F32 || batch == 0 || count == 0 {
            let (dtype, shape) = (view.dtype(), view.shape());
            return Err(wrong(format!("has `tokens` of type {dtype:?} and shape {shape:?}")));
        }
        let floats = view.data().chunks_exact(4);
        let values: Vec<f32> =
            floats.map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (token, column) = (place / width, place % width);
            return Err(wrong(format!(
                "has {} in `tokens` at [{}, {}, {column}], counted from 0; every value has to be finite",
                values[place],
                token / count,
                token % count
            )));
        }
        Ok(Self { shape: [batch, count, width], values })
    }
}
