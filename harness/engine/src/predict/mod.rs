//! What theory says of the duplicates that a strategy misses, from the scenario, the pipeline's delays and the way in
//! which the strategy forgets; never from a run.
//!
//! The theory is an integral: over when a ping first arrives, how often and how late its copies follow, and how long
//! each waits for its batch, of whether the memory that the strategy declares still knows it. It is evaluated over many
//! sampled pings, with random numbers of its own. Where nothing is known of how a strategy forgets, or where pings
//! have an influence on each other that this leaves out, there is no prediction.

mod batch_delay;
mod cells;
mod curve;
mod declared;
mod generations;
mod nightly;
mod random;
mod rule;
mod sampled;
mod shares;
#[cfg(test)]
mod tests;
mod written;

pub use shares::{MissedShares, missed_shares};

use dedup_strategies::{Forgets, Promise, Routing};
use dedup_stream::scenario::{Deadlines, Identity, Repeat, Routed, Scenario};

use crate::record::{Prediction, StableFigures, Tables, VerifyFigures};
use curve::Curve;
use rule::{Forgetting, Rule};
use sampled::{SampledPings, Share};

/// A strategy as far as theory has to know it: what it declares.
#[derive(Clone, Copy, Debug)]
pub struct Declared<'a> {
    /// How it forgets.
    pub forgets: Forgets,
    /// What it claims.
    pub promise: &'a Promise,
    /// Which worker may judge which ping.
    pub routing: Routing,
}

/// The predictions for each cause and for the stable tables, beside what `seen` counted; none where theory has none.
pub fn predict(scenario: &Scenario, strategy: Declared<'_>, seen: &VerifyFigures) -> Vec<Prediction> {
    if !scenario_is_simple(scenario) || !pipeline_is_simple(scenario) {
        return Vec::new();
    }
    let Some(memory) = declared::memory(scenario, strategy, sampled::FEWER_COPIES) else { return Vec::new() };
    let nights = seen.stable.as_ref().map(|stable| nightly::Nights::new(scenario, stable.preceding_days));
    let firsts = Curve::of_firsts(scenario);
    let share = |(cause, repeat)| {
        let pings = SampledPings::of(scenario, cause, &firsts);
        (repeat, pings.shares(sampled::COPIES, &memory.forgetting, strategy.routing, nights.as_ref()))
    };
    let shares: Vec<(&Repeat, sampled::Shares)> =
        scenario.shape.repeats.iter().enumerate().map(share).collect();
    let mut predicted: Vec<Prediction> = shares
        .iter()
        .filter_map(|(repeat, shares)| live(repeat, shares.live, &memory.because, seen))
        .collect();
    if let Some(stable) = &seen.stable {
        predicted.extend(in_stable(&shares, stable, seen, &memory.because));
    }
    predicted
}

/// Pings that share a key with others change each other's fate.
fn scenario_is_simple(scenario: &Scenario) -> bool {
    scenario.shape.repeats.iter().all(|repeat| repeat.identity == Identity::Same)
}

/// Copies that the pipeline makes itself, and workers that do not know what others have seen, change what is known.
fn pipeline_is_simple(scenario: &Scenario) -> bool {
    let pipeline = &scenario.pipeline;
    pipeline.routed == Routed::ByKey && (pipeline.deadlines == Deadlines::Extended || pipeline.acks_in_time())
}

fn live(repeat: &Repeat, share: Share, because: &str, seen: &VerifyFigures) -> Option<Prediction> {
    let counted = seen.by_cause.iter().find(|figures| figures.cause == repeat.cause)?;
    Some(Prediction {
        cause: repeat.cause.clone(),
        tables: Tables::Live,
        because: because.to_string(),
        duplicate_count: counted.duplicate_count,
        missed_count: counted.missed_count,
        predicted_ratio: share.ratio,
        independent_count: share.independent(counted.duplicate_count),
    })
}

/// The job's count is one for all causes: the share of each, by its duplicates.
fn in_stable(
    shares: &[(&Repeat, sampled::Shares)],
    stable: &StableFigures,
    seen: &VerifyFigures,
    because: &str,
) -> Option<Prediction> {
    let mut all = (0.0, 0.0, 0.0);
    for (repeat, shares) in shares {
        let Some(counted) = seen.by_cause.iter().find(|figures| figures.cause == repeat.cause) else {
            continue;
        };
        let (share, copies) = (shares.stable?, counted.duplicate_count as f64);
        let variance =
            share.ratio * (1.0 - share.ratio) / share.independent(counted.duplicate_count).max(1) as f64;
        all = (all.0 + copies, all.1 + copies * share.ratio, all.2 + copies * copies * variance);
    }
    let (copies, missed, variance) = all;
    if copies == 0.0 {
        return None;
    }
    let ratio = missed / copies;
    let of_all = Share { ratio, variance_a_copy: variance / copies };
    let because = match stable.preceding_days {
        0 => format!("{because}; then the end of the day"),
        days => format!("{because}; then the end of the day, {days} before it looked at"),
    };
    Some(Prediction {
        cause: "all".to_string(),
        tables: Tables::Stable,
        because,
        duplicate_count: seen.duplicate_count,
        missed_count: stable.missed_count,
        predicted_ratio: ratio,
        independent_count: of_all.independent(seen.duplicate_count),
    })
}

/// How a memory forgets, and what that comes from, in words.
struct Memory {
    forgetting: Forgetting,
    because: String,
}

impl Memory {
    fn by(rule: Rule, because: impl Into<String>) -> Memory {
        Memory { forgetting: Forgetting::By(rule), because: because.into() }
    }
}
