//! Lists of things that are explained in a sentence each.

use unicode_width::UnicodeWidthStr;

use super::Look;
use super::grid::{Align, Grid};
use super::text::{Text, paragraph, wrap};

/// Before prose that stands under what it is about.
const BELOW: &str = "      ";

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
        match look.width.is_some_and(|width| width < self.before() + Self::NARROWEST) {
            false => self.beside(look),
            // What a line holds is too little for both.
            true => self.below(look),
        }
    }

    /// Prose in a column of its own.
    fn beside(&self, look: Look) -> String {
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

    /// Prose in lines of its own, under what it is about.
    fn below(&self, look: Look) -> String {
        let mut grid = Grid::new(self.aligns.clone());
        grid.line(self.titles[..self.aligns.len()].to_vec());
        self.entries.iter().for_each(|(cells, _)| grid.line(cells.clone()));
        let cells = grid.render(Look { width: None, ..look });
        let abouts = self.entries.iter().map(|(_, about)| paragraph(BELOW, about, look));
        let abouts = std::iter::once(String::new()).chain(abouts);
        cells.into_iter().zip(abouts).map(|(cells, about)| format!("{cells}\n{about}")).collect()
    }

    /// What the columns before the prose leave of the line.
    fn prose_width(&self, look: Look) -> usize {
        let width = look.width.unwrap_or(Self::WIDEST).min(Self::WIDEST);
        width.saturating_sub(self.before()).max(Self::NARROWEST)
    }

    /// How wide the columns before the prose are.
    fn before(&self) -> usize {
        let widest = |column: usize| {
            let cells = self.entries.iter().map(|(cells, _)| cells[column].text.width());
            cells.chain([self.titles[column].text.width()]).max().unwrap_or(0)
        };
        (0..self.aligns.len()).map(|column| widest(column) + 2).sum()
    }
}
