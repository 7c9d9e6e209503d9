use super::Coverage;
use aio_encoder::weights::{Contents, RawTensor, Tensors};
use std::collections::BTreeSet;

/// Moves tensors of a checkpoint to their names in the model and keeps the account of them.
pub(super) struct KeyMap {
    /// What has not been moved.
    pub(super) left: Tensors,
    /// Full names of the checkpoint's tensors of integers, which are not moved.
    pub(super) integers: BTreeSet<String>,
    /// What stands in front of the checkpoint's names.
    pub(super) prefix: String,
    /// What has been moved, under the model's names.
    pub(super) moved: Tensors,
    /// The account.
    pub(super) coverage: Coverage,
}

/// Whether the checkpoint has an optional tensor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Yes,
    No,
}

impl KeyMap {
    pub(super) fn new(contents: Contents, prefix: String) -> Self {
        let Contents { tensors: left, integers } = contents;
        let (moved, coverage) = (Tensors::new(), Coverage::default());
        Self { left, integers, prefix, moved, coverage }
    }

    /// The shape of a tensor that has not been moved.
    pub(super) fn shape(&self, from: &str) -> Option<&[usize]> {
        self.left.get(&self.full(from)).map(|tensor| tensor.shape.as_slice())
    }

    /// Takes a tensor out, to be changed before it is [put](Self::put).
    pub(super) fn take(&mut self, from: &str) -> Option<RawTensor> {
        self.left.remove(&self.full(from))
    }

    /// Adds a tensor that was taken out as `from`.
    pub(super) fn put(&mut self, from: &str, to: &str, tensor: RawTensor) {
        self.note_loaded(from, to);
        self.moved.insert(to.to_owned(), tensor);
    }

    /// Adds a tensor that the checkpoint does not need to have.
    pub(super) fn put_constant(&mut self, to: &str, shape: &[usize], values: Vec<f32>) {
        self.moved.insert(to.to_owned(), RawTensor { shape: shape.to_vec(), values });
    }

    /// Moves a tensor that must be there.
    pub(super) fn require(&mut self, from: &str, to: &str, shape: &[usize]) {
        if self.accept(from, to, shape) == Found::No {
            self.note_lacking(to);
        }
    }

    /// Moves a tensor that may be there. One of another shape counts as found and is noted as misshaped.
    pub(super) fn accept(&mut self, from: &str, to: &str, shape: &[usize]) -> Found {
        let Some(tensor) = self.take(from) else { return Found::No };
        if tensor.shape == shape {
            self.put(from, to, tensor);
        } else {
            self.note_misshaped(from, &tensor, &format!("{shape:?}"));
        }
        Found::Yes
    }

    /// Moves weight and bias of a layer normalisation, if the checkpoint has it.
    pub(super) fn accept_norm(&mut self, from: &str, to: &str, width: usize) -> Found {
        if self.shape(&format!("{from}.weight")).is_none() {
            return Found::No;
        }
        for part in ["weight", "bias"] {
            self.require(&format!("{from}.{part}"), &format!("{to}.{part}"), &[width]);
        }
        Found::Yes
    }

    /// Moves weight and bias of a layer normalisation that must be there.
    pub(super) fn require_norm(&mut self, from: &str, to: &str, width: usize) {
        if self.accept_norm(from, to, width) == Found::No {
            self.note_lacking(&format!("{to}.weight"));
            self.note_lacking(&format!("{to}.bias"));
        }
    }

    /// Runs `work` with another prefix, and puts the present one back.
    pub(super) fn below<T>(&mut self, prefix: &str, work: impl FnOnce(&mut Self) -> T) -> T {
        let own = std::mem::replace(&mut self.prefix, prefix.to_owned());
        let made = work(self);
        self.prefix = own;
        made
    }

    pub(super) fn note_loaded(&mut self, from: &str, to: &str) {
        self.coverage.loaded.push((self.full(from), to.to_owned()));
    }

    pub(super) fn note_lacking(&mut self, to: &str) {
        self.coverage.lacking.push(to.to_owned());
    }

    pub(super) fn note_misshaped(&mut self, from: &str, tensor: &RawTensor, expected: &str) {
        let problem = format!("{}: {:?}, expected {expected}", self.full(from), tensor.shape);
        self.coverage.misshaped.push(problem);
    }

    /// Notes as unknown what has not been moved of the tensors whose full names begin so: a tensor of blocks that no rule covers would change what they
    /// compute.
    pub(super) fn note_unknown(&mut self, beginning: &str) {
        let (left, unknown) = std::mem::take(&mut self.left)
            .into_iter()
            .partition(|(name, _)| !name.starts_with(beginning));
        self.left = left;
        self.coverage.unknown.extend(unknown.into_keys());
    }

    fn full(&self, from: &str) -> String {
        format!("{}{from}", self.prefix)
    }
}
