//! Row 11: the local server from exec to listening, and its memory once idle.

use std::time::Instant;

use tests::process::Process;

use crate::{line, median};

const PROGRAM: &str = env!("CARGO_BIN_EXE_sspr-under-test");
const STARTS: usize = 30;

/// Resident memory of a process, MiB.
fn resident_mib(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    let kib: f64 = line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(f64::NAN);
    kib / 1024.0
}

pub fn measure() {
    let (mut times, mut sizes) = (Vec::new(), Vec::new());
    for n in 0..STARTS {
        let dir = std::env::temp_dir().join(format!("sspr-start-{}-{n}", std::process::id()));
        // The first start on a folder also makes tables and the administrator: not what is measured.
        drop(Process::start(PROGRAM, &dir));
        let begun = Instant::now();
        let server = Process::start(PROGRAM, &dir);
        times.push(begun.elapsed().as_secs_f64() * 1e3);
        sizes.push(resident_mib(server.id()));
        drop(server);
        let _ = std::fs::remove_dir_all(&dir);
    }
    line("11", "sspr serve: exec to listening", &format!("{:.0} ms", median(times)), "<= 150 ms");
    line(
        "11",
        "sspr serve: resident memory, idle",
        &format!("{:.1} MiB", median(sizes)),
        "<= 40 MiB",
    );
}
