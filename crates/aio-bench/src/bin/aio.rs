//! The program: the allocator and the command line.

use std::process::ExitCode;

/// Training allocates and frees the same large tensors in every step. The system allocator returns them to the kernel
/// each time, which cost a fifth of the run in page faults.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lets the allocator keep freed memory for ten seconds instead of ten milliseconds: longer than a training step.
fn keep_freed_memory() {
    // Numbers of `mi_option_t` in mimalloc.h; the crate names only a few of them.
    const ARENA_EAGER_COMMIT: i32 = 4;
    const PURGE_DELAY: i32 = 15;
    // SAFETY: setting an option has no precondition; it is done before any other thread exists.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_option_set(ARENA_EAGER_COMMIT, 1);
        libmimalloc_sys::mi_option_set(PURGE_DELAY, 10_000);
    }
}

fn main() -> ExitCode {
    keep_freed_memory();
    aio_bench::cli::main()
}
