//! Lists of what there is: strategies with their settings, scenarios.

use unicode_width::UnicodeWidthStr;

use super::Look;
use super::grid::{Align, Grid};
use super::text::{Text, Tone, wrap};
use crate::units::{fixed, thousands};

/// A strategy in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StrategyRow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
    /// Its settings.
    pub settings: Vec<SettingRow>,
}

/// A setting in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingRow {
    /// Its name.
    pub name: String,
    /// What it means.
    pub about: String,
    /// What it is where it is not given.
    pub default: String,
}

/// A scenario in a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioRow {
    /// Its name.
    pub name: String,
    /// The first sentence of what explains it.
    pub about: String,
    /// Pings; none where that is not known before the stream is made.
    pub pings_count: Option<u64>,
    /// Duplicates among them, in percent.
    pub duplicate_percent: Option<f64>,
}

/// A fault, or whatever else has but a name and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainRow {
    /// Its name.
    pub name: String,
    /// What it is.
    pub about: String,
}

/// Strategies, and below each its settings.
pub fn strategies(rows: &[StrategyRow], look: Look) -> String {
    entries("strategy", rows, look)
}

/// Kinds of faults, and below each its fields.
pub fn faults(rows: &[StrategyRow], look: Look) -> String {
    entries("fault", rows, look)
}

fn entries(title: &str, rows: &[StrategyRow], look: Look) -> String {
    let mut list = List::new(&[title, "default", "what it is"], vec![Align::Left, Align::Left]);
    for row in rows {
        list.entry(vec![Text::new(row.name.clone(), Tone::Strong), Text::plain("")], &row.about);
        for setting in &row.settings {
            let name = Text::plain(format!("  {}", setting.name));
            list.entry(vec![name, Text::dim(setting.default.clone())], &setting.about);
        }
    }
    list.render(look)
}

/// Scenarios.
pub fn scenarios(rows: &[ScenarioRow], look: Look) -> String {
    let titles = ["scenario", "pings", "% dups", "what it shows"];
    let mut list = List::new(&titles, vec![Align::Left, Align::Right, Align::Right]);
    for row in rows {
        let pings = row.pings_count.map_or_else(|| "-".to_string(), thousands);
        let duplicates = row.duplicate_percent.map_or_else(|| "-".to_string(), |percent| fixed(percent, 1));
        let name = Text::new(row.name.clone(), Tone::Strong);
        list.entry(vec![name, Text::plain(pings), Text::plain(duplicates)], &row.about);
    }
    list.render(look)
}

/// Names and what they are.
pub fn plain(title: &str, rows: &[PlainRow], look: Look) -> String {
    let mut list = List::new(&[title, "what it is"], vec![Align::Left]);
    for row in rows {
        list.entry(vec![Text::new(row.name.clone(), Tone::Strong)], &row.about);
    }
    list.render(look)
}

/// A grid whose last column is prose, broken into lines that fit.
struct List {
    titles: Vec<Text>,
    aligns: Vec<Align>,
    entries: Vec<(Vec<Text>, String)>,
}

impl List {
    /// Lines of prose are at least this long, also where the terminal is narrower.
    const NARROWEST: usize = 30;

    /// And at most this long in all, where it is wider.
    const WIDEST: usize = 110;

    fn new(titles: &[&str], aligns: Vec<Align>) -> List {
        List { titles: titles.iter().map(|title| Text::dim(*title)).collect(), aligns, entries: Vec::new() }
    }

    fn entry(&mut self, cells: Vec<Text>, about: &str) {
        self.entries.push((cells, about.to_string()));
    }

    fn render(&self, look: Look) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::Colour;

    #[test]
    fn settings_stand_below_their_strategy_and_prose_stays_in_its_column() {
        let rows = [
            StrategyRow { name: "noop".into(), about: "lets every ping through".into(), settings: vec![] },
            StrategyRow {
                name: "exact".into(),
                about: "every id of the window in a hash table; unbounded in memory".into(),
                settings: vec![SettingRow {
                    name: "window".into(),
                    about: "how long an id is remembered after the copy that was let through".into(),
                    default: "the scenario's window".into(),
                }],
            },
        ];
        insta::assert_snapshot!(strategies(&rows, Look { colour: Colour::Off, width: Some(76) }));
    }

    #[test]
    fn pings_of_scenarios_align_to_the_right() {
        let rows = [
            ScenarioRow {
                name: "quick".into(),
                about: "What the bare command runs.".into(),
                pings_count: Some(500_000),
                duplicate_percent: Some(8.26),
            },
            ScenarioRow {
                name: "unique-only".into(),
                about: "No duplicate at all.".into(),
                pings_count: Some(10_000_000),
                duplicate_percent: Some(0.0),
            },
            ScenarioRow {
                name: "daily".into(),
                about: "A day.".into(),
                pings_count: None,
                duplicate_percent: None,
            },
        ];
        insta::assert_snapshot!(scenarios(&rows, Look::PLAIN));
    }
}
