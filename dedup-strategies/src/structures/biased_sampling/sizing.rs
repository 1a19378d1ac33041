//! How many filters of biased sampling, and how large, for bounds on both of their errors.

use super::filter::Deletion;
use crate::structures::decay::elements;

/// k, and the bits of each of the k filters, for at most a share of `rate` lost and at most a share of `missed` missed of
/// the duplicates that come `ids` ids later. For BSBFSD, which keeps no bound, as many bits as there are numbers.
pub fn shape_for(deletion: Deletion, ids: u64, rate: f64, missed: f64) -> (u32, u64) {
    let gap = elements(ids, missed).max(1);
    let Some(k) = (1..=2000).find(|k| deletion.limit_false_positive_rate(*k) <= rate) else {
        return (1, u64::MAX / 64);
    };
    let (mut few, mut many) = (0, 64);
    while deletion.false_negative_rate(k, many, gap) > missed && many < 1 << 56 {
        (few, many) = (many, many * 2);
    }
    while many - few > (many / 1000).max(1) {
        let middle = few + (many - few) / 2;
        match deletion.false_negative_rate(k, middle, gap) > missed {
            true => few = middle,
            false => many = middle,
        }
    }
    (k, many)
}

/// Bytes of k filters of so many bits.
pub(crate) fn bytes(k: u32, bits: u64) -> u64 {
    (bits.saturating_mul(u64::from(k)).div_ceil(64)).saturating_mul(8).saturating_add(64)
}

/// Bytes for `ids` ids in a window, at most a share of `rate` lost, and at most a share of `missed` missed.
pub fn bytes_for(deletion: Deletion, ids: u64, rate: f64, missed: f64) -> u64 {
    let (k, bits) = shape_for(deletion, ids, rate, missed);
    bytes(k, bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_both_bounds_by_the_formulas() {
        for deletion in [Deletion::EachFilter, Deletion::ByLoad] {
            for (ids, rate, missed) in [(1000, 0.001, 0.1), (1_000_000, 0.01, 0.3), (50_000, 0.2, 0.01)] {
                let (k, bits) = shape_for(deletion, ids, rate, missed);
                assert!(deletion.limit_false_positive_rate(k) <= rate);
                assert!(deletion.false_negative_rate(k, bits, ids) <= missed);
            }
        }
    }
}
