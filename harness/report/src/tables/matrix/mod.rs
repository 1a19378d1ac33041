//! Strategies under faults: one line a scenario, one column a strategy, and what was counted where they meet.

mod notes;
mod time;

use dedup_records::compare::{Block, Comparison, Row};
use dedup_records::record::Role;
use dedup_records::units::{short as short_number, signed, thousands};
use unicode_width::UnicodeWidthStr;

use super::grid::{Align, Grid};
use super::text::{Text, Tone};
use crate::change::{self, CHANCE, Change, Known, Without, definition};
use crate::verdict::verdict;
use crate::words::capital;
use notes::notes;
use time::{Time, short};

/// How to read it.
const LEGEND: &str = "missed/lost: copies that were delivered again, and unique pings of which a copy was dropped and \
     none ever delivered, but for those whose id another ping had, out of the whole stream: the harm. Behind it whether that is as documented: each is held to what \
     it promises under faults";

/// And what stands in brackets.
const ADDED: &str = "(+missed/+lost): what the fault added to the same stream without it";

/// And what squeezed time does.
const SQUEEZED: &str = "squeezed: the store keeps its own time, and so many seconds of the stream pass in one of its \
     own; what takes the store real time, such as a failover, takes so many times as much of the stream, so that these \
     counts are not to be compared with those in virtual time";

/// Lines of a table are no longer than this where nobody says how wide they may be.
pub(super) const WIDTH: usize = 120;

/// Between two columns.
const GAP: usize = 2;

/// The matrix.
pub(super) struct Matrix<'a> {
    time: Time,
    blocks: Vec<&'a Block>,
    strategies: Vec<String>,
    lines: Vec<(&'a str, Vec<Cell>)>,
    notes: Vec<String>,
}

/// Where a scenario and a strategy meet.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// What was counted: `12/0`.
    counts: String,
    word: &'static str,
    /// What else has to be said: pings given up, or refused.
    besides: String,
    tone: Option<Tone>,
}

impl<'a> Matrix<'a> {
    /// Of blocks whose scenarios have faults: one in virtual time, and one in squeezed time, as far as there are such.
    pub(super) fn all(blocks: &[&'a Block], comparison: &Comparison) -> Vec<Matrix<'a>> {
        let of = |time: Time| {
            let blocks: Vec<&Block> = blocks.iter().copied().filter(|block| time.has(block)).collect();
            (!blocks.is_empty()).then(|| Matrix::of(time, blocks, comparison))
        };
        [Time::Virtual, Time::Squeezed].into_iter().filter_map(of).collect()
    }

    fn of(time: Time, blocks: Vec<&'a Block>, comparison: &Comparison) -> Matrix<'a> {
        let several = comparison.runs.len() > 1;
        let named = |strategy: &str, run: &str| match several {
            true => format!("{strategy} ({run})"),
            false => strategy.to_string(),
        };
        let mut strategies: Vec<String> = Vec::new();
        let rows = blocks.iter().flat_map(|block| time.rows(block)).map(|row| named(&row.strategy, &row.run));
        let skipped = blocks.iter().flat_map(|block| &block.skipped).map(|s| named(&s.strategy, &s.run));
        for name in rows.chain(skipped) {
            if !strategies.contains(&name) {
                strategies.push(name);
            }
        }
        let line = |block: &&'a Block| {
            let cell = |name: &String| {
                let row = time.rows(block).find(|row| named(&row.strategy, &row.run) == *name);
                row.map_or_else(Cell::missing, Cell::of)
            };
            (short(&block.stream.scenario), strategies.iter().map(cell).collect())
        };
        let lines = blocks.iter().map(line).collect();
        let rows = |block: &&'a Block, name: &str| {
            let own = |row: &&Row| named(&row.strategy, &row.run) == name && row.role == Role::Candidate;
            let row = time.rows(block).find(own)?;
            let change = Change::of(row, Without::of(block, row, comparison))?;
            Some((short(&block.stream.scenario), change))
        };
        let mut known: Vec<Known> = Vec::new();
        let worst = strategies.iter().filter_map(|name| {
            let changes: Vec<(&str, Change)> = blocks.iter().filter_map(|block| rows(block, name)).collect();
            known.extend(changes.iter().map(|(_, change)| change.known));
            let (fault, change) = change::worst(changes.into_iter())?;
            (!change.is_none()).then(|| format!("{name}: {fault}: {}", change.words()))
        });
        let worst: Vec<String> = worst.collect();
        let mut notes = notes(&blocks, time, several);
        if !worst.is_empty() {
            notes.insert(0, format!("{} {}. {}.", definition(known), capital(CHANCE), worst.join("; ")));
        }
        Matrix { time, lines, notes, strategies, blocks }
    }

    /// What stands above it.
    pub(super) fn title(&self) -> &'static str {
        match self.time {
            Time::Virtual => "under faults: missed/lost",
            Time::Squeezed => "under faults, in squeezed time: missed/lost",
        }
    }

    /// How to read it.
    pub(super) fn legend(&self) -> Vec<String> {
        let rows = || self.blocks.iter().flat_map(|block| self.time.rows(block));
        let has_added = rows().any(|row| row.summary.verify.as_ref().is_some_and(|v| v.faultless.is_some()));
        let mut legend = vec![LEGEND.to_string()];
        legend.extend(has_added.then(|| ADDED.to_string()));
        legend.extend((self.time == Time::Squeezed).then(|| SQUEEZED.to_string()));
        legend
    }

    /// The streams that it is of.
    pub(super) fn blocks(&self) -> &[&'a Block] {
        &self.blocks
    }

    /// The columns.
    pub(super) fn strategies(&self) -> &[String] {
        &self.strategies
    }

    /// Each scenario, and its cells.
    pub(super) fn lines(&self) -> impl Iterator<Item = (&'a str, Vec<Text>)> {
        self.lines.iter().map(|(name, cells)| (*name, cells.iter().map(|cell| cell.text(0)).collect()))
    }

    /// What stands below.
    pub(super) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The matrix as aligned columns, in as many pieces as it takes for no line to be longer than `width`.
    pub(super) fn grids(&self, width: usize) -> Vec<Grid> {
        let label = self.lines.iter().map(|(name, _)| name.width()).max().unwrap_or(0);
        let mut grids = Vec::new();
        let mut from = 0;
        while from < self.strategies.len() {
            let (mut to, mut taken) = (from, label);
            while to < self.strategies.len() && (to == from || taken + GAP + self.width(to) <= width) {
                taken += GAP + self.width(to);
                to += 1;
            }
            // One alone that is wider has its words on a line of their own.
            let narrow = taken > width;
            grids.push(self.grid(from..to, narrow));
            from = to;
        }
        grids
    }

    fn grid(&self, columns: std::ops::Range<usize>, narrow: bool) -> Grid {
        let mut grid = Grid::new(vec![Align::Left; columns.len() + 1]);
        let titles = self.strategies[columns.clone()].iter().map(|name| Text::new(name, Tone::Strong));
        grid.line([Text::new("fault", Tone::Strong)].into_iter().chain(titles).collect());
        grid.rule();
        for (name, cells) in &self.lines {
            if narrow {
                let said = columns.clone().flat_map(|column| cells[column].stacked());
                let heads = std::iter::once(*name).chain(std::iter::repeat(""));
                heads.zip(said).for_each(|(head, part)| grid.line(vec![Text::plain(head), part]));
                continue;
            }
            let cells = columns.clone().map(|column| cells[column].text(self.counts_width(column)));
            grid.line([Text::plain(*name)].into_iter().chain(cells).collect());
        }
        grid
    }

    fn counts_width(&self, column: usize) -> usize {
        self.lines.iter().map(|(_, cells)| cells[column].counts.width()).max().unwrap_or(0)
    }

    fn width(&self, column: usize) -> usize {
        let counts = self.counts_width(column);
        let cells = self.lines.iter().map(|(_, cells)| cells[column].text(counts).text.width());
        cells.chain([self.strategies[column].width()]).max().unwrap_or(0)
    }
}

impl Cell {
    /// A strategy that was not run.
    fn missing() -> Cell {
        Cell { counts: "-".into(), tone: Some(Tone::Dim), ..Cell::default() }
    }

    fn of(row: &Row) -> Cell {
        let verdict = verdict(row.standing, row.role);
        let (word, tone) = (verdict.words, verdict.tone.into());
        let Some(verify) = &row.summary.verify else {
            return Cell { word, tone: Some(tone), ..Cell::default() };
        };
        let mut besides = String::new();
        if verify.stalled_count > 0 {
            besides.push_str(&format!(", {} stalled", thousands(verify.stalled_count)));
        }
        if verify.refused_unique_count > 0 {
            besides.push_str(&format!(", {} refused", thousands(verify.refused_unique_count)));
        }
        if row.is_squeezed() {
            besides.push_str(&format!(", squeezed {} times", short_number(row.time_factor)));
        }
        let added = verify.added().map_or(String::new(), |added| {
            format!(" ({}/{})", signed(added.missed_count), signed(added.lost_count))
        });
        let lost = verify.told_apart_lost_count();
        let counts = format!("{}/{}{added}", thousands(verify.missed_count), thousands(lost));
        // Red is lost, whatever is documented.
        let tone = if lost > 0 { Tone::Bad } else { tone };
        Cell { counts, word, besides, tone: Some(tone) }
    }

    /// Its counts, its words and what is besides, one below the other.
    fn stacked(&self) -> Vec<Text> {
        let parts = [self.counts.as_str(), self.word].into_iter().chain(self.besides.split(", "));
        let tone = self.tone.unwrap_or(Tone::Plain);
        parts.filter(|part| !part.is_empty()).map(|part| Text::new(part, tone)).collect()
    }

    /// The cell with its counts moved to the right edge of `counts` columns.
    fn text(&self, counts: usize) -> Text {
        let text = format!("{:>counts$} {}{}", self.counts, self.word, self.besides);
        Text::new(text.trim_end(), self.tone.unwrap_or(Tone::Plain))
    }
}
