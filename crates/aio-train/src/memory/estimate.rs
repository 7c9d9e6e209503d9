//! Memory of a training by what it is for.

use std::fmt;

/// Bytes by what they are for.
///
/// The sum is what the kernels of the CPU take (`just bench size` compares it with what the process took). Other devices run the plain
/// compositions, which keep more between the passes: there it is a lower bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// The model, and the file it came from.
    pub weights: usize,
    /// Gradients and AdamW's two moments of what learns.
    pub optimiser: usize,
    /// What the forward pass keeps for the backward pass, and what that works on.
    pub activations: usize,
    /// After training, when what was trained is written, compared with what it started from, and reported.
    pub after: usize,
    /// Decoded pictures.
    pub pictures: usize,
    /// The program itself, and what its allocator holds back.
    pub program: usize,
}

impl MemoryEstimate {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> usize {
        (self.weights + self.optimiser + self.activations).max(self.after)
            + self.pictures
            + self.program
    }
}

fn mebibytes(bytes: usize) -> usize {
    bytes >> 20
}

impl fmt::Display for MemoryEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { weights, optimiser, activations, after, pictures, program } = self;
        let parts = [
            ("weights", weights),
            ("optimiser", optimiser),
            ("activations", activations),
            ("or afterwards", after),
            ("pictures", pictures),
            ("program", program),
        ];
        let listed: Vec<String> =
            parts.iter().map(|(name, bytes)| format!("{name} {}", mebibytes(**bytes))).collect();
        write!(f, "about {} MiB at the peak ({})", mebibytes(self.total()), listed.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_that_exist_at_once_are_added_up() {
        let estimate = MemoryEstimate {
            weights: 10 << 20,
            optimiser: 20 << 20,
            activations: 30 << 20,
            after: 50 << 20,
            pictures: 5 << 20,
            program: 1 << 20,
        };
        assert_eq!(estimate.total(), 66 << 20, "training is the larger part");
        assert_eq!(MemoryEstimate { after: 100 << 20, ..estimate }.total(), 106 << 20);
        assert!(estimate.to_string().starts_with("about 66 MiB at the peak (weights 10,"));
    }
}
