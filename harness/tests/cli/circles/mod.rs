//! No files of different folders know each other, be it through others: what is in a folder can be understood without what
//! stands on it. A module's own file is in its folder, be it called `mod.rs` or stand beside it.

mod modules;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

use modules::{Knows, Modules};

use crate::workspace::{packages, root};

/// Files of which each knows the next, and the last one the first.
type Circle = Vec<PathBuf>;

#[test]
fn no_files_of_different_folders_know_each_other_in_a_circle() {
    let text = |path: &Path| std::fs::read_to_string(path).ok();
    let targets: BTreeSet<PathBuf> = packages().iter().flat_map(targets).collect();
    assert!(targets.contains(&root().join("harness/src/lib.rs")), "{targets:?}");
    let found: BTreeSet<Circle> =
        targets.iter().flat_map(|target| circles(&Modules::read(target, &text).knows())).collect();
    assert!(
        found.is_empty(),
        "files of different folders know each other. Move what they share into a file that knows neither, or hand it over:\n{}",
        found.iter().map(told).collect::<String>()
    );
}

/// Where each library and executable of a package begins.
fn targets(package: &serde_json::Value) -> Vec<PathBuf> {
    let targets = package["targets"].as_array().unwrap().iter();
    targets.map(|target| PathBuf::from(target["src_path"].as_str().unwrap())).collect()
}

fn told(circle: &Circle) -> String {
    let files = circle.iter().chain(circle.first()).map(|file| file.strip_prefix(root()).unwrap_or(file));
    let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
    format!("  {}\n", files.join(" -> "))
}

/// For each step from folder to folder that leads back again, the shortest circle.
fn circles(knows: &Knows) -> BTreeSet<Circle> {
    let steps = knows.iter().flat_map(|(file, known)| known.iter().map(move |known| (file, known)));
    let across = steps.filter(|(file, known)| folder(file, knows) != folder(known, knows));
    across.filter_map(|(file, known)| Some(from_the_first(way(knows, known, file)?))).collect()
}

/// The folder that a file is in; `judge.rs` beside a folder `judge` is in that.
fn folder(file: &Path, all: &Knows) -> PathBuf {
    let own = file.with_extension("");
    let has_own = all.keys().any(|other| other.starts_with(&own));
    if has_own { own } else { file.with_file_name("") }
}

/// The same circle, told from the file whose name comes first.
fn from_the_first(mut circle: Circle) -> Circle {
    let first = (0..circle.len()).min_by_key(|&file| &circle[file]).unwrap_or_default();
    circle.rotate_left(first);
    circle
}

/// The shortest way from `from` to `to`, both included.
fn way(knows: &Knows, from: &Path, to: &Path) -> Option<Circle> {
    let mut reached_from = BTreeMap::from([(from, None)]);
    let mut next = VecDeque::from([from]);
    while let Some(file) = next.pop_front().filter(|_| !reached_from.contains_key(to)) {
        for known in knows.get(file).into_iter().flatten() {
            reached_from.entry(known.as_path()).or_insert_with(|| {
                next.push_back(known);
                Some(file)
            });
        }
    }
    reached_from.get(to)?;
    let mut way: Circle =
        std::iter::successors(Some(to), |file| reached_from[*file]).map(Path::to_path_buf).collect();
    way.reverse();
    Some(way)
}

/// The circles among files, each a name and what it holds, of which the first is the root.
fn among(files: &[(&str, &str)]) -> Vec<String> {
    let all: BTreeMap<&Path, &str> = files.iter().map(|(name, text)| (Path::new(*name), *text)).collect();
    let text = |path: &Path| all.get(path).map(ToString::to_string);
    circles(&Modules::read(Path::new(files[0].0), &text).knows()).iter().map(told).collect()
}

const ROOT: (&str, &str) = ("src/lib.rs", "mod low; mod high;");

#[test]
fn a_circle_is_told_as_a_chain_of_files() {
    let low = ("src/low/mod.rs", "use crate::high::Word; pub struct Bit;");
    let high = ("src/high/mod.rs", "mod word; pub use word::Word;");
    let word = ("src/high/word.rs", "use super::super::low::Bit; pub struct Word(Bit);");
    let chain = "  src/high/word.rs -> src/low/mod.rs -> src/high/word.rs\n";
    assert_eq!(among(&[ROOT, low, high, word]), [chain]);
}

#[test]
fn a_circle_is_found_however_the_other_file_is_named() {
    let high = ("src/high/mod.rs", "pub fn word() -> crate::low::Bit { crate::low::Bit }");
    let ways = [
        "pub struct Bit; fn all() { crate::high::word(); }",
        "pub struct Bit; use super::high; fn all() { high::word(); }",
        "pub struct Bit; use super::high as other; fn all() { other::word(); }",
        "pub struct Bit; use super::{high::{self}}; fn all() { high::word(); }",
        "pub struct Bit; use crate::high::*; fn all() { word(); }",
        "pub struct Bit; fn all() { println!(\"{}\", crate::high::word()); }",
        "#[arg(value_parser = crate::high::word())] pub struct Bit;",
        "pub struct Bit; mod inner { use super::super::high::word; }",
        "#[path = \"inside.rs\"] mod inner; pub use inner::Bit;",
    ];
    for low in ways {
        let inside = ("src/low/inside.rs", "use crate::high::word; pub struct Bit;");
        let found = among(&[ROOT, ("src/low/mod.rs", low), high, inside]);
        assert_eq!(found.len(), 1, "{low}: {found:?}");
    }
}

#[test]
fn a_folder_that_knows_the_file_above_it_is_a_circle_and_files_of_one_folder_are_none() {
    let root = ("src/lib.rs", "mod above;");
    let above = (
        "src/above/mod.rs",
        "mod beside; mod below; pub struct Args; fn run() { below::run(Args); beside::run(Args); }",
    );
    let beside = ("src/above/beside.rs", "use super::Args;");
    let knows = ("src/above/below/mod.rs", "pub fn run(_: super::Args) {}");
    let given = ("src/above/below/mod.rs", "pub fn run(_: u64) {}");
    let chain = "  src/above/below/mod.rs -> src/above/mod.rs -> src/above/below/mod.rs\n";
    assert_eq!(among(&[root, above, beside, knows]), [chain]);
    assert_eq!(among(&[root, above, beside, given]), [""; 0]);
    // Wherever the folder's own file stands.
    let [above, knows] = [("src/above.rs", above.1), ("src/above/below.rs", knows.1)];
    assert_eq!(among(&[root, above, beside, knows]), [""; 0]);
}

#[test]
fn what_hands_on_who_may_see_and_unit_tests_make_no_circle() {
    let root = ("src/lib.rs", "mod low; pub mod high; pub use high::Word; pub struct Top;");
    let low = (
        "src/low/mod.rs",
        "mod bit; pub use bit::Bit; #[cfg(test)] mod tests { use crate::high::Word; } #[cfg(test)] mod more;",
    );
    let bit = ("src/low/bit.rs", "#[cfg(test)] use crate::high::Word; pub(in crate::low) struct Bit;");
    let high = ("src/high/mod.rs", "use crate::low::Bit; pub struct Word(Bit);");
    assert_eq!(among(&[root, low, bit, high]), [""; 0]);
}
