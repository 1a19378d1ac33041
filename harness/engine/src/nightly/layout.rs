//! How the directories of a table's days are called.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jiff::civil::Date;

use super::day::Day;
use crate::printable::printable;

/// A pattern for the path of a day's partition below its table: `submission_date=%Y-%m-%d`, `%Y/%m/%d`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout(String);

impl Layout {
    /// The directory of a day in that of its table.
    pub fn partition(&self, table: &Path, day: Day) -> PathBuf {
        table.join(self.name_of(day))
    }

    /// The same below the table.
    pub fn name_of(&self, day: Day) -> String {
        day.date().map_or_else(|| day.to_string(), |date| date.strftime(&self.0).to_string())
    }

    /// The day of a directory, given by its path below the table; none where it is called otherwise.
    pub(super) fn day_of(&self, below: &str) -> Option<Day> {
        let date = Date::strptime(&self.0, below).ok()?;
        let day: Day = date.to_string().parse().ok()?;
        // Other spellings of a date would be other directories of the same day.
        (self.name_of(day) == below).then_some(day)
    }

    /// How many directories lie in each other.
    pub(super) fn depth(&self) -> usize {
        self.0.split('/').count()
    }
}

impl Default for Layout {
    fn default() -> Self {
        Layout("submission_date=%Y-%m-%d".to_string())
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Layout, String> {
        const FIELDS: [&str; 3] = ["%Y", "%m", "%d"];
        let mut rest = text.to_string();
        let once = FIELDS.iter().all(|field| {
            let once = rest.matches(field).count() == 1;
            rest = rest.replace(field, "");
            once
        });
        let is_plain =
            !rest.contains(['%', '*', '?', '[']) && printable(text) == text && !text.contains('\n');
        let are_names = text.split('/').all(|part| !matches!(part, "" | "." | "..") && part.trim() == part);
        match once && is_plain && are_names {
            true => Ok(Layout(text.to_string())),
            false => Err("allowed is the path of a day's directory below its table, with %Y, %m and %d once each and nothing else \
                          that begins with a percent sign, such as date=%Y-%m-%d or year=%Y/month=%m/day=%d"
                .to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_has_one_directory_and_a_directory_one_day() {
        let day: Day = "2026-01-31".parse().unwrap();
        for (layout, name, depth) in [
            ("submission_date=%Y-%m-%d", "submission_date=2026-01-31", 1),
            ("dt=%Y%m%d", "dt=20260131", 1),
            ("year=%Y/month=%m/day=%d", "year=2026/month=01/day=31", 3),
            ("%d.%m.%Y", "31.01.2026", 1),
        ] {
            let layout: Layout = layout.parse().unwrap();
            assert_eq!((layout.name_of(day).as_str(), layout.depth()), (name, depth));
            assert_eq!(layout.day_of(name), Some(day), "{name}");
            for other in ["", "2026-01-31", "dt=2026131", "year=2026/month=1/day=31", "dt=20260231"] {
                assert_eq!(layout.day_of(other), None, "{other}");
            }
        }
    }

    #[test]
    fn what_names_no_day_is_refused() {
        for wrong in [
            "",
            "date",
            "%Y-%m",
            "%Y-%m-%d-%d",
            "%F",
            "%Y/%m/%d/%H",
            "/%Y/%m/%d",
            "%Y//%m%d",
            "../%Y%m%d",
            "%Y%m%d*",
        ] {
            let refused = wrong.parse::<Layout>().unwrap_err();
            assert!(refused.contains("date=%Y-%m-%d"), "{wrong:?}: {refused}");
        }
    }
}
