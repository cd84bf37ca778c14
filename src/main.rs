//! The program `duban`: everything it does is in [`duban::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    duban::cli::run::main()
}
