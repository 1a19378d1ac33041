//! An age-partitioned Bloom filter from which ids fall out by count.

use super::common::age_partitioned;
use crate::contract::{
    BuildError, Context, Definition, Estimate, Forgets, Needs, Operation, Role, Settings, Strategy,
};
use crate::structures::age_partitioned::{ByCount, Shape};
use crate::structures::shards::share_of;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "apbf",
    about: "age-partitioned Bloom filter: the last so many ids, for a few lost uniques",
    role: Role::Candidate,
    settings: age_partitioned::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets,
    estimate: Some(estimate),
    prospect: Some(|settings, context| {
        age_partitioned::prospect(shape(settings, context), settings, context)
    }),
    build: &build,
};

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    age_partitioned::build(
        &DEFINITION,
        settings,
        context,
        shape(settings, context),
        age_partitioned::Ageing::Count,
    )
}

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    age_partitioned::estimate(shape(settings, context), settings, context)
}

fn forgets(settings: &Settings, context: &Context) -> Forgets {
    let shape = shape(settings, context);
    Forgets::InGenerations { kept: shape.l, ids: shape.generation }
}

fn shape(settings: &Settings, context: &Context) -> Shape {
    ByCount::new(share_of(settings.count("ids"), context.workers), settings.share("rate")).0
}
