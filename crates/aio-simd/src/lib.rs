//! Loops that are compiled for the widest vectors of the processor, which are chosen when the program runs.

use pulp::{Simd, WithSimd};

/// Runs `f`, compiled for AVX-512, AVX2 or NEON.
///
/// Only what is inlined into `f` is compiled so; `f` itself and the functions that it calls are `#[inline(always)]`. Rust neither fuses a multiplication and
/// an addition by itself nor changes the order of a sum, so the result is the same on every processor.
///
/// ```
/// let mut values = [1.0, 4.0, 9.0];
/// aio_simd::wide(
///     #[inline(always)]
///     || values.iter_mut().for_each(|value| *value = f32::sqrt(*value)),
/// );
/// assert_eq!(values, [1.0, 2.0, 3.0]);
/// ```
#[inline(always)]
pub fn wide<R>(f: impl FnMut() -> R) -> R {
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
