//! The days on which a trace has pings.

use std::collections::BTreeSet;

use jiff::Span;
use jiff::civil::Date;

use super::error::TraceError;
use super::options::TraceOptions;

/// Days with pings, counted from 1970.
pub(super) struct Days<'a>(pub(super) &'a BTreeSet<u64>);

/// Gaps that are named; of more, their number is said.
const NAMED: usize = 5;

impl Days<'_> {
    /// The first and the last, if there is one on every day between them.
    pub(super) fn without_gap(&self, options: &TraceOptions) -> Result<(u64, u64), TraceError> {
        let nothing = || TraceError::Empty { path: options.shown(), what: "no file holds any" };
        let (first, last) = self.0.first().zip(self.0.last()).ok_or_else(nothing)?;
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let gaps: Vec<String> = pairs
            .filter(|(day, next)| *next - *day > 1)
            .map(|(day, next)| match (date(day + 1), date(next - 1)) {
                (from, to) if from == to => from,
                (from, to) => format!("{from} to {to}"),
            })
            .collect();
        if gaps.is_empty() {
            return Ok((*first, *last));
        }
        let more = gaps.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more gaps") } else { String::new() };
        let named = gaps.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
        Err(TraceError::DayGap { path: options.shown(), missing: named + &more })
    }
}

/// A day of UTC as it is written: `2026-01-31`.
fn date(day: u64) -> String {
    let date = Span::new().try_days(day as i64).and_then(|days| Date::constant(1970, 1, 1).checked_add(days));
    date.map_or_else(|_| format!("day {day}"), |date| date.to_string())
}
