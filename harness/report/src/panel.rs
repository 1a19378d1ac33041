//! One scenario as a report sees it: the rows of its block, each with the cells that it was made from.

use std::collections::BTreeSet;
use std::time::Duration;

use dedup_records::compare::{Block, Clock, Comparison, Row, Standing};
use dedup_records::record::{
    CellRecord, CellResult, FaultFigures, Machine, Role, Run, Struck, TimeFigures, VerifyFigures,
    WeighFigures,
};
use dedup_records::stats::Spread;
use dedup_records::units::{bytes, duration, short, thousands};

use super::change::{Change, Without};
use super::palette::Palette;
use super::verdict::word;
use super::words::{clip, program};

/// Whether what saw unlike pings or ran on unlike machines may stand in one chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mix {
    /// Each in a chart of its own.
    #[default]
    Apart,
    /// Together, and said so at each chart.
    Together,
}

/// A scenario, its rows and their cells.
#[derive(Clone)]
pub(super) struct Panel<'a> {
    /// The blocks that it shows: one, or those that were asked to be mixed.
    pub(super) blocks: Vec<&'a Block>,
    /// Its rows, in the comparison's order.
    pub(super) rows: Vec<Entry<'a>>,
    /// Its heading.
    pub(super) title: String,
    /// Its name in links and files.
    pub(super) id: String,
    /// Stream, machine, program, seed and date.
    pub(super) source: String,
}

/// A row and its cells.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) row: &'a Row,
    pub(super) cells: Vec<&'a CellRecord>,
    /// Its strategy's index in the palette.
    pub(super) strategy: usize,
    /// What it is called: the strategy, and its run where several are shown.
    pub(super) name: String,
    /// What its stream comes to without the fault, as far as the records can say.
    pub(super) without: Option<Without>,
    /// Whether it was seen to lose pings in any scenario of the report.
    pub(super) loses_somewhere: bool,
}

/// The panels of a comparison; those of one scenario as one where mixing was asked for.
pub(super) fn panels<'a>(
    runs: &'a [Run],
    comparison: &'a Comparison,
    palette: &Palette,
    mix: Mix,
) -> Vec<Panel<'a>> {
    let mut groups: Vec<Vec<&Block>> = Vec::new();
    for block in &comparison.blocks {
        let same = |group: &&mut Vec<&Block>| group[0].stream.scenario == block.stream.scenario;
        match groups.iter_mut().find(same).filter(|_| mix == Mix::Together) {
            Some(group) => group.push(block),
            None => groups.push(vec![block]),
        }
    }
    let alike = |scenario: &str| comparison.blocks.iter().filter(|b| b.stream.scenario == scenario).count();
    let panel = |(index, blocks): (usize, Vec<&'a Block>)| {
        let ambiguous = blocks.len() == 1 && alike(&blocks[0].stream.scenario) > 1;
        Panel {
            rows: entries(&blocks, runs, comparison, palette),
            title: title(&blocks, ambiguous),
            id: format!("p{}", index + 1),
            source: source(&blocks, runs, comparison),
            blocks,
        }
    };
    groups.into_iter().enumerate().map(panel).flat_map(Panel::apart).collect()
}

fn entries<'a>(
    blocks: &[&'a Block],
    runs: &'a [Run],
    comparison: &Comparison,
    palette: &Palette,
) -> Vec<Entry<'a>> {
    let several = blocks.iter().map(|block| block.runs.len()).sum::<usize>() > 1;
    let entry = |block: &Block, row: &'a Row| {
        let run = runs.iter().zip(&comparison.runs).find(|(_, source)| source.label == row.run);
        let cells = run.into_iter().flat_map(|(run, _)| &run.cells);
        let own =
            |cell: &&CellRecord| cell.scenario == block.stream.scenario && cell.strategy == row.strategy;
        Entry {
            row,
            cells: cells.filter(own).collect(),
            without: Without::of(block, row, comparison),
            loses_somewhere: loses_somewhere(comparison, &row.strategy),
            strategy: palette.index(&row.strategy),
            name: if several { format!("{} @{}", row.strategy, row.run) } else { row.strategy.clone() },
        }
    };
    blocks.iter().flat_map(|block| block.rows.iter().map(move |row| entry(block, row))).collect()
}

/// Whether a strategy lost pings in any block, but for those whose id another ping had.
fn loses_somewhere(comparison: &Comparison, strategy: &str) -> bool {
    let rows = comparison.blocks.iter().flat_map(|block| &block.rows).filter(|row| row.strategy == strategy);
    rows.filter_map(|row| row.summary.verify.as_ref()).any(|verify| verify.told_apart_lost_count() > 0)
}

fn title(blocks: &[&Block], ambiguous: bool) -> String {
    let name = clip(&blocks[0].stream.scenario, 80);
    match (blocks.len(), ambiguous) {
        (1, false) => name,
        (1, true) => format!("{name} (run {})", blocks[0].runs.join(", ")),
        (several, _) => format!("{name}, {several} unlike streams or machines mixed"),
    }
}

fn source(blocks: &[&Block], runs: &[Run], comparison: &Comparison) -> String {
    let short = |digest: &str, most: usize| digest.chars().take(most).collect::<String>();
    let of_run = |run: &Run| match &run.sha256 {
        Some(digest) => format!("{}, records sha256 {}", program(&run.run), short(digest, 12)),
        None => program(&run.run),
    };
    let text = |block: &Block| {
        let sources = runs.iter().zip(&comparison.runs);
        let own = sources.filter(|(_, source)| block.runs.contains(&source.label));
        let programs: Vec<String> = own.map(|(run, _)| of_run(run)).collect();
        let digest = short(&block.stream.scenario_digest, 8);
        format!("{}; stream {digest}; {}", machine(&block.machine), programs.join("; "))
    };
    blocks.iter().map(|block| text(block)).collect::<Vec<_>>().join(" | ")
}

/// A machine in one phrase.
pub(super) fn machine(machine: &Machine) -> String {
    let virtualised = if machine.virtualised { ", virtualised" } else { "" };
    let cores = machine.cores_count;
    format!("{}, {cores} cores, {}, {}{virtualised}", machine.cpu, bytes(machine.memory_bytes), machine.os)
}

impl<'a> Panel<'a> {
    /// Under faults, rows whose time was squeezed in a panel of their own: an outage that takes a server real time is many
    /// times as much of their stream.
    fn apart(self) -> Vec<Panel<'a>> {
        let Some(factor) = self.rows.iter().map(|entry| entry.row).find(|row| row.is_squeezed()) else {
            return vec![self];
        };
        if self.faults().is_empty() {
            return vec![self];
        }
        let title = format!("{}, squeezed {} times", self.title, short(factor.time_factor));
        let id = format!("{}-squeezed", self.id);
        let (blocks, source) = (self.blocks.clone(), self.source.clone());
        let (squeezed, rest): (Vec<_>, Vec<_>) =
            self.rows.into_iter().partition(|entry| entry.row.is_squeezed());
        let squeezed = Panel { blocks, rows: squeezed, title, id, source };
        match rest.is_empty() {
            true => vec![squeezed],
            false => vec![Panel { rows: rest, ..self }, squeezed],
        }
    }

    /// Whether its rows' time was squeezed for a server that keeps its own, and things take real time in it.
    pub(super) fn is_squeezed(&self) -> bool {
        !self.faults().is_empty() && self.rows.iter().any(|entry| entry.row.is_squeezed())
    }

    /// Its title without the folder that faults stand in.
    pub(super) fn short_title(&self) -> String {
        self.title.strip_prefix("faults/").unwrap_or(&self.title).to_string()
    }

    /// What was seen in it, as the end of a sentence.
    pub(super) fn within(&self) -> String {
        let word = if self.faults().is_empty() { "on" } else { "under" };
        format!("{word} {}", self.short_title())
    }

    /// Whether a strategy stands in it more than once, each time of another run.
    pub(super) fn has_a_strategy_twice(&self) -> bool {
        let strategies: BTreeSet<usize> = self.rows.iter().map(|entry| entry.strategy).collect();
        strategies.len() < self.rows.len()
    }

    /// The block of the panel; the first where several are mixed.
    pub(super) fn block(&self) -> &'a Block {
        self.blocks[0]
    }

    /// A note where unlike things stand side by side.
    pub(super) fn mixed(&self) -> Option<String> {
        (self.blocks.len() > 1).then(|| {
            "Mixed on request: these rows saw unlike streams or ran on unlike machines, so differences between them \
             need not be the strategies'."
                .to_string()
        })
    }

    /// What the pings are: `600,000 pings, 40,864 duplicates, ...`.
    pub(super) fn pings(&self) -> String {
        let block = self.block();
        let window = block.stream.window_ns.map_or(String::new(), |ns| format!(", window {}", duration(ns)));
        match block.widest_verify() {
            None => format!("{}{window}", word(Standing::Unjudged)),
            Some(verify) => format!(
                "{} pings{}, {} of them duplicates{window}, {}",
                thousands(verify.pings_count),
                crate::pipeline::made(block),
                thousands(verify.duplicate_count),
                dedup_records::units::plural(verify.rounds_count.into(), "round"),
            ),
        }
    }

    /// What its faults strike.
    pub(super) fn struck(&self) -> Vec<Struck> {
        let struck: BTreeSet<Struck> = self.faults().iter().map(FaultFigures::struck).collect();
        struck.into_iter().collect()
    }

    /// The faults of its scenario, as the first verified cell has them.
    pub(super) fn faults(&self) -> &'a [FaultFigures] {
        self.rows
            .iter()
            .flat_map(Entry::verified)
            .map(|figures| figures.faults.as_slice())
            .next()
            .unwrap_or(&[])
    }
}

impl<'a> Entry<'a> {
    /// The rounds of its verify pass.
    pub(super) fn verified(&self) -> impl Iterator<Item = &'a VerifyFigures> + use<'a> {
        let cells = self.cells.clone();
        cells.into_iter().filter_map(|cell| match &cell.result {
            CellResult::Verify(figures) => Some(figures.as_ref()),
            _ => None,
        })
    }

    /// The rounds of its time pass.
    pub(super) fn timed(&self) -> impl Iterator<Item = &'a TimeFigures> + use<'a> {
        let cells = self.cells.clone();
        cells.into_iter().filter_map(|cell| match &cell.result {
            CellResult::Time(figures) => Some(figures.as_ref()),
            _ => None,
        })
    }

    /// The rounds of its weigh pass.
    pub(super) fn weighed(&self) -> impl Iterator<Item = &'a WeighFigures> + use<'a> {
        let cells = self.cells.clone();
        cells.into_iter().filter_map(|cell| match &cell.result {
            CellResult::Weigh(figures) => Some(figures.as_ref()),
            _ => None,
        })
    }

    /// What its fault changed; none where nothing was counted to the end, or the fault never happened.
    pub(super) fn change(&self) -> Option<Change> {
        Change::of(self.row, self.without)
    }

    /// Whether it may be called the best at anything: it did as documented, and was not seen to lose anywhere.
    pub(super) fn may_win(&self) -> bool {
        self.keeps() && !self.loses_somewhere
    }

    /// Whether it is a candidate that kept a promise about some of the duplicates.
    pub(super) fn keeps(&self) -> bool {
        let covers = self
            .row
            .summary
            .verify
            .as_ref()
            .is_some_and(|v| v.duplicate_count == 0 || v.duplicate_in_window_count > 0);
        self.row.role == Role::Candidate && self.row.standing == Standing::Kept && covers
    }

    /// Half of the pings waited at most this long: the median of the rounds and their range.
    pub(super) fn p50(&self) -> Option<Spread> {
        self.row.summary.waiting().map(|(times, _)| times.p50)
    }

    /// The same of 99 % of the pings.
    pub(super) fn p99(&self) -> Option<Spread> {
        self.row.summary.waiting().map(|(times, _)| times.p99)
    }

    /// Whether it holds pings back, so that its waiting is measured on the stream's own clock.
    pub(super) fn holds(&self) -> bool {
        matches!(self.row.summary.waiting(), Some((_, Clock::Virtual)))
    }

    /// The window that it was built with.
    pub(super) fn window_ns(&self) -> Option<u64> {
        u64::try_from(window(self.row)?.as_nanos()).ok().filter(|ns| *ns > 0)
    }
}

/// The window that a row's strategy was built with; none where it has no such setting.
pub(super) fn window(row: &Row) -> Option<Duration> {
    humantime::parse_duration(row.settings.get("window")?).ok()
}
