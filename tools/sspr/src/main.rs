//! The command `sspr`.

fn main() -> std::process::ExitCode {
    sspr::cli::run()
}
