//! One strategy's numbers: by the truth, how wrong each is, where it is worst, and what was to be expected.

use dedup_impact::{Number, Series, worst};
use dedup_records::compare::ImpactSummary;
use dedup_records::record::{ImpactFigures, NumberFigures, Tables};
use dedup_records::units::{fixed, thousands};

use super::grid::{Align, shorten};
use super::impact::{error_cell, from_to, interval, relative, signed};
use super::small::Small;
use super::text::{Text, Tone};

/// The tables of one strategy.
pub(super) fn tables(figures: &ImpactSummary) -> Vec<Small> {
    let worst = Tables::ALL.map(|tables| where_worst(figures, tables));
    [Some(errors(figures)), Some(intervals(figures)), ranges(figures)]
        .into_iter()
        .chain(worst)
        .chain([expected(figures)])
        .flatten()
        .collect()
}

/// What a number is called where there are steps that have names.
pub(super) fn called(number: Number, steps: &[String]) -> String {
    match number {
        Number::Step(step) => match steps.get(step - 1..=step) {
            Some([from, to]) => format!("{from} to {to}"),
            _ => number.name(),
        },
        _ => number.name(),
    }
}

fn wholes(figures: &ImpactFigures) -> impl Iterator<Item = &NumberFigures> {
    figures.numbers.iter().filter(|number| number.dimension.is_none())
}

/// Every number of the whole, as the truth, live and stable tables have it.
fn errors(figures: &ImpactSummary) -> Small {
    let row = |number: &NumberFigures| {
        let [live, stable] = both(number)?;
        let cells =
            [called(live.number, &figures.steps), truth(&live, figures.rounds_count())].map(Text::plain);
        Some(cells.into_iter().chain([&live, &stable].map(|series| error_cell(Some(series)))).collect())
    };
    Small {
        title: "how wrong each number is, over all days (what is counted is, by the truth, so much a day)"
            .to_string(),
        columns: columns(&["number", "truth", "live", "stable"], 1),
        rows: wholes(figures).filter_map(row).collect(),
    }
}

/// How sure these errors are.
fn intervals(figures: &ImpactFigures) -> Small {
    let row = |number: &NumberFigures| {
        let series = both(number)?;
        let named = Text::plain(called(series[0].number, &figures.steps));
        Some(std::iter::once(named).chain(series.iter().map(interval_cell)).collect())
    };
    Small {
        title: "95 % intervals of these errors; they take pings as independent, which a fault does not"
            .to_string(),
        columns: columns(&["number", "live", "stable"], 1),
        rows: wholes(figures).filter_map(row).collect(),
    }
}

fn both(number: &NumberFigures) -> Option<[Series; 2]> {
    Some([number.series(Tables::Live)?, number.series(Tables::Stable)?])
}

fn columns(titles: &[&str], left: usize) -> Vec<(String, Align)> {
    let align = |at: usize| if at < left { Align::Left } else { Align::Right };
    titles.iter().enumerate().map(|(at, title)| (title.to_string(), align(at))).collect()
}

/// The smallest and the largest that a round has; none where there is one round.
fn ranges(figures: &ImpactSummary) -> Option<Small> {
    let range = |number: Number, tables: Tables| {
        let spread = figures.spread(number, tables);
        spread
            .map_or_else(|| Text::new("-", Tone::Dim), |spread| Text::plain(from_to(spread.min, spread.max)))
    };
    let row = |of: &NumberFigures| {
        let number = Number::named(&of.number)?;
        let named = Text::plain(called(number, &figures.steps));
        Some(std::iter::once(named).chain(Tables::ALL.map(|tables| range(number, tables))).collect())
    };
    (figures.rounds_count() > 1).then(|| Small {
        title: format!("smallest and largest of these errors in the {} rounds", figures.rounds_count()),
        columns: columns(&["number", "live", "stable"], 1),
        rows: wholes(figures).filter_map(row).collect(),
    })
}

/// A count in the mean of the days of all rounds; a quotient over all of them.
fn truth(series: &Series, rounds: usize) -> String {
    let days = (series.days.iter().flatten().count().max(1) * rounds.max(1)) as f64;
    match series.whole().map(|whole| whole.truth) {
        None => "-".to_string(),
        Some(truth) if truth.of.is_none() => thousands((truth.count as f64 / days).round() as u64),
        Some(truth) => truth.value().map_or_else(|| "-".to_string(), |value| fixed(value, 4)),
    }
}

fn interval_cell(series: &Series) -> Text {
    let error = series.whole().and_then(|whole| whole.error());
    error.map_or_else(|| Text::new("-", Tone::Dim), |error| Text::plain(interval(&error)))
}

/// Letters of a number and of a value, so that six columns fit into a terminal of 80.
const LONGEST_NUMBER: usize = 22;
const LONGEST_PLACE: usize = 16;

/// For each number that is wrong: its worst day, how long that is visible, and the value of a dimension for which it is worst.
fn where_worst(figures: &ImpactFigures, tables: Tables) -> Option<Small> {
    let first: dedup_impact::Day = figures.first_day.parse().ok()?;
    let row = |number: &NumberFigures| {
        let series = number.series(tables)?;
        let (day, error) = series.worst_day()?;
        let cells =
            figures.numbers.iter().filter(|other| other.number == number.number && other.dimension.is_some());
        let of_cells = cells.map(|cell| (cell, cell.series(tables).and_then(|series| series.whole())));
        let (place, there) = match worst(of_cells) {
            None => (String::new(), Text::plain("")),
            Some((cell, error)) => (
                [&cell.dimension, &cell.value].map(|text| text.clone().unwrap_or_default()).join(" "),
                relative(&error),
            ),
        };
        Some(vec![
            Text::plain(shorten(&called(series.number, &figures.steps), LONGEST_NUMBER)),
            Text::plain(first.plus(day).to_string()),
            relative(&error),
            Text::plain(visible(&series)),
            Text::plain(shorten(&place, LONGEST_PLACE)),
            there,
        ])
    };
    let rows: Vec<Vec<Text>> = wholes(figures).filter_map(row).collect();
    let which = tables.name();
    let mut columns = columns(&["number", "worst day", "error", "days", "worst value", "error"], 1);
    columns[4].1 = Align::Left;
    (!rows.is_empty()).then(|| Small {
        title: format!(
            "where the {which} tables are worst; seen on so many days in a row at half of it or more"
        ),
        columns,
        rows,
    })
}

/// On how many days: `3`, or `3+` where nobody knows what would have been seen on the day after the last.
fn visible(series: &Series) -> String {
    series.visible().map_or_else(String::new, |visible| match visible.is_cut_off {
        true => format!("{}+", visible.days),
        false => visible.days.to_string(),
    })
}

/// What shares of duplicates and losses alone say, beside what was seen.
fn expected(figures: &ImpactFigures) -> Option<Small> {
    let row = |prediction: &dedup_records::record::ImpactPrediction| {
        let number = Number::named(&prediction.number)?;
        let seen = figures.whole(number, prediction.tables)?.whole()?.error()?;
        let cells = [prediction.number.as_str(), prediction.tables.name()].map(Text::plain);
        let figures = [signed(prediction.error_ratio), signed(seen.relative)].map(Text::plain);
        Some(cells.into_iter().chain(figures).collect())
    };
    let rows: Vec<Vec<Text>> = figures.predicted.iter().filter_map(row).collect();
    (!rows.is_empty()).then(|| Small {
        title: "what the shares of duplicates and losses alone say, whoever they hit; and what was seen"
            .to_string(),
        columns: columns(&["number", "tables", "predicted", "seen"], 2),
        rows,
    })
}

#[cfg(test)]
mod tests {
    use dedup_impact::{Compared, Difference, Measured};
    use dedup_records::record::{CellResult, sample};

    use super::*;

    #[test]
    fn an_error_that_is_seen_to_the_last_day_may_go_on() {
        let days = sample::impact().into_iter().map(|cell| match cell.result {
            CellResult::Impact(figures) => {
                where_worst(&figures, Tables::Live).unwrap().rows[0][3].text.clone()
            }
            other => panic!("{other:?}"),
        });
        // Too much on every day; a dent on the tenth of 28.
        assert_eq!(days.collect::<Vec<_>>(), ["28+", "1"]);
    }

    #[test]
    fn what_should_be_nothing_is_wrong_by_what_there_is() {
        let cell = |seen, of: Option<u64>, missing| {
            let compared = Compared {
                truth: Measured { count: 0, of },
                seen: Measured { count: seen, of },
                count: Difference { extra: seen, missing },
                weight: 1,
                ..Compared::default()
            };
            error_cell(Some(&Series { number: Number::Crashes, days: vec![Some(compared)] })).text
        };
        assert_eq!([cell(3, None, 0), cell(3, Some(12), 0), cell(0, None, 0)], ["+3", "+0.2500", "-"]);
    }
}
