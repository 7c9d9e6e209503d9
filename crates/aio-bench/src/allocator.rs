//! The allocator of the programs of this crate.
//!
//! Training allocates and frees the same large tensors in every step. The system allocator returns them to the kernel
//! each time, which cost a fifth of a run in page faults.

/// What a program names as its `#[global_allocator]`.
pub type Allocator = mimalloc::MiMalloc;

/// Its value.
pub const ALLOCATOR: Allocator = mimalloc::MiMalloc;

/// Lets the allocator keep freed memory for ten seconds instead of ten milliseconds: longer than a training step. Call it first in `main`,
/// before any other thread exists.
pub fn keep_freed_memory() {
    // Numbers of `mi_option_t` in mimalloc.h; the crate names only a few of them.
    const ARENA_EAGER_COMMIT: i32 = 4;
    const PURGE_DELAY: i32 = 15;
    // SAFETY: setting an option has no precondition; programs do it before they start another thread.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_option_set(ARENA_EAGER_COMMIT, 1);
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 10_000);
    }
}

/// Gives freed memory back to the system at once.
pub(crate) fn give_back() {
    // SAFETY: the call has no precondition; it frees what no allocation uses.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}
