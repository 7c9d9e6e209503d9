//! The weights that are compiled into the program.

use super::{Weights, WeightsError, sha256};
use std::sync::LazyLock;

const EMBEDDED: &[u8] = include_bytes!("../../weights/embedded.safetensors");
const DEFAULT: &[u8] = include_bytes!("../../weights/default.safetensors");

/// Weights that are compiled into the program. `weights/README.md` describes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipped {
    /// The encoder before any training for retrieval.
    Embedded,
    /// The trained model that `aio embed` and `aio search` use where none is named.
    Default,
}

impl Shipped {
    /// Both, the foundation first.
    pub const ALL: [Self; 2] = [Self::Embedded, Self::Default];

    /// The name by which configurations and commands refer to the weights.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Default => "default",
        }
    }

    /// The weights of this name, if they are compiled into the program.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shipped| shipped.name() == name)
    }

    /// The file that is compiled into the program. That of the trained model is packed ([`Weights::packed`]).
    #[must_use]
    pub const fn file(self) -> &'static [u8] {
        match self {
            Self::Embedded => EMBEDDED,
            Self::Default => DEFAULT,
        }
    }

    /// SHA-256 of the file, as the model card states it.
    #[must_use]
    pub fn sha256(self) -> &'static str {
        static SUMS: LazyLock<[String; 2]> =
            LazyLock::new(|| Shipped::ALL.map(|shipped| sha256(shipped.file())));
        match self {
            Self::Embedded => &SUMS[0],
            Self::Default => &SUMS[1],
        }
    }

    /// The weights, complete.
    ///
    /// # Errors
    /// [`WeightsError::Format`] if a file of the repository was damaged before the program was compiled.
    pub fn weights(self) -> Result<Weights, WeightsError> {
        let origin = match self {
            Self::Embedded => "the embedded encoder",
            Self::Default => "the default model",
        };
        Weights::from_bytes(origin, self.file().to_vec()).unpacked()
    }
}
