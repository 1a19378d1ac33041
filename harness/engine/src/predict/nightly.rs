//! What the nightly job leaves of the copies that reached the sink.

use std::collections::BTreeMap;

use dedup_strategies::Timestamp;
use dedup_stream::scenario::Scenario;

const DAY_NS: u64 = 86_400_000_000_000;

/// The nights of one job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nights {
    preceding_days: u64,
    start: Timestamp,
}

impl Nights {
    pub(super) fn new(scenario: &Scenario, preceding_days: u32) -> Nights {
        Nights { preceding_days: u64::from(preceding_days), start: scenario.start() }
    }

    /// Which of the rows stay: the earliest of its day, if none of the days before that the job looks at has one.
    /// `stamped` is the time of each copy, counted from the stream's start, in the order of arrival, and `passed` says
    /// which reached the sink.
    pub(super) fn keep(self, stamped: &[u64], passed: &[bool], kept: &mut Vec<bool>) {
        kept.clear();
        let day = |at: &u64| (self.start.as_nanos() + at) / DAY_NS;
        let rows = stamped.iter().zip(passed).filter(|(_, passed)| **passed);
        let mut days: BTreeMap<u64, Row> = rows.map(|(at, _)| (day(at), Row::Wanted)).collect();
        for (at, passed) in stamped.iter().zip(passed) {
            let day = day(at);
            let looked_at = days.range(day.saturating_sub(self.preceding_days)..day).next().is_some();
            let earliest = *passed && days.insert(day, Row::Taken) == Some(Row::Wanted);
            kept.push(earliest && !looked_at);
        }
    }
}

/// Whether a day's earliest row was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Row {
    Wanted,
    Taken,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(preceding_days: u64, hours: &[u64], passed: &[bool]) -> Vec<bool> {
        let arrivals: Vec<u64> = hours.iter().map(|hour| hour * 3_600_000_000_000).collect();
        let nights = Nights { preceding_days, start: Timestamp::from_secs(86_400 * 20_000) };
        let mut kept = Vec::new();
        nights.keep(&arrivals, passed, &mut kept);
        kept
    }

    #[test]
    fn each_day_keeps_its_earliest_row_and_looks_back_as_far_as_it_is_told() {
        assert_eq!(kept(0, &[1, 5, 23, 25, 30, 49], &[true; 6]), [true, false, false, true, false, true]);
        assert_eq!(kept(1, &[1, 25, 49, 73], &[true; 4]), [true, false, false, false]);
        assert_eq!(kept(1, &[1, 49, 73], &[true; 3]), [true, true, false]);
        assert_eq!(kept(0, &[1, 25], &[true, false]), [true, false]);
        // Stamped like the first, whenever it came.
        assert_eq!(kept(0, &[1, 25, 2], &[true; 3]), [true, true, false]);
    }
}
