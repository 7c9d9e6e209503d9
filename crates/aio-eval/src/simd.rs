//! Wide vector instructions, chosen when the program runs.

/// Runs `f`, compiled for the widest vectors of the processor: AVX-512, AVX2 or NEON.
///
/// Only what is inlined into `f` is compiled so. Rust neither fuses a multiplication and an addition by itself nor changes the order of a
/// sum, so the result is the same on every processor.
#[inline(always)]
pub(crate) fn wide<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}
