use std::path::PathBuf;

/// Why weights could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("cannot {action} the weights {}: {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The bytes are not safetensors.
    #[error("{origin} is not a safetensors file: {problem}")]
    Format {
        /// Where the bytes come from.
        origin: String,
        /// The parser's message.
        problem: String,
    },
    /// A checkpoint of another project cannot be used.
    #[error("the checkpoint {origin} cannot be used: {problem}")]
    Checkpoint {
        /// Where the bytes come from.
        origin: String,
        /// Why.
        problem: String,
    },
    /// Tensors are missing, left over, or of another shape.
    #[error("{origin} does not fit the model: {}", problems.join("; "))]
    Mismatch {
        /// Where the bytes come from.
        origin: String,
        /// One entry per tensor, by name.
        problems: Vec<String>,
    },
    /// A tensor holds values that are no numbers or infinite.
    #[error("{origin}: the tensor `{tensor}` has values that are not finite")]
    NotFinite {
        /// Where the bytes come from.
        origin: String,
        /// Name of the tensor.
        tensor: String,
    },
    /// A metadata entry is absent or malformed.
    #[error("{origin} has no usable metadata entry `{key}`: {problem}")]
    Metadata {
        /// Where the bytes come from.
        origin: String,
        /// The entry's key.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}
