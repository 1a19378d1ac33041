//! Which k and l an age-partitioned Bloom filter takes for an error bound.

use super::filter::{bits_per_id, false_positive_rate, slice_bits};

/// Slices that a run of k may begin in, at most: each k of them cost a probe two reads more.
const MOST_L: u32 = 48;

/// The largest k that is tried: no 64-bit rate above 2^-64 needs more.
const MOST_K: u32 = 80;

/// An age-partitioned filter: k + l slices for generations of so many ids.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Shape {
    pub(crate) k: u32,
    pub(crate) l: u32,
    pub(crate) generation: u64,
}

impl Shape {
    /// Bytes of all slices, with what aligns them.
    pub(crate) fn bytes(&self) -> u64 {
        let slice = (slice_bits(self.k, self.generation).div_ceil(64)).saturating_mul(8).saturating_add(64);
        slice.saturating_mul(u64::from(self.k + self.l))
    }
}

/// The shape for the last `ids` ids: the one of least memory whose rate is at most the one asked for at the worst
/// moment, which is the end of a generation.
pub(crate) struct ByCount(pub(crate) Shape);

impl ByCount {
    pub(crate) fn new(ids: u64, rate: f64) -> Self {
        let (k, l) = least(rate, |l| l, bits_per_id);
        ByCount(Shape { k, l, generation: ids.div_ceil(u64::from(l)).max(1) })
    }
}

/// The shape by time.
///
/// A generation ends when it has its ids, a share of `1 / divisions` of a window's, or after as long a share of the window.
/// In a window at most `divisions + 1` end for either reason, the first for one of them only: `2 divisions + 1` shifts,
/// so there have to be as many l. Even traffic ends them for both reasons at once, and keeps half as many.
pub(crate) struct ByTime {
    pub(crate) shape: Shape,
    pub(crate) divisions: u32,
}

impl ByTime {
    pub(crate) fn new(ids: u64, rate: f64) -> Self {
        let (k, divisions) = least(rate, |divisions| 2 * divisions + 1, bits_per_id);
        let shape = Shape { k, l: 2 * divisions + 1, generation: ids.div_ceil(u64::from(divisions)).max(1) };
        ByTime { shape, divisions }
    }
}

/// The k and the divisions of least `cost` among those whose rate is at most `rate`, with `slices(divisions)` for l.
fn least(rate: f64, slices: impl Fn(u32) -> u32, cost: impl Fn(u32, u32) -> f64) -> (u32, u32) {
    let most_divisions = (1..).take_while(|divisions| slices(*divisions) <= MOST_L).last().unwrap_or(1);
    let keeps = |k: u32, divisions: u32| false_positive_rate(k, slices(divisions), 1.0) <= rate;
    let mut best: Option<(f64, u32, u32)> = None;
    for k in 1..=MOST_K {
        // Not even with all divisions does it cost less.
        if best.is_some_and(|(least, ..)| cost(k, most_divisions) > least) {
            continue;
        }
        // More divisions cost less memory and err more often: the most that are allowed.
        let (mut allowed, mut too_many) = (0, most_divisions + 1);
        while too_many - allowed > 1 {
            let middle = allowed + (too_many - allowed) / 2;
            if keeps(k, middle) { allowed = middle } else { too_many = middle }
        }
        if allowed > 0 && best.is_none_or(|(least, ..)| cost(k, allowed) < least) {
            best = Some((cost(k, allowed), k, allowed));
        }
    }
    // A rate that no k reaches: the best there is.
    best.map_or((MOST_K, 1), |(_, k, divisions)| (k, divisions))
}

/// Bytes that `apbf` takes for the last `ids` ids and at most a share of `rate` lost.
pub fn bytes_for(ids: u64, rate: f64) -> u64 {
    ByCount::new(ids, rate).0.bytes()
}

/// Bytes that `apbf-time` takes at most for `ids` ids in any window and at most a share of `rate` lost; even traffic takes
/// little more than half of it.
pub fn bytes_for_time(ids: u64, rate: f64) -> u64 {
    ByTime::new(ids, rate).shape.bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::fixed;

    #[test]
    fn the_shape_of_least_memory_is_found_as_if_all_were_tried() {
        for rate in [0.3, 1e-2, 1e-3, 5e-7, 1e-10] {
            let all = (1..=MOST_K).flat_map(|k| (1..=MOST_L).map(move |l| (k, l)));
            let keep = all.filter(|(k, l)| false_positive_rate(*k, *l, 1.0) <= rate);
            let best = keep.min_by(|a, b| bits_per_id(a.0, a.1).total_cmp(&bits_per_id(b.0, b.1)));
            assert_eq!(least(rate, |l| l, bits_per_id), best.unwrap(), "{rate}");
        }
    }

    #[test]
    fn more_divisions_err_more_often() {
        for k in [1, 4, 17, 30, 80] {
            let rates: Vec<f64> = (1..=MOST_L).map(|l| false_positive_rate(k, l, 1.0)).collect();
            assert!(rates.is_sorted(), "{k}: {rates:?}");
        }
    }

    proptest! {
        #![proptest_config(fixed(40))]
        #[test]
        fn a_shape_keeps_its_rate_and_holds_its_ids(ids in 1u64..1_000_000_000, exponent in 0.3f64..9.0) {
            let rate = 10f64.powf(-exponent);
            let shape = ByCount::new(ids, rate).0;
            prop_assert!(false_positive_rate(shape.k, shape.l, 1.0) <= rate);
            prop_assert!(u64::from(shape.l) * shape.generation >= ids);
            let timed = ByTime::new(ids, rate);
            prop_assert!(false_positive_rate(timed.shape.k, timed.shape.l, 1.0) <= rate);
            prop_assert!(u64::from(timed.divisions) * timed.shape.generation >= ids);
        }
    }

    #[test]
    fn a_shape_takes_no_more_than_the_papers_pair_for_the_rate() {
        for (rate, k, l) in [(0.1075, 4, 3), (0.0111, 8, 8), (0.00106, 11, 9), (0.000_12, 14, 11)] {
            let shape = ByCount::new(1_000_000, rate).0;
            assert!(bits_per_id(shape.k, shape.l) <= bits_per_id(k, l), "{shape:?} for {rate}");
        }
    }
}
