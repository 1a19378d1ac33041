//! Whether bytes an id say something about ids, or are a strategy's least size divided by few of them.

use super::WeighFigures;

/// From so many ids on, what hardly grows is taken for a large table that doubled just before, not for a least size: those
/// that strategies have without planning (segments, buffers of files, a page a worker) are some dozen to some thousand KiB,
/// and a table that doubles and holds 20,000 ids is as large.
const FEW_IDS: u64 = 20_000;

/// The share of what it holds that it held with half of the ids. If `a` does not grow and `x` is taken by ids, half of
/// them make it `(a + x / 2) / (a + x)`, which reaches three quarters where `a` is as much as `x`: at least half of it is
/// the least size.
const HELD_WITH_HALF: f64 = 0.75;

impl WeighFigures {
    /// Whether what it held is mostly a least size, divided by few ids: half of them took nearly as much. What is planned
    /// for a load is no least size.
    pub fn is_least_size(&self) -> bool {
        let (None, Some(bytes), Some(ids), Some(least)) =
            (self.planned_bytes, self.bytes_per_id, self.window_ids_count, self.least_bytes)
        else {
            return false;
        };
        ids < FEW_IDS && least as f64 >= HELD_WITH_HALF * bytes * ids as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Judgement, MemoryOverTime, Verdict};

    /// `fixed` bytes that are there at any load, and `an_id` for each of `ids`.
    fn weighed(fixed: u64, an_id: u64, ids: u64) -> WeighFigures {
        WeighFigures {
            bytes_per_id: Some((fixed + an_id * ids) as f64 / ids as f64),
            window_ids_count: Some(ids),
            planned_bytes: None,
            least_bytes: Some(fixed + an_id * ids / 2),
            peak_ids_count: ids,
            live_bytes: fixed + an_id * ids,
            emptied_bytes: fixed,
            peak_rss_bytes: 0,
            server_used_bytes: None,
            programs_bytes: None,
            over_time: MemoryOverTime::default(),
            judgement: Judgement { verdict: Verdict::Kept, findings: Vec::new() },
        }
    }

    #[test]
    fn a_least_size_is_at_least_as_much_as_what_the_ids_take() {
        assert!(weighed(40_000, 40, 1_000).is_least_size());
        assert!(!weighed(39_900, 40, 1_000).is_least_size());
        assert!(!weighed(0, 40, 1_000).is_least_size());
    }

    #[test]
    fn many_ids_are_no_least_size_however_little_they_add() {
        assert!(weighed(6_600_000, 0, FEW_IDS - 1).is_least_size());
        assert!(!weighed(6_600_000, 0, FEW_IDS).is_least_size());
    }

    #[test]
    fn what_is_planned_for_and_what_an_older_record_does_not_say_is_none() {
        let least = weighed(6_600_000, 0, 1_500);
        assert!(least.is_least_size());
        for other in [
            WeighFigures { planned_bytes: Some(6_600_000), ..least.clone() },
            WeighFigures { window_ids_count: None, ..least.clone() },
            WeighFigures { least_bytes: None, ..least.clone() },
            WeighFigures { bytes_per_id: None, ..least },
        ] {
            assert!(!other.is_least_size());
        }
    }
}
