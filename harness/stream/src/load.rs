//! How many distinct ids fall into one window: the load that strategies are sized for and promises are made for.

use std::time::Duration;

use dedup_strategies::Timestamp;
use dedup_strategies::time::saturating_nanos;

/// Slices that a window is counted in. More would be tighter and slower; 32 overstates a steady load by 3 %.
const SLICES: u64 = 32;

/// A stretch as long as the window touches at most one slice more than fit into it.
pub(crate) const TOUCHED: usize = SLICES as usize + 1;

/// Nanoseconds of a slice of such a window; without one, of all time.
pub(crate) fn slice_ns(window: Option<Duration>) -> u64 {
    window.map_or(u64::MAX, |window| saturating_nanos(window).div_ceil(SLICES).max(1))
}

/// Largest number of distinct ids in any stretch as long as the window, as an upper bound: counted in slices, each id
/// in the slice of its latest ping, so that one number for each id that may come again is all that has to be kept.
#[derive(Debug)]
pub struct WindowLoad {
    slice_ns: u64,
    /// Ids whose latest ping fell into each of the latest slices, by slice modulo the length.
    latest: [u64; TOUCHED],
    slice: u64,
    /// Where the slice is among the latest, kept so that a ping costs no division.
    place: usize,
    slice_ends_ns: u64,
    active: u64,
    peak: u64,
}

/// The slice of an id's latest ping, which [`WindowLoad::count`] wants back when the id comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice(pub(crate) u64);

impl WindowLoad {
    /// Counts for windows of `window`; without one, counts all ids ever.
    pub fn new(window: Option<Duration>) -> Self {
        let slice_ns = slice_ns(window);
        WindowLoad {
            slice_ns,
            latest: [0; TOUCHED],
            slice: 0,
            place: 0,
            slice_ends_ns: slice_ns,
            active: 0,
            peak: 0,
        }
    }

    /// Counts a ping at `at`, which never goes backwards; `before` is the slice of the id's ping before, if there
    /// was one.
    #[inline]
    pub fn count(&mut self, at: Timestamp, before: Option<Slice>) -> Slice {
        if at.as_nanos() >= self.slice_ends_ns {
            self.roll(at.as_nanos() / self.slice_ns);
        }
        match before {
            Some(Slice(before)) if self.slice - before < TOUCHED as u64 => self.latest[index(before)] -= 1,
            _ => self.active += 1,
        }
        self.latest[self.place] += 1;
        self.peak = self.peak.max(self.active);
        Slice(self.slice)
    }

    /// The largest load so far.
    pub fn peak(&self) -> u64 {
        self.peak
    }

    fn roll(&mut self, slice: u64) {
        for passed in 0..(slice - self.slice).min(TOUCHED as u64) {
            self.active -= std::mem::take(&mut self.latest[index(slice - passed)]);
        }
        (self.slice, self.place) = (slice, index(slice));
        self.slice_ends_ns = (slice + 1).saturating_mul(self.slice_ns);
    }
}

#[inline]
fn index(slice: u64) -> usize {
    (slice % TOUCHED as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(window_s: u64, seconds: impl IntoIterator<Item = u64>) -> u64 {
        let mut load = WindowLoad::new(Some(Duration::from_secs(window_s)));
        for second in seconds {
            load.count(Timestamp::from_secs(second), None);
        }
        load.peak()
    }

    #[test]
    fn a_steady_load_is_overstated_by_at_most_one_slice() {
        assert_eq!(peak(320, 0..5000), 330);
    }

    #[test]
    fn a_long_silence_empties_the_window() {
        assert_eq!(peak(32, [0, 1, 2, 1000, 1001]), 3);
    }

    #[test]
    fn without_a_window_everything_counts() {
        let mut load = WindowLoad::new(None);
        for second in 0..100 {
            load.count(Timestamp::from_secs(second * 1_000_000), None);
        }
        assert_eq!(load.peak(), 100);
    }

    #[test]
    fn an_id_that_keeps_coming_counts_once() {
        let mut load = WindowLoad::new(Some(Duration::from_secs(32)));
        let mut before = None;
        for second in 0..1000 {
            before = Some(load.count(Timestamp::from_secs(second), before));
        }
        assert_eq!(load.peak(), 1);
    }
}
