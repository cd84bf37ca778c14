//! The program `duban`: everything it does is in [`duban::cli`].

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    duban::cli::run::main()
}
