//! Wide vector instructions, chosen when the program runs.

use pulp::{Simd, WithSimd};

/// Runs `f`, compiled for the widest vectors of the processor: AVX-512, AVX2 or NEON.
///
/// Only what is inlined into `f` is compiled so; `f` itself is `#[inline(always)]`. Rust neither fuses a multiplication and an addition by itself nor
/// changes the order of a sum, so the result is the same on every processor.
#[inline(always)]
pub(crate) fn wide<R>(f: impl FnMut() -> R) -> R {
    pulp::Arch::new().dispatch(Inlined(f))
}

/// A closure that is inlined. What is called as `FnOnce` has a function of its own around it, which may not be.
struct Inlined<F>(F);

impl<R, F: FnMut() -> R> WithSimd for Inlined<F> {
    type Output = R;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) -> R {
        (self.0)()
    }
}
