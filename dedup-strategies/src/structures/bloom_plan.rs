//! How large a Bloom filter is.

use std::f64::consts::LN_2;

/// The size of one Bloom filter.
///
/// With m bits, k hashes and n ids written, an id never written is found with probability `(1 - e^(-kn/m))^k`. The
/// least m for a rate p is `-n ln p / (ln 2)^2`, reached at `k = m/n ln 2`. As k must be whole, that m can fall a
/// little short; it is enlarged until the formula holds for the k that the crate will choose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct BloomPlan {
    /// Ids for which the rate holds.
    pub ids: u64,
    /// Size of the bitmap.
    pub bytes: u64,
    /// Bits set for an id.
    pub hashes: u32,
}

impl BloomPlan {
    /// The smallest plan that keeps false positives at or below `rate` while at most `ids` ids are written.
    pub(crate) fn new(ids: u64, rate: f64) -> Self {
        let (ids, rate) = (ids.max(1), rate.max(f64::MIN_POSITIVE));
        let least_bits = ids as f64 * -rate.ln() / (LN_2 * LN_2);
        let mut plan = BloomPlan::of_size(ids, (least_bits / 8.0).ceil() as u64);
        while plan.false_positive_rate(ids) > rate {
            plan = BloomPlan::of_size(ids, plan.bytes + (plan.bytes / 512).max(1));
        }
        plan
    }

    fn of_size(ids: u64, bytes: u64) -> Self {
        let hashes = (bytes as f64 * 8.0 / ids as f64 * LN_2).round() as u32;
        BloomPlan { ids, bytes: bytes.max(1), hashes: hashes.max(1) }
    }

    /// The chance that an id never written is found while `written` others are in the filter.
    pub(crate) fn false_positive_rate(&self, written: u64) -> f64 {
        let (k, m) = (f64::from(self.hashes), self.bytes as f64 * 8.0);
        (1.0 - (-k * written as f64 / m).exp()).powf(k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_textbook_sizes_come_out() {
        // 10 bits an id and 7 hashes: 0.00819; 13 bits and 9 hashes: 0.00194.
        for (bits, hashes, rate) in [(10u64, 7, 0.00819), (13, 9, 0.00194)] {
            let plan = BloomPlan::of_size(80_000, bits * 10_000);
            assert_eq!(plan.hashes, hashes);
            assert!((plan.false_positive_rate(80_000) - rate).abs() < 5e-6);
        }
        let plan = BloomPlan::new(1_000_000, 0.001);
        assert_eq!(plan.hashes, 10);
        let bits_per_id = plan.bytes as f64 * 8.0 / 1e6;
        assert!((14.37..14.45).contains(&bits_per_id), "{bits_per_id}");
    }
}
