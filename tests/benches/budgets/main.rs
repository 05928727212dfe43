//! Rows 1–5, 11 and 13 of the performance budgets, measured in one run and printed: `cargo bench -p tests`.
//!
//! The product runs in this process, called through its routers without a socket; figures are counts, or ratios of the
//! process's CPU time against a baseline measured in the same round. Nothing here fails on a time.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a measurement: it prints, reads clocks, and ends where it cannot go on"
)]

mod product;
mod scale;
mod start;

use product::{Person, Product};
use rules::password::{Hasher, Parameters, Password};
use rustix::time::{ClockId, clock_gettime};

/// Rounds of which the median is taken.
const ROUNDS: usize = 40;
/// Resets in a round: the interval is then long against the clock's own cost.
const RESETS: u32 = 5;

/// One line of the table.
fn line(row: &str, what: &str, measured: &str, budget: &str) {
    println!("{row:>3}  {what:<58} {measured:>22}   budget {budget}");
}

/// CPU time of this process, all threads, milliseconds.
fn cpu_ms() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

/// CPU time that something takes, milliseconds.
fn cpu_of(work: impl FnOnce()) -> f64 {
    let before = cpu_ms();
    work();
    cpu_ms() - before
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Rows 1, 4 and 5: what one two-gate reset with a history of 24 asks of the hash and of the store.
fn counts(product: &Product) {
    let person = product.person("peggy");
    for n in 0..25 {
        product.reset(&person, &format!("Filling history with word {n} of many"));
    }
    let hashes = product.hashes();
    let correlation = product.reset(&person, "The one that is counted now 1");
    let hashes = product.hashes() - hashes;
    line("1", "argon2 evaluations in a reset, history of 24 on", &hashes.to_string(), "1");
    let calls = product.calls(&correlation, None);
    line("4", "requests to DynamoDB in a two-gate reset", &calls.len().to_string(), "<= 19");
    let steps = ["begin-reset", "verify-gate", "complete-reset"];
    for function in steps {
        let of = product.calls(&correlation, Some(function));
        let names: Vec<&str> = of.iter().map(|c| c.operation.as_str()).collect();
        println!("       {function}: {}", names.join(" "));
    }
    let (writes, reads) = product::units(&calls);
    line("5", "write units, same flow", &format!("{writes}"), "<= 28");
    line("5", "read units, same flow", &format!("{reads}"), "<= 8");
    let behind = product.calls(&correlation, Some("deliver"));
    let (writes, reads) = product::units(&behind);
    println!(
        "       behind the requests, deliver: {} calls, {writes} write and {reads} read units",
        behind.len()
    );
}

/// Rows 2 and 3: CPU of a whole reset beside the CPU of its one hash, interleaved.
fn cpu(product: &Product) {
    let people: Vec<Person> = (0..RESETS).map(|n| product.person(&format!("quentin{n}"))).collect();
    let mut hasher = Hasher::lazy();
    let password = Password::new(String::from("The password of the baseline 1"));
    let mut hash = || {
        for _ in 0..RESETS {
            assert!(hasher.evaluate(&password, &[7; 16], Parameters::CURRENT).is_ok());
        }
    };
    let resets = |round: usize| {
        for person in &people {
            product.reset(person, &format!("Another password of round {round} it is"));
        }
    };
    resets(ROUNDS);
    hash();
    let (mut ratios, mut rest, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let whole = cpu_of(|| resets(round)) / f64::from(RESETS);
        let alone = cpu_of(&mut hash) / f64::from(RESETS);
        ratios.push(whole / alone);
        rest.push(whole - alone);
        hashes.push(alone);
    }
    println!(
        "       one argon2: {:.2} ms CPU, median of {ROUNDS} rounds of {RESETS}",
        median(hashes)
    );
    line(
        "2",
        "CPU of a two-gate reset / CPU of its one argon2",
        &format!("{:.3}", median(ratios)),
        "<= 1.25",
    );
    let ms = format!("{:.2} ms", median(rest));
    line("3", "CPU of a two-gate reset without the hash", &ms, "<= 2 ms");
    println!("       beside Django and better-auth: tests/benches/peers.sh");
}

fn main() {
    println!("row  what{:>80}", "measured");
    let product = Product::new();
    product.configure(&product::two_gates_and_history());
    counts(&product);
    cpu(&product);
    drop(product);
    start::measure();
    scale::measure();
}
