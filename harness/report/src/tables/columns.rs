//! A table as a list of its columns, for a terminal and in Markdown.

use super::grid::{Align, Grid};
use super::markdown;
use super::text::{Text, Tone};

/// A column: its title, its unit, its side, its text for a row.
pub(super) type Column<R> = (&'static str, &'static str, Align, fn(&R) -> Text);

/// Titles, units, a rule, and a line for each row.
pub(super) fn grid<R>(columns: &[Column<R>], rows: &[R]) -> Grid {
    let mut grid = Grid::new(columns.iter().map(|(_, _, align, _)| *align).collect());
    grid.line(columns.iter().map(|(title, ..)| Text::new(*title, Tone::Strong)).collect());
    grid.line(columns.iter().map(|(_, unit, ..)| Text::dim(*unit)).collect());
    grid.rule();
    for row in rows {
        grid.line(columns.iter().map(|(.., text)| text(row)).collect());
    }
    grid
}

/// The lines of the same table in Markdown.
pub(super) fn in_markdown<R>(columns: &[Column<R>], rows: &[R]) -> Vec<String> {
    let head = markdown::row(columns.iter().map(|(title, unit, ..)| match *unit {
        "" => title.to_string(),
        unit => format!("{title}, {unit}"),
    }));
    let rule = markdown::row(columns.iter().map(|(_, _, align, _)| markdown::rule(*align)));
    let line = |row| markdown::row(columns.iter().map(|(.., text)| markdown::cell(&text(row))));
    [head, rule].into_iter().chain(rows.iter().map(line)).collect()
}
