//! The columns of a block as text: what the table and the Markdown table have in common.

use dedup_records::compare::{
    Block, Certainty, Change, Clock, Difference, Ratio, Row, Standing, VerifySummary,
};
use dedup_records::metrics::{
    BYTES_PER_ID, DELAYED, LOST, MISSED, MISSED_IN_WINDOW, Metric, PLANNED_BYTES, REFUSED_UNIQUES,
    STABLE_LOST, STABLE_MISSED, THROUGHPUT, UNIQUES, WAITING_P50, WAITING_P99, WAITING_P999, WINDOW_IDS,
};
use dedup_records::record::Role;
use dedup_records::stats::Spread;
use dedup_records::units::{Unit, duration, fixed, percentages, short, thousands};

use super::grid::Align;
use super::text::{Text, Tone};
use super::verdict::with_finding;
use crate::verdict::{DOCUMENTED, HARM, harm_of, word};

/// A block as text.
pub(super) struct Sheet {
    pub(super) columns: Vec<Column>,
}

/// One column: its name, its unit, and a cell and possibly a change for each row of the block.
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) unit: &'static str,
    pub(super) align: Align,
    pub(super) keep: Keep,
    pub(super) cells: Vec<Text>,
    pub(super) changes: Vec<Option<Text>>,
}

/// Whether a column may be left out where there is no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Always,
    /// Those with a lower number go first.
    IfRoom(u8),
    /// Goes last of all, where not even the heading of the last column has room.
    Last,
}

impl Sheet {
    /// The columns that have something to say.
    pub(super) fn of(block: &Block) -> Sheet {
        let rows = &block.rows;
        let columns = [
            Some(names(block)),
            Some(share("missed", &MISSED, rows)),
            window_differs(rows)
                .then(|| Column { keep: Keep::IfRoom(5), ..share("in window", &MISSED_IN_WINDOW, rows) }),
            has_stable(rows).then(|| share("stable", &STABLE_MISSED, rows)),
            Some(share("lost", &LOST, rows)),
            loses_more_in_stable(rows).then(|| share("stable", &STABLE_LOST, rows)),
            rows.iter()
                .any(|row| row.summary.value(&DELAYED).is_some_and(|delayed| delayed > 0.0))
                .then(|| Column { keep: Keep::IfRoom(2), ..share("delayed", &DELAYED, rows) }),
            rows.iter()
                .filter_map(|row| row.summary.verify.as_ref())
                .any(|verify| verify.late_count > 0 && verify.refused_unique_count > 0)
                .then(|| share("refused", &REFUSED_UNIQUES, rows)),
            rows.iter().any(|row| row.summary.time.is_some()).then(|| rates(rows)),
            spreads(rows),
        ];
        let mut columns: Vec<Column> = columns.into_iter().flatten().collect();
        if rows.iter().any(|row| row.summary.waiting().is_some()) {
            columns.extend(times(rows));
        }
        columns.extend(rows.iter().any(|row| row.summary.weigh.is_some()).then(|| memory(rows)));
        columns.extend(planned(rows));
        columns.extend(harms(rows));
        columns.push(verdicts(rows));
        Sheet { columns }
    }

    /// The lines of the body: each row, and below it its change where there is one.
    pub(super) fn lines(&self) -> Vec<Vec<Text>> {
        let rows = self.columns.first().map_or(0, |column| column.cells.len());
        let mut lines = Vec::new();
        for row in 0..rows {
            lines.push(self.columns.iter().map(|column| column.cells[row].clone()).collect());
            if self.columns.iter().any(|column| column.changes[row].is_some()) {
                let change = |column: &Column| column.changes[row].clone().unwrap_or(Text::plain(""));
                lines.push(self.columns.iter().map(change).collect());
            }
        }
        lines
    }
}

/// The name under which a row is shown: with its run's label where several runs have the strategy.
pub(super) fn name(row: &Row, block: &Block) -> String {
    match block.runs.len() {
        0 | 1 => row.strategy.clone(),
        _ => format!("{} @{}", row.strategy, row.run),
    }
}

fn names(block: &Block) -> Column {
    Column {
        title: "strategy",
        unit: "",
        align: Align::Left,
        keep: Keep::Always,
        cells: block.rows.iter().map(|row| Text::plain(name(row, block))).collect(),
        changes: changes(&block.rows, |change| Some(Text::dim(format!("└─ vs {}", change.against)))),
    }
}

fn changes(rows: &[Row], text: impl Fn(&Change) -> Option<Text>) -> Vec<Option<Text>> {
    rows.iter().map(|row| row.change.as_ref().and_then(&text)).collect()
}

fn has_stable(rows: &[Row]) -> bool {
    rows.iter().filter_map(|row| row.summary.verify.as_ref()).any(|verify| verify.stable.is_some())
}

/// Whether the nightly job itself drops pings: those without an id, and those that share one.
fn loses_more_in_stable(rows: &[Row]) -> bool {
    let verified = rows.iter().filter_map(|row| row.summary.verify.as_ref());
    verified
        .filter_map(|verify| Some((verify.lost_count, verify.stable?.lost_count)))
        .any(|(live, stable)| live != stable)
}

/// Whether a promise covers only some of the duplicates, so that what is missed in window is another metric.
pub(super) fn window_differs(rows: &[Row]) -> bool {
    rows.iter().filter_map(|row| row.summary.verify.as_ref()).any(|verify| {
        verify.duplicate_in_window_count > 0 && verify.duplicate_in_window_count != verify.duplicate_count
    })
}

/// A count as a share of what it is one of.
fn share(title: &'static str, metric: &Metric, rows: &[Row]) -> Column {
    let ratio = |row: &Row| {
        let (count, of) = row.summary.counts(metric)?;
        (of > 0).then(|| count as f64 / of as f64)
    };
    let shares: Vec<Option<f64>> = rows.iter().map(ratio).collect();
    let of_uniques = metric.of.is_some_and(|of| *of == UNIQUES);
    Column {
        title,
        unit: if of_uniques { "% uniq" } else { "% dups" },
        align: Align::Right,
        keep: Keep::Always,
        cells: percentages(&shares).into_iter().map(Text::plain).collect(),
        changes: changed(metric, rows),
    }
}

/// How a figure changed in each row.
fn changed(metric: &Metric, rows: &[Row]) -> Vec<Option<Text>> {
    changes(rows, |change| {
        Some(Text::dim(match change.metrics.of(metric)? {
            Difference::Count(difference) => signed(difference),
            Difference::Ratio(ratio) => in_percent(ratio),
        }))
    })
}

/// A difference of counts: `=`, `+12`, `-1,200`.
fn signed(difference: i64) -> String {
    match difference {
        0 => "=".to_string(),
        more if more > 0 => format!("+{}", thousands(more.unsigned_abs())),
        less => format!("-{}", thousands(less.unsigned_abs())),
    }
}

/// A ratio as a change: `~` where the rounds overlap, `?` behind it where there is but one.
fn in_percent(ratio: Ratio) -> String {
    let percent = (ratio.ratio - 1.0) * 100.0;
    let doubt = if ratio.certainty == Certainty::OneRound { "?" } else { "" };
    // What is many times as much, or a small part, is said as a factor: -100.0% could be a tenth of it or nothing.
    match (ratio.certainty, ratio.ratio) {
        (Certainty::Overlap, _) => {}
        (_, factor) if factor >= 2.0 => return format!("×{}{doubt}", short(factor)),
        (_, factor) if factor > 0.0 && factor <= 0.5 => return format!("÷{}{doubt}", short(1.0 / factor)),
        _ => {}
    }
    match (ratio.certainty, percent) {
        (Certainty::Overlap, _) => "~".to_string(),
        (_, 0.0) => "=".to_string(),
        (_, percent) => format!("{}{}%{doubt}", plus(percent), fixed(percent, 1)),
    }
}

fn plus(number: f64) -> &'static str {
    if number > 0.0 { "+" } else { "" }
}

fn rates(rows: &[Row]) -> Column {
    let smallest = rows.iter().filter_map(|row| row.summary.value(&THROUGHPUT)).fold(f64::INFINITY, f64::min);
    let unit = Unit::of_rates(smallest);
    let best = best(rows);
    let cell = |row: &Row| match row.summary.time.as_ref().map(|time| time.throughput_per_s) {
        None => Text::dim("-"),
        Some(rate) if wins(row, best) => Text::new(unit.show(rate.median), Tone::Best),
        Some(rate) => Text::plain(unit.show(rate.median)),
    };
    Column {
        title: "rate",
        unit: unit.name,
        align: Align::Right,
        keep: Keep::Always,
        cells: rows.iter().map(cell).collect(),
        changes: changed(&THROUGHPUT, rows),
    }
}

/// The rows that are the fastest choice: candidates that kept their promise, and none was shown to be faster.
pub(super) fn fastest(rows: &[Row]) -> impl Iterator<Item = &Row> {
    let best = best(rows);
    rows.iter().filter(move |row| wins(row, best))
}

fn wins(row: &Row, best: Option<Spread>) -> bool {
    let meets = |best: Spread| row.summary.time.as_ref().is_some_and(|t| t.throughput_per_s.overlaps(&best));
    may_win(row) && best.is_some_and(meets)
}

/// A candidate that kept its promise, whose promise was about some of the duplicates, and that lost nothing.
fn may_win(row: &Row) -> bool {
    let lost = row.summary.verify.as_ref().map_or(0, VerifySummary::told_apart_lost_count);
    let covers = |verify: &VerifySummary| verify.duplicate_count == 0 || verify.duplicate_in_window_count > 0;
    row.role == Role::Candidate
        && lost == 0
        && row.standing == Standing::Kept
        && row.summary.verify.as_ref().is_none_or(covers)
}

/// The rate of the fastest candidate that kept its promise.
fn best(rows: &[Row]) -> Option<Spread> {
    let rates = rows.iter().filter(|row| may_win(row)).filter_map(|row| row.summary.time.as_ref());
    rates.map(|time| time.throughput_per_s).max_by(|one, other| one.median.total_cmp(&other.median))
}

/// Half the range of the rounds; none where no row has two.
fn spreads(rows: &[Row]) -> Option<Column> {
    let half_range = |row: &Row| {
        let rate = row.summary.time.as_ref()?.throughput_per_s;
        (rate.rounds_count > 1 && rate.median > 0.0).then(|| (rate.max - rate.min) / 2.0 / rate.median)
    };
    let ranges: Vec<Option<f64>> = rows.iter().map(half_range).collect();
    ranges.iter().any(Option::is_some).then(|| Column {
        title: "±",
        unit: "%",
        align: Align::Right,
        keep: Keep::IfRoom(1),
        cells: ranges
            .iter()
            .map(|range| Text::dim(range.map_or("-".to_string(), |range| fixed(range * 100.0, 1))))
            .collect(),
        changes: changes(rows, |_| None),
    })
}

/// Three columns of times, each in its own unit: 27 ms beside 92 ns.
fn times(rows: &[Row]) -> [Column; 3] {
    let column = |title, keep, metric: &Metric| Column {
        title,
        unit: "",
        align: Align::Right,
        keep,
        cells: rows
            .iter()
            .map(|row| match row.summary.spread(metric).zip(row.summary.waiting()) {
                None => Text::dim("-"),
                Some((time, (_, clock))) => {
                    let star = if clock == Clock::Virtual { "*" } else { "" };
                    Text::plain(format!("{}{star}", duration(time.median.round() as u64)))
                }
            })
            .collect(),
        changes: changed(metric, rows),
    };
    [
        column("p50", Keep::IfRoom(4), &WAITING_P50),
        column("p99", Keep::Always, &WAITING_P99),
        column("p99.9", Keep::IfRoom(3), &WAITING_P999),
    ]
}

fn memory(rows: &[Row]) -> Column {
    Column {
        title: "mem",
        unit: "B/id",
        align: Align::Right,
        keep: Keep::Last,
        cells: rows
            .iter()
            .map(|row| {
                let mark = if is_least_size(row) { "+" } else { "" };
                let shown = |bytes| Text::plain(format!("{}{mark}", fixed(bytes, 1)));
                row.summary.value(&BYTES_PER_ID).map_or(Text::dim("-"), shown)
            })
            .collect(),
        changes: changed(&BYTES_PER_ID, rows),
    }
}

/// Whether `mem` is the least size of the strategy, divided by few ids.
pub(super) fn is_least_size(row: &Row) -> bool {
    row.summary.weigh.as_ref().is_some_and(|weigh| weigh.is_least_size)
}

/// What strategies plan for by their settings, an id of the window; none where none says it.
fn planned(rows: &[Row]) -> Option<Column> {
    let an_id = |row: &Row| {
        let (planned, ids) = row.summary.value(&PLANNED_BYTES).zip(row.summary.value(&WINDOW_IDS))?;
        Some(planned / ids.max(1.0))
    };
    rows.iter().any(|row| an_id(row).is_some()).then(|| Column {
        title: "planned",
        unit: "B/id",
        align: Align::Right,
        keep: Keep::IfRoom(1),
        cells: rows
            .iter()
            .map(|row| Text::dim(an_id(row).map_or("-".to_string(), |b| fixed(b, 1))))
            .collect(),
        changes: changes(rows, |_| None),
    })
}

/// What each does to pings; none where nothing was counted.
fn harms(rows: &[Row]) -> Option<Column> {
    let harm = |row: &Row| row.summary.verify.as_ref().map(harm_of);
    rows.iter().any(|row| harm(row).is_some()).then(|| Column {
        title: HARM,
        unit: "",
        align: Align::Left,
        keep: Keep::Always,
        cells: rows
            .iter()
            .map(|row| {
                harm(row).map_or(Text::dim("-"), |harm| {
                    let (words, tone) = harm.short();
                    Text::new(words, tone.into())
                })
            })
            .collect(),
        changes: changes(rows, |_| None),
    })
}

fn verdicts(rows: &[Row]) -> Column {
    let change = |row: &Row| {
        let change = row.change.as_ref()?;
        let mut words = change.caveats.clone();
        if change.was != row.standing {
            words.insert(0, format!("was {}", word(change.was)));
        }
        Some(Text::dim(words.join(", ")))
    };
    Column {
        title: DOCUMENTED,
        unit: "verdict",
        align: Align::Left,
        keep: Keep::Always,
        cells: rows.iter().map(with_finding).collect(),
        changes: rows.iter().map(change).collect(),
    }
}
