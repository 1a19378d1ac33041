//! An age-partitioned Bloom filter from which ids fall out by time.

use super::common::age_partitioned;
use crate::contract::{
    BuildError, Context, Definition, Estimate, Forgets, Needs, Operation, Role, Settings, Strategy,
    saturating_nanos,
};
use crate::structures::age_partitioned::ByTime;
use crate::structures::shards::share_of;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "apbf-time",
    about: "age-partitioned Bloom filter by time: ids fall out a slice at a time as they age",
    role: Role::Candidate,
    settings: age_partitioned::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets,
    estimate: Some(estimate),
    prospect: Some(|settings, context| {
        age_partitioned::prospect(plan(settings, context).shape, settings, context)
    }),
    build: &build,
};

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let plan = plan(settings, context);
    let window_ns = saturating_nanos(settings.time("window"));
    let span_ns = window_ns.div_ceil(u64::from(plan.divisions)).max(1);
    age_partitioned::build(
        &DEFINITION,
        settings,
        context,
        plan.shape,
        age_partitioned::Ageing::Time { span_ns },
    )
}

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    age_partitioned::estimate(plan(settings, context).shape, settings, context)
}

fn forgets(settings: &Settings, context: &Context) -> Forgets {
    Forgets::InSlices { a_window: plan(settings, context).divisions.into() }
}

fn plan(settings: &Settings, context: &Context) -> ByTime {
    ByTime::new(share_of(settings.count("ids"), context.workers), settings.share("rate"))
}
