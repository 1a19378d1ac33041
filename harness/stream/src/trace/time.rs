//! From the text of a time to a point in time.

use std::fmt;

use dedup_strategies::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::error::{BadReason, excerpt};

/// How the time field is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeUnit {
    /// Found from the first value: RFC 3339 if it is no number; else by the field's name (`time_ms`, `publishTimeMicros`);
    /// else by magnitude, taking the number for a time since 1970 between the years 1973 and 5138.
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
    /// RFC 3339: `2026-01-31T12:00:00.5Z`. Also read: `2026-01-31 12:00:00.5 UTC`, as BigQuery exports it.
    Rfc3339,
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
    /// What is allowed in the field.
    fn allowed(self) -> &'static str {
        match self {
            TimeUnit::Auto | TimeUnit::Rfc3339 => {
                "RFC 3339 with an offset, such as 2026-01-31T12:00:00Z, from 1970 to 2554"
            }
            TimeUnit::S | TimeUnit::Ms | TimeUnit::Us | TimeUnit::Ns => {
                "a number since the epoch, from 1970 to 2554"
            }
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
            TimeUnit::Rfc3339 => "RFC 3339",
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

/// What [`TimeUnit::Auto`] makes of the first value.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Guess {
    /// This unit.
    Unit(TimeUnit, UnitFrom),
    /// A number, in a unit that cannot be told.
    Unclear,
    /// No time at all: the line is bad, and the next one may tell.
    NoTime,
}

/// The unit of `text` in the field `field`.
pub(crate) fn guess(field: &str, text: &str) -> Guess {
    if rfc3339(text).is_some() {
        return Guess::Unit(TimeUnit::Rfc3339, UnitFrom::Form);
    }
    // The widest range of values is that of nanoseconds.
    let Some(number) = epoch(text, 1) else { return Guess::NoTime };
    if let Some(unit) = unit_in_name(field) {
        return Guess::Unit(unit, UnitFrom::Name);
    }
    let unit = match number {
        0..100_000_000 => return Guess::Unclear,
        100_000_000..100_000_000_000 => TimeUnit::S,
        100_000_000_000..100_000_000_000_000 => TimeUnit::Ms,
        100_000_000_000_000..100_000_000_000_000_000 => TimeUnit::Us,
        _ => TimeUnit::Ns,
    };
    Guess::Unit(unit, UnitFrom::Magnitude)
}

/// Reads `text` in `unit`, which is not [`TimeUnit::Auto`].
pub(crate) fn time_of(unit: TimeUnit, text: &str) -> Result<Timestamp, BadReason> {
    let nanos = match unit {
        TimeUnit::Auto | TimeUnit::Rfc3339 => rfc3339(text),
        TimeUnit::S => epoch(text, 1_000_000_000),
        TimeUnit::Ms => epoch(text, 1_000_000),
        TimeUnit::Us => epoch(text, 1_000),
        TimeUnit::Ns => epoch(text, 1),
    };
    // The last nanosecond stands for the end of all input.
    match nanos.map(Timestamp::from_nanos) {
        Some(time) if time != Timestamp::END => Ok(time),
        _ => Err(BadReason::Time { found: excerpt(text), allowed: unit.allowed() }),
    }
}

fn unit_in_name(field: &str) -> Option<TimeUnit> {
    // Longer endings first: "milliseconds" ends in "seconds" as well.
    const ENDINGS: [(&str, TimeUnit); 19] = [
        ("milliseconds", TimeUnit::Ms),
        ("microseconds", TimeUnit::Us),
        ("nanoseconds", TimeUnit::Ns),
        ("seconds", TimeUnit::S),
        ("millis", TimeUnit::Ms),
        ("Millis", TimeUnit::Ms),
        ("micros", TimeUnit::Us),
        ("Micros", TimeUnit::Us),
        ("nanos", TimeUnit::Ns),
        ("Nanos", TimeUnit::Ns),
        ("_ms", TimeUnit::Ms),
        ("Ms", TimeUnit::Ms),
        ("_us", TimeUnit::Us),
        ("Us", TimeUnit::Us),
        ("_ns", TimeUnit::Ns),
        ("Ns", TimeUnit::Ns),
        ("_sec", TimeUnit::S),
        ("_secs", TimeUnit::S),
        ("_s", TimeUnit::S),
    ];
    ENDINGS.iter().find(|(ending, _)| field.ends_with(ending)).map(|(_, unit)| *unit)
}

fn rfc3339(text: &str) -> Option<u64> {
    let time = match text.strip_suffix(" UTC") {
        None => text.parse::<jiff::Timestamp>().ok()?,
        Some(civil) => TimeZone::UTC.to_timestamp(civil.parse::<jiff::civil::DateTime>().ok()?).ok()?,
    };
    u64::try_from(time.as_nanosecond()).ok()
}

/// A number of units of `nanos` nanoseconds each, whole or with a fraction, exact but for what is below a nanosecond.
fn epoch(text: &str, nanos: u64) -> Option<u64> {
    let text = text.trim();
    if text.contains(['e', 'E']) {
        return exponent(text, nanos);
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole)?.checked_mul(nanos)?.checked_add(fraction_of(fraction, nanos)?)
}

fn digits(text: &str) -> Option<u64> {
    // A sign, which `parse` would take, is no digit.
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn fraction_of(text: &str, nanos: u64) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let kept = &text[..text.len().min(9)];
    Some(kept.parse::<u64>().ok()? * nanos / 10u64.pow(kept.len() as u32))
}

/// `1.5e9`, as some languages print large numbers; exact to 53 bits.
fn exponent(text: &str, nanos: u64) -> Option<u64> {
    let value = text.parse::<f64>().ok()? * nanos as f64;
    (value >= 0.0 && value < u64::MAX as f64).then_some(value as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(unit: TimeUnit, text: &str) -> Option<u64> {
        time_of(unit, text).ok().map(Timestamp::as_nanos)
    }

    #[test]
    fn every_unit_is_read_to_the_nanosecond() {
        let expected = Some(1_546_550_779_123_456_789);
        assert_eq!(nanos(TimeUnit::S, "1546550779.123456789"), expected);
        assert_eq!(nanos(TimeUnit::Ms, "1546550779123.456789"), expected);
        assert_eq!(nanos(TimeUnit::Us, "1546550779123456.789"), expected);
        assert_eq!(nanos(TimeUnit::Ns, "1546550779123456789"), expected);
        assert_eq!(nanos(TimeUnit::Rfc3339, "2019-01-03T21:26:19.123456789Z"), expected);
        assert_eq!(nanos(TimeUnit::Rfc3339, "2019-01-03T22:26:19.123456789+01:00"), expected);
        assert_eq!(nanos(TimeUnit::Rfc3339, "2019-01-03 21:26:19.123456789 UTC"), expected);
        assert_eq!(nanos(TimeUnit::S, "1.546550779e9"), Some(1_546_550_779_000_000_000));
        assert_eq!(nanos(TimeUnit::Ns, "1.9"), Some(1), "what is below a nanosecond is cut");
        assert_eq!(nanos(TimeUnit::S, "0.1234567899"), Some(123_456_789));
    }

    #[test]
    fn nonsense_is_no_time() {
        for text in [
            "",
            " ",
            "-1",
            "+1",
            "1.",
            ".5",
            "1..2",
            "1,5",
            "NaN",
            "inf",
            "1e400",
            "-1e3",
            "0x10",
            "1e",
            "e",
            "99999999999999999999",
            "18446744073.709551615",
            "soon",
            "２０２６",
        ] {
            assert_eq!(nanos(TimeUnit::S, text), None, "{text}");
        }
        for text in
            ["", "2019-01-03", "2019-01-03T21:26:19", "1969-12-31T23:59:59Z", "2600-01-01T00:00:00Z", " UTC"]
        {
            assert_eq!(nanos(TimeUnit::Rfc3339, text), None, "{text}");
        }
        assert_eq!(
            nanos(TimeUnit::Ns, "18446744073709551615"),
            None,
            "the end of all input is no time of a ping"
        );
        assert!(nanos(TimeUnit::Ns, "18446744073709551614").is_some());
    }

    #[test]
    fn the_unit_is_told_by_form_then_name_then_magnitude() {
        let unit = |field, text| match guess(field, text) {
            Guess::Unit(unit, from) => Some((unit, from)),
            _ => None,
        };
        assert_eq!(unit("at_ms", "2019-01-03T21:26:19Z"), Some((TimeUnit::Rfc3339, UnitFrom::Form)));
        assert_eq!(unit("at_ms", "0"), Some((TimeUnit::Ms, UnitFrom::Name)));
        assert_eq!(unit("publishTimeMicros", "5"), Some((TimeUnit::Us, UnitFrom::Name)));
        assert_eq!(unit("uptime_milliseconds", "5"), Some((TimeUnit::Ms, UnitFrom::Name)));
        for (text, expected) in [
            ("1546550779", TimeUnit::S),
            ("1546550779.5", TimeUnit::S),
            ("1546550779123", TimeUnit::Ms),
            ("1546550779123456", TimeUnit::Us),
            ("1546550779123456789", TimeUnit::Ns),
        ] {
            assert_eq!(unit("ts", text), Some((expected, UnitFrom::Magnitude)), "{text}");
        }
        assert_eq!(guess("ts", "17"), Guess::Unclear);
        assert_eq!(guess("ts", "-17"), Guess::NoTime);
        assert_eq!(guess("ts", "soon"), Guess::NoTime);
    }
}
