//! Quantities as people type them.

use std::time::Duration;

use dedup_records::units::{parse_bytes, parse_time};

/// What would have been allowed in the place of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed(pub &'static str);

/// Seconds of a day.
pub const DAY_S: f64 = 86_400.0;

/// Seconds of a year.
pub const YEAR_S: f64 = 365.25 * DAY_S;

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().replace('_', "").parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some(number)
}

/// `0.1%`, `1e-6`, `none`: a part of a whole.
pub fn share(text: &str) -> Result<f64, Allowed> {
    let found = match text.trim() {
        "none" => Some(0.0),
        text => match text.strip_suffix('%') {
            Some(percent) => number(percent).map(|percent| percent / 100.0),
            None => number(text),
        },
    };
    found.filter(|share| *share <= 1.0).ok_or(Allowed("a share such as 0.1%, 1e-6 or none"))
}

/// `3000/s`, `2/day`: events a second.
pub fn rate(text: &str) -> Result<f64, Allowed> {
    per_second(text)
        .filter(|rate| (1e-6..=1e9).contains(rate))
        .ok_or(Allowed("a rate such as 3000/s, 5/min or 2/day, from one in eleven days to 1e9/s"))
}

/// `2/month`, `none`: how often something happens, a year.
pub fn often(text: &str) -> Result<f64, Allowed> {
    let found = match text.trim() {
        "none" | "never" => Some(0.0),
        // Days first: so many a year are as many to the last bit.
        text => per_second(text).map(|rate| rate * (YEAR_S / DAY_S) * DAY_S),
    };
    found.filter(|times| *times <= 1e6).ok_or(Allowed("how often, such as 2/month, 3/day, 4/year or none"))
}

fn per_second(text: &str) -> Option<f64> {
    let (count, unit) = text.split_once('/')?;
    let seconds = match unit.trim() {
        "s" | "second" => 1.0,
        "min" | "minute" => 60.0,
        "h" | "hour" => 3600.0,
        "day" | "d" => DAY_S,
        "week" => 7.0 * DAY_S,
        "month" => YEAR_S / 12.0,
        "year" => YEAR_S,
        _ => return None,
    };
    number(count).map(|count| count / seconds)
}

/// `4GiB`, `500 MB`: bytes, no more than anybody has.
pub(crate) fn bytes(text: &str) -> Result<u64, Allowed> {
    const MOST: u64 = 1_000_000_000_000_000_000;
    parse_bytes(text).filter(|bytes| *bytes <= MOST).ok_or(Allowed("a size such as 4GiB, 500MB or 1KB"))
}

/// `10m`, `3d`, `1500ms`: a length of time.
pub(crate) fn time(text: &str) -> Result<Duration, Allowed> {
    parse_time(text).ok_or(Allowed("a length of time such as 30s, 10m or 3days"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_in_the_units_that_people_use() {
        assert_eq!((share("0.1%"), share("1e-6"), share("none")), (Ok(0.001), Ok(1e-6), Ok(0.0)));
        assert_eq!((rate("3000/s"), rate("86400/day"), rate("3_600/h")), (Ok(3000.0), Ok(1.0), Ok(1.0)));
        assert!((often("2/month").unwrap() - 24.0).abs() < 1e-9);
        assert!((often("3/day").unwrap() - 1095.75).abs() < 1e-9);
        assert_eq!((often("4/year"), often("none")), (Ok(4.0), Ok(0.0)));
        assert_eq!((bytes("4GiB"), bytes("1KB"), bytes("12")), (Ok(4 << 30), Ok(1000), Ok(12)));
        assert_eq!(time("3d"), Ok(Duration::from_secs(259_200)));
    }

    #[test]
    fn nonsense_is_refused_with_what_is_allowed() {
        for text in ["", "-1%", "200%", "many", "NaN"] {
            assert!(share(text).is_err(), "{text}");
        }
        for text in ["3000", "3000/fortnight", "/s", "inf/s", "0/s", "-1/s"] {
            assert!(rate(text).is_err(), "{text}");
        }
        assert!(often("2").is_err() && bytes("4 pounds").is_err() && time("soon").is_err());
    }
}
