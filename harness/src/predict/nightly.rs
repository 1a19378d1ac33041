//! What the nightly job leaves of the copies that reached the sink.

use dedup_strategies::Timestamp;

use crate::scenario::{Repeat, Scenario, Submission};

const DAY_NS: u64 = 86_400_000_000_000;

/// The nights of one job, over the copies of one cause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nights {
    preceding_days: u64,
    start: Timestamp,
    submission: Submission,
}

impl Nights {
    pub(super) fn new(scenario: &Scenario, repeat: &Repeat, preceding_days: u32) -> Nights {
        Nights {
            preceding_days: u64::from(preceding_days),
            start: scenario.start(),
            submission: repeat.submission,
        }
    }

    /// Which of the rows stay: the earliest of its day, if none of the days before that the job looks at has one.
    /// `arrivals` of the copies that reached the sink, in order, counted from the stream's start.
    pub(super) fn keep(self, arrivals: &[u64], passed: &[bool], kept: &mut Vec<bool>) {
        kept.clear();
        let mut last_day: Option<u64> = None;
        for (arrival, passed) in arrivals.iter().zip(passed) {
            let stamped = match self.submission {
                Submission::Fresh => arrival,
                Submission::Same => &arrivals[0],
            };
            let day = (self.start.as_nanos() + stamped) / DAY_NS;
            let looked_at = last_day.is_some_and(|last| day - last <= self.preceding_days);
            kept.push(*passed && !looked_at);
            if *passed {
                last_day = Some(day);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(preceding_days: u64, hours: &[u64], passed: &[bool]) -> Vec<bool> {
        let arrivals: Vec<u64> = hours.iter().map(|hour| hour * 3_600_000_000_000).collect();
        let nights = Nights {
            preceding_days,
            start: Timestamp::from_secs(86_400 * 20_000),
            submission: Submission::Fresh,
        };
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
    }
}
