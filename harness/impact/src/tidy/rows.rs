//! Where rows come from.

use std::sync::Arc;

use super::columns::{Table, Value};
use super::schema::{BY_DIMENSION, COHORTS, FUNNEL, OVER_TIME, Schema};
use crate::compare::Comparison;
use crate::day::Day;
use crate::interval::{Compared, Measured};
use crate::numbers::{Number, numbers};
use crate::pattern::metric_date_ago;
use crate::series::Series;

/// What is seen of a table, beside the truth: of a [`Comparison`], or of a record that has kept it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The scenario, or the trace.
    pub scenario: String,
    /// What has let the pings through.
    pub strategy: String,
    /// What the table is called: live, stable.
    pub table: String,
    /// The first day of every series.
    pub first_day: Day,
    /// The steps of the funnel.
    pub steps: Vec<String>,
    /// The numbers, each of the whole or of a value of a dimension.
    pub numbers: Vec<SeenNumber>,
}

/// A number over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNumber {
    /// The dimension and its value; none of the whole.
    pub cell: Option<(String, String)>,
    /// Day by day.
    pub series: Series,
}

impl Seen {
    /// All that a comparison says.
    pub fn of([scenario, strategy, table]: [&str; 3], comparison: &Comparison<'_>) -> Seen {
        let shape = comparison.shape();
        let of_cell = |cell| {
            let named = shape.name(cell).map(|(dimension, value)| (dimension.to_string(), value.to_string()));
            let number =
                move |number| SeenNumber { cell: named.clone(), series: comparison.series(number, cell) };
            numbers(shape).into_iter().map(number)
        };
        Seen {
            scenario: scenario.to_string(),
            strategy: strategy.to_string(),
            table: table.to_string(),
            first_day: shape.first_day,
            steps: shape.steps.clone(),
            numbers: shape.cells().flat_map(of_cell).collect(),
        }
    }

    /// The first columns of each of its rows.
    fn names(&self) -> [Value; 3] {
        [&self.scenario, &self.strategy, &self.table].map(|name| Value::Text(name.as_str().into()))
    }

    /// A number of the whole.
    fn whole(&self, number: Number) -> Option<&Series> {
        let mut of = self.numbers.iter().filter(|seen| seen.cell.is_none() && seen.series.number == number);
        of.next().map(|seen| &seen.series)
    }
}

/// Every table of them.
pub fn all(tables: &[Seen]) -> [Table; 4] {
    [over_time(tables), by_dimension(tables), funnel(tables), cohorts(tables)]
}

/// Each number on each day on which there is one, of the whole.
pub fn over_time(tables: &[Seen]) -> Table {
    of_days(OVER_TIME, tables, |of| of.cell.is_none())
}

/// The same for each value of each dimension.
pub fn by_dimension(tables: &[Seen]) -> Table {
    of_days(BY_DIMENSION, tables, |of| of.cell.is_some())
}

fn of_days(schema: Schema, tables: &[Seen], takes: fn(&&SeenNumber) -> bool) -> Table {
    let mut made = Table::new(schema);
    for seen in tables {
        for SeenNumber { cell, series } in seen.numbers.iter().filter(takes) {
            let number = series.number;
            let mut texts: Vec<Arc<str>> = vec![number.name().into(), number.about().unit.into()];
            texts.extend(
                cell.iter().flat_map(|(dimension, value)| [dimension.as_str(), value]).map(Arc::from),
            );
            for (day, compared) in (0..).zip(&series.days) {
                let Some(compared) = compared else { continue };
                let values = [compared.seen.value(), compared.truth.value()].map(Value::Number);
                let row = std::iter::once(Value::Date(seen.first_day.plus(day)))
                    .chain(seen.names())
                    .chain(texts.iter().cloned().map(Value::Text));
                made.push(row.chain(values).chain(errors(Some(*compared))));
            }
        }
    }
    made
}

/// Absolute, relative, low, high.
fn errors(compared: Option<Compared>) -> [Value; 4] {
    let error = compared.and_then(|compared| compared.error());
    [
        compared.and_then(|compared| compared.absolute()),
        error.map(|error| error.relative),
        error.map(|error| error.interval[0]),
        error.map(|error| error.interval[1]),
    ]
    .map(Value::Number)
}

/// Each step over all days, with its share of the one before; no row where there are less than two steps.
pub fn funnel(tables: &[Seen]) -> Table {
    let mut made = Table::new(FUNNEL);
    for seen in tables {
        let of_step = |step| seen.whole(Number::Step(step)).and_then(Series::whole);
        for step in 0..seen.steps.len() {
            // Of the first step counts alone are known, as those of which the second has its share.
            let Some(of) = of_step(step.max(1)) else { continue };
            let counts = |measured: Measured| match step {
                0 => measured.of.unwrap_or(0),
                _ => measured.count,
            };
            let shares = (step > 0).then_some(of);
            let row = [
                Value::Count(step as u64 + 1),
                Value::Text(seen.steps[step].as_str().into()),
                Value::Count(counts(of.seen)),
                Value::Count(counts(of.truth)),
                Value::Number(shares.and_then(|shares| shares.seen.value())),
                Value::Number(shares.and_then(|shares| shares.truth.value())),
            ];
            let errors = errors(shares);
            made.push(seen.names().into_iter().chain(row).chain(errors));
        }
    }
    made
}

/// Each week of each day's newcomers that the days reach.
pub fn cohorts(tables: &[Seen]) -> Table {
    let mut made = Table::new(COHORTS);
    for seen in tables {
        let days = seen.whole(Number::NewProfiles).map_or(0, |series| series.days.len() as u32);
        for (first, week) in (0..days).flat_map(|first| (0..=3).map(move |week| (first, week))) {
            let Some(compared) = of_week(seen, first, week) else { continue };
            let side = |measured: Measured| {
                let counts = [measured.count, measured.of.unwrap_or(0)].map(Value::Count);
                counts.into_iter().chain([Value::Number(measured.value())])
            };
            let row = seen
                .names()
                .into_iter()
                .chain([Value::Date(seen.first_day.plus(first)), Value::Count(week.into())]);
            let sides = side(compared.seen).chain(side(compared.truth));
            made.push(row.chain(sides).chain(errors(Some(compared))));
        }
    }
    made
}

/// Of the newcomers of a day those of a week after it; of week 0 all of them.
fn of_week(seen: &Seen, first: u32, week: u32) -> Option<Compared> {
    let Some(ago) = metric_date_ago(week) else {
        let new = seen.whole(Number::NewProfiles)?.of_day(first)?;
        let all = |measured: Measured| Measured { of: Some(measured.count), ..measured };
        return Some(Compared { truth: all(new.truth), seen: all(new.seen), of: new.count, ..new });
    };
    seen.whole(Number::Retention(week))?.of_day(first.checked_add(ago)?)
}
