//! Memory of a thread that kernels use again and again.

use std::cell::RefCell;

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Calls `f` with slices of these lengths, whose values are left over from earlier calls.
///
/// The memory stays with the thread, so that a kernel neither asks the system for pages nor fills
/// them with zeros. It grows to the largest sum of lengths.
pub(crate) fn with_scratch<const N: usize, R>(
    lengths: [usize; N],
    f: impl FnOnce([&mut [f32]; N]) -> R,
) -> R {
    // Taken, not borrowed: a call within `f` gets memory of its own.
    let mut memory = SCRATCH.take();
    let needed = lengths.iter().sum();
    if memory.len() < needed {
        memory.resize(needed, 0.0);
    }
    let mut rest = &mut memory[..];
    let result = f(lengths.map(|length| {
        let (part, tail) = std::mem::take(&mut rest).split_at_mut(length);
        rest = tail;
        part
    }));
    SCRATCH.replace(memory);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_are_disjoint_and_calls_may_be_nested() {
        with_scratch([3, 0, 5], |[a, b, c]| {
            a.fill(1.0);
            c.fill(2.0);
            assert!(b.is_empty());
            with_scratch([4], |[inner]| inner.fill(9.0));
            assert_eq!((&*a, &*c), (&[1.0; 3][..], &[2.0; 5][..]));
        });
    }
}
