//! What of a table fits on a slide.

use dedup_records::compare::Standing;
use dedup_records::record::Role;

use crate::model::{Cell, Column, Line, Shade, Table, View};
use crate::verdict::{DOCUMENTED, HARM, documented};
use crate::words::clip;

/// Lines and columns of a table that can be read from the last row of seats.
pub(super) const LINES: usize = 9;
pub(super) const COLUMNS: usize = 7;

/// Lines of text in all, below a title of one line.
const TEXT_LINES: usize = 12;
/// Letters of a line of a title.
pub(super) const TITLE_LETTERS: usize = 58;
/// Letters of a line below a title.
pub(super) const BELOW_LETTERS: usize = 96;
/// Letters of a line of a table, of which its first column and each column of numbers take some.
const ROW_LETTERS: usize = 120;
const NAME_LETTERS: usize = 16;
const NUMBER_LETTERS: usize = 14;

/// The table without what is there to compare with only, which is no subject of a slide.
pub(super) fn without_floor(table: &Table) -> Table {
    let floor = documented(Standing::Unjudged, Role::Floor).words;
    let is_floor = |line: &Line| {
        line.cells
            .iter()
            .zip(&table.columns)
            .any(|(cell, column)| (column.title == DOCUMENTED || column.title == HARM) && cell.text == floor)
    };
    Table { lines: table.lines.iter().filter(|line| !is_floor(line)).cloned().collect(), ..table.clone() }
}

/// Whether a line of a matrix has something that its fault changed.
fn changes(line: &Line) -> bool {
    line.cells.iter().any(|cell| matches!(cell.shade, Shade::Red | Shade::Amber(_)))
}

/// How many of these lines find no room.
fn left_out(table: &Table) -> usize {
    match table.view {
        View::Heat => table.lines.iter().filter(|line| changes(line)).count().saturating_sub(LINES),
        _ => 0,
    }
}

/// What has to be said below a matrix of which this is shown: what was left out, and how its cells are marked.
pub(super) fn unsaid(table: &Table) -> Vec<String> {
    if table.view != View::Heat {
        return Vec::new();
    }
    let mut said = Vec::new();
    let strategies = table.columns.len().saturating_sub(1);
    if strategies >= COLUMNS {
        said.push(format!("{} of {strategies} strategies are shown, the worst first.", COLUMNS - 1));
    }
    match left_out(table) {
        0 => {}
        1 => said.push("1 fault that changed less is in the report.".to_string()),
        some => said.push(format!("{some} faults that changed less are in the report.")),
    }
    let shown = table.lines.iter().filter(|line| changes(line)).take(LINES);
    let cells: Vec<&Cell> = shown.flat_map(|line| line.cells.iter().take(COLUMNS)).collect();
    let mut dashed: Vec<&str> = Vec::new();
    for cell in cells.iter().filter(|cell| cell.shade == Shade::Dashed) {
        let word = if cell.below.is_empty() { &cell.text } else { &cell.below };
        if !dashed.contains(&word.as_str()) {
            dashed.push(word);
        }
    }
    if !dashed.is_empty() {
        said.push(format!("Dashed: {}.", dashed.join(", or ")));
    }
    if cells.iter().any(|cell| cell.shade == Shade::Hatched) {
        said.push("Hatched: cannot happen to it, or was not run.".to_string());
    }
    said
}

/// Of a matrix the lines in which something changed, as many as can be read, and the columns that fit on one slide.
pub(super) fn heat(table: &Table) -> Table {
    if table.view != View::Heat {
        return table.clone();
    }
    let bare = |cell: &Cell| Cell { below: String::new(), ..cell.clone() };
    let line =
        |line: &Line| Line { cells: line.cells.iter().take(COLUMNS).map(bare).collect(), ..line.clone() };
    Table {
        columns: table.columns.iter().take(COLUMNS).cloned().collect(),
        lines: table.lines.iter().filter(|line| changes(line)).take(LINES).map(line).collect(),
        ..table.clone()
    }
}

/// The table in pieces that can be read below `title`: its first column repeated, and not more lines and columns than fit.
pub(super) fn readable(table: &Table, title: &str) -> Vec<Table> {
    let rest: Vec<usize> = (1..table.columns.len()).collect();
    let mut pieces = Vec::new();
    for columns in rest.chunks(COLUMNS - 1) {
        for lines in table.lines.chunks(lines_a_slide(table, columns, title)) {
            let of = |cells: &[Cell]| {
                std::iter::once(0)
                    .chain(columns.iter().copied())
                    .map(|c| shortened(&cells[c]))
                    .collect::<Vec<_>>()
            };
            let titles = std::iter::once(0).chain(columns.iter().copied());
            pieces.push(Table {
                id: table.id.clone(),
                caption: table.caption.clone(),
                view: table.view,
                columns: titles
                    .map(|c| Column { title: clip(&table.columns[c].title, 48), ..table.columns[c].clone() })
                    .collect(),
                lines: lines.iter().map(|line| Line { cells: of(&line.cells), ..line.clone() }).collect(),
            });
        }
    }
    pieces
}

/// How many lines of a table go on each slide: as many as fit, and on all slides about as many.
pub(super) fn lines_a_slide(table: &Table, columns: &[usize], title: &str) -> usize {
    let rows_of = |text: &str, letters: usize| text.chars().count().div_ceil(letters).max(1);
    let (numbers, texts): (Vec<&usize>, Vec<&usize>) =
        columns.iter().partition(|column| table.columns[**column].numeric);
    let taken = NAME_LETTERS + numbers.len() * NUMBER_LETTERS;
    let letters = (ROW_LETTERS.saturating_sub(taken) / texts.len().max(1)).max(12);
    let tallest = texts
        .into_iter()
        .flat_map(|column| {
            table.lines.iter().map(|line| rows_of(&shortened(&line.cells[*column]).text, letters))
        })
        .max()
        .unwrap_or(1);
    let room = TEXT_LINES.saturating_sub(rows_of(title, TITLE_LETTERS));
    // A line of one row of text takes two thirds of one of two.
    let most = if tallest > 1 { room * 3 / (2 * tallest + 1) } else { room };
    let slides = table.lines.len().div_ceil(most.max(1)).max(1);
    table.lines.len().div_ceil(slides).max(1)
}

/// How many lines of `table` fit below a title and a sentence, by the heights of slides.css, in rem: what has words below its
/// words takes as many rows more.
pub(super) fn lines_that_fit(table: &Table, title: &str, below: &str) -> usize {
    const SLIDE: f64 = 45.0 - 2.75 - 3.25 - 1.95 - 1.25;
    const TITLE_ROW: f64 = 2.58;
    const BELOW_ROW: f64 = 1.69;
    // Of two rows.
    const HEADING: f64 = 3.3;
    const LINE: f64 = 0.9 + 1.38;
    const SMALL_ROW: f64 = 1.1;
    /// Letters of words below others that stand in one row, in a column that is as narrow as seven have to be.
    const SMALL_LETTERS: usize = 22;
    let rows = |text: &str, letters: usize| text.chars().count().div_ceil(letters);
    let room = SLIDE
        - HEADING
        - TITLE_ROW * rows(title, TITLE_LETTERS).max(1) as f64
        - BELOW_ROW * rows(below, BELOW_LETTERS) as f64
        - 0.4;
    let height = |line: &Line| {
        let small = line.cells.iter().map(|cell| rows(&cell.below, SMALL_LETTERS)).max().unwrap_or(0);
        LINE + SMALL_ROW * small as f64
    };
    let mut taken = 0.0;
    table
        .lines
        .iter()
        .take_while(|line| {
            taken += height(line);
            taken <= room
        })
        .count()
        .max(1)
}

pub(super) fn shortened(cell: &Cell) -> Cell {
    Cell { text: clip(&cell.text, 60), ..cell.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_matrix_what_finds_no_room_is_counted_and_a_floor_is_no_subject() {
        let mut table = Table::new("m".into(), "m", &[("fault", false), ("lru", true)]).viewed(View::Heat);
        for fault in 0..LINES + 3 {
            let shade = if fault == 0 { Shade::None } else { Shade::Amber(1) };
            table.push(None, vec![Cell::text(fault.to_string()), Cell::text("+40").shaded(shade)]);
        }
        assert_eq!((heat(&table).lines.len(), left_out(&table)), (LINES, 2));
        for column in [DOCUMENTED, HARM] {
            let mut table = Table::new("t".into(), "t", &[("strategy", false), (column, false)]);
            for (name, role) in [("noop", Role::Floor), ("lru", Role::Candidate)] {
                let said = documented(Standing::Unjudged, role).words;
                table.push(None, vec![Cell::text(name), Cell::text(said)]);
            }
            let left: Vec<String> =
                without_floor(&table).lines.iter().map(|line| line.cells[0].text.clone()).collect();
            assert_eq!(left, ["lru"], "{column}");
        }
    }

    #[test]
    fn of_a_matrix_it_is_said_which_strategies_are_shown_and_what_its_marks_mean() {
        let names: Vec<String> = (0..11).map(|column| format!("s{column}")).collect();
        let mut columns = vec![("fault", false)];
        columns.extend(names.iter().map(|name| (name.as_str(), true)));
        let mut table = Table::new("m".into(), "m", &columns).viewed(View::Heat);
        let cell = |column: usize| match column {
            0 => Cell::text("lost 9").shaded(Shade::Red),
            1 => Cell::text("lost 3").with("over capacity: not judged".to_string()).shaded(Shade::Dashed),
            2 => Cell::text("does not apply").shaded(Shade::Hatched),
            _ => Cell::text("·"),
        };
        table.push(None, std::iter::once(Cell::text("crash")).chain((0..11).map(cell)).collect());
        assert_eq!(
            unsaid(&table),
            [
                "6 of 11 strategies are shown, the worst first.",
                "Dashed: over capacity: not judged.",
                "Hatched: cannot happen to it, or was not run."
            ]
        );
        assert!(unsaid(&Table { view: View::Plain, ..table }).is_empty());
    }

    #[test]
    fn lines_with_words_below_their_words_are_fewer_and_so_are_those_below_a_long_title() {
        let lines = |below: &str, title: &str| {
            let mut table = Table::new("t".into(), "t", &[("strategy", false), ("harm", false)]);
            for _ in 0..20 {
                table.push(None, vec![Cell::text("lru"), Cell::text("loses pings").with(below.to_string())]);
            }
            lines_that_fit(&table, title, "Six more strategies are in the report.")
        };
        let (short, long) =
            ("A title of one line", "A title of two lines, which has more than sixty letters in it");
        assert_eq!([lines("", short), lines("", long)], [12, 11]);
        assert_eq!([lines("in every scenario", short), lines("in every scenario", long)], [8, 7]);
        assert_eq!(lines("in 1 of 2 fault scenarios", long), 5);
    }

    #[test]
    fn a_wide_and_long_table_comes_in_pieces_that_lose_nothing() {
        let names: Vec<String> = (0..15).map(|column| format!("c{column}")).collect();
        let columns: Vec<(&str, bool)> = names.iter().map(|name| (name.as_str(), true)).collect();
        let mut table = Table::new("t".into(), "t", &columns);
        for line in 0..20 {
            table.push(None, (0..15).map(|column| Cell::text(format!("{line}/{column}"))).collect());
        }
        let pieces = readable(&table, "A title of one line");
        assert!(pieces.iter().all(|piece| piece.lines.len() < TEXT_LINES && piece.columns.len() <= COLUMNS));
        let cells: std::collections::BTreeSet<String> = pieces
            .iter()
            .flat_map(|piece| &piece.lines)
            .flat_map(|line| &line.cells)
            .map(|cell| cell.text.clone())
            .collect();
        assert_eq!(cells.len(), 300);
    }

    #[test]
    fn lines_that_wrap_are_fewer_on_a_slide_and_about_as_many_on_each() {
        let mut table =
            Table::new("t".into(), "t", &[("strategy", false), ("n", true), ("to operate", false)]);
        for line in 0..10 {
            table.push(
                None,
                vec![Cell::text(line.to_string()), Cell::none(), Cell::text("a b c ".repeat(20))],
            );
        }
        let lines =
            |title: &str| readable(&table, title).iter().map(|piece| piece.lines.len()).collect::<Vec<_>>();
        assert_eq!(lines("short"), [10]);
        table.columns.extend((0..4).map(|n| Column::new(n.to_string(), true)));
        for line in &mut table.lines {
            line.cells.extend((0..4).map(|_| Cell::none()));
        }
        let lines =
            |title: &str| readable(&table, title).iter().map(|piece| piece.lines.len()).collect::<Vec<_>>();
        assert_eq!(lines("short"), [5, 5]);
        assert_eq!(lines(&"long ".repeat(40)), [4, 4, 2]);
    }
}
