//! What the impact pass finds: the numbers that people read, by the truth, by the live tables and by the stable ones.
//!
//! A table's number is the truth's, with what is too much, without what is missing; all three are counts, so that whoever
//! reads a record can add days up. A list that is empty has a 0 for every day.

use dedup_impact::tidy::{Seen, SeenNumber};
use dedup_impact::{Compared, Difference, Measured, Number, Series};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tables;
use super::figures::{FaultFigures, is_one, one};

/// The numbers that people read, and what the strategy does to them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImpactFigures {
    /// The first day of UTC: `2026-01-31`.
    pub first_day: String,
    /// Days, without a gap.
    pub days_count: u32,
    /// Clients that the stream may have, by the ids that they give.
    pub clients_count: u64,
    /// Unique pings that were sent: the truth.
    pub unique_count: u64,
    /// Of these, those that were lost on their way, before any strategy.
    #[serde(default, skip_serializing_if = "is_none")]
    pub lost_on_the_way_count: u64,
    /// The nightly job that made the stable tables: `nightly` or `nightly-duckdb`.
    pub job: String,
    /// Pipelines that the keys were split among, each with tables and a nightly job of its own.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub pipelines_count: u32,
    /// What went wrong on purpose, of all pipelines, in the order in which it begins.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultFigures>,
    /// What the live tables hold.
    pub live: RowsFigures,
    /// What the stable tables hold.
    pub stable: RowsFigures,
    /// What numbers are also counted by.
    pub dimensions: Vec<DimensionFigures>,
    /// The steps of a funnel, by the types of their pings; none where there is no funnel.
    pub steps: Vec<String>,
    /// The numbers, each for the whole and then for each value of each dimension.
    pub numbers: Vec<NumberFigures>,
    /// What shares alone say of the errors, beside which the numbers show what was seen.
    pub predicted: Vec<ImpactPrediction>,
}

// For serde, which asks by reference.
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// Rows of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RowsFigures {
    /// Rows.
    pub rows_count: u64,
    /// Rows beyond the first of their unique ping.
    pub again_count: u64,
    /// Rows of days that are not counted: copies that came after the stream's last day.
    pub outside_count: u64,
}

impl RowsFigures {
    /// Duplicates for each of so many unique pings, and the share of these of which there is no row.
    pub fn shares(&self, uniques: u64) -> (f64, f64) {
        let found = self.rows_count - self.again_count;
        let of = |count: u64| count as f64 / uniques.max(1) as f64;
        (of(self.again_count), of(uniques.saturating_sub(found)))
    }
}

/// Something by which clients differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DimensionFigures {
    /// Its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// A number, of the whole or of those with a value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NumberFigures {
    /// Its name: `pings`, `mau`, `retention-week-1`.
    pub number: String,
    /// The dimension; none of the whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<String>,
    /// The value of the dimension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// The first day on which there is one, counted from 0; the lists begin with it.
    pub from_day: u32,
    /// What it should be, by day.
    pub truth_count: Vec<u64>,
    /// Of how many, where it is a quotient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub truth_of_count: Option<Vec<u64>>,
    /// In what the live tables differ.
    pub live: DifferenceFigures,
    /// In what the stable tables differ.
    pub stable: DifferenceFigures,
    /// In how many of the rounds that were added up the same things happened, as they are of the same pings; 0 is 1.
    #[serde(skip)]
    pub counted_times: u32,
}

/// In what a table's number differs from the truth, by day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DifferenceFigures {
    /// What is there and should not be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_count: Vec<u64>,
    /// What should be there and is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_count: Vec<u64>,
    /// Of a quotient, what is too much below the line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extra_of_count: Vec<u64>,
    /// Of a quotient, what is missing below the line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_of_count: Vec<u64>,
}

/// What shares alone say of an error: those of duplicates and losses among all pings, taken for independent of whose they are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImpactPrediction {
    /// The number.
    pub number: String,
    /// Which tables.
    pub tables: Tables,
    /// The relative error over all days.
    pub error_ratio: f64,
}

impl NumberFigures {
    /// A number as live and stable tables have it, beside the truth: the same days in both.
    pub fn of(cell: Option<(&str, &str)>, live: &Series, stable: &Series) -> NumberFigures {
        let from = live.days.iter().take_while(|day| day.is_none()).count();
        let days: Vec<Compared> = live.days.iter().flatten().copied().collect();
        let is_quotient = days.iter().any(|day| day.truth.of.is_some());
        NumberFigures {
            number: live.number.name(),
            dimension: cell.map(|(dimension, _)| dimension.to_string()),
            value: cell.map(|(_, value)| value.to_string()),
            from_day: from as u32,
            truth_count: days.iter().map(|day| day.truth.count).collect(),
            truth_of_count: is_quotient
                .then(|| days.iter().map(|day| day.truth.of.unwrap_or_default()).collect()),
            live: DifferenceFigures::of(live),
            stable: DifferenceFigures::of(stable),
            counted_times: 1,
        }
    }

    /// What the tables make of it; none where no such number is known here, or its lists do not fit.
    pub fn series(&self, tables: Tables) -> Option<Series> {
        let difference = match tables {
            Tables::Live => &self.live,
            Tables::Stable => &self.stable,
        };
        let days = (0..self.truth_count.len()).map(|at| self.day(difference, at));
        let none_yet = std::iter::repeat_n(None, self.from_day as usize);
        let days: Option<Vec<Compared>> = days.collect();
        Some(Series {
            number: Number::named(&self.number)?,
            days: none_yet.chain(days?.into_iter().map(Some)).collect(),
        })
    }

    fn day(&self, difference: &DifferenceFigures, at: usize) -> Option<Compared> {
        let truth_of = match &self.truth_of_count {
            None => None,
            Some(of) => Some(*of.get(at)?),
        };
        let truth = Measured { count: self.truth_count[at], of: truth_of };
        let count = pair(&difference.extra_count, &difference.missing_count, at)?;
        let of = pair(&difference.extra_of_count, &difference.missing_of_count, at)?;
        let seen = Measured {
            count: with(truth.count, count)?,
            of: match truth_of {
                None => None,
                Some(truth) => Some(with(truth, of)?),
            },
        };
        Some(Compared { truth, seen, count, of, weight: self.counted_times.max(1) })
    }
}

impl DifferenceFigures {
    fn of(series: &Series) -> DifferenceFigures {
        let listed = |of: fn(&Compared) -> u64| {
            let all: Vec<u64> = series.days.iter().flatten().map(of).collect();
            if all.iter().all(|count| *count == 0) { Vec::new() } else { all }
        };
        DifferenceFigures {
            extra_count: listed(|day| day.count.extra),
            missing_count: listed(|day| day.count.missing),
            extra_of_count: listed(|day| day.of.extra),
            missing_of_count: listed(|day| day.of.missing),
        }
    }
}

fn pair(extra: &[u64], missing: &[u64], at: usize) -> Option<Difference> {
    let of = |list: &[u64]| if list.is_empty() { Some(0) } else { list.get(at).copied() };
    Some(Difference { extra: of(extra)?, missing: of(missing)? })
}

fn with(truth: u64, difference: Difference) -> Option<u64> {
    truth.checked_add(difference.extra)?.checked_sub(difference.missing)
}

impl ImpactFigures {
    /// A number of the whole, as a table has it.
    pub fn whole(&self, number: Number, tables: Tables) -> Option<Series> {
        let name = number.name();
        let is_it = |figures: &&NumberFigures| figures.number == name && figures.dimension.is_none();
        self.numbers.iter().find(is_it)?.series(tables)
    }

    /// All numbers as a table has them, named by scenario, strategy and table; none where they cannot be read.
    pub fn seen(&self, named: [&str; 3], tables: Tables) -> Option<Seen> {
        let number = |figures: &NumberFigures| {
            let cell = figures.dimension.clone().zip(figures.value.clone());
            Some(SeenNumber { cell, series: figures.series(tables)? })
        };
        let [scenario, strategy, table] = named.map(str::to_string);
        Some(Seen {
            scenario,
            strategy,
            table,
            first_day: self.first_day.parse().ok()?,
            steps: self.steps.clone(),
            numbers: self.numbers.iter().map(number).collect::<Option<_>>()?,
        })
    }

    /// What the strategy does to the numbers, in a sentence.
    pub fn sentence(&self) -> String {
        let of = |tables| {
            let whole = |number| self.whole(number, tables);
            dedup_impact::Whole::of(whole(Number::Pings).as_ref(), whole(Number::Mau).as_ref())
        };
        dedup_impact::sentence(of(Tables::Live), Some(of(Tables::Stable)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        let day = |truth: u64, extra: u64, missing: u64| {
            let difference = Difference { extra, missing };
            Some(Compared {
                truth: Measured { count: truth, of: Some(2 * truth) },
                seen: Measured { count: truth + extra - missing, of: Some(2 * truth - missing) },
                count: difference,
                of: Difference { extra: 0, missing },
                weight: 1,
            })
        };
        let series = |days| Series { number: Number::Retention(1), days };
        let live = series(vec![None, None, day(10, 3, 0), day(7, 0, 2)]);
        let stable = series(vec![None, None, day(10, 0, 0), day(7, 0, 0)]);
        let figures = NumberFigures::of(Some(("country", "DE")), &live, &stable);
        assert_eq!(figures.stable, DifferenceFigures::default());
        let text = serde_json::to_string(&figures).unwrap();
        let read: NumberFigures = serde_json::from_str(&text).unwrap();
        assert_eq!(read.series(Tables::Live), Some(live));
        assert_eq!(read.series(Tables::Stable), Some(stable));
        // Lists that do not fit, or take away more than there is, are no number.
        for spoil in [vec![1], vec![14, 0]] {
            let mut spoilt = figures.clone();
            spoilt.live.missing_count = spoil;
            assert_eq!(spoilt.series(Tables::Live).map(|series| series.whole()), None);
        }
    }
}
