use serde::Serialize;
use std::fmt;

/// The account of a checkpoint's tensors: each is listed by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Names in the checkpoint and names in the model.
    pub loaded: Vec<(String, String)>,
    /// Tensors that the model needs and checkpoints of this layout do not have; they start fresh.
    pub missing: Vec<String>,
    /// Tensors that every checkpoint of this layout has and this one lacks.
    pub lacking: Vec<String>,
    /// Tensors that are known to be of no use here (text towers, classifiers, decoders).
    pub unused: Vec<String>,
    /// Tensors that no rule covers.
    pub unknown: Vec<String>,
    /// Tensors of another shape than the others imply.
    pub misshaped: Vec<String>,
}

impl Coverage {
    /// Whether every tensor is loaded or known to be of no use, and none is lacking.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.lacking.is_empty() && self.unknown.is_empty() && self.misshaped.is_empty()
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "loaded {}, fresh {}, lacking {}, unused {}, unknown {}, misshaped {}",
            self.loaded.len(),
            self.missing.len(),
            self.lacking.len(),
            self.unused.len(),
            self.unknown.len(),
            self.misshaped.len()
        )?;
        for (title, names) in [
            ("fresh", &self.missing),
            ("lacking", &self.lacking),
            ("unused", &self.unused),
            ("unknown", &self.unknown),
            ("misshaped", &self.misshaped),
        ] {
            names.iter().try_for_each(|name| writeln!(f, "  {title:<10} {name}"))?;
        }
        Ok(())
    }
}
