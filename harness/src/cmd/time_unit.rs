//! The argument that says how times are written.

use clap::ValueEnum;
use dedup_stream::trace::TimeUnit;

/// How the time field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeUnitArg {
    /// Found from the first value: RFC 3339 if it is no number; else by the field's name (`time_ms`, `publishTimeMicros`);
    /// else by magnitude, taking the number for a time since 1970 between the years 1973 and 5138.
    Auto,
    /// Seconds since the epoch.
    S,
    /// Milliseconds since the epoch.
    Ms,
    /// Microseconds since the epoch.
    Us,
    /// Nanoseconds since the epoch.
    Ns,
    /// RFC 3339: `2026-01-31T12:00:00.5Z`. Also read: `2026-01-31 12:00:00.5 UTC`, as BigQuery exports it.
    Rfc3339,
}

impl From<TimeUnitArg> for TimeUnit {
    fn from(unit: TimeUnitArg) -> TimeUnit {
        match unit {
            TimeUnitArg::Auto => TimeUnit::Auto,
            TimeUnitArg::S => TimeUnit::S,
            TimeUnitArg::Ms => TimeUnit::Ms,
            TimeUnitArg::Us => TimeUnit::Us,
            TimeUnitArg::Ns => TimeUnit::Ns,
            TimeUnitArg::Rfc3339 => TimeUnit::Rfc3339,
        }
    }
}
