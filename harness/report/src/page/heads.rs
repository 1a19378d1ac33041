//! The headings of tables whose lines are cards on a narrow screen: once for all tables that have the same.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::model::{Report, Table, View};

/// So many columns do not fit beside each other on a narrow screen.
const MANY: usize = 6;

/// Each list of headings that some table has, and its number.
pub(crate) struct Heads<'a>(BTreeMap<Vec<&'a str>, usize>);

impl<'a> Heads<'a> {
    /// Those of all tables of a page.
    pub(super) fn of(report: &'a Report) -> Heads<'a> {
        let mut heads = BTreeMap::new();
        for table in tables(report).filter(|table| has_cards(table)) {
            let next = heads.len();
            heads.entry(titles(table)).or_insert(next);
        }
        Heads(heads)
    }

    /// The classes of a table whose lines become cards; none where they do not.
    pub(super) fn class(&self, table: &Table) -> Option<String> {
        let number = has_cards(table).then(|| self.0.get(&titles(table)))??;
        Some(format!("cards h{number}"))
    }

    /// What says in each cell of a card which column it is of.
    pub(super) fn style(&self) -> String {
        let mut css = String::new();
        for (titles, number) in &self.0 {
            for (title, column) in titles.iter().zip(1..).skip(1) {
                let _ = write!(css, ".h{number} td:nth-child({column}){{--h:{}}}", quoted(title));
            }
        }
        css
    }
}

fn titles(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|column| column.title.as_str()).collect()
}

fn has_cards(table: &Table) -> bool {
    match table.view {
        View::Plain | View::Folded => table.columns.len() >= MANY,
        View::Cards => true,
        View::Heat => false,
    }
}

fn tables(report: &Report) -> impl Iterator<Item = &Table> {
    let opening = &report.opening;
    let figures = report.sections.iter().flat_map(|section| &section.figures);
    let figures = figures.chain(&opening.figures).chain(&opening.overview);
    let kinds = opening.kinds.iter().flat_map(|kind| &kind.overview);
    figures.flat_map(|figure| figure.charts.iter().map(|(_, table)| table).chain(&figure.tables)).chain(kinds)
}

/// A text as a string of CSS that ends neither itself nor the element that it stands in.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' | '<' => {
                let _ = write!(quoted, "\\{:x} ", u32::from(letter));
            }
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_heading_ends_neither_its_string_nor_its_element() {
        assert_eq!(quoted("p99 (95 %)"), "\"p99 (95 %)\"");
        assert_eq!(quoted("a\"}\\</style>\nb"), "\"a\\22 }\\5c \\3c /style> b\"");
    }
}
