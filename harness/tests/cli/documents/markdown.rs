//! What the tests read out of Markdown: marked lists, links and headings.

use std::collections::BTreeSet;

use regex::Regex;

/// A list that a document marks with `<!-- list: NAME -->` on the line above it.
pub(super) struct List {
    pub(super) name: String,
    /// Of a table or a list of points, what each first cell or point begins with in backticks; of a code block, its
    /// lines with one space between words.
    pub(super) items: BTreeSet<String>,
}

pub(super) fn lists(text: &str) -> Vec<List> {
    let marker = Regex::new(r"(?m)^\s*<!-- list: (.+) -->\n").unwrap();
    let lists = marker.captures_iter(text).map(|found| {
        let below = &text[found.get(0).unwrap().end()..];
        List { name: found[1].to_string(), items: items(below) }
    });
    lists.collect()
}

fn items(below: &str) -> BTreeSet<String> {
    let lines: Vec<&str> = below.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
    match lines[0] {
        "```" => lines[1..lines.len() - 1].iter().map(|line| one_spaced(line)).collect(),
        _ => names(&lines),
    }
}

fn one_spaced(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn names(lines: &[&str]) -> BTreeSet<String> {
    let lines = if lines[0].starts_with('|') { &lines[2..] } else { lines }; // a table has a heading and a rule
    // A point may go on in the next line, which then begins with a further name.
    let begins = Regex::new(r"^(?:[-|] ?)?((?:`[^`]+`(?:, | and )?,?)*)").unwrap();
    let quoted = Regex::new(r"`([^`]+)`").unwrap();
    let names = lines.iter().flat_map(|line| {
        let first = begins.captures(line).map_or("", |found| found.get(1).unwrap().as_str());
        quoted.captures_iter(first).map(|found| found[1].to_string())
    });
    names.collect()
}

/// The targets of links to files and headings, but for those in code.
pub(super) fn links(text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let targets =
        link.captures_iter(&without_code(text)).map(|found| found[1].to_string()).collect::<Vec<_>>();
    targets.into_iter().filter(|target| !target.contains("://")).collect()
}

/// The anchors of all headings, as GitHub makes them.
pub(super) fn anchors(text: &str) -> BTreeSet<String> {
    let headings = without_code(text);
    let titles =
        headings.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#'));
    titles.map(|title| anchor(title.trim())).collect()
}

fn anchor(title: &str) -> String {
    let kept = title
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}

fn without_code(text: &str) -> String {
    text.split("```").step_by(2).collect()
}
