//! How many distinct ids fall into one window: the load that a promise was made for.

use std::time::Duration;

use dedup_strategies::Timestamp;
use dedup_strategies::time::saturating_nanos;

/// Slices that a window is counted in. More would be tighter and slower; 32 overstates a steady load by 3 %.
pub const SLICES: usize = 32;

/// Largest number of distinct keys in any stretch as long as the window, as an upper bound: a key counts once in
/// each slice in which it arrives, and a stretch touches one slice more than it is long.
#[derive(Debug)]
pub struct WindowLoad {
    slice_ns: u64,
    ring: [u64; SLICES + 1],
    slice: u64,
    slice_ends_ns: u64,
    sum: u64,
    peak: u64,
}

impl WindowLoad {
    /// Counts for windows of `window`; without one, counts all keys ever.
    pub fn new(window: Option<Duration>) -> Self {
        let slice_ns = match window {
            Some(window) => (saturating_nanos(window) / SLICES as u64).max(1),
            None => u64::MAX,
        };
        WindowLoad { slice_ns, ring: [0; SLICES + 1], slice: 0, slice_ends_ns: slice_ns, sum: 0, peak: 0 }
    }

    /// The slice that `at` falls into; times never go backwards. A key that arrived before in the same slice is not
    /// to be counted again.
    pub fn slice(&mut self, at: Timestamp) -> u64 {
        if at.as_nanos() >= self.slice_ends_ns {
            self.roll(at.as_nanos() / self.slice_ns);
        }
        self.slice
    }

    /// Counts one key in the slice that was asked for last.
    pub fn count(&mut self) {
        self.ring[self.slice as usize % (SLICES + 1)] += 1;
        self.sum += 1;
        self.peak = self.peak.max(self.sum);
    }

    /// The largest load so far.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    fn roll(&mut self, slice: u64) {
        for passed in 0..(slice - self.slice).min(SLICES as u64 + 1) {
            let index = (slice - passed) as usize % (SLICES + 1);
            self.sum -= std::mem::take(&mut self.ring[index]);
        }
        self.slice = slice;
        self.slice_ends_ns = (slice + 1).saturating_mul(self.slice_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_load_is_overstated_by_at_most_one_slice() {
        let mut load = WindowLoad::new(Some(Duration::from_secs(320)));
        for second in 0..5000 {
            load.slice(Timestamp::from_secs(second));
            load.count();
        }
        assert_eq!(load.peak(), 330);
    }

    #[test]
    fn a_long_silence_empties_the_window() {
        let mut load = WindowLoad::new(Some(Duration::from_secs(32)));
        for second in [0, 1, 2, 1000, 1001] {
            load.slice(Timestamp::from_secs(second));
            load.count();
        }
        assert_eq!(load.peak(), 3);
    }

    #[test]
    fn without_a_window_everything_counts() {
        let mut load = WindowLoad::new(None);
        for second in 0..100 {
            load.slice(Timestamp::from_secs(second * 1_000_000));
            load.count();
        }
        assert_eq!(load.peak(), 100);
    }
}
