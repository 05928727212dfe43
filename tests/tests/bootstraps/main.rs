//! Every function as its own binary, as Lambda starts it, held to its role: fed with its folder of `events/`, and all
//! together as an organisation.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on ends where it stands"
)]

mod events;
mod organisation;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The folders in a folder of the project, in alphabetical order.
fn folders(of: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root().join(of)).unwrap().map(Result::unwrap);
    let folders = entries.filter(|e| e.file_type().unwrap().is_dir());
    let mut names: Vec<_> = folders.map(|e| e.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// The folder of the bootstraps, built if they are not fresh: `cargo test` builds no binaries of other packages.
fn bootstraps() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        // …/target/debug/deps/bootstraps-0123456789abcdef
        let test = std::env::current_exe().unwrap();
        let folder = test.ancestors().nth(2).unwrap();
        let profile = match folder.file_name().and_then(|n| n.to_str()).unwrap() {
            "debug" => "dev",
            named => named,
        };
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "--quiet", "--bins", "--profile", profile]);
        build.args(folders("functions").iter().flat_map(|name| ["--package", name]));
        let built = build.arg("--target-dir").arg(folder.parent().unwrap()).status().unwrap();
        assert!(built.success(), "the bootstraps do not build");
        folder.to_owned()
    })
}
