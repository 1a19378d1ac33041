//! Memories that age by what is written to them.

use dedup_strategies::Routing;
use dedup_stream::scenario::Scenario;

use super::curve::{Curve, PIECES};
use super::rule::Forgetting;
use super::sampled::SampledPings;

/// Copies that are missed are written again, and age the memory, so that more are missed. After so many rounds what is
/// left of that is far below the error of the theory: copies are fewer than firsts, and each round weighs them once more.
const ROUNDS: usize = 3;

/// How a memory forgets, which `by` says for the ids that each worker writes: those of pings that arrive first, and of
/// copies that it lets through, of which so many are looked at.
pub(super) fn settled(
    scenario: &Scenario,
    routing: Routing,
    looked_at: f64,
    by: impl Fn(Curve) -> Forgetting,
) -> Forgetting {
    // A thinned stream is sampled as the whole one is: of what comes, that share is written.
    let share = scenario.share_left() / scenario.pipeline.workers.get() as f64;
    let all = Curve::of_firsts(scenario);
    let firsts = all.times(scenario.shape.bad_ids.usable());
    let mut forgetting = by(firsts.times(share));
    for _ in 0..ROUNDS {
        let mut copies = vec![0.0; PIECES];
        for cause in 0..scenario.shape.repeats.len() {
            SampledPings::of(scenario, cause, &all).add_let_through(
                looked_at,
                &forgetting,
                routing,
                &mut copies,
            );
        }
        forgetting = by(firsts.and(&copies).times(share));
    }
    forgetting
}
