//! Age-partitioned Bloom filters: one structure from which ids fall out by age, by count (`apbf`) or by time
//! (`apbf-time`).

use std::time::Duration;

use super::common::age_partitioned::{Ageing, Apbf};
use crate::contract::{
    Bound, BuildError, Context, Definition, Forgets, Memory, Needs, Operation, Promise, Role, SettingDef,
    SettingDefault, SettingKind, Settings, Strategy, UnderFaults, Window, saturating_nanos,
};
use crate::strategies::common::by_key::ByKey;
use crate::structures::age_partitioned::{ByCount, ByTime, Shape};
use crate::structures::shards::share_of;

/// The line in the list of strategies for the filter by count.
pub const DEFINITION: Definition = Definition {
    name: "apbf",
    about: "age-partitioned Bloom filter: the last so many ids, for a few lost uniques",
    role: Role::Candidate,
    settings: SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: forgets_by_count,
    build: &build_by_count,
};

/// The line in the list of strategies for the filter by time.
pub const BY_TIME: Definition = Definition {
    name: "apbf-time",
    about: "age-partitioned Bloom filter by time: ids fall out a slice at a time as they age",
    role: Role::Candidate,
    settings: SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: forgets_by_time,
    build: &build_by_time,
};

const SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "window",
        about: "how long an id is remembered at least after the copy that was let through",
        kind: SettingKind::Time,
        default: SettingDefault::ScenarioWindow,
    },
    SettingDef {
        name: "ids",
        about: "distinct ids in any one window that it is sized for; beyond them the window gets shorter",
        kind: SettingKind::Count(1 << 40),
        default: SettingDefault::IdsInWindow,
    },
    SettingDef {
        name: "rate",
        about: "largest share of uniques that may be lost; a tenth of it costs about 6 more bits an id",
        kind: SettingKind::Share,
        default: SettingDefault::Text("0.001"),
    },
];

fn build_by_count(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    strategy(&DEFINITION, settings, context, shape_by_count(settings, context), Ageing::Count)
}

fn forgets_by_count(settings: &Settings, context: &Context) -> Forgets {
    let shape = shape_by_count(settings, context);
    Forgets::InGenerations { kept: shape.l, ids: shape.generation }
}

fn shape_by_count(settings: &Settings, context: &Context) -> Shape {
    ByCount::new(share_of(settings.count("ids"), context.workers), settings.share("rate")).0
}

fn build_by_time(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let plan = plan_by_time(settings, context);
    let window_ns = saturating_nanos(settings.time("window"));
    let span_ns = window_ns.div_ceil(u64::from(plan.divisions)).max(1);
    strategy(&BY_TIME, settings, context, plan.shape, Ageing::Time { span_ns })
}

fn forgets_by_time(settings: &Settings, context: &Context) -> Forgets {
    Forgets::InSlices { a_window: plan_by_time(settings, context).divisions.into() }
}

fn plan_by_time(settings: &Settings, context: &Context) -> ByTime {
    ByTime::new(share_of(settings.count("ids"), context.workers), settings.share("rate"))
}

fn strategy(
    definition: &Definition,
    settings: &Settings,
    context: &Context,
    shape: Shape,
    ageing: Ageing,
) -> Result<Box<dyn Strategy>, BuildError> {
    let (window, ids): (Duration, u64) = (settings.time("window"), settings.count("ids"));
    context.admit(
        definition.name,
        "ids",
        format!("{} slices of a filter for {ids} ids in a window", shape.k + shape.l),
        shape.bytes().saturating_mul(context.workers.get() as u64),
    )?;
    let promise = Promise {
        window: Window::Since(window),
        missed: Bound::Never,
        lost: Bound::AtMost(settings.share("rate")),
        capacity: Some(ids),
        memory: Memory::Bounded,
        under_faults: UnderFaults::UNBOUNDED,
    };
    Ok(ByKey::build(promise, context, |worker| {
        Apbf::new(shape, ageing, saturating_nanos(window), context.seed, worker)
    }))
}
