//! Ids that are forgotten a generation at once.

use super::curve::Curve;

/// A worker's ids in the order in which they are written, cut into generations.
#[derive(Clone, Debug)]
pub(super) struct Generations {
    /// Ids that a worker writes, from the stream's start on.
    pub(super) written: Curve,
    /// When the stream starts, in nanoseconds since the epoch.
    pub(super) start_ns: u64,
    /// Ids of a generation.
    pub(super) ids: f64,
    /// Generations that are kept behind the youngest.
    pub(super) kept: u32,
    /// How long a generation is known after it has ended.
    pub(super) window_ns: u64,
}

impl Generations {
    /// Whether what was written at `through` is known at `now`: no more than `kept` generations have begun since, and its
    /// own is still being written or ended less than a window ago.
    pub(super) fn knows(&self, through: u64, now: u64) -> bool {
        let generation = |at: u64| (self.written.at(at - self.start_ns) / self.ids).floor();
        let (own, youngest) = (generation(through), generation(now));
        let ended = || self.start_ns + self.written.time_of((own + 1.0) * self.ids);
        youngest <= own + f64::from(self.kept) && (youngest == own || now < ended() + self.window_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_stream::scenario::find;

    #[test]
    fn a_generation_goes_when_enough_others_have_begun_or_a_window_after_it_has_ended() {
        let scenario = find("^unique-only$").unwrap().remove(0);
        let written = Curve::of_firsts(&scenario);
        // A hundred generations in the stream.
        let (ids, length_ns) = (written.all() / 100.0, written.time_of(written.all()));
        let generation_ns = length_ns / 100;
        let start_ns = scenario.start().as_nanos();
        let at = |generations: f64| start_ns + (generations * generation_ns as f64) as u64;
        let by_count = Generations { written, start_ns, ids, kept: 3, window_ns: u64::MAX / 2 };
        assert!(by_count.knows(at(4.5), at(7.9)));
        assert!(!by_count.knows(at(4.5), at(8.1)));
        let by_time = Generations { window_ns: generation_ns * 3 / 2, ..by_count };
        // Generation 4 ends at 5.
        assert!(by_time.knows(at(4.1), at(6.4)));
        assert!(!by_time.knows(at(4.9), at(6.6)));
        assert!(by_time.knows(at(4.1), at(4.9)));
    }
}
