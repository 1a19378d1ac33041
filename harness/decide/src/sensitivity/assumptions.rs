//! Figures of a question that are varied, each read and set by one function.

use serde::Serialize;

use super::question::Question;
use crate::quantity::DAY_S;

/// A figure that may be otherwise.
pub(super) struct Assumption {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is measured in.
    pub(super) unit: Unit,
    /// What candidates there are with another.
    pub(super) candidates: Candidates,
    /// Reads it; none where the question has none.
    pub(super) get: fn(&Question) -> Option<f64>,
    /// Sets it.
    pub(super) set: fn(&mut Question, f64),
}

/// What there is to choose from when a figure is otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Candidates {
    /// The same: it is a limit, a price, or what goes wrong.
    Same,
    /// Others: windows and sizes go with it.
    Anew,
}

/// What a figure is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Pings a second.
    PingsPerSecond,
    /// A share of a whole.
    Share,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
    /// Times a year.
    TimesPerYear,
    /// Money for a GiB and a month.
    Money,
}

impl Unit {
    /// The largest value that makes sense.
    pub(super) fn most(self) -> f64 {
        if self == Unit::Share { 0.99 } else { f64::INFINITY }
    }

    /// In what a value is shown, and what that is called.
    pub(crate) fn shown_in(self, value: f64) -> (f64, &'static str) {
        const BYTES: [(f64, &str); 4] = [
            (1_099_511_627_776.0, " TiB"),
            (1_073_741_824.0, " GiB"),
            (1_048_576.0, " MiB"),
            (1_024.0, " KiB"),
        ];
        const TIMES: [(f64, &str); 3] = [(1.0, " s"), (1e-3, " ms"), (1e-6, " µs")];
        let of = |all: &[(f64, &'static str)], least| {
            all.iter().copied().find(|(scale, _)| value >= *scale).unwrap_or(least)
        };
        match self {
            Unit::PingsPerSecond => (1.0, "/s"),
            Unit::Share => (0.01, " %"),
            Unit::Bytes => of(&BYTES, (1.0, " B")),
            Unit::Seconds => of(&TIMES, (1e-9, " ns")),
            Unit::TimesPerYear => (1.0, "/year"),
            Unit::Money => (1.0, ""),
        }
    }

    /// The nearest with three digits as it is shown, that is no less, or no more.
    pub(super) fn rounded(self, value: f64, up: bool) -> f64 {
        let (scale, _) = self.shown_in(value);
        let shown = value / scale;
        let power = 2 - shown.log10().floor() as i32;
        let digits = shown * 10f64.powi(power);
        // What is it already but for the last bits stays what it is.
        let whole = match (digits - digits.round()).abs() < 1e-6 {
            true => digits.round(),
            false if up => digits.ceil(),
            false => digits.floor(),
        };
        let short: f64 = format!("{whole}e{}", -power).parse().unwrap_or(shown);
        // Without what the multiplication adds in the last bits.
        format!("{:.11e}", short * scale).parse().unwrap_or(value)
    }
}

const fn of_traffic(
    name: &'static str,
    unit: Unit,
    get: fn(&Question) -> Option<f64>,
    set: fn(&mut Question, f64),
) -> Assumption {
    Assumption { name, unit, candidates: Candidates::Anew, get, set }
}

const fn of_needs(
    name: &'static str,
    unit: Unit,
    get: fn(&Question) -> Option<f64>,
    set: fn(&mut Question, f64),
) -> Assumption {
    Assumption { name, unit, candidates: Candidates::Same, get, set }
}

/// Every one.
pub(super) const ASSUMPTIONS: &[Assumption] = &[
    of_traffic("rate", Unit::PingsPerSecond, |q| Some(q.traffic.pings_per_s), Question::set_rate),
    of_traffic("duplicates", Unit::Share, |q| Some(q.traffic.duplicates), |q, to| q.traffic.duplicates = to),
    of_traffic("copies after 10 min", Unit::Share, |q| q.late(600.0), |q, to| q.set_late(600.0, to)),
    of_traffic("copies after 1 h", Unit::Share, |q| q.late(3600.0), |q, to| q.set_late(3600.0, to)),
    of_traffic("copies after 24 h", Unit::Share, |q| q.late(DAY_S), |q, to| q.set_late(DAY_S, to)),
    // Sizes go with the one, and windows with the other.
    of_traffic("lost", Unit::Share, |q| Some(q.needs.lost), |q, to| q.needs.lost = to),
    of_traffic("missed", Unit::Share, |q| Some(q.needs.missed), |q, to| q.needs.missed = to),
    of_needs("p99", Unit::Seconds, |q| q.needs.p99_s, |q, to| q.needs.p99_s = Some(to)),
    of_needs("memory", Unit::Bytes, |q| Some(q.needs.memory_bytes), |q, to| q.needs.memory_bytes = to),
    of_needs("disk", Unit::Bytes, |q| Some(q.needs.disk_bytes), |q, to| q.needs.disk_bytes = to),
    of_needs("redis", Unit::Bytes, |q| q.needs.redis_bytes, |q, to| q.needs.redis_bytes = Some(to)),
    of_needs(
        "crashes",
        Unit::TimesPerYear,
        |q| Some(q.needs.crashes_per_year),
        |q, to| q.needs.crashes_per_year = to,
    ),
    of_needs(
        "restarts",
        Unit::TimesPerYear,
        |q| Some(q.needs.restarts_per_year),
        |q, to| q.needs.restarts_per_year = to,
    ),
    of_needs(
        "failovers",
        Unit::TimesPerYear,
        |q| Some(q.needs.failovers_per_year),
        |q, to| q.needs.failovers_per_year = to,
    ),
    of_needs(
        "price of memory",
        Unit::Money,
        |q| Some(q.needs.price.memory),
        |q, to| q.needs.price.memory = to,
    ),
    of_needs("price of redis", Unit::Money, |q| Some(q.needs.price.redis), |q, to| q.needs.price.redis = to),
    of_needs("price of disk", Unit::Money, |q| Some(q.needs.price.disk), |q, to| q.needs.price.disk = to),
];
