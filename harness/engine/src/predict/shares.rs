//! Shares of the duplicates that a strategy misses, of traffic that nobody has run: what advice is made from.

use dedup_strategies::Forgets;
use dedup_stream::scenario::Scenario;

use super::curve::Curve;
use super::nightly::Nights;
use super::sampled::{SampledPings, copies_of};
use super::{Declared, declared, scenario_is_simple};

/// Copies that are looked at for each cause: the error of a share is then below half a percent of all copies.
const COPIES: f64 = 20_000.0;

/// The same where ids are forgotten at random, which takes many draws a copy: the error is then below one percent.
const COPIES_AT_RANDOM: f64 = 5_000.0;

/// Copies that are looked at to see how many are written.
const FEWER_COPIES: f64 = 2_000.0;

/// What theory says of all copies of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct MissedShares {
    /// The share that is let through.
    pub live: f64,
    /// The share that the nightly job leaves, where there is one.
    pub stable: Option<f64>,
    /// What that comes from, in words.
    pub because: String,
}

/// The shares of all copies that `strategy` misses of the stream of `scenario`, and that are left after a nightly job that
/// looks at so many days before its own; none where theory has none.
pub fn missed_shares(
    scenario: &Scenario,
    strategy: Declared<'_>,
    preceding_days: Option<u32>,
) -> Option<MissedShares> {
    if !scenario_is_simple(scenario) {
        return None;
    }
    let memory = declared::memory(scenario, strategy, FEWER_COPIES)?;
    let looked_at = match strategy.forgets {
        Forgets::AtRandom(_) => COPIES_AT_RANDOM,
        _ => COPIES,
    };
    let nights = preceding_days.map(|days| Nights::new(scenario, days));
    let firsts = Curve::of_firsts(scenario);
    let (mut copies, mut live, mut stable) = (0.0, 0.0, 0.0);
    for (cause, repeat) in scenario.shape.repeats.iter().enumerate() {
        let pings = SampledPings::of(scenario, cause, &firsts);
        let shares = pings.shares(looked_at, &memory.forgetting, strategy.routing, nights.as_ref());
        let weight = copies_of(repeat, firsts.all());
        copies += weight;
        live += weight * shares.live.ratio;
        stable += weight * shares.stable.map_or(0.0, |share| share.ratio);
    }
    let of_all = |sum: f64| if copies > 0.0 { sum / copies } else { 0.0 };
    Some(MissedShares { live: of_all(live), stable: nights.map(|_| of_all(stable)), because: memory.because })
}
