//! The README's commands do what it says. Every ```sh block that uses `$BASE` is run, in order, in one shell, against a
//! fresh demo organisation.

use std::process::Command;

use tests::process::Process;

use crate::PROGRAM;

fn blocks(readme: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in readme.lines() {
        match (&mut block, line.trim_end()) {
            (None, "```sh") => block = Some(String::new()),
            (Some(text), "```") => {
                blocks.push(std::mem::take(text));
                block = None;
            }
            (Some(text), line) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, _) => {}
        }
    }
    blocks
}

#[test]
fn the_walk_through_of_the_readme_ends_with_a_sign_in_by_the_new_password() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = std::fs::read_to_string(path).unwrap();
    let blocks = blocks(&readme);
    let script: String = blocks.iter().filter(|b| b.contains("$BASE")).cloned().collect();
    assert!(script.contains("/v1/resets/complete"), "the walk-through holds a whole reset");
    let server = Process::start_with(PROGRAM, &["demo"]);
    let ran =
        Command::new("sh").args(["-euc", &script]).env("BASE", server.base()).output().unwrap();
    let out = String::from_utf8_lossy(&ran.stdout).into_owned();
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{out}\n{complaints}");
    assert!(out.contains("\"status\":\"reset\""), "{out}\n{complaints}");
    assert!(out.contains("access_token") || out.contains("at_"), "{out}\n{complaints}");
    assert!(!out.contains("/problems/"), "{out}");
}
