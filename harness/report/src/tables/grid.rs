//! Aligned columns of styled text.
//!
//! Own code rather than a table crate: two header lines and styles within cells need widths that leave escape
//! sequences out, and crates that measure them bring a second library for colour, with its own idea of a terminal.

use unicode_width::UnicodeWidthStr;

use super::look::Look;
use super::text::{Text, Tone};

/// To which side of its column a cell leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// To its left.
    Left,
    /// To its right.
    Right,
}

/// Lines of cells that are as wide as the widest of their column.
#[derive(Debug)]
pub(super) struct Grid {
    aligns: Vec<Align>,
    lines: Vec<Line>,
}

#[derive(Debug)]
enum Line {
    Cells(Vec<Text>),
    Rule,
}

/// Between two columns.
const GAP: &str = "  ";

/// What is left of a last column that does not fit.
const NARROWEST: usize = 7;

impl Grid {
    pub(super) fn new(aligns: Vec<Align>) -> Grid {
        Grid { aligns, lines: Vec::new() }
    }

    /// Appends a line; cells that are missing at its end are empty.
    pub(super) fn line(&mut self, cells: Vec<Text>) {
        self.lines.push(Line::Cells(cells));
    }

    /// Appends a line of dashes below every column.
    pub(super) fn rule(&mut self) {
        self.lines.push(Line::Rule);
    }

    /// One string a line, without trailing blanks. A last column that leans left is cut to the look's width.
    pub(super) fn render(&self, look: Look) -> Vec<String> {
        let widths = self.widths(look);
        self.lines.iter().map(|line| self.render_line(line, &widths, look)).collect()
    }

    /// Columns that the last cell of a line gets.
    pub(super) fn last_width(&self, look: Look) -> usize {
        self.widths(look).last().copied().unwrap_or(0)
    }

    /// Columns that lines take if the last column gets no more than `last` of them.
    pub(super) fn width_with(&self, last: usize) -> usize {
        let mut widths = self.widths(Look::PLAIN);
        if let Some(width) = widths.last_mut() {
            *width = (*width).min(last);
        }
        widths.iter().map(|width| width + GAP.len()).sum::<usize>().saturating_sub(GAP.len())
    }

    fn widths(&self, look: Look) -> Vec<usize> {
        let mut widths = vec![0; self.aligns.len()];
        for line in &self.lines {
            let Line::Cells(cells) = line else { continue };
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.text.width());
            }
        }
        if let (Some(limit), Some(Align::Left), Some(last)) =
            (look.width, self.aligns.last(), widths.len().checked_sub(1))
        {
            let before: usize = widths[..last].iter().map(|width| width + GAP.len()).sum();
            widths[last] = widths[last].min(limit.saturating_sub(before).max(NARROWEST));
        }
        widths
    }

    fn render_line(&self, line: &Line, widths: &[usize], look: Look) -> String {
        let cells = match line {
            Line::Rule => {
                let dashes: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
                return Tone::Dim.paint(&dashes.join(GAP), look.colour);
            }
            Line::Cells(cells) => cells,
        };
        let mut out = String::new();
        let mut owed = 0;
        for ((cell, width), align) in cells.iter().zip(widths).zip(&self.aligns) {
            let text = shorten(&cell.text, *width);
            let blank = width - text.width();
            let (before, after) = match align {
                Align::Left => (0, blank),
                Align::Right => (blank, 0),
            };
            // Blanks are owed until something follows, so that no line ends in them.
            if !text.is_empty() {
                out.push_str(&" ".repeat(owed + before));
                out.push_str(&cell.tone.paint(&text, look.colour));
                owed = after + GAP.len();
            } else {
                owed += width + GAP.len();
            }
        }
        out
    }
}

/// `text`, cut to `width` columns with an ellipsis where it is longer.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_string();
    }
    let mut short = String::new();
    for character in text.chars() {
        if short.width() + 2 > width {
            break;
        }
        short.push(character);
    }
    let mut short = short.trim_end_matches([' ', ':']).to_string();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::Colour;

    fn grid() -> Grid {
        let mut grid = Grid::new(vec![Align::Left, Align::Right, Align::Left]);
        grid.line(vec![Text::plain("name"), Text::plain("µs"), Text::plain("verdict")]);
        grid.rule();
        grid.line(vec![Text::plain("a"), Text::plain("1,000"), Text::plain("BROKEN: a rather long story")]);
        grid.line(vec![Text::plain("b"), Text::new("7", Tone::Best), Text::plain("")]);
        grid
    }

    #[test]
    fn columns_align_and_no_line_ends_in_blanks() {
        let expected = [
            "name     µs  verdict",
            "----  -----  ---------------------------",
            "a     1,000  BROKEN: a rather long story",
            "b         7",
        ];
        assert_eq!(grid().render(Look::PLAIN), expected);
    }

    #[test]
    fn the_last_column_is_cut_where_the_terminal_ends() {
        let lines = grid().render(Look { colour: Colour::Off, width: Some(30) });
        assert_eq!(lines[2], "a     1,000  BROKEN: a rather…");
        let narrow = grid().render(Look { colour: Colour::Off, width: Some(3) });
        assert_eq!(narrow[2], "a     1,000  BROKEN…");
    }

    #[test]
    fn colour_changes_no_position() {
        let coloured = grid().render(Look { colour: Colour::On, width: None });
        assert_eq!(coloured[3], "b         \u{1b}[1m\u{1b}[32m7\u{1b}[0m");
    }
}
