//! A Stable Bloom filter: fixed memory for ever, forgetting at random, the older the likelier.

use crate::contract::{
    BuildError, Context, Definition, Estimate, Eviction, Forgets, Needs, Operation, Role, Settings, Strategy,
};
use crate::strategies::common::decaying::{self, DecayingFilter};
use crate::structures::shards::share_of;
use crate::structures::stable_bloom::{Shape, StableBloom, shape_for};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "stable-bloom",
    about: "Stable Bloom filter: never full, loses a few uniques and misses duplicates, the later the more",
    role: Role::Candidate,
    settings: decaying::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets,
    estimate: Some(estimate),
    prospect: Some(|settings, context| decaying::prospect(settings, estimate(settings, context))),
    build: &build,
};

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let shape = shape_of(settings, context);
    let estimate = estimate(settings, context);
    decaying::build(&DEFINITION, (settings, context), estimate, |seed| StableBloom::new(shape, seed))
}

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    decaying::estimate("cells", shape_of(settings, context).bytes(), settings, context)
}

fn forgets(settings: &Settings, context: &Context) -> Forgets {
    let Shape { cells, hashes, max, decrements } = shape_of(settings, context);
    Forgets::AtRandom(Eviction::CountDown { cells, hashes, max, decrements })
}

fn shape_of(settings: &Settings, context: &Context) -> Shape {
    let share = share_of(settings.count("ids"), context.workers);
    shape_for(share, settings.share("rate"), settings.share("missed"))
}

impl DecayingFilter for StableBloom {
    /// Writes what is new, and nothing else. The paper writes every element and ages the filter with it; then copies of one
    /// key without end would push out all others, and no bound could be stated in distinct ids. To write what is known without
    /// ageing anything would make the filter fuller than its stable point, and lose more than was asked for.
    fn is_new(&mut self, hash: u64) -> bool {
        let known = self.contains(hash);
        if !known {
            self.insert(hash);
        }
        !known
    }

    fn prefetch(&self, hash: u64) {
        StableBloom::prefetch(self, hash);
    }

    fn bytes(&self) -> u64 {
        StableBloom::bytes(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::structures::stable_bloom::bytes_for;

    #[test]
    fn however_many_copies_come_no_more_is_lost() {
        let (ids, rate) = (2000, 0.01);
        let mut filter = StableBloom::new(shape_for(ids, rate, 0.1), 1);
        let hash = |key: u64| crate::structures::hash::mix(key);
        for key in 0..200 * ids {
            filter.is_new(hash(key));
            // Nine of ten are copies of one of the last window.
            for nth in 1..10 {
                filter.is_new(hash(key - (hash(key ^ nth << 40) % ids).min(key)));
            }
        }
        let probes = 40_000;
        let lost = (0..probes).filter(|key| filter.contains(hash(key | 1 << 50))).count() as f64;
        // Four standard deviations above the bound.
        let most = rate * probes as f64;
        assert!(lost <= most + 4.0 * most.sqrt(), "{lost} of {probes}");
        assert!(lost >= most / 2.0, "{lost} of {probes}: the filter has not come to its stable point");
    }

    #[test]
    fn forgetting_at_random_costs_ten_times_what_forgetting_by_generations_does() {
        let bits = |bytes: u64| bytes as f64 * 8.0 / 1e6;
        let stable = bits(bytes_for(1_000_000, 0.001, 0.1));
        let generations = bits(crate::strategies::split_block::bytes_for(1_000_000, 0.001, 3));
        assert!((4.0..12.0).contains(&(stable / generations)), "{stable} bits an id, and {generations}");
    }
}
