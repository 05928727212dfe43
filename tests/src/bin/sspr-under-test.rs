//! The local server as the tests start it: the same command line, under a name that cargo hands to tests.

fn main() -> std::process::ExitCode {
    sspr::cli::run()
}
