//! Every embedded strategy, on scenarios whose delays are known.

use std::num::{NonZeroU32, NonZeroU64};
use std::thread;
use std::time::Duration;

use dedup_engine::nightly::Choice;
use dedup_engine::passes::Pipelines;
use dedup_engine::record::{Prediction, Tables};
use dedup_engine::stats::wilson_95_of_share;
use dedup_stream::scenario::{Length, Scenario};

use crate::shared::deviations;
use crate::{scenario, verified, verified_before, verified_by};

const STRATEGIES: &[&str] = &[
    "noop",
    "exact",
    "exact-compact",
    "fingerprint-64",
    "lru",
    "lru-exact",
    "bloom",
    "bloom-rotating",
    "split-block",
    "apbf",
    "apbf-time",
    "stable-bloom",
    "bsbf",
    "rlbsbf",
    "cuckoo",
    // Without a sync for each second of weeks.
    "durable:sync=none",
    "bloom-verified:sync=none",
    "window-batch",
    "pubsubio",
    "pubsubio-direct",
    "pubsubio-flink",
    "beam-deduplicate",
];

/// Scenarios, and the share of their load that is enough to tell a wrong theory from a right one.
const SCENARIOS: &[(&str, f64)] = &[
    ("^mozilla-client-retry$", 0.4),
    ("^mozilla-client-retry-beta$", 0.4),
    ("^metronome$", 0.3),
    ("^broker-redelivery$", 0.2),
    ("^backoff-tail$", 0.2),
];

/// The scenarios, and twins, of which a few minutes do: their load is what fills batches.
fn scenarios() -> Vec<Scenario> {
    let mut scenarios: Vec<Scenario> = SCENARIOS
        .iter()
        .map(|(name, share)| {
            let mut scenario = scenario(name);
            scenario.shape.arrival.rate_per_s *= share;
            scenario
        })
        .collect();
    let mut twins = scenario("^twins$");
    twins.shape.length = Length::Duration(Duration::from_secs(180));
    scenarios.push(twins);
    scenarios
}

/// These forget as another does that goes through all scenarios (`lru` as `lru-exact`, what is on disk as `exact`), and
/// what they are built on takes as long as all others together.
const FORGET_AS_OTHERS: [&str; 3] = ["lru", "durable:sync=none", "bloom-verified:sync=none"];

fn is_checked(strategy: &str, scenario: &Scenario) -> bool {
    !FORGET_AS_OTHERS.contains(&strategy) || ["broker-redelivery", "twins"].contains(&scenario.name.as_str())
}

struct Cell {
    name: String,
    prediction: Prediction,
}

impl Cell {
    fn deviations(&self) -> f64 {
        deviations(&self.prediction)
    }

    fn is_inside(&self) -> bool {
        let seen = self.prediction.missed_count as f64 / self.prediction.duplicate_count as f64;
        let (low, high) = wilson_95_of_share(seen, self.prediction.independent_count);
        (low - 1e-3..=high + 1e-3).contains(&self.prediction.predicted_ratio)
    }
}

/// What theory says of live tables, for every strategy in turn.
fn cells_of(scenario: &Scenario) -> Vec<Cell> {
    let live = |strategy: &&str| {
        let predicted = verified(scenario, strategy, 11).predicted;
        let live = predicted.into_iter().filter(|prediction| prediction.tables == Tables::Live);
        let name = format!("{} {strategy}", scenario.name);
        let cell = |prediction: Prediction| Cell { name: format!("{name} {}", prediction.cause), prediction };
        live.map(cell).collect::<Vec<_>>()
    };
    STRATEGIES.iter().filter(|strategy| is_checked(strategy, scenario)).flat_map(live).collect()
}

#[test]
fn prediction_and_observation_agree_for_every_embedded_strategy() {
    let scenarios = scenarios();
    let cells: Vec<Cell> = thread::scope(|scope| {
        let all: Vec<_> = scenarios.iter().map(|scenario| scope.spawn(|| cells_of(scenario))).collect();
        all.into_iter()
            .flat_map(|cells| cells.join().expect("a cell that cannot be verified says why"))
            .collect()
    });
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
    let checked = |scenario| STRATEGIES.iter().filter(move |strategy| is_checked(strategy, scenario));
    assert!(cells.len() >= scenarios.iter().flat_map(checked).count(), "{shown}");
    // One in fifteen thousand is further out than four standard deviations, one in twenty outside the interval.
    assert!(cells.iter().all(|cell| cell.deviations().abs() < 4.0), "{shown}");
    let inside = cells.iter().filter(|cell| cell.is_inside()).count();
    assert!(inside * 10 >= cells.len() * 9, "{inside} of {}\n{shown}", cells.len());
}

#[test]
fn behind_ten_minutes_the_nightly_job_leaves_a_quarter_of_what_clients_send_again_and_behind_a_day_a_twentieth()
 {
    let mut scenario = scenario("^mozilla-client-retry$");
    scenario.shape.arrival.rate_per_s *= 0.4;
    for (strategy, left) in [("pubsubio", 0.24), ("exact", 0.05)] {
        let figures = verified_before(&scenario, strategy, 11, Choice::Nightly);
        let stable = figures.predicted.into_iter().find(|prediction| prediction.tables == Tables::Stable);
        let cell = Cell { name: strategy.to_string(), prediction: stable.expect("theory speaks of the job") };
        let predicted = cell.prediction.predicted_ratio;
        // The stream ends after two weeks, and with it the copies that would have come the day after.
        assert!((predicted - left).abs() < 0.015, "{strategy}: {predicted}");
        assert!(
            cell.deviations().abs() < 3.0,
            "{strategy}: {:?}, {:.2} deviations",
            cell.prediction,
            cell.deviations()
        );
    }
}

/// What forgets by how many ids come forgets later where fewer of them come.
#[test]
fn thinned_streams_and_pipelines_that_share_a_stream_are_predicted_as_the_part_that_they_get() {
    let mut scenario = scenario("^mozilla-client-retry$");
    scenario.shape.arrival.rate_per_s *= 0.4;
    let two = NonZeroU32::new(2).expect("not zero");
    for strategy in
        ["lru-exact:capacity=1000", "apbf", "bloom-rotating", "stable-bloom:rate=0.01", "pubsubio"]
    {
        for (thin, pipelines) in [(4, Pipelines::ONE), (2, Pipelines { of: two, own: 0..2 })] {
            scenario.shape.thin = NonZeroU64::new(thin);
            let predicted =
                verified_by(pipelines.clone(), &scenario, strategy, 11, Choice::Nightly).predicted;
            assert_eq!(predicted.len(), 2, "{strategy}: live and stable tables");
            for prediction in predicted {
                let deviations = deviations(&prediction);
                assert!(deviations.abs() < 4.0, "{strategy}, {pipelines:?}: {deviations:.1} {prediction:?}");
            }
        }
    }
}
