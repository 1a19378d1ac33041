//! Markdown: what the table shows, with the units in the header.

use dedup_records::compare::{Block, Comparison};

use super::grid::Align;
use super::matrix::Matrix;
use super::sheet::{Column, Sheet};
use super::small::Small;
use super::text::{Text, Tone, one_line};
use super::{header, notes, predicted, small};

pub(super) fn render(comparison: &Comparison) -> String {
    let (faulted, ordinary) = small::apart(&comparison.blocks);
    let mut blocks: Vec<String> = ordinary.iter().map(|block| section(block, comparison)).collect();
    if !faulted.is_empty() {
        let matrices = Matrix::all(&faulted, comparison);
        blocks.extend(matrices.iter().map(|matrix| under_faults(matrix, comparison)));
        blocks.extend(faulted.iter().filter_map(|block| small_under_faults(block)));
    }
    let doubts = notes::doubts(comparison);
    if !doubts.is_empty() {
        blocks.push(doubts.iter().map(|doubt| format!("- {}\n", escape(doubt))).collect());
    }
    blocks.join("\n")
}

/// One matrix for all scenarios with faults.
fn under_faults(matrix: &Matrix<'_>, comparison: &Comparison) -> String {
    let mut lines = vec![format!("### {}", matrix.title()), String::new()];
    let mut about: Vec<String> = matrix.blocks().iter().map(|block| header::machine(block)).collect();
    about.dedup();
    about.extend(header::programs(matrix.blocks()[0], comparison));
    about.extend(matrix.legend());
    lines.push(about.iter().map(|line| escape(line)).collect::<Vec<_>>().join("  \n"));
    lines.push(String::new());
    let titles = matrix.strategies().iter().map(|name| escape(name));
    lines.push(row(std::iter::once("fault".to_string()).chain(titles)));
    lines.push(row((0..=matrix.strategies().len()).map(|_| "---".to_string())));
    for (name, cells) in matrix.lines() {
        lines.push(row(std::iter::once(escape(name)).chain(cells.iter().map(cell))));
    }
    lines.push(String::new());
    lines.extend(matrix.notes().iter().map(|note| format!("- {}", escape(note))));
    lines.push(String::new());
    lines.join("\n")
}

/// What passes measured besides on a stream that stands in the matrix; none where that is nothing.
fn small_under_faults(block: &Block) -> Option<String> {
    let lines = small_lines(block);
    (!lines.is_empty()).then(|| format!("### {}\n\n{}", escape(&block.stream.scenario), lines.join("\n")))
}

fn section(block: &Block, comparison: &Comparison) -> String {
    let mut about = vec![header::pings(block), header::stream(block), header::machine(block)];
    about.extend(header::programs(block, comparison));
    about.extend(header::loops(block));
    let mut lines = vec![format!("### {}", escape(&block.stream.scenario)), String::new()];
    lines.push(about.iter().map(|line| escape(line)).collect::<Vec<_>>().join("  \n"));
    lines.push(String::new());
    if !small::is_all(block) {
        lines.extend(figures(block));
    }
    lines.extend(predicted_lines(block));
    lines.extend(small_lines(block));
    lines.join("\n")
}

/// The table of a block, and its notes.
fn figures(block: &Block) -> Vec<String> {
    let sheet = Sheet::of(block);
    let mut lines = vec![row(sheet.columns.iter().map(title))];
    lines.push(row(sheet.columns.iter().map(|column| rule(column.align))));
    lines.extend(sheet.lines().iter().map(|cells| row(cells.iter().map(cell))));
    lines.push(String::new());
    lines.extend(notes::notes(block, usize::MAX).iter().map(|note| format!("- {}", escape(note))));
    lines.push(String::new());
    lines
}

/// What passes measured that have tables of their own.
fn small_lines(block: &Block) -> Vec<String> {
    let (tables, notes) = small::of_block(block);
    let mut lines: Vec<String> = tables.into_iter().flat_map(drawn).collect();
    lines.extend(notes.iter().map(|note| format!("- {}", escape(note))));
    lines.extend((!notes.is_empty()).then(String::new));
    lines
}

/// A table with its title, and a blank line below it.
pub(super) fn drawn(table: Small) -> Vec<String> {
    let mut lines = vec![escape(&table.title), String::new()];
    lines.push(row(table.columns.iter().map(|(title, _)| escape(title))));
    lines.push(row(table.columns.iter().map(|(_, align)| rule(*align))));
    lines.extend(table.rows.iter().map(|cells| row(cells.iter().map(cell))));
    lines.push(String::new());
    lines
}

/// Theory beside observation, where there is something to say.
fn predicted_lines(block: &Block) -> Vec<String> {
    let rows = predicted::rows(block);
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![escape(predicted::TITLE), String::new()];
    lines.push(row(predicted::COLUMNS.iter().map(|(title, _)| title.to_string())));
    lines.push(row(predicted::COLUMNS.iter().map(|(_, align)| rule(*align))));
    lines.extend(rows.iter().map(|cells| row(cells.iter().map(cell))));
    lines.push(String::new());
    lines
}

pub(super) fn rule(align: Align) -> String {
    match align {
        Align::Left => "---".to_string(),
        Align::Right => "---:".to_string(),
    }
}

pub(super) fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("| {} |", cells.join(" | "))
}

fn title(column: &Column) -> String {
    match column.unit {
        "" => column.title.to_string(),
        unit => format!("{}, {unit}", column.title),
    }
}

pub(super) fn cell(text: &Text) -> String {
    let escaped = escape(&text.text);
    match text.tone {
        Tone::Best | Tone::Bad | Tone::Strong => format!("**{escaped}**"),
        Tone::Plain | Tone::Dim => escaped,
    }
}

/// Keeps characters from being read as markup.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in one_line(text).chars() {
        if matches!(character, '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '~') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
