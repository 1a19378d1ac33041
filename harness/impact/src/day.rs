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

    /// Its first moment, in microseconds since 1970.
    pub fn start_us(self) -> i64 {
        i64::from(self.0) * DAY_US
    }

    /// The first moment after it.
    pub fn end_us(self) -> i64 {
        self.start_us() + DAY_US
    }

    /// The moments at which `slices` equal parts of the day begin, and its end.
    pub fn cuts(self, slices: u32) -> impl Iterator<Item = (i64, i64)> {
        let at = move |slice: u32| self.start_us() + DAY_US * i64::from(slice) / i64::from(slices);
        (0..slices).map(move |slice| (at(slice), at(slice + 1)))
    }

    /// The same as a date; none beyond the years that dates have.
    pub fn date(self) -> Option<Date> {
        EPOCH.checked_add(jiff::Span::new().try_days(i64::from(self.0)).ok()?).ok()
    }

    /// The day so many days before.
    pub fn before(self, days: u32) -> Day {
        Day(self.0.saturating_sub_unsigned(days))
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
        match self.date() {
            Some(date) => write!(f, "{date}"),
            None => write!(f, "day {}", self.0),
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
        for text in ["1970-01-01", "1969-12-31", "2024-02-29", "2026-01-31", "2554-07-21"] {
            let day: Day = text.parse().unwrap();
            assert_eq!(day.to_string(), text);
            assert_eq!([day.start_us(), day.end_us() - 1].map(Day::of_micros), [day; 2]);
            assert_eq!(Day::of_micros(day.end_us()).before(1), day);
            assert_eq!((day.plus(3).since(day), day.since(day.plus(1))), (Some(3), None));
        }
        for text in ["", "2026-1-1", "20260101", "2026-02-30", "today", "2026-01-01T00:00"] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn slices_cover_the_day_without_gap_or_overlap() {
        let day = Day(20_000);
        for slices in [1, 7, 20, 24] {
            let cuts: Vec<_> = day.cuts(slices).collect();
            assert_eq!(cuts.len(), slices as usize);
            assert_eq!((cuts[0].0, cuts[cuts.len() - 1].1), (day.start_us(), day.end_us()));
            assert!(cuts.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
    }
}
