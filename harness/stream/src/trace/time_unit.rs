//! What the times of a trace count, or the form in which they are written.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How the time field is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Found from the first value: by its form if it is no number; else by the field's name (`time_ms`,
    /// `publishTimeMicros`) or by magnitude, taking the number for a time since 1970 between the years 1973 and 5138.
    #[default]
    Auto,
    /// Seconds since the epoch.
    S,
    /// Milliseconds since the epoch.
    Ms,
    /// Microseconds since the epoch.
    Us,
    /// Nanoseconds since the epoch.
    Ns,
    /// Days since the epoch, as dates in Avro are by their type.
    Days,
    /// RFC 3339: `2026-01-31T12:00:00.5Z`. Also read: `2026-01-31 12:00:00.5 UTC`, as BigQuery exports it, and offsets
    /// such as `-0800`.
    Rfc3339,
    /// As web servers' logs have it: `31/Jan/2026:12:00:00 +0000`.
    Log,
    /// RFC 2822, as mail and HTTP have it: `Sat, 31 Jan 2026 12:00:00 GMT`.
    Rfc2822,
    /// A date with or without the time of the day, and no zone: `2026-01-31 12:00:00`.
    Local,
    /// In a format that was given.
    Format,
}

/// How the unit was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitFrom {
    /// It was given.
    Given,
    /// By the type of its column.
    Type,
    /// By the form of the first value.
    Form,
    /// By the field's name.
    Name,
    /// By the magnitude of the first value.
    Magnitude,
}

/// What the type of a column says of its times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeType {
    /// What they count.
    pub(crate) unit: TimeUnit,
    pub(crate) zone: Zone,
}

/// From where times count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// From midnight in UTC.
    Utc,
    /// As a clock on a wall shows them, in a zone that has to be known.
    Unsaid,
}

/// Where the times were taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeUsed {
    /// The field.
    pub field: String,
    /// Its unit.
    pub unit: TimeUnit,
    /// How the unit was found.
    pub unit_from: UnitFrom,
}

impl TimeUnit {
    /// Whether it counts since the epoch.
    pub(crate) fn counts(self) -> bool {
        matches!(self, TimeUnit::S | TimeUnit::Ms | TimeUnit::Us | TimeUnit::Ns | TimeUnit::Days)
    }

    /// What is allowed in the field.
    pub(crate) fn allowed(self) -> &'static str {
        match self {
            TimeUnit::Auto | TimeUnit::Rfc3339 => {
                "RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, from 1970 to 2554, or what --time-format says"
            }
            TimeUnit::S | TimeUnit::Ms | TimeUnit::Us | TimeUnit::Ns | TimeUnit::Days => {
                "a number since the epoch, from 1970 to 2554"
            }
            TimeUnit::Log => "such as 31/Jan/2026:12:00:00 +0000, from 1970 to 2554",
            TimeUnit::Rfc2822 => "RFC 2822, such as Sat, 31 Jan 2026 12:00:00 GMT, from 1970 to 2554",
            TimeUnit::Local => "a date and a time, such as 2026-01-31 12:00:00, from 1970 to 2554",
            TimeUnit::Format => "what --time-format says, from 1970 to 2554",
        }
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TimeUnit::Auto => "auto",
            TimeUnit::S => "s",
            TimeUnit::Ms => "ms",
            TimeUnit::Us => "us",
            TimeUnit::Ns => "ns",
            TimeUnit::Days => "days",
            TimeUnit::Rfc3339 => "RFC 3339",
            TimeUnit::Log => "the form of web servers' logs",
            TimeUnit::Rfc2822 => "RFC 2822",
            TimeUnit::Local => "date and time without a zone",
            TimeUnit::Format => "the format given",
        })
    }
}

impl fmt::Display for UnitFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            UnitFrom::Given => "as given",
            UnitFrom::Type => "by its type",
            UnitFrom::Form => "by its form",
            UnitFrom::Name => "by its name",
            UnitFrom::Magnitude => "by its magnitude",
        })
    }
}
