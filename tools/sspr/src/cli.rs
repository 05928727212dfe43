//! The command line. The only module that prints.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command line talks to people")]

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rules::ids::Username;
use rules::password::Password;

use crate::first_admin::FirstAdmin;
use crate::import::{self, Told};
use crate::openapi::{self, Clash};
use crate::seed::{self, ADMIN, PEOPLE, Person, SeedFault};
use crate::server::{self, Options, Running, StartFault};

/// Where servers listen unless told otherwise.
const LISTEN: &str = "127.0.0.1:8080";

/// Names who imports.
const IMPORTER: &str = "SSPR_ADMIN";

/// Names the first administrator of `sspr serve`.
const FIRST_ADMIN: &str = "SSPR_BOOTSTRAP_ADMIN";

/// Self-service password reset, on this machine.
///
/// Runs every function of the product in one process, on an embedded database. Mails, texts and
/// calls are not sent but kept for you to read.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Try it: a fresh organisation with people in it, in memory
    ///
    /// Prints who can sign in with what, and where the messages are. Everything is gone when it
    /// ends.
    Demo {
        /// Address and port; port 0 takes any free one
        #[arg(long, value_name = "ADDR", default_value = LISTEN)]
        listen: SocketAddr,
    },
    /// Run it: keeps its data in a folder and survives being killed
    ///
    /// The environment variable SSPR_BOOTSTRAP_ADMIN=username:password creates the first
    /// administrator if there is none.
    Serve {
        /// Folder for the data; created if missing, for one server at a time
        #[arg(long, value_name = "DIR")]
        data: PathBuf,
        /// Address and port; port 0 takes any free one
        #[arg(long, value_name = "ADDR", default_value = LISTEN)]
        listen: SocketAddr,
        /// Add the developers' routes: /dev/outbox, /dev/clock, /dev/faults, /dev/trace,
        /// /dev/counters. Whoever reaches them can read every code
        #[arg(long)]
        dev: bool,
    },
    /// Print the contract of every function: one OpenAPI 3.1 document
    Openapi,
    /// Create and change people from a file: CSV, or lines of JSON in *.ndjson and *.jsonl
    ///
    /// Signs in as who SSPR_ADMIN=username:password names, sends the file in chunks and tells of
    /// every row that was rejected. Cut off, start it again: what is done already stays unchanged.
    Import {
        /// The file; its columns or members are those of an account
        file: PathBuf,
        /// Where the product is, such as https://reset.example.com
        #[arg(long)]
        url: String,
        /// Only say what would become of each row
        #[arg(long)]
        dry_run: bool,
        /// Rows of one request
        #[arg(long, default_value_t = import::CHUNK, value_parser = chunk_size)]
        chunk: usize,
        /// Go on with this row
        #[arg(long, value_name = "ROW", default_value_t = 1)]
        from: usize,
    },
}

/// A command failed; its text is what the person reads.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Start(#[from] StartFault),
    #[error("the people of the demonstration could not be created: {0}")]
    Seed(#[from] SeedFault),
    #[error("{FIRST_ADMIN} must be username:password{0}")]
    FirstAdmin(&'static str),
    #[error("the contract cannot be written: {0}")]
    Contract(#[from] Clash),
    #[error("cannot wait for signals: {0}")]
    Signals(#[from] std::io::Error),
    #[error("{IMPORTER} must be username:password of somebody who may import")]
    Importer,
    #[error("{0}; go on with --from {1}")]
    Import(import::ImportFault, usize),
    #[error("{0} rows were rejected")]
    Rejected(usize),
}

/// Runs the command that the process was called with.
#[must_use]
pub fn run() -> ExitCode {
    start_logging();
    let done = match Arguments::parse().command {
        Command::Demo { listen } => demo(listen),
        Command::Serve { data, listen, dev } => serve(data, listen, dev),
        Command::Openapi => contract(),
        Command::Import { file, url, dry_run, chunk, from } => {
            import_file(&file, &url, dry_run, (chunk, from))
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sspr: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Faults on standard error, as JSON lines; more with RUST_LOG.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::builder()
        .with_default_directive(tracing::level_filters::LevelFilter::WARN.into())
        .from_env_lossy();
    let logs = tracing_subscriber::fmt().json().with_env_filter(filter);
    let _ = logs.with_writer(std::io::stderr).try_init();
}

fn demo(listen: SocketAddr) -> Result<(), Failure> {
    warn_of_strangers(listen);
    let username = Username::parse(ADMIN.username).map_err(|_| Failure::FirstAdmin(""))?;
    let password = Password::new(ADMIN.password.to_owned());
    let first_admin = Some(FirstAdmin { username, password });
    let running = server::start(Options { data: None, listen, dev: true, first_admin })?;
    running.block_on(seed::seed(&running.local))?;
    println!("{}", who_is_who(running.addr));
    until_stopped(running)
}

fn serve(data: PathBuf, listen: SocketAddr, dev: bool) -> Result<(), Failure> {
    warn_of_strangers(listen);
    let first_admin = match edge::settings::variable(FIRST_ADMIN) {
        Some(given) => Some(first_admin(&given)?),
        None => None,
    };
    let options = Options { data: Some(data), listen, dev, first_admin };
    until_stopped(server::start(options)?)
}

fn contract() -> Result<(), Failure> {
    print!("{}", openapi::text()?);
    Ok(())
}

/// A request takes at most ten thousand rows.
fn chunk_size(given: &str) -> Result<usize, String> {
    let size = given.parse().ok().filter(|n| (1..=10_000).contains(n));
    size.ok_or_else(|| String::from("1 to 10000"))
}

fn import_file(
    file: &Path,
    url: &str,
    dry_run: bool,
    (chunk, from): (usize, usize),
) -> Result<(), Failure> {
    let who = edge::settings::variable(IMPORTER).ok_or(Failure::Importer)?;
    let (username, password) = who.split_once(':').ok_or(Failure::Importer)?;
    let options = import::Options { url, username, password, dry_run, chunk, from };
    let mut next = from;
    let tell = |told: Told<'_>| match told {
        Told::Row(text) => println!("{text}"),
        Told::Progress(tally, row) => {
            next = row;
            eprintln!("{} rows done, {} rejected", row.saturating_sub(1), tally.rejected);
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(import::run(file, &options, tell));
    let tally = done.map_err(|fault| Failure::Import(fault, next))?;
    let told = if dry_run { "would be created" } else { "created" };
    println!(
        "{} rows: {} {told}, {} updated, {} unchanged, {} rejected",
        tally.rows, tally.created, tally.updated, tally.unchanged, tally.rejected
    );
    if tally.rejected == 0 { Ok(()) } else { Err(Failure::Rejected(tally.rejected)) }
}

fn until_stopped(running: Running) -> Result<(), Failure> {
    println!("listening on http://{}", running.addr);
    running.wait_for_signal()?;
    running.stop();
    Ok(())
}

/// The name ends at the first colon; the password may hold more of them.
fn first_admin(given: &str) -> Result<FirstAdmin, Failure> {
    let (username, password) = given.split_once(':').ok_or(Failure::FirstAdmin(""))?;
    let username = Username::parse_new(username)
        .map_err(|_| Failure::FirstAdmin("; this username is not possible"))?;
    if password.is_empty() {
        return Err(Failure::FirstAdmin("; the password is empty"));
    }
    Ok(FirstAdmin { username, password: Password::new(password.to_owned()) })
}

fn warn_of_strangers(listen: SocketAddr) {
    if !listen.ip().is_loopback() {
        eprintln!("sspr: {listen} can be reached by others, without encryption");
    }
}

fn who_is_who(addr: SocketAddr) -> String {
    let mut text = String::from("People of the demonstration:\n\n");
    let row = |text: &mut String, cells: [&str; 4]| {
        let [username, password, role, remark] = cells;
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {username:<9} {password:<31} {role:<9} {remark}");
    };
    row(&mut text, ["username", "password", "role", ""]);
    for person in std::iter::once(&ADMIN).chain(&PEOPLE) {
        row(&mut text, [person.username, person.password, person.role, person.remark]);
    }
    text.push_str("\nRegistered contacts:\n\n");
    for person in std::iter::once(&ADMIN).chain(&PEOPLE) {
        if let Some(contacts) = contacts(person) {
            let _ = writeln!(text, "  {:<9} {contacts}", person.username);
        }
    }
    let _ = writeln!(text, "\nMails, texts and calls: http://{addr}/dev/outbox");
    text
}

fn contacts(person: &Person) -> Option<String> {
    let contacts: Vec<&str> = person.email.into_iter().chain(person.mobile).collect();
    (!contacts.is_empty()).then(|| contacts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_first_administrator_is_a_name_and_a_password() {
        let admin = first_admin("Root.Admin:a:b:c").ok().unwrap();
        assert_eq!(admin.username.as_str(), "root.admin");
        assert_eq!(admin.password.reveal(), "a:b:c");
        for wrong in ["root", ":x", "root:", "a b:x"] {
            assert!(first_admin(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn everybody_and_the_outbox_are_in_the_table() {
        let text = who_is_who(SocketAddr::from(([127, 0, 0, 1], 8080)));
        for person in &PEOPLE {
            assert!(text.contains(person.username) && text.contains(person.password));
        }
        assert!(text.contains("http://127.0.0.1:8080/dev/outbox"));
    }
}
