//! The numbers that people read, and how wrong they are: strategies down, numbers across, live and stable.

use dedup_impact::{Error, Number, Series, percent};
use dedup_records::compare::{Block, Comparison, Row};
use dedup_records::record::{ImpactFigures, Tables};
use dedup_records::units::thousands;

use super::grid::Align;
use super::look::Look;
use super::sheet::name;
use super::small::Small;
use super::text::{Text, Tone};
use super::{impact_of_one, markdown, table};

/// The numbers that stand in the table of all strategies: those for which an error is not that of another.
const ACROSS: [(Number, &str); 6] = [
    (Number::Pings, "pings"),
    (Number::CrashRate, "crash rate"),
    (Number::Dau, "daily"),
    (Number::Mau, "monthly"),
    (Number::NewProfiles, "new"),
    (Number::Retention(1), "retention"),
];

/// A table for the live tables, and one for the stable ones.
pub(super) fn tables(block: &Block) -> Vec<Small> {
    let rows: Vec<(&Row, &ImpactFigures)> =
        block.rows.iter().filter_map(|row| Some((row, row.summary.impact.as_deref()?))).collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let titled = [
        (Tables::Live, "error of the numbers that people read, until the nightly job has run (live tables)"),
        (Tables::Stable, "the same after it (stable tables)"),
    ];
    let table = |(tables, title): (Tables, &str)| {
        let across = ACROSS.iter().map(|(_, title)| (title.to_string(), Align::Right));
        let rows = rows.iter().map(|(row, figures)| {
            let cells = ACROSS.iter().map(|(number, _)| error_cell(figures.whole(*number, tables).as_ref()));
            std::iter::once(Text::plain(name(row, block))).chain(cells).collect()
        });
        Small {
            title: title.to_string(),
            columns: std::iter::once(("strategy".to_string(), Align::Left)).chain(across).collect(),
            rows: rows.collect(),
        }
    };
    titled.into_iter().map(table).collect()
}

/// Each strategy in a sentence.
pub(super) fn notes(block: &Block) -> Vec<String> {
    let figures = block.rows.iter().filter_map(|row| Some((row, row.summary.impact.as_deref()?)));
    figures.map(|(row, figures)| format!("{}: {}.", name(row, block), figures.sentence())).collect()
}

/// Every strategy of a comparison by itself, for a terminal; empty where nothing of this was measured.
pub fn render(comparison: &Comparison, look: Look) -> String {
    let of = |block: &Block, row: &Row, figures: &ImpactFigures| {
        let mut lines = vec![table::strong(&heading(block, row), look)];
        lines.extend(table::prose(&about(figures), look));
        lines.extend(table::drawn(impact_of_one::tables(figures), look));
        lines.join("\n") + "\n"
    };
    of_each(comparison, of).join("\n")
}

/// The same as Markdown.
pub fn render_markdown(comparison: &Comparison) -> String {
    let of = |block: &Block, row: &Row, figures: &ImpactFigures| {
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

fn of_each<T>(comparison: &Comparison, of: impl Fn(&Block, &Row, &ImpactFigures) -> T) -> Vec<T> {
    let rows = comparison.blocks.iter().flat_map(|block| block.rows.iter().map(move |row| (block, row)));
    rows.filter_map(|(block, row)| Some(of(block, row, row.summary.impact.as_deref()?))).collect()
}

fn heading(block: &Block, row: &Row) -> String {
    format!("{}  {}", block.stream.scenario, name(row, block))
}

/// The answer, and what it was got from.
fn about(figures: &ImpactFigures) -> String {
    let outside = match figures.live.outside_count {
        0 => String::new(),
        rows => format!(" {} rows of later days are not counted.", thousands(rows)),
    };
    format!(
        "It {}. {} unique pings of {} days from {} on; nightly job: {}.{outside}",
        figures.sentence(),
        thousands(figures.unique_count),
        figures.days_count,
        figures.first_day,
        figures.job,
    )
}

/// Its relative error over all days.
pub(super) fn error_cell(series: Option<&Series>) -> Text {
    let error = series.and_then(Series::whole).and_then(|whole| whole.error());
    error.map_or_else(|| Text::new("-", Tone::Dim), |error| relative(&error))
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
    let [low, high] = error.interval.map(signed);
    match low.strip_suffix(" %") {
        Some(low) => format!("{low} to {high}"),
        None => format!("{low} to {high}"),
    }
}
