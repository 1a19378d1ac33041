//! Which strategies, which streams, at which scale.

use std::fmt;
use std::str::FromStr;

use dedup_report::talk::{DENSE, FAULT_FOLDER, FULL_RATE_PER_S, SCENARIO};
use dedup_strategies::Definition;
use dedup_stream::scenario::{Scenario, ScenarioError, embedded, find};

use crate::record::Pass;

/// What the talk compared, and what else there is: the default of each, which takes its window from the scenario (24
/// hours), but for PubsubIO, whose window is its own.
const STRATEGIES: &[&str] =
    &["noop", "pubsubio", "redis-mozilla", "redis-claim", "redis-lease", "tiered", "split-block"];

/// Faults that tell the strategies apart: a worker that dies between two steps, a store that fails, an ack that is late.
const FAULTS: &[&str] = &[
    "faults/ack-timeout",
    "faults/eviction-ttl",
    "faults/reply-lost",
    "faults/restart-state-lost",
    "faults/store-killed",
    "faults/worker-crash-before-publish",
    "faults/worker-crash-before-settle",
];

/// How far the stream is thinned out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// Not at all.
    Full,
    /// One ping in so many is left.
    OneIn(u32),
}

impl Scale {
    /// First arrivals a second.
    pub fn rate_per_s(self) -> f64 {
        match self {
            Scale::Full => FULL_RATE_PER_S,
            Scale::OneIn(thinned) => FULL_RATE_PER_S / f64::from(thinned),
        }
    }

    /// Whether a server could keep up and hold the window: above some ten million pings one that is asked for each ping
    /// takes hours, and a day at full volume is a thousand million ids.
    pub fn suits_servers(self) -> bool {
        self.rate_per_s() <= 100.0
    }
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Scale, String> {
        let thinned = text.replace('_', "").parse::<u32>().ok().filter(|n| (1..=160_000).contains(n));
        match (text, thinned) {
            ("full", _) | (_, Some(1)) => Ok(Scale::Full),
            (_, Some(thinned)) => Ok(Scale::OneIn(thinned)),
            _ => {
                Err("allowed is `full`, or a whole number from 1 to 160000: one ping in so many is left"
                    .into())
            }
        }
    }
}

impl fmt::Display for Scale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scale::Full => f.write_str("full"),
            Scale::OneIn(thinned) => write!(f, "{thinned}"),
        }
    }
}

/// One stream and the passes over it.
#[derive(Clone, Debug)]
pub struct Part {
    /// The stream.
    pub scenario: Scenario,
    /// The passes.
    pub passes: Vec<Pass>,
}

impl Part {
    /// Whether it is the talk itself, and not one of the faults.
    pub fn is_own(&self) -> bool {
        !self.scenario.name.starts_with(FAULT_FOLDER)
    }
}

/// The strategies of the talk that are among `definitions`.
pub fn strategies(definitions: &[Definition]) -> Vec<&Definition> {
    STRATEGIES.iter().filter_map(|name| definitions.iter().find(|one| one.name == *name)).collect()
}

/// The streams, in the order in which they are run.
pub fn parts(scale: Scale) -> Result<Vec<Part>, ScenarioError> {
    let base = find(SCENARIO)?.remove(0);
    let dense = [("duration", "30m"), ("arrival.rate", "200/s"), ("pipeline.linger", "500ms")];
    let dense = dense.map(|(path, value)| (path, value.into()));
    let mut parts = vec![
        Part {
            scenario: base.with(SCENARIO, &[("arrival.rate", format!("{}/s", scale.rate_per_s()).into())])?,
            passes: vec![Pass::Verify, Pass::Time],
        },
        Part { scenario: base.with(DENSE, &dense)?, passes: vec![Pass::Verify, Pass::Weigh] },
    ];
    for (name, _) in embedded().filter(|(name, _)| FAULTS.contains(name)) {
        parts.push(Part { scenario: find(name)?.remove(0), passes: vec![Pass::Verify] });
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_volume_is_two_thousand_million_pings_and_thinning_divides_it() {
        let pings = |scale| parts(scale).unwrap().remove(0).scenario.expected_pings() as f64;
        let full = pings(Scale::Full);
        assert!((2.07e9..2.13e9).contains(&full), "{full}");
        assert!((pings(Scale::OneIn(8000)) * 8000.0 / full - 1.0).abs() < 0.01);
    }

    #[test]
    fn every_part_is_a_scenario_and_the_dense_one_fills_its_batches() {
        for part in parts(Scale::OneIn(8000)).unwrap() {
            let scenario = part.scenario;
            if scenario.name == DENSE {
                let fills = scenario.pipeline.batch.get() as f64 / scenario.shape.arrival.rate_per_s;
                assert!(fills < scenario.pipeline.linger.as_secs_f64());
                assert!(scenario.expected_pings() > 300_000);
            }
        }
    }

    #[test]
    fn scales_are_read_as_they_are_shown() {
        for scale in [Scale::Full, Scale::OneIn(2), Scale::OneIn(8000)] {
            assert_eq!(scale.to_string().parse(), Ok(scale));
        }
        assert_eq!("8_000".parse(), Ok(Scale::OneIn(8000)));
        for wrong in ["0", "-1", "half", "", "1.5", "200000"] {
            assert!(wrong.parse::<Scale>().unwrap_err().contains("full"), "{wrong}");
        }
    }
}
