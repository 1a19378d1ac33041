//! Filters that make room at random as they fill: BSBF and RLBSBF of Bera et al.

use crate::contract::{
    BuildError, Context, Definition, Estimate, Eviction, Forgets, Resets, Settings, Strategy,
};
use crate::strategies::common::decaying::{self, DecayingFilter};
use crate::structures::biased_sampling::{BiasedSampling, Deletion, bytes, shape_for};
use crate::structures::shards::share_of;

/// The strategy of `definition`, which makes room by `deletion`.
pub(crate) fn build(
    definition: &Definition,
    deletion: Deletion,
    settings: &Settings,
    context: &Context,
) -> Result<Box<dyn Strategy>, BuildError> {
    let (k, bits) = shape_of(deletion, settings, context);
    let estimate = estimate(deletion, settings, context);
    decaying::build(definition, (settings, context), estimate, |seed| {
        BiasedSampling::new(deletion, k, bits, seed)
    })
}

/// The memory of all its filters.
pub(crate) fn estimate(deletion: Deletion, settings: &Settings, context: &Context) -> Estimate {
    let (k, bits) = shape_of(deletion, settings, context);
    decaying::estimate(&format!("{k} filters"), bytes(k, bits), settings, context)
}

/// How it forgets: its bits are reset as `resets` says, which is that of `deletion`.
pub(crate) fn forgets(deletion: Deletion, resets: Resets, settings: &Settings, context: &Context) -> Forgets {
    let (filters, bits) = shape_of(deletion, settings, context);
    Forgets::AtRandom(Eviction::Reset { filters, bits, resets })
}

fn shape_of(deletion: Deletion, settings: &Settings, context: &Context) -> (u32, u64) {
    let share = share_of(settings.count("ids"), context.workers);
    shape_for(deletion, share, settings.share("rate"), settings.share("missed"))
}

impl DecayingFilter for BiasedSampling {
    fn is_new(&mut self, hash: u64) -> bool {
        self.insert(hash)
    }

    fn prefetch(&self, hash: u64) {
        BiasedSampling::prefetch(self, hash);
    }

    fn bytes(&self) -> u64 {
        BiasedSampling::bytes(self)
    }
}
