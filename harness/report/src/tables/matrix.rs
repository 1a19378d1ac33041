//! Strategies under faults: one line a scenario, one column a strategy, and what was counted where they meet.

use std::collections::BTreeMap;

use dedup_records::compare::{Block, Comparison, Row};
use dedup_records::units::{duration, thousands};
use unicode_width::UnicodeWidthStr;

use super::grid::{Align, Grid};
use super::text::{Text, Tone};
use crate::verdict::verdict;

/// What stands above the matrix.
pub(super) const TITLE: &str = "under faults: missed/lost";

/// How to read it.
pub(super) const LEGEND: &str = "missed/lost: copies that were delivered again, and unique pings of which a copy was \
     dropped and none ever delivered, out of the whole stream; each is held to what it promises under faults";

/// Lines of a table are no longer than this where nobody says how wide they may be.
pub(super) const WIDTH: usize = 120;

/// Between two columns.
const GAP: usize = 2;

/// The matrix.
pub(super) struct Matrix<'a> {
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
    /// Of blocks whose scenarios have faults.
    pub(super) fn of(blocks: &[&'a Block], comparison: &Comparison) -> Matrix<'a> {
        let several = comparison.runs.len() > 1;
        let named = |strategy: &str, run: &str| match several {
            true => format!("{strategy} ({run})"),
            false => strategy.to_string(),
        };
        let mut strategies: Vec<String> = Vec::new();
        let rows = blocks.iter().flat_map(|block| &block.rows).map(|row| named(&row.strategy, &row.run));
        let skipped = blocks.iter().flat_map(|block| &block.skipped).map(|s| named(&s.strategy, &s.run));
        for name in rows.chain(skipped) {
            if !strategies.contains(&name) {
                strategies.push(name);
            }
        }
        let line = |block: &&'a Block| {
            let cell = |name: &String| {
                let row = block.rows.iter().find(|row| named(&row.strategy, &row.run) == *name);
                row.map_or_else(Cell::missing, Cell::of)
            };
            (short(&block.stream.scenario), strategies.iter().map(cell).collect())
        };
        Matrix { lines: blocks.iter().map(line).collect(), notes: notes(blocks, several), strategies }
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
            grids.push(self.grid(from..to));
            from = to;
        }
        grids
    }

    fn grid(&self, columns: std::ops::Range<usize>) -> Grid {
        let mut grid = Grid::new(vec![Align::Left; columns.len() + 1]);
        let titles = self.strategies[columns.clone()].iter().map(|name| Text::new(name, Tone::Strong));
        grid.line([Text::new("fault", Tone::Strong)].into_iter().chain(titles).collect());
        grid.rule();
        for (name, cells) in &self.lines {
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
        let counts = format!("{}/{}", thousands(verify.missed_count), thousands(verify.lost_count));
        Cell { counts, word, besides, tone: Some(tone) }
    }

    /// The cell with its counts moved to the right edge of `counts` columns.
    fn text(&self, counts: usize) -> Text {
        let text = format!("{:>counts$} {}{}", self.counts, self.word, self.besides);
        Text::new(text.trim_end(), self.tone.unwrap_or(Tone::Plain))
    }
}

/// The name without the folder that all of them share.
fn short(scenario: &str) -> &str {
    scenario.strip_prefix("faults/").unwrap_or(scenario)
}

fn notes(blocks: &[&Block], several: bool) -> Vec<String> {
    let mut notes = Vec::new();
    for block in blocks {
        let scenario = short(&block.stream.scenario);
        for row in &block.rows {
            let run = if several { format!(" ({})", row.run) } else { String::new() };
            let findings: Vec<&str> = row.findings.iter().map(|finding| finding.text.as_str()).collect();
            if !findings.is_empty() {
                notes.push(format!("{scenario}, {}{run}: {}.", row.strategy, findings.join("; ")));
            }
        }
        notes.extend(happened(block).map(|what| format!("{scenario}: {what}.")));
    }
    notes.extend(stable(blocks));
    notes.extend(left_out(blocks));
    notes
}

/// What the nightly job makes of the cells that have one: the same counts in the stable tables.
fn stable(blocks: &[&Block]) -> Option<String> {
    let mut repaired = 0;
    let mut others = Vec::new();
    for (block, row) in blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row))) {
        let Some(verify) = &row.summary.verify else { continue };
        let Some(stable) = verify.stable else { continue };
        if stable.missed_count == 0 && stable.lost_count == verify.lost_count {
            repaired += 1;
        } else {
            let counts = format!("{}/{}", thousands(stable.missed_count), thousands(stable.lost_count));
            others.push(format!("{}, {}: {counts}", short(&block.stream.scenario), row.strategy));
        }
    }
    let all = repaired + others.len();
    if all == 0 {
        return None;
    }
    let cells = if repaired == all { "every cell".to_string() } else { format!("{repaired} of {all} cells") };
    let others = if others.is_empty() { String::new() } else { format!("; {}", others.join("; ")) };
    Some(format!(
        "in the stable tables, behind the nightly job: 0 missed, and lost what is lost above, in {cells}{others}."
    ))
}

/// What was seen of the faults, by the row that saw most of them: `worker-crash after 12 min: 20 of 20 workers died`.
fn happened(block: &Block) -> Option<String> {
    let verifies =
        block.rows.iter().filter_map(|row| row.summary.verify.as_ref().map(|verify| (row, verify)));
    let fired =
        |faults: &[dedup_records::record::FaultFigures]| faults.iter().map(|f| f.fired_count).sum::<u64>();
    let (row, verify) = verifies.max_by_key(|(_, verify)| fired(&verify.faults))?;
    let seen = verify.faults.iter().filter(|fault| fault.fired_count > 0);
    let seen: Vec<String> = seen
        .map(|fault| format!("{} after {}: {}", fault.kind, duration(fault.at_ns), fault.observed))
        .collect();
    (!seen.is_empty()).then(|| format!("{} (seen with {})", seen.join("; "), row.strategy))
}

/// What the dashes mean.
fn left_out(blocks: &[&Block]) -> Vec<String> {
    let mut reasons: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for skipped in blocks.iter().flat_map(|block| &block.skipped) {
        let strategies = reasons.entry(format!("{} ({})", skipped.reason, skipped.remedy)).or_default();
        if !strategies.contains(&skipped.strategy.as_str()) {
            strategies.push(&skipped.strategy);
        }
    }
    reasons.iter().map(|(reason, names)| format!("a dash at {}: {reason}.", names.join(", "))).collect()
}
