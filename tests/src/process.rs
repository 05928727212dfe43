//! The local server as a process of its own, on a folder: to be killed and started again.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends where it stands")]

use std::io::{BufRead, BufReader, Read};
use std::ops::Deref;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use crate::client::Client;
use crate::people::{ADMIN, ADMIN_PASSWORD};

/// A running `sspr serve`. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    client: Client,
    child: Child,
    out: BufReader<ChildStdout>,
}

impl Process {
    /// Starts `program serve --data dir --dev` and waits until it accepts requests. The first start on a folder makes
    /// the administrator.
    #[track_caller]
    pub fn start(program: &str, dir: &Path) -> Self {
        Self::start_with(program, &["serve", "--data", dir.to_str().unwrap(), "--dev"])
    }

    /// Starts `program` with these arguments and a port of its own choice.
    #[track_caller]
    pub fn start_with(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .args(["--listen", "127.0.0.1:0"])
            .env_clear()
            .env("SSPR_BOOTSTRAP_ADMIN", format!("{ADMIN}:{ADMIN_PASSWORD}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        while !said.contains("listening on http://") || !said.ends_with('\n') {
            let more = out.read_line(&mut said).unwrap();
            assert!(more > 0, "ended before it listened: {said}{:?}", child.wait());
        }
        let (_, address) = said.split_once("listening on ").unwrap();
        let client = Client::new(address.split_whitespace().next().unwrap().to_owned());
        Self { client, child, out }
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, waits, and returns how it ended with the rest of what it said.
    pub fn stop(mut self) -> (ExitStatus, String) {
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail harmlessly on a process that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Deref for Process {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}
