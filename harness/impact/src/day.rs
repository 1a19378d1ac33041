//! Days of UTC.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;

const DAY_US: i64 = 86_400_000_000;
const EPOCH: Date = Date::constant(1970, 1, 1);

/// A day of UTC, in days since 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// The day that holds a time, given in microseconds since 1970.
    pub fn of_micros(micros: i64) -> Day {
        // A time of 64 bits in microseconds lies less than 2^31 days away.
        Day(micros.div_euclid(DAY_US) as i32)
    }

    /// The day so many days later.
    pub fn plus(self, days: u32) -> Day {
        Day(self.0.saturating_add_unsigned(days))
    }

    /// How many days after `first` it is; none before it.
    pub fn since(self, first: Day) -> Option<u32> {
        u32::try_from(i64::from(self.0) - i64::from(first.0)).ok()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let date = jiff::Span::new().try_days(self.0).and_then(|days| EPOCH.checked_add(days));
        match date {
            Ok(date) => write!(f, "{date}"),
            // Beyond the years that dates have.
            Err(_) => write!(f, "day {}", self.0),
        }
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Day, String> {
        let allowed = || "allowed is a day of UTC such as 2026-01-31".to_string();
        let date: Date = text.parse().map_err(|_| allowed())?;
        let day = Day(EPOCH.until(date).map_err(|_| allowed())?.get_days());
        // Other spellings of a date would be other names of one day.
        if day.to_string() == text { Ok(day) } else { Err(allowed()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_as_it_is_read_and_counted_from_the_first() {
        for text in ["1970-01-01", "1969-12-31", "2024-02-29", "2026-01-31"] {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.to_string(), text);
            assert_eq!(Day::of_micros(i64::from(day.0) * DAY_US + DAY_US - 1), day);
            assert_eq!((day.plus(3).since(day), day.since(day.plus(1))), (Some(3), None));
        }
        for text in ["", "2026-1-1", "2026-02-30", "2026-01-01T00:00"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
