//! Days of UTC, by which tables are partitioned: the same by which numbers are counted.

use dedup_strategies::Timestamp;

pub use dedup_impact::Day;

/// A time as tables have it, in whole microseconds since 1970.
pub(crate) fn micros(at: Timestamp) -> i64 {
    (at.as_nanos() / 1_000) as i64
}

/// The day that holds it.
pub(crate) fn day_of(at: Timestamp) -> Day {
    Day::of_micros(micros(at))
}
