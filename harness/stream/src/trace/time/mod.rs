//! From the text of a time to a point in time.

mod epoch;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use dedup_strategies::Timestamp;
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

use self::epoch::{epoch, unit_in_name, unit_of};
use self::text::{FORMS, Says, calendar, formatted, is_cut_log, is_half_a_day, says, says_no_zone};
use super::error::{BadReason, TraceError, excerpt};
use super::options::TraceOptions;
use super::time_unit::{TimeType, TimeUnit, UnitFrom, Zone};

/// Why the first value does not say how times are written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Unclear {
    /// The number is too small for its magnitude to tell.
    Small,
    /// The field's name says the first unit, the magnitude the second.
    Contradicted(TimeUnit, TimeUnit),
    /// It says no time zone, and none was given.
    NoZone,
    /// A zone was given, and numbers since the epoch have none but UTC.
    InUtc,
    /// Its digits say a date in this format.
    Calendar(&'static str),
}

impl fmt::Display for Unclear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unclear::Small => {
                f.write_str("is too small to tell its unit: name it with --time-unit s, ms, us or ns")
            }
            Unclear::Contradicted(name, magnitude) => write!(
                f,
                "is in {magnitude} by its magnitude and in {name} by the field's name: say which with --time-unit \
                 {magnitude} or --time-unit {name}"
            ),
            Unclear::Calendar(format) => write!(
                f,
                "reads as a date written in digits: say so with --time-format {format} --time-zone UTC, or another zone, or say what it \
                 counts since 1970 with --time-unit s, ms, us or ns"
            ),
            Unclear::InUtc => f.write_str(
                "counts since the epoch, in UTC: leave out --time-zone, or say what the number is with --time-format",
            ),
            Unclear::NoZone => f.write_str(
                "says no time zone: name it with --time-zone UTC, or another one, such as +02:00 or Europe/Berlin",
            ),
        }
    }
}

/// What is said where the time of a log was taken apart at the space before its zone.
const CUT_LOG: &str = "a time with its zone, which stands in the next column: leave out --delimiter and --time-format (a log in the \
     common or combined form is read as it is, its columns called host, time, request, ...), or give \
     --time-format '[%d/%b/%Y:%H:%M:%S' --time-zone UTC, or another zone";

/// What is said where the first time has a zone, and another has none.
const NO_ZONE_HERE: &str = "RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, as the first one has (where some say no zone, give \
     --time-unit local --time-zone UTC, or another zone)";

/// Reads the times of one field.
#[derive(Clone, Debug)]
pub(crate) struct TimeReader {
    unit: TimeUnit,
    unit_from: UnitFrom,
    zone: Option<TimeZone>,
    /// Whether numbers count as a clock in that zone shows them, and not in UTC.
    is_of_a_wall: bool,
    format: Option<String>,
}

impl TimeReader {
    /// A reader as `options` ask for; `by_type` is the unit that the type of the column says.
    pub(crate) fn new(options: &TraceOptions, by_type: Option<TimeType>) -> Result<TimeReader, TraceError> {
        let zone = options.time_zone.as_deref().map(zone_of).transpose()?;
        let (unit, unit_from) = match (by_type, &options.time_format) {
            (Some(of), _) => (of.unit, UnitFrom::Type),
            (None, Some(_)) => (TimeUnit::Format, UnitFrom::Given),
            (None, None) => (options.time_unit, UnitFrom::Given),
        };
        if let Some(format) = options.time_format.as_ref().filter(|format| is_half_a_day(format)) {
            return Err(wrong_format(format, "%I says 1 to 12 without %p, which says which half of the day"));
        }
        if let Some(format) = &options.time_format
            && says(format).map_err(|why| wrong_format(format, &why))? == Says::Local
            && zone.is_none()
        {
            return Err(TraceError::option(
                "--time-format",
                format,
                "one with %z, or --time-zone UTC beside it",
            ));
        }
        let is_of_a_wall = by_type.is_some_and(|of| of.zone == Zone::Unsaid);
        if let Some(name) = options.time_zone.as_deref().filter(|_| unit.counts() && !is_of_a_wall) {
            let found = excerpt(name);
            let allowed = match by_type {
                Some(_) => "none: the column's type says that times are in UTC",
                None => "none: numbers since the epoch are in UTC",
            };
            return Err(TraceError::option("--time-zone", found, allowed));
        }
        if unit == TimeUnit::Local && zone.is_none() {
            return Err(TraceError::option("--time-unit", "local", "none without --time-zone, such as UTC"));
        }
        Ok(TimeReader { unit, unit_from, zone, is_of_a_wall, format: options.time_format.clone() })
    }

    /// How the times are written, and how that was found.
    pub(crate) fn unit(&self) -> (TimeUnit, UnitFrom) {
        (self.unit, self.unit_from)
    }

    /// The time that `text` says. Where the unit is to be found, the first value of the field `field` tells it.
    pub(crate) fn read(&mut self, field: &str, text: &str) -> Result<Result<Timestamp, BadReason>, Unclear> {
        if self.unit == TimeUnit::Auto
            && let Some((unit, from)) = self.guess(field, text)?
        {
            (self.unit, self.unit_from) = (unit, from);
        }
        Ok(self.time_of(text))
    }

    /// The unit of `text`; none if that is no time at all: the line is bad, and the next one may tell.
    fn guess(&self, field: &str, text: &str) -> Result<Option<(TimeUnit, UnitFrom)>, Unclear> {
        // The widest range of values is that of nanoseconds.
        let Some(number) = epoch(text, 1) else { return self.guess_form(text) };
        if self.zone.is_some() && calendar(text).is_none() {
            return Err(Unclear::InUtc);
        }
        match (unit_in_name(field), unit_of(number), calendar(text)) {
            (Some(name), Some(magnitude), _) if name != magnitude => {
                Err(Unclear::Contradicted(name, magnitude))
            }
            (Some(name), ..) => Ok(Some((name, UnitFrom::Name))),
            (None, _, Some(format)) => Err(Unclear::Calendar(format)),
            (None, Some(magnitude), None) => Ok(Some((magnitude, UnitFrom::Magnitude))),
            (None, None, None) => Err(Unclear::Small),
        }
    }

    fn guess_form(&self, text: &str) -> Result<Option<(TimeUnit, UnitFrom)>, Unclear> {
        match FORMS.iter().find(|form| (form.read)(text, &TimeZone::UTC).is_some()) {
            Some(form) if form.unit == TimeUnit::Local && self.zone.is_none() => Err(Unclear::NoZone),
            form => Ok(form.map(|form| (form.unit, UnitFrom::Form))),
        }
    }

    fn time_of(&self, text: &str) -> Result<Timestamp, BadReason> {
        self.same_magnitude(text)?;
        let nanos = match self.unit {
            TimeUnit::S => epoch(text, 1_000_000_000),
            TimeUnit::Ms => epoch(text, 1_000_000),
            TimeUnit::Us => epoch(text, 1_000),
            TimeUnit::Ns => epoch(text, 1),
            TimeUnit::Days => epoch(text, 86_400_000_000_000),
            unit => self.said(unit, text).and_then(|time| u64::try_from(time.as_nanosecond()).ok()),
        };
        let nanos = if self.is_of_a_wall { nanos.and_then(|nanos| self.on_a_wall(nanos)) } else { nanos };
        // The last nanosecond stands for the end of all input.
        match nanos.map(Timestamp::from_nanos) {
            Some(time) if time != Timestamp::END => Ok(time),
            _ => Err(BadReason::Time { found: excerpt(text), allowed: self.allowed(text) }),
        }
    }

    /// Refuses a number whose magnitude says another unit than that of the first did.
    fn same_magnitude(&self, text: &str) -> Result<(), BadReason> {
        if self.unit_from != UnitFrom::Magnitude {
            return Ok(());
        }
        match epoch(text, 1).and_then(unit_of).filter(|own| *own != self.unit) {
            Some(own) => Err(BadReason::OtherUnit { found: excerpt(text), own, unit: self.unit }),
            None => Ok(()),
        }
    }

    /// The nanoseconds since the epoch when clocks in the zone show what `nanos` would be in UTC.
    fn on_a_wall(&self, nanos: u64) -> Option<u64> {
        let Some(zone) = &self.zone else { return Some(nanos) };
        let shown = jiff::Timestamp::from_nanosecond(i128::from(nanos)).ok()?;
        let time = zone.to_timestamp(TimeZone::UTC.to_datetime(shown)).ok()?;
        u64::try_from(time.as_nanosecond()).ok()
    }

    /// What is allowed in the place of `text`.
    fn allowed(&self, text: &str) -> &'static str {
        match self.unit {
            _ if is_cut_log(text) => CUT_LOG,
            TimeUnit::Auto if text.trim().parse::<f64>().is_ok() => TimeUnit::S.allowed(),
            TimeUnit::Rfc3339 if says_no_zone(text) => NO_ZONE_HERE,
            unit => unit.allowed(),
        }
    }

    fn said(&self, unit: TimeUnit, text: &str) -> Option<jiff::Timestamp> {
        let utc = TimeZone::UTC;
        let zone = self.zone.as_ref().unwrap_or(&utc);
        match &self.format {
            Some(format) => formatted(format, text, zone),
            None => {
                let form = FORMS.iter().find(|form| form.unit == unit).unwrap_or(&FORMS[0]);
                (form.read)(text, zone)
            }
        }
    }
}

fn zone_of(name: &str) -> Result<TimeZone, TraceError> {
    let parsed = match name {
        "Z" => Ok(TimeZone::UTC),
        name => DateTimeParser::new().parse_time_zone(name),
    };
    parsed.map_err(|_| {
        TraceError::option("--time-zone", excerpt(name), "UTC, +02:00, or a name such as Europe/Berlin")
    })
}

fn wrong_format(format: &str, why: &str) -> TraceError {
    let found = format!("{} ({why})", excerpt(format));
    TraceError::option(
        "--time-format",
        found,
        "a format of strptime with a day, such as %d.%m.%Y %H:%M:%S %z",
    )
}
