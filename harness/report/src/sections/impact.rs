//! The numbers that people read: how wrong they are by day, by dimension, and in the triangle of retention.

use dedup_impact::{Day, Number, Series as Numbers, percent};
use dedup_records::compare::ImpactSummary;
use dedup_records::record::{FaultFigures, ImpactFigures, NumberFigures, Role, Tables};

use super::{Heading, figure, section_of};
use crate::chart::{Axis, Band, Chart, Join, Point, Series, Unit};
use crate::model::{Cell, Column, Figure, Section, Shade, Table, Tone, View};
use crate::panel::{Entry, Panel};
use crate::tables::impact::{ACROSS, Shown, days_of, from_to, signed, went_wrong};
use crate::words::clip;

const HEADING: Heading = Heading {
    id: "impact",
    title: "What it does to the numbers that people read",
    about: "How wrong each number of a dashboard is, as a share of what it should be: by the live tables, which people read until \
            the nightly job has run, and by the stable ones after it. Duplicates make counts too high, losses make users \
            too few. Dark amber is far too much, red too little.",
    absent: "These records hold no impact pass (run -p impact, on a scenario with [clients]), so there are no numbers to show.",
};

/// The numbers that are drawn by day.
const DRAWN: [(Number, &str); 3] =
    [(Number::Pings, "pings"), (Number::CrashRate, "crash rate"), (Number::Dau, "daily users")];

pub(super) fn section(panels: &[Panel<'_>]) -> Section {
    section_of(HEADING, panels, draw)
}

/// A strategy and what it does to the numbers.
type Of<'a> = (&'a Entry<'a>, &'a ImpactSummary);

fn draw(panel: &Panel<'_>) -> Option<Figure> {
    let rows: Vec<Of<'_>> =
        panel.rows.iter().filter_map(|entry| Some((entry, entry.row.summary.impact.as_deref()?))).collect();
    let (_, first) = rows.first()?;
    let mut figure = figure(panel, headline(&rows));
    figure.tables.push(errors(&rows, panel));
    for (number, called) in DRAWN {
        for tables in Tables::ALL {
            figure.charts.extend(by_day(&rows, panel, (number, called), tables));
        }
    }
    figure.tables.extend(by_value(&rows, panel));
    figure.tables.extend(triangle(&rows, panel));
    figure.notes.push(format!(
        "{} days from {} on, by the day on which the edge received a ping. Rounds are added up.",
        first.days_count, first.first_day
    ));
    for (entry, figures) in &rows {
        let went_wrong = went_wrong(figures).into_iter();
        figure.notes.extend(went_wrong.map(|fault| format!("{}: {fault}.", clip(&entry.name, 40))));
    }
    Some(figure)
}

fn relative(series: Option<Numbers>) -> Option<f64> {
    Some(series?.whole()?.error()?.relative)
}

/// The worst that any number of a candidate is, in a sentence; none where no strategy's numbers were counted.
pub(crate) fn claim(panels: &[Panel<'_>]) -> Option<String> {
    let entries =
        panels.iter().flat_map(|panel| &panel.rows).filter(|entry| entry.row.role == Role::Candidate);
    let all = entries.filter_map(|entry| Some((entry, entry.row.summary.impact.as_deref()?)));
    let errors = all.flat_map(|(entry, figures)| {
        let error = move |shown: &Shown| {
            Some((entry, shown.long, relative(figures.whole(shown.number, Tables::Live))?))
        };
        ACROSS.iter().filter_map(error)
    });
    let (entry, called, error) = errors.max_by(|(.., one), (.., other)| one.abs().total_cmp(&other.abs()))?;
    Some(match error {
        0.0 => "No number that people read is wrong".to_string(),
        error => format!(
            "{}: {called} {} too {} until the nightly job has run",
            clip(&entry.name, 60),
            percent(error),
            if error > 0.0 { "high" } else { "low" }
        ),
    })
}

/// The worst that a candidate's ping counts are, and after the night.
fn headline(rows: &[Of<'_>]) -> String {
    let of = |(entry, figures): &Of<'_>| {
        let error = relative(figures.whole(Number::Pings, Tables::Live)).unwrap_or(0.0).abs();
        (entry.row.role == Role::Candidate, error)
    };
    let by_worst = |one: &&Of<'_>, other: &&Of<'_>| {
        let (one, other) = (of(one), of(other));
        one.0.cmp(&other.0).then(one.1.total_cmp(&other.1))
    };
    match rows.iter().max_by(by_worst) {
        None => String::new(),
        Some((entry, figures)) => format!("{} {}.", clip(&entry.name, 60), figures.sentence()),
    }
}

fn error_cell(error: Option<f64>) -> Cell {
    match error {
        None => Cell::none(),
        Some(0.0) => Cell::number("0 %", 0.0).toned(Tone::Dim),
        Some(error) => Cell::number(signed(error), error),
    }
}

/// With the smallest and the largest that a round has, where there are several that differ.
fn over_rounds(figures: &ImpactSummary, number: Number, tables: Tables) -> Cell {
    let error = relative(figures.whole(number, tables));
    match (error, figures.spread(number, tables)) {
        (Some(error), Some(spread)) if spread.min < spread.max => {
            Cell::number(format!("{} ({})", signed(error), from_to(spread.min, spread.max)), error)
        }
        _ => error_cell(error),
    }
}

/// Every strategy, live and stable.
fn errors(rows: &[Of<'_>], panel: &Panel<'_>) -> Table {
    let caption = format!("How wrong each number is over all days, {}", panel.title);
    let mut table =
        Table::new(format!("impact-{}", panel.id), caption, &[("strategy", false)]).viewed(View::Cards);
    for Shown { long, .. } in ACROSS {
        table.columns.extend(["live", "stable"].map(|which| Column::new(format!("{long}, {which}"), true)));
    }
    for (entry, figures) in rows {
        let cells = ACROSS.iter().flat_map(|shown| {
            [Tables::Live, Tables::Stable].map(|tables| over_rounds(figures, shown.number, tables))
        });
        table.push(Some(entry.strategy), std::iter::once(Cell::text(&entry.name)).chain(cells).collect());
    }
    table
}

/// A line a strategy over the days; none where nobody's number is ever wrong.
fn by_day(
    rows: &[Of<'_>],
    panel: &Panel<'_>,
    (number, called): (Number, &str),
    tables: Tables,
) -> Option<(Chart, Table)> {
    let which = tables.name();
    let id = format!("impact-{}-{which}-{}", number.name(), panel.id);
    let title = format!("Error of {called} by day, {which} tables, {}", panel.title);
    let mut table = Table::new(format!("{id}-data"), title.clone(), &[("day", false)]).viewed(View::Folded);
    let lines: Vec<(&Of<'_>, Vec<Option<f64>>)> = rows
        .iter()
        .filter_map(|of| {
            let series = of.1.whole(number, tables)?;
            let days = 0..series.days.len() as u32;
            Some((of, days.map(|day| Some(series.error_of_day(day)?.relative)).collect()))
        })
        .collect();
    let all = || lines.iter().flat_map(|(_, errors)| errors.iter().flatten().copied());
    if all().all(|error| error == 0.0) {
        return None;
    }
    let first: Day = rows.first()?.1.first_day.parse().ok()?;
    table.columns.extend(lines.iter().map(|((entry, _), _)| Column {
        strategy: Some(entry.strategy),
        ..Column::new(clip(&entry.name, 40), true)
    }));
    for day in 0..lines.iter().map(|(_, errors)| errors.len()).max().unwrap_or(0) {
        let of_day = lines.iter().map(|(_, errors)| error_cell(errors.get(day).copied().flatten()));
        let head = Cell::text(first.plus(day as u32).to_string());
        table.push(None, std::iter::once(head).chain(of_day).collect());
    }
    let series = lines.iter().map(|((entry, _), errors)| Series {
        strategy: Some(entry.strategy),
        name: entry.name.clone(),
        join: Join::Line,
        points: (0..)
            .zip(errors)
            .filter_map(|(day, error)| Some(Point { x: f64::from(day), y: (*error)?, ..Point::default() }))
            .collect(),
    });
    let series: Vec<Series> = series.collect();
    let days = || series.iter().flat_map(|series| series.points.iter().map(|point| point.x));
    let bands = bands(rows);
    let mut y = Axis::linear("error, as a share of what it should be", Unit::Share, all());
    if !bands.is_empty() {
        // Room for the names of faults above the lines.
        y.range.1 += (y.range.1 - y.range.0) * 0.12;
    }
    let chart = Chart {
        x: Axis::linear("day of the stream", Unit::Number, days()),
        y,
        bands,
        guides: Vec::new(),
        contest: Vec::new(),
        id,
        title,
        series,
    };
    Some((chart, table))
}

/// What went wrong on purpose, by the days on which it did.
fn bands(rows: &[Of<'_>]) -> Vec<Band> {
    let Some((_, figures)) = rows.iter().find(|(_, figures)| !figures.faults.is_empty()) else {
        return Vec::new();
    };
    let band = |fault: &FaultFigures| {
        let [from, to] = days_of(fault).map(f64::from);
        Band { from, to, name: fault.kind.clone() }
    };
    figures.faults.iter().map(band).collect()
}

/// Ping counts of live tables and daily users of stable ones, for each value of each dimension.
fn by_value(rows: &[Of<'_>], panel: &Panel<'_>) -> Vec<Table> {
    let shown = [
        (Number::Pings, Tables::Live, "pings, live tables"),
        (Number::CrashRate, Tables::Live, "crash rate, live tables"),
        (Number::Dau, Tables::Stable, "daily users, stable tables"),
    ];
    shown.into_iter().filter_map(|(number, tables, what)| heat(rows, panel, (number, tables, what))).collect()
}

fn heat<'a>(
    rows: &[Of<'a>],
    panel: &Panel<'_>,
    (number, tables, what): (Number, Tables, &str),
) -> Option<Table> {
    let name = number.name();
    let cells = |figures: &'a ImpactFigures| -> Vec<&'a NumberFigures> {
        let of = |of: &&NumberFigures| of.number == name && of.dimension.is_some();
        figures.numbers.iter().filter(of).collect()
    };
    let all: Vec<(&Of<'_>, Vec<&NumberFigures>)> = rows.iter().map(|of| (of, cells(of.1))).collect();
    let (_, places) = all.first().filter(|(_, places)| !places.is_empty())?;
    let caption = format!("Error by dimension: {what}, {}", panel.title);
    let id = format!("impact-by-{name}-{}", panel.id);
    let mut table = Table::new(id, caption, &[("value", false)]).viewed(View::Heat);
    table.columns.extend(all.iter().map(|((entry, _), _)| Column {
        strategy: Some(entry.strategy),
        ..Column::new(clip(&entry.name, 40), true)
    }));
    for place in places {
        let label = [&place.dimension, &place.value].map(|text| text.clone().unwrap_or_default()).join(" ");
        let of = |(_, cells): &(&Of<'_>, Vec<&NumberFigures>)| {
            let same = cells
                .iter()
                .find(|other| (&other.dimension, &other.value) == (&place.dimension, &place.value));
            let error = relative(same.and_then(|same| same.series(tables)));
            error_cell(error).shaded(error.map_or(Shade::Dashed, shade))
        };
        table.push(None, std::iter::once(Cell::text(label)).chain(all.iter().map(of)).collect());
    }
    Some(table)
}

/// From a tenth of a per cent on a step for each doubling or so.
fn shade(error: f64) -> Shade {
    match error {
        error if error <= -0.000_5 => Shade::Red,
        error if error < 0.001 => Shade::None,
        error => Shade::Amber((1.0 + (error / 0.001).log(3.0)).clamp(1.0, 6.0) as u8),
    }
}

/// Weeks of newcomers down, weeks after theirs across: what it should be, and what the worst strategy's tables say.
fn triangle(rows: &[Of<'_>], panel: &Panel<'_>) -> Option<Table> {
    let wrong = |(_, figures): &&Of<'_>| -> f64 {
        let errors =
            (1..=3).filter_map(|week| relative(figures.whole(Number::Retention(week), Tables::Stable)));
        errors.map(f64::abs).sum()
    };
    let (entry, figures) = rows.iter().max_by(|one, other| wrong(one).total_cmp(&wrong(other)))?;
    let first: Day = figures.first_day.parse().ok()?;
    let weeks: Vec<Numbers> =
        (1..=3).map_while(|week| figures.whole(Number::Retention(week), Tables::Stable)).collect();
    let caption = format!(
        "Retention by week of newcomers: as it should be, and below it by the stable tables of {}, {}",
        clip(&entry.name, 40),
        panel.title
    );
    let columns =
        [("newcomers of the week from", false), ("week 1", true), ("week 2", true), ("week 3", true)];
    let mut table = Table::new(format!("impact-retention-{}", panel.id), caption, &columns);
    for cohort in 0..figures.days_count.div_ceil(7) {
        let cells: Vec<Cell> =
            (1..=3).zip(&weeks).map(|(week, series)| retained(series, cohort, week)).collect();
        if cells.len() == 3 && cells.iter().any(|cell| cell.value.is_some()) {
            let head = Cell::text(first.plus(7 * cohort).to_string());
            table.push(None, std::iter::once(head).chain(cells).collect());
        }
    }
    (!table.lines.is_empty()).then_some(table)
}

/// Of the newcomers of seven days those of a week after; nothing where one of the days lies too late.
fn retained(series: &Numbers, cohort: u32, week: u32) -> Cell {
    let ago = 7 * (week + 1) - 1;
    let days = (7 * cohort..7 * cohort + 7).map(|day| series.of_day(day + ago));
    let Some(days) = days.collect::<Option<Vec<_>>>() else { return Cell::none() };
    let of = |seen: fn(&dedup_impact::Compared) -> dedup_impact::Measured| {
        let (count, of) = days
            .iter()
            .map(seen)
            .fold((0, 0), |(count, of), day| (count + day.count, of + day.of.unwrap_or(0)));
        (of > 0).then(|| count as f64 / of as f64)
    };
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    match (of(|day| day.truth), of(|day| day.seen)) {
        (Some(truth), Some(seen)) => Cell::number(percent(truth), truth).with(percent(seen)),
        _ => Cell::none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_darker_and_too_little_is_red() {
        assert_eq!(shade(0.0), Shade::None);
        assert_eq!(shade(-0.01), Shade::Red);
        assert_eq!([0.001, 0.004, 0.5].map(shade), [1, 2, 6].map(Shade::Amber));
    }
}
