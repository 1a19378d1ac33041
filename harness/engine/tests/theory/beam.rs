//! The models of Beam on a metronome: a thousand pings that come again every nine minutes for six hours, under windows of
//! ten minutes.

use crate::{scenario, verified, with_workers};

/// Nine minutes go 39 times into six hours. (A fortieth copy of the first ping would come as the stream ends.)
const COPIES: u64 = 39_000;

#[test]
fn a_window_from_the_first_copy_passes_every_second_and_one_that_copies_prolong_passes_none() {
    for workers in [1, 4] {
        let metronome = with_workers(scenario("^metronome$"), workers);
        for (strategy, missed) in [
            // At 18, 36 ... 342 minutes.
            ("pubsubio", 19_000),
            ("beam-deduplicate", 19_000),
            ("pubsubio-direct", 0),
            ("pubsubio-flink", 0),
            // 10,000 ids are what comes in 200 seconds: nobody is remembered for nine minutes.
            ("pubsubio-direct:capacity=10_000", COPIES),
            // Shorter than the beat, no window knows anybody.
            ("pubsubio:window=8m", COPIES),
            ("pubsubio-flink:window=8m", COPIES),
            // Two beats and a bit: every third passes, at 27, 54 ... 351 minutes.
            ("pubsubio:window=20m", 13_000),
            ("beam-deduplicate:window=20m", 13_000),
        ] {
            let figures = verified(&metronome, strategy, 1);
            assert_eq!(figures.duplicate_count, COPIES, "{strategy}");
            assert_eq!(figures.missed_count, missed, "{strategy} with {workers} workers");
            assert_eq!(
                (figures.lost_count, figures.delayed_count, figures.late_count),
                (0, 0, 0),
                "{strategy}"
            );
        }
    }
}
