//! What the nightly job leaves of the copies that reached the sink.

use std::collections::BTreeSet;

use dedup_strategies::Timestamp;

use crate::scenario::Scenario;

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

    /// Which of the rows stay: one of its day, if none of the days before that the job looks at has one.
    /// `submitted` is when the edge stamped each copy, counted from the stream's start, in the order of their arrival.
    pub(super) fn keep(self, submitted: &[u64], passed: &[bool], kept: &mut Vec<bool>) {
        let day = |submitted: &u64| (self.start.as_nanos() + submitted) / DAY_NS;
        let rows = || submitted.iter().map(day).zip(passed.iter().copied());
        // A copy that keeps its stamp may come to a day that is over: the job sees the whole of each.
        let days: BTreeSet<u64> = rows().filter(|(_, passed)| *passed).map(|(day, _)| day).collect();
        let mut taken = BTreeSet::new();
        kept.clear();
        kept.extend(rows().map(|(day, passed)| {
            let before = days.range(day.saturating_sub(self.preceding_days)..day).next();
            passed && before.is_none() && taken.insert(day)
        }));
    }
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
        assert_eq!(
            kept(0, &[1, 25, 1, 25], &[true; 4]),
            [true, true, false, false],
            "stamped as the first was"
        );
    }
}
