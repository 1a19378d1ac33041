//! How often an id comes: each number for itself below 20, then in bins of 10 % relative width.

use std::sync::LazyLock;

/// Numbers below this have a bin each.
const EXACT: u64 = 20;
const WIDTH: f64 = 1.1;

/// Bins, up to 10^12 pings of one id.
pub const COPIES_BINS: usize = 278;

static FLOORS: LazyLock<[u64; COPIES_BINS + 1]> = LazyLock::new(|| {
    std::array::from_fn(|bin| match (bin as u64 + 1).checked_sub(EXACT) {
        None => bin as u64 + 1,
        Some(above) => libm::ceil(EXACT as f64 * libm::pow(WIDTH, above as f64)) as u64,
    })
});

/// The fewest pings of an id in bin `bin`: `bin + 1` below 20, then `20 * 1.1^k` rounded up, for `k` from 0.
pub fn copies_floor(bin: usize) -> u64 {
    FLOORS[bin.min(COPIES_BINS)]
}

/// The bin of an id that comes `pings` times (at least once).
pub fn copies_bin(pings: u64) -> usize {
    FLOORS.partition_point(|floor| *floor <= pings).clamp(1, COPIES_BINS) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_exact_and_large_ones_within_a_tenth() {
        for pings in 1..=20 {
            assert_eq!(copies_floor(copies_bin(pings)), pings);
        }
        for pings in [21, 22, 100, 12_345, 4_000_000_000, 999_999_999_999] {
            let bin = copies_bin(pings);
            assert!(copies_floor(bin) <= pings && pings < copies_floor(bin + 1), "{pings}");
            assert!(copies_floor(bin + 1) as f64 <= copies_floor(bin) as f64 * 1.1 + 1.0);
        }
        assert_eq!(copies_bin(u64::MAX), COPIES_BINS - 1);
        assert!(copies_floor(COPIES_BINS) as f64 >= 1e12 && (copies_floor(COPIES_BINS - 1) as f64) < 1e12);
    }
}
