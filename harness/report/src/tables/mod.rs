//! One comparison, four formats; and what lists are made of.

mod columns;
mod csv;
mod grid;
mod header;
pub mod impact;
mod impact_of_one;
mod json;
mod list;
mod look;
mod markdown;
mod matrix;
mod notes;
mod predicted;
mod scale;
mod sheet;
mod small;
mod table;
pub mod talk;
mod text;
mod today;
mod verdict;

pub use grid::Align;
pub use list::List;
pub use look::{Colour, Look};
pub use markdown::escape;
pub(crate) use notes::doubts;
pub use text::{Text, Tone, paragraph};

#[cfg(test)]
mod tests;

use std::fmt;

use dedup_records::compare::Comparison;

/// How a comparison is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for a terminal
    #[default]
    Table,
    /// Markdown, to paste into a page
    Markdown,
    /// One line a strategy, every figure in base units
    Csv,
    /// Everything, for programs
    Json,
}

impl Format {
    /// Every format: its name, and what it is for.
    pub const ALL: [(Format, &str, &str); 4] = [
        (Format::Table, "table", "Aligned columns for a terminal"),
        (Format::Markdown, "markdown", "Markdown, to paste into a page"),
        (Format::Csv, "csv", "One line a strategy, every figure in base units"),
        (Format::Json, "json", "Everything, for programs"),
    ];
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, name, _) =
            Format::ALL.into_iter().find(|(format, ..)| format == self).expect("all are listed");
        f.write_str(name)
    }
}

/// The comparison in `format`, ending in a line feed. `look` matters for tables only.
pub fn render(comparison: &Comparison, format: Format, look: Look) -> String {
    match format {
        Format::Table => table::render(comparison, look),
        Format::Markdown => markdown::render(comparison),
        Format::Csv => csv::render(comparison),
        Format::Json => json::render(comparison),
    }
}
