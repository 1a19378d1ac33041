//! The argument that says how times are written.

use clap::ValueEnum;
use dedup_stream::trace::TimeUnit;

/// How the time field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeUnitArg {
    /// Found from the first value: by its form if it is no number; else by the field's name (`time_ms`,
    /// `publishTimeMicros`) or by magnitude, taking the number for a time since 1970 between the years 1973 and 5138.
    Auto,
    /// Seconds since the epoch.
    S,
    /// Milliseconds since the epoch.
    Ms,
    /// Microseconds since the epoch.
    Us,
    /// Nanoseconds since the epoch.
    Ns,
    /// RFC 3339: `2026-01-31T12:00:00.5Z`. Also read: `2026-01-31 12:00:00.5 UTC`, as BigQuery exports it, and offsets
    /// such as `-0800`.
    Rfc3339,
    /// As web servers' logs have it: `31/Jan/2026:12:00:00 +0000`.
    Log,
    /// As mail and HTTP have it: `Sat, 31 Jan 2026 12:00:00 GMT`.
    Rfc2822,
    /// A date with or without the time of the day, in the zone that --time-zone names: `2026-01-31 12:00:00`.
    Local,
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
            TimeUnitArg::Log => TimeUnit::Log,
            TimeUnitArg::Rfc2822 => TimeUnit::Rfc2822,
            TimeUnitArg::Local => TimeUnit::Local,
        }
    }
}
