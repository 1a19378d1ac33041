//! How late copies come, in bins of 5 % relative width over 12 decades.

use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the first bin begins: lags below a millisecond are counted apart.
pub const SHORTEST_US: u64 = 1_000;

/// Bins from 1 ms to 10^12 ms (31 years): `ln(10^12) / ln(1.05)`, rounded up.
pub const LAG_BINS: usize = 567;

const WIDTH: f64 = 1.05;

static FLOORS_US: LazyLock<[u64; LAG_BINS + 1]> = LazyLock::new(|| {
    std::array::from_fn(|bin| libm::ceil(SHORTEST_US as f64 * libm::pow(WIDTH, bin as f64)) as u64)
});

/// The shortest lag of bin `bin`, in whole microseconds: `1000 * 1.05^bin`, rounded up. `LAG_BINS` gives the end of
/// the last one.
pub fn lag_floor_us(bin: usize) -> u64 {
    FLOORS_US[bin.min(LAG_BINS)]
}

/// The bin of a lag; none below a millisecond. What is longer than all bins counts in the last one.
pub fn lag_bin(lag_us: u64) -> Option<usize> {
    let begun = FLOORS_US.partition_point(|floor| *floor <= lag_us);
    begun.checked_sub(1).map(|bin| bin.min(LAG_BINS - 1))
}

/// Numbers of copies by how late they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LagHistogram {
    /// Copies less than a millisecond late, those at the very same time included.
    pub below_1ms_count: u64,
    /// Pairs of a bin's number, ascending, and the copies in it; bins without copies are left out. Bin `b` holds lags
    /// from `1000 * 1.05^b` microseconds, rounded up, to below the start of the next.
    pub bins: Vec<(u16, u64)>,
}

impl LagHistogram {
    /// All copies.
    pub fn total(&self) -> u64 {
        self.bins.iter().fold(self.below_1ms_count, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The share of all copies (0 to 1) that come less than `window` late; within a bin lags count as spread evenly
    /// on the logarithm. 0 where there are no copies.
    pub fn share_below(&self, window: Duration) -> f64 {
        let window_us = window.as_secs_f64() * 1e6;
        let below = match window_us / SHORTEST_US as f64 {
            part if part < 1.0 => self.below_1ms_count as f64 * part,
            _ => self.bins.iter().fold(self.below_1ms_count as f64, |sum, (bin, count)| {
                sum + *count as f64 * part_below(usize::from(*bin), window_us)
            }),
        };
        below / (self.total() as f64).max(1.0)
    }

    /// The shortest window, rounded up to the end of a bin (so at most 5 % too long), within which at least this share
    /// of the copies come; none where there are no copies.
    pub fn window_for(&self, share: f64) -> Option<Duration> {
        let total = self.total();
        if total == 0 {
            return None;
        }
        // A hair less, so that rounding asks for no copy more.
        let wanted = (share * total as f64 * (1.0 - 1e-12)).ceil() as u64;
        let mut below = self.below_1ms_count;
        let mut ends_us = SHORTEST_US;
        for (bin, count) in &self.bins {
            if below >= wanted {
                break;
            }
            below = below.saturating_add(*count);
            ends_us = lag_floor_us(usize::from(*bin) + 1);
        }
        Some(Duration::from_micros(ends_us))
    }

    /// The same lags of no more than so many copies.
    pub(crate) fn of(self, most: u64) -> LagHistogram {
        let total = self.total();
        if total <= most {
            return self;
        }
        let mut left = most;
        let mut scaled = |count: u64| {
            let part = ((u128::from(count) * u128::from(most)).div_ceil(u128::from(total)) as u64).min(left);
            left -= part;
            part
        };
        let below_1ms_count = scaled(self.below_1ms_count);
        let bins = self.bins.into_iter().map(|(bin, count)| (bin, scaled(count)));
        LagHistogram { below_1ms_count, bins: bins.filter(|(_, count)| *count > 0).collect() }
    }
}

fn part_below(bin: usize, window_us: f64) -> f64 {
    let (from, to) = (lag_floor_us(bin) as f64, lag_floor_us(bin + 1) as f64);
    (libm::log(window_us / from) / libm::log(to / from)).clamp(0.0, 1.0)
}

/// A histogram while it is filled.
#[derive(Clone, Debug)]
pub(crate) struct LagCounts {
    below: u64,
    bins: Box<[u64; LAG_BINS]>,
}

impl LagCounts {
    pub(crate) fn new() -> Self {
        LagCounts { below: 0, bins: Box::new([0; LAG_BINS]) }
    }

    pub(crate) fn count(&mut self, lag_us: u64, weight: u64) {
        match lag_bin(lag_us) {
            Some(bin) => self.bins[bin] += weight,
            None => self.below += weight,
        }
    }

    pub(crate) fn histogram(&self) -> LagHistogram {
        let filled = self.bins.iter().enumerate().filter(|(_, count)| **count > 0);
        let bins = filled.map(|(bin, count)| (bin as u16, *count)).collect();
        LagHistogram { below_1ms_count: self.below, bins }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(lags_us: &[u64]) -> LagHistogram {
        let mut counts = LagCounts::new();
        lags_us.iter().for_each(|lag| counts.count(*lag, 1));
        counts.histogram()
    }

    #[test]
    fn bins_reach_from_a_millisecond_over_twelve_decades() {
        assert_eq!((lag_bin(0), lag_bin(999), lag_bin(1000)), (None, None, Some(0)));
        assert_eq!(
            (lag_bin(1049), lag_bin(1050), lag_bin(1102), lag_bin(1103)),
            (Some(0), Some(1), Some(1), Some(2))
        );
        assert!(lag_floor_us(LAG_BINS) as f64 >= 1e15 && (lag_floor_us(LAG_BINS - 1) as f64) < 1e15);
        assert_eq!(lag_bin(u64::MAX), Some(LAG_BINS - 1));
    }

    #[test]
    fn a_window_is_one_that_catches_what_it_should_and_no_bin_more() {
        let lags = of(&[0, 60_000_000, 3_600_000_000, 86_400_000_000]);
        for (share, lag_s) in [(0.5, 60), (0.75, 3600), (0.76, 86_400), (1.0, 86_400)] {
            let window = lags.window_for(share).unwrap().as_secs_f64();
            assert!(window > f64::from(lag_s) && window <= f64::from(lag_s) * 1.0501, "{share}: {window}");
        }
        assert_eq!(lags.window_for(0.25), Some(Duration::from_millis(1)));
        assert_eq!(LagHistogram::default().window_for(0.99), None);
    }

    proptest! {
        #[test]
        fn every_lag_lies_in_its_bin(lag_us in 1_000u64..1_000_000_000_000_000) {
            let bin = lag_bin(lag_us).unwrap();
            prop_assert!(lag_floor_us(bin) <= lag_us && lag_us < lag_floor_us(bin + 1));
        }

        #[test]
        fn the_window_for_a_share_catches_it(
            lags in prop::collection::vec(0u64..10_000_000_000_000, 1..60),
            share in 0.0f64..=1.0,
        ) {
            let window = of(&lags).window_for(share).unwrap();
            let caught = lags.iter().filter(|lag| u128::from(**lag) < window.as_micros()).count();
            prop_assert!(caught as f64 >= share * lags.len() as f64 * (1.0 - 1e-9));
            prop_assert!(of(&lags).share_below(window) >= share - 1e-9);
        }
    }
}
