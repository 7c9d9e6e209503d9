//! The program: the allocator and the command line.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: aio_bench::allocator::Allocator = aio_bench::allocator::ALLOCATOR;

fn main() -> ExitCode {
    aio_bench::allocator::keep_freed_memory();
    aio_bench::cli::main()
}
