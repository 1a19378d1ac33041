//! What theory says of the duplicates that a strategy misses, from the scenario, the pipeline's delays and the way in
//! which the strategy forgets; never from a run.
//!
//! The theory is an integral: over when a ping first arrives, how often and how late its copies follow, and how long
//! each waits for its batch, of whether the memory that the strategy declares still knows it. It is evaluated over many
//! sampled pings, with random numbers of its own. Where nothing is known of how a strategy forgets, or where pings
//! have an influence on each other that this leaves out, there is no prediction.

mod batch_delay;
mod beside;
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

pub use beside::predictions;
pub use shares::{MissedShares, missed_shares};

use dedup_strategies::{Forgets, Promise, Routing};
use dedup_stream::scenario::{Deadlines, Identity, Repeat, Routed, Scenario};

use crate::record::Foreseen;
use curve::Curve;
use rule::{Forgetting, Rule};
use sampled::SampledPings;

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

/// What becomes of the copies of each cause, and, where a job looks at so many days before its own, of what it leaves;
/// nothing where there is no theory.
pub fn foreseen(scenario: &Scenario, strategy: Declared<'_>, preceding_days: Option<u32>) -> Vec<Foreseen> {
    if !scenario_is_simple(scenario) || !pipeline_is_simple(scenario) {
        return Vec::new();
    }
    let Some(memory) = declared::memory(scenario, strategy, sampled::FEWER_COPIES) else { return Vec::new() };
    let nights = preceding_days.map(|days| nightly::Nights::new(scenario, days));
    let firsts = Curve::of_firsts(scenario);
    let of_cause = |(cause, repeat): (usize, &Repeat)| {
        let pings = SampledPings::of(scenario, cause, &firsts);
        let shares = pings.shares(sampled::COPIES, &memory.forgetting, strategy.routing, nights.as_ref());
        Foreseen {
            cause: repeat.cause.clone(),
            because: memory.because.clone(),
            live: shares.live,
            stable: shares.stable,
        }
    };
    scenario.shape.repeats.iter().enumerate().map(of_cause).collect()
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
