//! The documents against the code: each list of kinds that a document shows is the code's, and no link leads nowhere.

mod code;
mod markdown;
mod schemas;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::tool::Tool;
use crate::workspace::root;

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document, by its path from the root.
fn documents() -> Vec<PathBuf> {
    let results = [".", "quick", "talk", "systems"].map(|folder| Path::new("results").join(folder));
    let folders = ["", "docs", "dedup-strategies"].map(PathBuf::from).into_iter().chain(results);
    let of = |folder: PathBuf| {
        let entries = std::fs::read_dir(root().join(&folder)).unwrap().flatten();
        entries.map(move |entry| folder.join(entry.file_name()))
    };
    folders.flat_map(of).filter(|path| path.extension().is_some_and(|ending| ending == "md")).collect()
}

#[test]
fn every_list_in_the_documents_is_the_codes() {
    let code = code::lists(&Tool::new());
    let mut shown = BTreeSet::new();
    for document in documents() {
        for list in markdown::lists(&read(&root().join(&document))) {
            let place = format!("{}, {:?}", document.display(), list.name);
            let expected = code.get(list.name.as_str()).unwrap_or_else(|| panic!("{place}: no such list"));
            let missing: Vec<_> = expected.difference(&list.items).collect();
            let unknown: Vec<_> = list.items.difference(expected).collect();
            assert!(
                missing.is_empty() && unknown.is_empty(),
                "{place}: lacks {missing:?}, invents {unknown:?}"
            );
            shown.insert(list.name);
        }
    }
    let all: BTreeSet<String> = code.keys().map(ToString::to_string).collect();
    assert_eq!(shown, all, "some list of the code is in no document");
}

#[test]
fn the_help_explains_every_exit_code() {
    let help = Tool::new().prints(&["--help"]);
    let (_, explained) = help.split_once("Exit codes:\n").unwrap();
    let explained: BTreeSet<String> =
        explained.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    assert_eq!(explained, code::exit_codes());
}

#[test]
fn no_document_has_the_marks_of_a_merge() {
    let marked = |document: &PathBuf| {
        let text = read(&root().join(document));
        text.lines().any(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> "))
    };
    let marked: Vec<PathBuf> = documents().into_iter().filter(marked).collect();
    assert!(marked.is_empty(), "settle which of the two holds: {marked:?}");
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    let mut dead = Vec::new();
    for document in documents() {
        let path = root().join(&document);
        for link in markdown::links(&read(&path)) {
            let (file, heading) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            let there = target.exists()
                && (heading.is_empty() || markdown::anchors(&read(&target)).contains(heading));
            if !there {
                dead.push(format!("{}: {link}", document.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[test]
fn the_readme_leads_to_every_document() {
    let linked: BTreeSet<PathBuf> =
        markdown::links(&read(&root().join("README.md"))).into_iter().map(PathBuf::from).collect();
    let left_out: Vec<_> =
        documents().into_iter().filter(|path| path.starts_with("docs") && !linked.contains(path)).collect();
    assert_eq!(left_out, Vec::<PathBuf>::new());
}

#[test]
fn every_strategy_has_a_section_of_its_own_or_with_its_like() {
    let text = read(&root().join("docs/STRATEGIES.md"));
    let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    for definition in dedup_harness::strategies::STRATEGIES {
        let described =
            headings.iter().any(|heading| heading.split(", ").any(|name| name == definition.name));
        assert!(described, "{} has no section in docs/STRATEGIES.md", definition.name);
    }
}
