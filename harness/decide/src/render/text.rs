//! A decision as text of 80 columns.

use std::fmt::Write;

use crate::decision::Decision;
use crate::render::parts::{Body, parts, question};
use crate::render::sentence;
use crate::sensitivity::Change;

const WIDTH: usize = 80;

/// For a terminal; what was put to the test goes below.
pub fn text(decision: &Decision, changes: &[Change]) -> String {
    let mut out = String::new();
    wrapped(&mut out, "", &sentence(decision));
    wrapped(&mut out, "", &question(decision));
    for part in parts(decision, changes) {
        let _ = writeln!(out, "\n{}", part.title);
        match part.body {
            Body::Table(rows, note) => {
                table(&mut out, &rows);
                wrapped(&mut out, "  ", note);
            }
            Body::Strategies(strategies) => {
                strategies.iter().for_each(|(name, said)| wrapped(&mut out, &format!("  {name:<17} "), said));
            }
            Body::Lines(lines) => lines.iter().for_each(|line| wrapped(&mut out, "  ", line)),
            Body::Code(lines) => lines.iter().for_each(|line| {
                let _ = writeln!(out, "  {line}");
            }),
        }
    }
    out
}

fn table(out: &mut String, rows: &[Vec<String>]) {
    let widest = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns = rows.first().map_or(0, Vec::len);
    // Columns stand closer where they would not fit.
    let all: usize = (0..columns).map(widest).sum();
    let gap = if 2 + all + 2 * columns.saturating_sub(1) <= WIDTH { "  " } else { " " };
    for row in rows {
        let mut line = "  ".to_string();
        for (column, cell) in row.iter().enumerate() {
            let width = widest(column);
            let _ = match column {
                0 => write!(line, "{cell:<width$}"),
                _ => write!(line, "{gap}{cell:>width$}"),
            };
        }
        let _ = writeln!(out, "{line}");
    }
}

/// Writes the text after `begins` in lines of 80 columns at most, further ones indented as far.
pub fn wrapped(out: &mut String, begins: &str, text: &str) {
    let indent = begins.chars().count();
    let mut line = begins.to_string();
    for word in text.split_whitespace() {
        let empty = line.trim().is_empty() || line == begins;
        if !empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            let _ = writeln!(out, "{line}");
            line = " ".repeat(indent);
        }
        if !(line.trim().is_empty() || line == begins) {
            line.push(' ');
        }
        line.push_str(word);
    }
    let _ = writeln!(out, "{}", line.trim_end());
}
