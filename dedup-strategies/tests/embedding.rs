//! A service can embed one strategy: the example is built and run, and brings none of the others' libraries along.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use dedup_strategies::STRATEGIES;

const README: &str = include_str!("../README.md");
const EXAMPLE: &str = include_str!("../../examples/embed/src/main.rs");

/// What the features bring, one of its packages for each.
const LIBRARIES: [&str; 7] = ["bloomfilter", "fjall", "lru", "moka", "redis", "ring", "rustls"];

/// None, and every feature.
const FEATURES: [&str; 10] =
    ["", "bloomfilter", "durable", "lru", "moka", "redis", "tls", "conformance", "serde", "all"];

fn workspace() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The target directory that this test was built in, whose libraries are used again.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("Cargo makes it in the target directory")
}

/// Runs Cargo in the workspace, with what was downloaded already and the versions that were chosen.
fn cargo(arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO"))
        .args(arguments)
        .args(["--offline", "--locked"])
        .env("CARGO_TARGET_DIR", target())
        .current_dir(workspace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("Cargo is there, as it built this test");
    let mut stdin = child.stdin.take().expect("it is a pipe");
    // A program that could not be built reads nothing; what it says instead is looked at below.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {} fails: {said}", arguments.join(" "));
    output
}

/// The packages that are compiled with these features, without what only tests need.
fn packages(features: &[&str]) -> BTreeSet<String> {
    let mut arguments =
        vec!["tree", "--package", "dedup-strategies", "--edges", "normal", "--prefix", "none"];
    arguments.extend(features);
    let output = cargo(&arguments, "");
    let tree = String::from_utf8(output.stdout).expect("names of packages are text");
    tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_string).collect()
}

#[test]
fn without_features_none_of_the_libraries_comes_along() {
    let (bare, whole) = (packages(&["--no-default-features"]), packages(&[]));
    assert!(bare.contains("dedup-strategies"), "{bare:?}");
    for library in LIBRARIES {
        assert!(!bare.contains(library), "{library} comes along with no feature: {bare:?}");
        assert!(whole.contains(library), "{library} is not brought by the default any more: {whole:?}");
    }
}

#[test]
fn each_feature_compiles_by_itself_and_without_a_warning() {
    for feature in FEATURES {
        let arguments =
            ["check", "--package", "dedup-strategies", "--no-default-features", "--features", feature];
        let said = String::from_utf8(cargo(&arguments, "").stderr).expect("compilers write text");
        assert!(!said.contains("warning"), "with feature {feature:?}: {said}");
    }
}

#[test]
fn the_example_lets_each_event_pass_once() {
    let arguments = ["run", "--quiet", "--manifest-path", "examples/embed/Cargo.toml"];
    let (first, second) = ("6d2c4e9a-8f0b-4c1d-9e2f-000000000001", "6d2c4e9a-8f0b-4c1d-9e2f-000000000002");
    let input = format!("{first} a\n{second} b\n{first} c\nno id\nno id\n{second}\n{first}\n");
    let output = cargo(&arguments, &input);
    let passed = String::from_utf8(output.stdout).expect("it writes what it read");
    assert_eq!(passed, format!("{first} a\n{second} b\nno id\nno id\n"));
    let said = String::from_utf8(output.stderr).expect("it writes text");
    assert!(said.contains("line 4: it begins with no UUID"), "{said}");
}

#[test]
fn the_documentation_begins_with_the_example() {
    assert!(
        README.contains(&format!("```rust,no_run\n{EXAMPLE}```")),
        "README.md shows another program than the example"
    );
    let lines = EXAMPLE.lines().count();
    assert!(lines <= 50, "the example has {lines} lines; it is to be read at once");
}

#[test]
fn the_documentation_says_of_each_strategy_which_feature_it_takes() {
    let (_, table) = README.split_once("| feature |").expect("there is a table of features");
    let (table, _) = table.split_once("\n\n").expect("it ends");
    let columns = table.lines().skip(2).filter_map(|row| row.split('|').nth(3));
    let listed: Vec<&str> = columns.flat_map(|names| names.split('`').skip(1).step_by(2)).collect();
    // The row of `tls` names a feature.
    let listed: BTreeSet<&str> = listed.into_iter().filter(|name| *name != "redis").collect();
    assert_eq!(listed, STRATEGIES.iter().map(|definition| definition.name).collect());
}
