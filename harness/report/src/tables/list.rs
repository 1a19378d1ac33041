//! Lists of things that are explained in a sentence each.

use unicode_width::UnicodeWidthStr;

use super::Look;
use super::grid::{Align, Grid};
use super::text::{Text, wrap};

/// A table whose last column is prose, broken into lines that fit.
#[derive(Debug)]
pub struct List {
    titles: Vec<Text>,
    aligns: Vec<Align>,
    entries: Vec<(Vec<Text>, String)>,
}

impl List {
    /// Lines of prose are at least this long, also where the terminal is narrower.
    const NARROWEST: usize = 30;

    /// And at most this long in all, where it is wider.
    const WIDEST: usize = 110;

    /// Below these titles; the columns before the prose lean to these sides.
    pub fn new(titles: &[&str], aligns: Vec<Align>) -> List {
        List { titles: titles.iter().map(|title| Text::dim(*title)).collect(), aligns, entries: Vec::new() }
    }

    /// Appends a line: the cells before the prose, and the prose.
    pub fn entry(&mut self, cells: Vec<Text>, about: &str) {
        self.entries.push((cells, about.to_string()));
    }

    /// The list, ending in a line feed.
    pub fn render(&self, look: Look) -> String {
        let mut aligns = self.aligns.clone();
        aligns.push(Align::Left);
        let mut grid = Grid::new(aligns);
        grid.line(self.titles.clone());
        let width = self.prose_width(look);
        for (cells, about) in &self.entries {
            let mut lines = wrap(about, width, 0).into_iter().map(Text::plain);
            grid.line(cells.iter().cloned().chain(lines.next()).collect());
            for line in lines {
                let blanks = self.aligns.iter().map(|_| Text::plain(""));
                grid.line(blanks.chain([line]).collect());
            }
        }
        let mut lines = grid.render(Look { width: None, ..look });
        lines.push(String::new());
        lines.join("\n")
    }

    /// What the columns before the prose leave of the line.
    fn prose_width(&self, look: Look) -> usize {
        let widest = |column: usize| {
            let cells = self.entries.iter().map(|(cells, _)| cells[column].text.width());
            cells.chain([self.titles[column].text.width()]).max().unwrap_or(0)
        };
        let before: usize = (0..self.aligns.len()).map(|column| widest(column) + 2).sum();
        look.width.unwrap_or(Self::WIDEST).min(Self::WIDEST).saturating_sub(before).max(Self::NARROWEST)
    }
}
