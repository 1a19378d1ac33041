//! Figures of a question that are varied, each lent by one function.

use serde::Serialize;

use super::question::{LATE, Question};

/// A figure that may be otherwise.
pub(super) struct Assumption {
    /// Its name.
    pub(super) name: &'static str,
    /// What it is measured in.
    pub(super) unit: Unit,
    /// Lends it; none where the question has none.
    pub(super) lend: for<'a> fn(&'a mut Question<'_>) -> Option<&'a mut f64>,
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
}

/// Every one.
pub(super) const ASSUMPTIONS: &[Assumption] = &[
    Assumption { name: "rate", unit: Unit::PingsPerSecond, lend: |asked| Some(&mut asked.rate) },
    Assumption { name: "duplicates", unit: Unit::Share, lend: |asked| Some(&mut asked.duplicates) },
    Assumption { name: LATE[0], unit: Unit::Share, lend: |asked| asked.late[0].as_mut() },
    Assumption { name: LATE[1], unit: Unit::Share, lend: |asked| asked.late[1].as_mut() },
    Assumption { name: LATE[2], unit: Unit::Share, lend: |asked| asked.late[2].as_mut() },
    Assumption { name: "lost", unit: Unit::Share, lend: |asked| Some(&mut asked.needs.lost) },
    Assumption { name: "missed", unit: Unit::Share, lend: |asked| Some(&mut asked.needs.missed) },
    Assumption { name: "p99", unit: Unit::Seconds, lend: |asked| asked.needs.p99_s.as_mut() },
    Assumption { name: "memory", unit: Unit::Bytes, lend: |asked| Some(&mut asked.needs.memory_bytes) },
    Assumption { name: "disk", unit: Unit::Bytes, lend: |asked| Some(&mut asked.needs.disk_bytes) },
    Assumption { name: "redis", unit: Unit::Bytes, lend: |asked| asked.needs.redis_bytes.as_mut() },
    Assumption {
        name: "crashes",
        unit: Unit::TimesPerYear,
        lend: |asked| Some(&mut asked.needs.crashes_per_year),
    },
    Assumption {
        name: "restarts",
        unit: Unit::TimesPerYear,
        lend: |asked| Some(&mut asked.needs.restarts_per_year),
    },
    Assumption {
        name: "failovers",
        unit: Unit::TimesPerYear,
        lend: |asked| Some(&mut asked.needs.failovers_per_year),
    },
    Assumption {
        name: "price of memory",
        unit: Unit::Money,
        lend: |asked| Some(&mut asked.needs.price.memory),
    },
    Assumption {
        name: "price of redis",
        unit: Unit::Money,
        lend: |asked| Some(&mut asked.needs.price.redis),
    },
    Assumption { name: "price of disk", unit: Unit::Money, lend: |asked| Some(&mut asked.needs.price.disk) },
];
