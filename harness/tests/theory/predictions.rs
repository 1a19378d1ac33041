//! Every embedded strategy, on scenarios whose delays are known.

use dedup_harness::record::{Prediction, Tables};
use dedup_harness::stats::wilson_95_of_share;

use crate::{scenario, verified};

const STRATEGIES: &[&str] = &[
    "noop",
    "exact",
    "lru-exact",
    "bloom",
    "bloom-rotating",
    "pubsubio",
    "pubsubio-direct",
    "pubsubio-flink",
    "beam-deduplicate",
];

/// Each with what it is to bring about in some strategy.
const SCENARIOS: &[&str] = &[
    "^mozilla-client-retry$",
    "^mozilla-client-retry-beta$",
    "^metronome$",
    "^twins$",
    "^broker-redelivery$",
    "^backoff-tail$",
];

struct Cell {
    name: String,
    prediction: Prediction,
}

impl Cell {
    /// Standard deviations between what was predicted and what was seen.
    fn deviations(&self) -> f64 {
        let Prediction { predicted_ratio: p, independent_count, duplicate_count, missed_count, .. } =
            self.prediction;
        let seen = missed_count as f64 / duplicate_count as f64;
        // A thousandth is the error of the theory's own integral.
        let deviation = (p * (1.0 - p) / independent_count as f64 + 1e-6).sqrt();
        (seen - p) / deviation
    }

    fn is_inside(&self) -> bool {
        let seen = self.prediction.missed_count as f64 / self.prediction.duplicate_count as f64;
        let (low, high) = wilson_95_of_share(seen, self.prediction.independent_count);
        (low - 1e-3..=high + 1e-3).contains(&self.prediction.predicted_ratio)
    }
}

#[test]
fn prediction_and_observation_agree_for_every_embedded_strategy() {
    let mut cells = Vec::new();
    for name in SCENARIOS {
        let scenario = scenario(name);
        for strategy in STRATEGIES {
            let figures = verified(&scenario, strategy, 11);
            let live = figures.predicted.into_iter().filter(|prediction| prediction.tables == Tables::Live);
            cells.extend(live.map(|prediction| Cell {
                name: format!("{name} {strategy} {}", prediction.cause),
                prediction,
            }));
        }
    }
    let shown: Vec<String> = cells
        .iter()
        .map(|cell| {
            let Prediction { predicted_ratio, duplicate_count, missed_count, independent_count, because, .. } = &cell.prediction;
            format!(
                "{}: predicted {predicted_ratio:.5}, seen {missed_count} of {duplicate_count} (worth {independent_count}), {:.2} deviations ({because})",
                cell.name,
                cell.deviations()
            )
        })
        .collect();
    let shown = shown.join("\n");
    assert!(cells.len() >= STRATEGIES.len() * SCENARIOS.len(), "{shown}");
    // One in fifteen thousand is further out than four standard deviations, one in twenty outside the interval.
    assert!(cells.iter().all(|cell| cell.deviations().abs() < 4.0), "{shown}");
    let inside = cells.iter().filter(|cell| cell.is_inside()).count();
    assert!(inside * 10 >= cells.len() * 9, "{inside} of {}\n{shown}", cells.len());
}
