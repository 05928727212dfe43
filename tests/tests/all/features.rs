//! `features.md` maps each row of the acceptance list to the tests that show it: no row without a test, no test that is
//! not there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Sections of the acceptance list that are built, with the number of rows of each.
const ROWS: [(&str, u32); 7] =
    [("SET", 16), ("REG", 12), ("RST", 17), ("ADM", 5), ("PWD", 7), ("THR", 5), ("LCK", 1)];

/// Rows whose behaviour comes with the on-premises directory, and with the pages.
const LATER: [&str; 2] = ["PWD-07", "RST-15"];

/// Names of the functions under `#[test]` in a folder's sources, and of those that a `proptest!` makes.
fn tests_under(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            tests_under(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let after = text.split("#[test]").skip(1).chain(text.split("#[tokio::test").skip(1));
            let name = |part: &str| {
                let (_, rest) = part.split_once("fn ")?;
                Some(rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()?.to_owned())
            };
            found.extend(after.filter_map(name));
        }
    }
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The tests that the map names for each row.
fn mapped() -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(root().join("tests/features.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split_once(" | "));
    let ids = rows.filter(|(id, _)| id.len() == 6 && id.as_bytes()[3] == b'-');
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    ids.map(|(id, cell)| (id.to_owned(), names(cell))).collect()
}

#[test]
fn every_row_of_the_acceptance_list_names_tests_that_exist() {
    let mut there = BTreeSet::new();
    for folder in ["shared", "functions", "tools", "tests"] {
        tests_under(&root().join(folder), &mut there);
    }
    let mapped = mapped();
    let mut wrong = Vec::new();
    let numbered = |(section, rows): (&str, u32)| -> Vec<String> {
        (1..=rows).map(|n| format!("{section}-{n:02}")).collect()
    };
    let rows = ROWS.into_iter().flat_map(numbered).chain([String::from("CHG-01")]);
    for row in rows.filter(|row| !LATER.contains(&row.as_str())) {
        match mapped.get(&row) {
            Some(tests) if !tests.is_empty() => {
                let missing = tests.iter().filter(|test| !there.contains(*test));
                wrong.extend(missing.map(|test| format!("{row}: no test {test}")));
            }
            Some(_) | None => wrong.push(format!("{row}: no test")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
