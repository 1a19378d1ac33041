//! Advice put to the test: a thinned-out stream of the same traffic, with restarts and crashes in it, and what the formulas
//! say of that stream.

mod failover;
mod stream;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use dedup_decide::{Beside, Candidate, DAY_S, Marks, Needs, Nightly, Place, Seen};
use dedup_strategies::{Context, Definition};
use dedup_stream::scenario::Scenario;

use crate::predict::{Declared, MissedShares, missed_shares};
use crate::record::VerifyFigures;

pub use failover::{FailoverTrial, TIME_FACTOR, failover_trial};
pub use stream::{Trial, trial};

/// Equal shares of the copies over whose lags a term is averaged.
const SLICES: u32 = 200;

/// Firsts, evenly spread over the stream, that are looked at for each lag.
const FIRSTS: u32 = 500;

impl Trial {
    /// What the formulas say of a candidate on this stream, beside what the pipeline counted; none where theory says nothing.
    pub fn beside(
        &self,
        definition: &Definition,
        candidate: &Candidate,
        needs: &Needs,
        seen: &VerifyFigures,
    ) -> Option<Seen> {
        let base = base(definition, candidate, needs, &self.scenario)?;
        let (live, stable) = self.emptied(candidate, &base, needs);
        let copies = seen.duplicate_count.max(1) as f64;
        let of_copies = |missed: u64| missed as f64 / copies;
        let stable_seen = seen.stable.as_ref().map(|stable| of_copies(stable.missed_count));
        Some(Seen {
            pings: seen.pings_count,
            copies: seen.duplicate_count,
            live: Beside { predicted: (base.live + live).min(1.0), seen: of_copies(seen.missed_count) },
            stable: base
                .stable
                .zip(stable_seen)
                .map(|(base, seen)| Beside { predicted: (base + stable).min(1.0), seen }),
            lost: Beside {
                predicted: self.lost(candidate, seen.unique_count as f64),
                seen: seen.lost_count as f64,
            },
        })
    }

    /// Shares of the copies that pass because a restart came between their first and them, live and after the nightly job. Where
    /// the restarts are, nothing is left to chance but when pings come.
    fn emptied(&self, candidate: &Candidate, base: &MissedShares, needs: &Needs) -> (f64, f64) {
        if candidate.place != Place::Worker {
            return (0.0, 0.0);
        }
        let remembers_s = candidate.remembers_s().max(self.lags.quantile(1.0 - base.live));
        let (mut live, mut stable) = (0.0, 0.0);
        for slice in 0..SLICES {
            let lag = self.lags.quantile((f64::from(slice) + 0.5) / f64::from(SLICES));
            if lag < remembers_s {
                let (passes, stays) = self.behind_a_restart(lag, needs.nightly);
                live += passes / f64::from(SLICES);
                stable += stays / f64::from(SLICES);
            }
        }
        (live, stable)
    }

    /// Of firsts that have a copy so much later within the stream, evenly spread over it, the share that a restart follows in
    /// between; and the share of those that a job does not see in one day with their copies, too. Streams begin at midnight.
    fn behind_a_restart(&self, lag_s: f64, nightly: Nightly) -> (f64, f64) {
        let last = self.length_s - lag_s;
        if last <= 0.0 {
            return (0.0, 0.0);
        }
        let (mut passes, mut stays) = (0.0, 0.0);
        for first in 0..FIRSTS {
            let at = last * (f64::from(first) + 0.5) / f64::from(FIRSTS);
            let next = self.restarts_s.get(self.restarts_s.partition_point(|restart| *restart <= at));
            if next.is_none_or(|next| *next >= at + lag_s) {
                continue;
            }
            passes += 1.0;
            let nights = ((at + lag_s) / DAY_S).floor() - (at / DAY_S).floor();
            stays += match nightly {
                Nightly::Days(before) if nights > f64::from(before) => 1.0,
                _ => 0.0,
            };
        }
        (passes / f64::from(FIRSTS), stays / f64::from(FIRSTS))
    }

    /// Pings lost: by mistake, and what was in the hands of who died. A crash waits for pings in hand, and the memory lives on.
    fn lost(&self, candidate: &Candidate, uniques: f64) -> f64 {
        let by_mistake = uniques * candidate.false_positives.value;
        if candidate.marks == Marks::AfterDelivery {
            return by_mistake;
        }
        let in_hand = self.uniques_per_s * self.in_hand_s;
        let crashes = f64::from(self.crashes) * (1.0 + in_hand / f64::from(self.workers));
        // A restart takes the marks with it where they are in the process.
        let restarts =
            if candidate.place == Place::Worker { 0.0 } else { self.restarts_s.len() as f64 * in_hand };
        by_mistake + crashes + restarts
    }
}

/// What theory says of this very stream, without anything that breaks.
fn base(
    definition: &Definition,
    candidate: &Candidate,
    needs: &Needs,
    scenario: &Scenario,
) -> Option<MissedShares> {
    let sizing = scenario.sizing();
    let settings = definition.resolve(&candidate.chosen, &sizing).ok()?;
    let workers = NonZeroUsize::new(scenario.pipeline.workers.get()).unwrap_or(NonZeroUsize::MIN);
    let context = Context { workers, state_dir: PathBuf::new(), ..Context::embedded(sizing) };
    let prospect = definition.prospect?(&settings, &context);
    let declared = Declared {
        forgets: (definition.forgets)(&settings, &context),
        promise: &prospect.promise,
        routing: prospect.routing,
    };
    let preceding = match needs.nightly {
        Nightly::No => None,
        Nightly::Days(days) => Some(days),
    };
    missed_shares(scenario, declared, preceding)
}
