//! Times that are written as text, each in a form of its own.

use jiff::civil::DateTime;
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::fmt::strtime::{self, BrokenDownTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::TimeUnit;

/// A form in which text says a time.
pub(super) struct TextForm {
    pub(super) unit: TimeUnit,
    /// Reads it. A form that says no zone takes the one that is given.
    pub(super) read: fn(&str, &TimeZone) -> Option<Timestamp>,
}

/// In the order in which they are tried.
pub(super) const FORMS: [TextForm; 4] = [
    TextForm { unit: TimeUnit::Rfc3339, read: |text, _| rfc3339(text) },
    TextForm { unit: TimeUnit::Log, read: |text, _| log(text) },
    TextForm { unit: TimeUnit::Rfc2822, read: |text, _| rfc2822(text) },
    TextForm { unit: TimeUnit::Local, read: local },
];

/// Also with a space before ` UTC`, as BigQuery writes it, or before an offset, as Snowflake does, or with a zone's name
/// in brackets, as Java does.
fn rfc3339(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse() {
        return Some(time);
    }
    if text.ends_with(']') {
        return Some(text.parse::<Zoned>().ok()?.timestamp());
    }
    match text.strip_suffix(" UTC") {
        Some(civil) => utc(civil.parse().ok()?),
        None => {
            let (civil, offset) = text.rsplit_once(' ')?;
            offset.starts_with(['+', '-']).then(|| format!("{civil}{offset}").parse().ok())?
        }
    }
}

/// As web servers write it into their logs, in brackets or without.
fn log(text: &str) -> Option<Timestamp> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    Timestamp::strptime("%d/%b/%Y:%H:%M:%S %z", inner).ok()
}

/// Whether it is such a time without its zone: columns with a space between them leave that in the next one.
pub(super) fn is_cut_log(text: &str) -> bool {
    text.starts_with('[') && log(&format!("{text} +0000]")).is_some()
}

/// As mail and HTTP write it.
fn rfc2822(text: &str) -> Option<Timestamp> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text).ok()
}

/// A date, with or without the time of the day. Where a line says its zone nevertheless, that counts.
fn local(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Some(time) = rfc3339(text) {
        return Some(time);
    }
    // A date's parser passes over the name of a zone that nobody knows.
    let civil: DateTime = (!text.ends_with(']')).then(|| text.parse().ok())??;
    zone.to_timestamp(civil).ok()
}

/// Whether it is a date, with or without the time of the day, and no zone.
pub(super) fn says_no_zone(text: &str) -> bool {
    rfc3339(text).is_none() && local(text, &TimeZone::UTC).is_some()
}

/// Whether a format says the hour from 1 to 12, and not which half of the day is meant.
pub(super) fn is_half_a_day(format: &str) -> bool {
    let (mut hour, mut half) = (false, false);
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter == '%' {
            // Flags, widths and colons stand before what is meant.
            let is_before = |letter: &char| "-_0^#:.123456789".contains(*letter);
            let meant = letters.find(|letter| !is_before(letter));
            hour |= matches!(meant, Some('I' | 'l'));
            half |= matches!(meant, Some('p' | 'P'));
        }
    }
    hour && !half
}

fn utc(civil: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(civil).ok()
}

/// What a format of `strptime` makes of `text`; one that says no offset takes the zone that is given.
pub(super) fn formatted(format: &str, text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let parsed = strtime::parse(format, text).ok()?;
    match parsed.to_timestamp() {
        // Seconds since 1970 are taken for all of it, though a fraction may follow them.
        Ok(time) if parsed.timestamp().is_some() && time.subsec_nanosecond() == 0 => {
            let nanos = i64::from(parsed.subsec_nanosecond().unwrap_or(0));
            time.checked_add(jiff::SignedDuration::from_nanos(nanos)).ok()
        }
        Ok(time) => Some(time),
        Err(_) => zone.to_timestamp(civil(&parsed)?).ok(),
    }
}

/// The formats of digits that say a date, with or without the time of the day.
const CALENDARS: [(usize, &str); 4] =
    [(8, "%Y%m%d"), (12, "%Y%m%d%H%M"), (14, "%Y%m%d%H%M%S"), (17, "%Y%m%d%H%M%S%3f")];

/// The format in which digits say a date from 1970 to 2100. As a number since 1970, by its magnitude, none of so many
/// digits is a time from 1977 to 2600.
pub(super) fn calendar(text: &str) -> Option<&'static str> {
    let digits = text.trim();
    let (_, format) = CALENDARS.iter().find(|(length, _)| *length == digits.len())?;
    let is_date = digits.bytes().all(|byte| byte.is_ascii_digit())
        && strtime::parse(format, digits)
            .ok()
            .and_then(|parsed| civil(&parsed))
            .is_some_and(|date| (1970..=2100).contains(&date.year()));
    is_date.then_some(*format)
}

/// Whether a format says the day, and whether it says the offset: found by writing a time with it and reading that.
pub(super) fn says(format: &str) -> Result<Says, String> {
    let sample: Zoned = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let text = strtime::format(format, &sample).map_err(|error| error.to_string())?;
    let parsed = strtime::parse(format, &text).map_err(|error| error.to_string())?;
    match (parsed.to_timestamp(), civil(&parsed)) {
        (Ok(_), _) => Ok(Says::Instant),
        (Err(_), Some(_)) => Ok(Says::Local),
        (Err(error), None) => Err(error.to_string()),
    }
}

/// How much a format says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Says {
    /// A point in time.
    Instant,
    /// One in a zone that has to be known.
    Local,
}

fn civil(parsed: &BrokenDownTime) -> Option<DateTime> {
    match (parsed.hour(), parsed.minute(), parsed.second()) {
        (None, None, None) => Some(parsed.to_date().ok()?.to_datetime(jiff::civil::Time::midnight())),
        _ => parsed.to_datetime().ok(),
    }
}
