//! The `keysweep` program: hands the command line to the library and ends the process with its exit code. Nothing else
//! ends the process.

fn main() -> std::process::ExitCode {
    keysweep_cli::run(std::env::args_os()).into()
}
