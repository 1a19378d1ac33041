//! Aligned columns for a terminal.

use dedup_records::compare::{Block, Comparison};
use dedup_records::record::Machine;

use super::grid::{Grid, shorten};
use super::look::Look;
use super::matrix::{self, Matrix};
use super::sheet::{Keep, Sheet};
use super::small::Small;
use super::text::{self, Text, Tone, one_line};
use super::{header, notes, predicted, small};

/// What a verdict should have room for, before columns that can be spared make way.
const VERDICT: usize = 24;

/// What a verdict gets where lines may be as long as they like; what is cut stands below.
const LONGEST: usize = 100;

/// And at least: its heading on two lines.
const DOCUMENTED: usize = "documented".len();

pub(super) fn render(comparison: &Comparison, look: Look) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut machine: Option<&Machine> = None;
    let (faulted, ordinary) = small::apart(&comparison.blocks);
    for block in ordinary {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(head(block, look));
        // Said once where it is the same for all that follows.
        if machine.replace(&block.machine) != Some(&block.machine) {
            let about = [vec![header::machine(block)], header::programs(block, comparison)].concat();
            lines.extend(about.iter().flat_map(|line| prose(line, look)));
        }
        lines.extend(header::loops(block).iter().flat_map(|line| prose(line, look)));
        if !small::is_all(block) {
            lines.extend(figures(block, look));
        }
        lines.extend(predicted_lines(block, look));
        lines.extend(small_lines(block, look));
    }
    if !faulted.is_empty() {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let matrices = Matrix::all(&faulted, comparison);
        let drawn: Vec<_> = matrices.iter().map(|matrix| under_faults(matrix, comparison, look)).collect();
        lines.extend(drawn.join(&String::new()));
        lines.extend(faulted.iter().flat_map(|block| small_under_faults(block, look)));
    }
    let doubts = notes::doubts(comparison);
    if !doubts.is_empty() {
        lines.push(String::new());
        lines.extend(doubts.iter().flat_map(|doubt| prose(doubt, look)));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The table of a block, and its notes.
fn figures(block: &Block, look: Look) -> Vec<String> {
    let (grid, left_out) = grid(block, look);
    let mut lines = vec![String::new()];
    lines.extend(grid.render(look));
    let mut notes = notes::notes(block, grid.last_width(look));
    if !left_out.is_empty() {
        let names = left_out.join(", ");
        notes.insert(0, format!("left out for want of room: {names} (--format csv has them)."));
    }
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(notes.iter().flat_map(|note| prose(note, look)));
    }
    lines
}

/// What passes measured that have tables of their own.
fn small_lines(block: &Block, look: Look) -> Vec<String> {
    let (tables, notes) = small::of_block(block);
    let mut lines = drawn(tables, look);
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(notes.iter().flat_map(|note| prose(note, look)));
    }
    lines
}

/// The same of a block that stands in the matrix, with its name.
fn small_under_faults(block: &Block, look: Look) -> Vec<String> {
    let lines = small_lines(block, look);
    if lines.is_empty() {
        return lines;
    }
    [vec![String::new(), strong(&block.stream.scenario, look)], lines].concat()
}

/// Tables one below the other, each with its title.
pub(super) fn drawn(tables: Vec<Small>, look: Look) -> Vec<String> {
    let mut lines = Vec::new();
    for table in tables {
        let mut grid = Grid::new(table.columns.iter().map(|(_, align)| *align).collect());
        grid.line(table.columns.iter().map(|(title, _)| Text::new(title.as_str(), Tone::Strong)).collect());
        grid.rule();
        table.rows.into_iter().for_each(|row| grid.line(row));
        lines.push(String::new());
        lines.extend(prose(&table.title, look));
        lines.extend(grid.render(look));
    }
    lines
}

/// One matrix for all scenarios with faults.
fn under_faults(matrix: &Matrix<'_>, comparison: &Comparison, look: Look) -> Vec<String> {
    let mut lines = vec![Tone::Strong.paint(matrix.title(), look.colour)];
    let mut about: Vec<String> = matrix.blocks().iter().map(|block| header::machine(block)).collect();
    about.dedup();
    about.extend(header::programs(matrix.blocks()[0], comparison));
    about.extend(matrix.legend());
    lines.extend(about.iter().flat_map(|line| prose(line, look)));
    for grid in matrix.grids(look.width.unwrap_or(matrix::WIDTH)) {
        lines.push(String::new());
        lines.extend(grid.render(Look { width: None, ..look }));
    }
    lines.push(String::new());
    lines.extend(matrix.notes().iter().flat_map(|note| prose(note, look)));
    lines
}

fn head(block: &Block, look: Look) -> Vec<String> {
    let name = Tone::Strong.paint(&one_line(&block.stream.scenario), look.colour);
    let mut lines = vec![format!("{name}  {}", header::pings(block))];
    lines.extend(prose(&header::stream(block), look));
    lines
}

/// The table, and the columns that were left out because the terminal is too narrow for them.
fn grid(block: &Block, look: Look) -> (Grid, Vec<&'static str>) {
    let mut sheet = Sheet::of(block);
    if look.width.is_none()
        && let Some(verdicts) = sheet.columns.last_mut()
    {
        verdicts.cells.iter_mut().for_each(|cell| cell.text = shorten(&cell.text, LONGEST));
    }
    let mut left_out = Vec::new();
    let mut grid = layout(&sheet);
    loop {
        let spare = sheet.columns.iter().enumerate().filter_map(|(place, column)| match column.keep {
            Keep::IfRoom(rank) => Some((rank, VERDICT, place)),
            Keep::Last => Some((u8::MAX, DOCUMENTED, place)),
            Keep::Always => None,
        });
        let Some((_, room, spare)) = spare.min() else { break };
        if look.width.is_none_or(|width| grid.width_with(room) <= width) {
            break;
        }
        left_out.push(sheet.columns.remove(spare).title);
        grid = layout(&sheet);
    }
    // No heading is cut: the last one stands on two lines instead.
    if let Some(last) = sheet.columns.last_mut().filter(|last| grid.last_width(look) < last.title.len())
        && let Some((above, below)) = last.title.split_once(' ')
    {
        (last.title, last.unit) = (above, below);
        grid = layout(&sheet);
    }
    (grid, left_out)
}

fn layout(sheet: &Sheet) -> Grid {
    let mut grid = Grid::new(sheet.columns.iter().map(|column| column.align).collect());
    grid.line(sheet.columns.iter().map(|column| Text::new(column.title, Tone::Strong)).collect());
    grid.line(sheet.columns.iter().map(|column| Text::dim(column.unit)).collect());
    grid.rule();
    for line in sheet.lines() {
        grid.line(line);
    }
    grid
}

/// Theory beside observation, where there is something to say.
fn predicted_lines(block: &Block, look: Look) -> Vec<String> {
    let rows = predicted::rows(block);
    if rows.is_empty() {
        return Vec::new();
    }
    let mut grid = Grid::new(predicted::COLUMNS.iter().map(|(_, align)| *align).collect());
    grid.line(predicted::COLUMNS.iter().map(|(title, _)| Text::new(*title, Tone::Strong)).collect());
    grid.rule();
    rows.into_iter().for_each(|row| grid.line(row));
    let mut lines = vec![String::new()];
    lines.extend(prose(predicted::TITLE, look));
    lines.extend(grid.render(look));
    if grid.last_width(look) < grid.last_width(Look::PLAIN) {
        lines.extend(prose("because is cut for want of room (--format markdown has it whole).", look));
    }
    lines
}

/// A heading.
pub(super) fn strong(text: &str, look: Look) -> String {
    Tone::Strong.paint(&one_line(text), look.colour)
}

/// Dim lines that fit the terminal.
pub(super) fn prose(text: &str, look: Look) -> Vec<String> {
    text::prose(text, 2, look).iter().map(|line| Tone::Dim.paint(line, look.colour)).collect()
}
