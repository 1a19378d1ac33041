//! What a curve may take, and whether the next number of ids fits into what is left of it.

use std::time::{Duration, Instant};

use dedup_strategies::time::saturating_nanos;

use crate::environment::ScaleOptions;
use crate::units::{bytes, duration, thousands};

/// The more ids, the longer a ping takes: this much more for four times as many.
const SLOWER: f64 = 1.25;

/// Time and memory, and what is known of what ids cost.
pub(super) struct Budget {
    time: Duration,
    left: Duration,
    memory_bytes: u64,
    last: Option<Cost>,
}

/// What was taken with some number of ids.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    pub(super) ids: u64,
    pub(super) pings: u64,
    pub(super) took: Duration,
    pub(super) peak_bytes: u64,
}

/// Where measuring is broken off.
pub(super) struct Limits {
    time: Duration,
    deadline: Instant,
    memory_bytes: u64,
}

impl Budget {
    /// Of a process that may take `limit_bytes`: more than its strategy, which may take for a moment what nobody foresaw.
    pub(super) fn new(options: &ScaleOptions, limit_bytes: u64) -> Budget {
        let time = Duration::from_secs_f64(options.seconds);
        let memory_bytes = options.memory_bytes.unwrap_or(limit_bytes / 2);
        Budget { time, left: time, memory_bytes, last: None }
    }

    /// Whether `pings` with `ids` in a window may be begun; else why not. Of the first nothing is known but what is planned.
    pub(super) fn admit(&self, ids: u64, pings: u64, planned_bytes: Option<u64>) -> Result<(), String> {
        let times = |last: &Cost| ids as f64 / last.ids.max(1) as f64;
        let by_last = self.last.as_ref().map(|last| (last.peak_bytes as f64 * times(last)) as u64);
        let needed = planned_bytes.max(by_last).unwrap_or(0);
        let shown = thousands(ids);
        if needed > self.memory_bytes {
            let (needed, all) = (bytes(needed), bytes(self.memory_bytes));
            return Err(format!(
                "{shown} ids would take about {needed} of the {all} that they may (--budget)"
            ));
        }
        let takes = self.last.as_ref().map_or(Duration::ZERO, |last| {
            let as_many = last.took.as_secs_f64() * pings as f64 / last.pings.max(1) as f64;
            Duration::try_from_secs_f64(as_many * SLOWER).unwrap_or(Duration::MAX)
        });
        if takes > self.left || self.left.is_zero() {
            let (takes, left) = (said(takes), said(self.left));
            return Err(format!("{shown} ids would take about {takes}, and {left} are left (--budget)"));
        }
        Ok(())
    }

    pub(super) fn spent(&mut self, took: Duration) {
        self.left = self.left.saturating_sub(took);
    }

    pub(super) fn measured(&mut self, cost: Cost) {
        self.last = Some(cost);
    }

    pub(super) fn has_measured(&self) -> bool {
        self.last.is_some()
    }

    /// From now on.
    pub(super) fn limits(&self) -> Limits {
        Limits { time: self.time, deadline: Instant::now() + self.left, memory_bytes: self.memory_bytes }
    }
}

impl Limits {
    /// Why to break off at `now`, with so much held; none as long as all is well.
    pub(super) fn over(&self, now: Instant, held_bytes: u64) -> Option<String> {
        if held_bytes > self.memory_bytes {
            let (held, all) = (bytes(held_bytes), bytes(self.memory_bytes));
            return Some(format!("broken off with {held} held, of {all} that they may take (--budget)"));
        }
        (now > self.deadline).then(|| format!("broken off after {} in all (--budget)", said(self.time)))
    }
}

fn said(time: Duration) -> String {
    duration(saturating_nanos(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(seconds: f64, memory_bytes: u64) -> Budget {
        Budget::new(&ScaleOptions { seconds, ..ScaleOptions::default() }, 2 * memory_bytes)
    }

    const COST: Cost = Cost { ids: 1_000, pings: 2_000, took: Duration::from_secs(8), peak_bytes: 1 << 20 };

    #[test]
    fn of_the_first_nothing_is_known_but_what_is_planned() {
        assert_eq!(budget(1.0, 1 << 30).admit(1 << 40, 1 << 41, None), Ok(()));
        let error = budget(1.0, 1 << 30).admit(4_096, 8_192, Some(3 << 30)).unwrap_err();
        assert_eq!(error, "4,096 ids would take about 3 GiB of the 1 GiB that they may (--budget)");
    }

    #[test]
    fn four_times_the_ids_take_five_times_as_long_and_four_times_the_memory() {
        let mut budget = budget(48.1, 4 << 20);
        budget.spent(COST.took);
        budget.measured(COST);
        assert_eq!(budget.admit(4_000, 8_000, None), Ok(()));
        let slow = budget.admit(4_000, 9_000, None).unwrap_err();
        assert_eq!(slow, "4,000 ids would take about 45 s, and 40 s are left (--budget)");
        let large = budget.admit(4_096, 8_000, None).unwrap_err();
        assert!(large.starts_with("4,096 ids would take about 4.1 MiB of the 4 MiB"), "{large}");
    }

    #[test]
    fn nothing_is_begun_once_the_time_is_over_and_what_was_begun_is_broken_off() {
        let mut budget = budget(8.0, 1_000);
        let limits = budget.limits();
        let now = Instant::now();
        assert_eq!(limits.over(now, 1_000), None);
        let large = limits.over(now, 1_001).unwrap();
        assert!(large.starts_with("broken off with 1001 B held"), "{large}");
        let late = limits.over(now + Duration::from_secs(9), 0).unwrap();
        assert_eq!(late, "broken off after 8 s in all (--budget)");
        budget.spent(Duration::from_secs(9));
        assert!(budget.admit(1, 1, None).is_err());
    }
}
