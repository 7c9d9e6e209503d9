//! Wide vector instructions, chosen when the program runs.

use pulp::{Simd, WithSimd};

/// Runs `f`, compiled for the widest vectors of the processor: AVX-512, AVX2 or NEON.
///
/// Only what is inlined into `f` is compiled so; `f` itself and functions that it calls are
/// `#[inline(always)]`. Rust never fuses a multiplication and an addition by itself, and sums have
/// a fixed number of lanes ([`crate::arithmetic::sum`]), so the result is the same on every
/// processor.
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
