//! The numbers that people read, and how wrong they are: strategies down, numbers across, live and stable.

use dedup_impact::{Day, Error, Number, Series, percent};
use dedup_records::compare::{Block, Comparison, ImpactSummary, Row};
use dedup_records::record::{FaultFigures, Tables};
use dedup_records::units::{fixed, plural, thousands};

use super::grid::Align;
use super::look::Look;
use super::sheet::name;
use super::small::Small;
use super::text::{Text, Tone};
use super::{impact_of_one, markdown, table};

/// A number that stands in tables of all strategies.
pub(crate) struct Shown {
    pub(crate) number: Number,
    /// What it is called where there is little room.
    pub(crate) short: &'static str,
    /// And where there is more.
    pub(crate) long: &'static str,
}

/// Those for which an error is not that of another.
pub(crate) const ACROSS: [Shown; 6] = [
    Shown { number: Number::Pings, short: "pings", long: "pings" },
    Shown { number: Number::CrashRate, short: "crash rate", long: "crash rate" },
    Shown { number: Number::Dau, short: "daily", long: "daily users" },
    Shown { number: Number::Mau, short: "monthly", long: "monthly users" },
    Shown { number: Number::NewProfiles, short: "new", long: "new profiles" },
    Shown { number: Number::Retention(1), short: "retention", long: "retention, week 1" },
];

/// A table for the live tables, and one for the stable ones.
pub(super) fn tables(block: &Block) -> Vec<Small> {
    let rows: Vec<(&Row, &ImpactSummary)> =
        block.rows.iter().filter_map(|row| Some((row, row.summary.impact.as_deref()?))).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let figures = || rows.iter().map(|(_, figures)| *figures);
    let titled = [
        (Tables::Live, "error of the numbers that people read, until the nightly job has run (live tables)"),
        (Tables::Stable, "the same after it (stable tables)"),
    ];
    let table = |(tables, title): (Tables, &str)| {
        let mut columns = vec![("strategy".to_string(), Align::Left)];
        columns.extend(ACROSS.iter().map(|shown| (shown.short.to_string(), Align::Right)));
        let mut rows: Vec<Vec<Text>> =
            rows.iter().map(|(row, of)| across(name(row, block), of, tables)).collect();
        let ranges: Vec<Option<f64>> = figures().map(|of| half_range(of, tables)).collect();
        if ranges.iter().any(Option::is_some) {
            columns.insert(2, ("±".to_string(), Align::Right));
            let cells = ranges.into_iter().map(|range| range.map_or("-".to_string(), percent));
            rows.iter_mut().zip(cells).for_each(|(row, cell)| row.insert(2, Text::dim(cell)));
        }
        Small { title: title.to_string(), columns, rows }
    };
    titled.into_iter().map(table).collect()
}

/// A strategy's errors over all days.
fn across(name: String, figures: &ImpactSummary, tables: Tables) -> Vec<Text> {
    let cells = ACROSS.iter().map(|shown| error_cell(figures.whole(shown.number, tables).as_ref()));
    std::iter::once(Text::plain(name)).chain(cells).collect()
}

/// Half the range of what rounds have of pings, as a share of what they should be; none where there is one round.
fn half_range(figures: &ImpactSummary, tables: Tables) -> Option<f64> {
    figures.spread(Number::Pings, tables).map(|spread| (spread.max - spread.min) / 2.0)
}

/// Each strategy in a sentence.
pub(super) fn notes(block: &Block) -> Vec<String> {
    let figures = || block.rows.iter().filter_map(|row| Some((row, row.summary.impact.as_deref()?)));
    let rounds = figures().map(|(_, figures)| figures.rounds_count()).max().filter(|rounds| *rounds > 1);
    let spread = rounds.map(|rounds| {
        format!("errors = {rounds} rounds added up, ± half the range of their pings; `impact` has that of every number.")
    });
    let sentence = |(row, figures): (&Row, &ImpactSummary)| {
        let went_wrong = sentences_of_faults(figures);
        format!("{}: {}.{went_wrong}", name(row, block), figures.sentence())
    };
    figures().map(sentence).chain(spread).collect()
}

/// Every strategy of a comparison by itself, for a terminal; empty where nothing of this was measured.
pub fn render(comparison: &Comparison, look: Look) -> String {
    let of = |block: &Block, row: &Row, figures: &ImpactSummary| {
        let mut lines = vec![table::strong(&heading(block, row), look)];
        lines.extend(table::prose(&about(figures), look));
        lines.extend(table::drawn(impact_of_one::tables(figures), look));
        lines.join("\n") + "\n"
    };
    of_each(comparison, of).join("\n")
}

/// The same as Markdown.
pub fn render_markdown(comparison: &Comparison) -> String {
    let of = |block: &Block, row: &Row, figures: &ImpactSummary| {
        let head = format!(
            "### {}\n\n{}\n",
            markdown::escape(&heading(block, row)),
            markdown::escape(&about(figures))
        );
        let tables = impact_of_one::tables(figures).into_iter().flat_map(markdown::drawn);
        std::iter::once(head).chain(tables).collect::<Vec<_>>().join("\n")
    };
    of_each(comparison, of).join("\n")
}

fn of_each<T>(comparison: &Comparison, of: impl Fn(&Block, &Row, &ImpactSummary) -> T) -> Vec<T> {
    let rows = comparison.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)));
    rows.filter_map(|(block, row)| Some(of(block, row, row.summary.impact.as_deref()?))).collect()
}

fn heading(block: &Block, row: &Row) -> String {
    format!("{}  {}", block.stream.scenario, name(row, block))
}

/// The answer, and what it was got from.
fn about(figures: &ImpactSummary) -> String {
    let outside = match figures.live.outside_count {
        0 => String::new(),
        rows => format!(" {} rows of later days are not counted.", thousands(rows)),
    };
    let rounds = match figures.rounds_count() {
        0 | 1 => String::new(),
        rounds => format!(", in {rounds} rounds that are added up"),
    };
    let went_wrong = sentences_of_faults(figures);
    format!(
        "It {}. {} unique pings of {} from {} on{rounds}; nightly job: {}.{outside}{went_wrong}",
        figures.sentence(),
        thousands(figures.unique_count),
        plural(figures.days_count.into(), "day"),
        figures.first_day,
        figures.job,
    )
}

/// Nanoseconds of a day.
const NS_A_DAY: u64 = 86_400_000_000_000;

/// The days, from 0, on which a fault begins and ends.
pub(crate) fn days_of(fault: &FaultFigures) -> [u32; 2] {
    [fault.at_ns, fault.at_ns.saturating_add(fault.for_ns)].map(|at_ns| (at_ns / NS_A_DAY) as u32)
}

/// What went wrong on purpose, in sentences that follow others.
fn sentences_of_faults(figures: &ImpactSummary) -> String {
    went_wrong(figures).iter().map(|fault| format!(" {fault}.")).collect()
}

/// What went wrong on purpose, and on which days.
pub(crate) fn went_wrong(figures: &ImpactSummary) -> Vec<String> {
    let Ok(first) = figures.first_day.parse::<Day>() else { return Vec::new() };
    let said = |(fault, seen_in): (&FaultFigures, usize)| {
        let days = match days_of(fault).map(|day| first.plus(day)) {
            [from, to] if from == to => format!("on {from}"),
            [from, to] => format!("from {from} to {to}"),
        };
        let observed = &fault.observed;
        let seen = match (seen_in, figures.rounds_count()) {
            (0, _) => "was not seen to happen, so that these numbers do not show it".to_string(),
            (1, 1) => observed.clone(),
            (all, rounds) if all == rounds => format!("{observed} in the first of {rounds} rounds"),
            (some, rounds) => {
                format!("{observed} in one round; in {} of {rounds} it was not seen to happen", rounds - some)
            }
        };
        format!("Fault {days}: {}: {seen}", fault.kind)
    };
    figures.faults_seen().into_iter().map(said).collect()
}

/// Its relative error over all days; by how much it is off where it should be nothing, of which nothing is a share.
pub(super) fn error_cell(series: Option<&Series>) -> Text {
    let whole = series.and_then(Series::whole);
    match whole.map(|whole| (whole.error(), whole.absolute(), whole.truth.of)) {
        Some((Some(error), ..)) => relative(&error),
        Some((None, Some(more), None)) if more > 0.0 => Text::plain(format!("+{}", thousands(more as u64))),
        Some((None, Some(more), Some(_))) if more > 0.0 => Text::plain(format!("+{}", fixed(more, 4))),
        _ => Text::new("-", Tone::Dim),
    }
}

pub(super) fn relative(error: &Error) -> Text {
    let tone = if error.relative == 0.0 { Tone::Dim } else { Tone::Plain };
    Text::new(signed(error.relative), tone)
}

/// `+1.1 %`, two digits that count.
pub fn signed(share: f64) -> String {
    match share {
        0.0 => "0 %".to_string(),
        more if more > 0.0 => format!("+{}", percent(more)),
        less => format!("-{}", percent(less)),
    }
}

/// `-0.1 to +0.2 %`.
pub fn interval(error: &Error) -> String {
    from_to(error.interval[0], error.interval[1])
}

/// The same of any two shares.
pub(crate) fn from_to(low: f64, high: f64) -> String {
    let [low, high] = [low, high].map(signed);
    match low.strip_suffix(" %") {
        Some(low) => format!("{low} to {high}"),
        None => format!("{low} to {high}"),
    }
}
