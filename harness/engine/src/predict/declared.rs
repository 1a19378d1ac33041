//! From what a strategy's definition declares to a memory that theory can ask. A promise says how long an id is remembered
//! at least, and theory needs to know when it is forgotten: where that is not declared there is no prediction.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Bound, Eviction, Forgets, Window};
use dedup_stream::scenario::{EventTime, Process, Scenario};

use super::cells::Cells;
use super::curve::Curve;
use super::generations::Generations;
use super::rule::{Counted, Forgetting, Rule};
use super::{Declared, Memory, written};
use crate::units;

/// A filter that takes more unknown ids than this for known ones does so with copies that it has forgotten, too, by a share
/// of which only the bound is known.
const MOST_FALSE_POSITIVES: f64 = 0.01;

/// Where ids push out others, `copies` are looked at to see how many are written.
pub(super) fn memory(scenario: &Scenario, strategy: Declared<'_>, copies: f64) -> Option<Memory> {
    let window = strategy.promise.window;
    if matches!(strategy.promise.lost, Bound::AtMost(rate) if rate > MOST_FALSE_POSITIVES) {
        return None;
    }
    match strategy.forgets {
        Forgets::Unknown => None,
        Forgets::AtOnce => Some(Memory::by(Rule::Nothing, "nothing is remembered")),
        Forgets::Never => Some(Memory::by(Rule::Forever, "everything is remembered")),
        Forgets::AtWindowEnd => by_window(scenario, window).map(|(rule, because)| Memory::by(rule, because)),
        Forgets::AfterMark { lease } => {
            (lease > mark_after(scenario)).then(|| leased(scenario, window)).flatten()
        }
        Forgets::InSlices { a_window } => in_slices(window, a_window),
        Forgets::InGenerations { kept, ids } => in_generations(scenario, strategy, (kept, ids), copies),
        Forgets::LeastRecentlySeen => with_capacity(scenario, strategy),
        Forgets::InEventTime => in_event_time(scenario),
        Forgets::AtRandom(eviction) => Some(at_random(scenario, strategy, eviction, copies)),
    }
}

fn by_window(scenario: &Scenario, window: Window) -> Option<(Rule, String)> {
    let because = |length: Duration| format!("window of {} on the delays", shown(length));
    Some(match window {
        Window::Since(length) => {
            (Rule::Since { window_ns: saturating_nanos(length), idle_ns: u64::MAX }, because(length))
        }
        Window::SinceSeen(length) => (
            Rule::SinceSeen { window_ns: saturating_nanos(length) },
            format!("{}, prolonged by each copy", because(length)),
        ),
        Window::SinceMarked(length) => {
            let (after, window_ns) = (mark_after(scenario), saturating_nanos(length));
            (
                Rule::SinceMarked { window_ns, after_ns: saturating_nanos(after) },
                format!("{}, and copies within {} of the mark", because(length), shown(after)),
            )
        }
        Window::Nothing | Window::Forever | Window::Tumbling(_) => return None,
    })
}

/// A length of time for people.
fn shown(length: Duration) -> String {
    units::duration(saturating_nanos(length))
}

/// Time from the verdict to the mark.
fn mark_after(scenario: &Scenario) -> Duration {
    scenario.pipeline.publish_latency + scenario.pipeline.mark_lag
}

/// A copy that comes between the verdict and the mark is kept waiting, and is a duplicate when it comes again; where that
/// may be after the window, theory does not speak.
fn leased(scenario: &Scenario, window: Window) -> Option<Memory> {
    let (length, after) = (window.length()?, mark_after(scenario));
    let comes_again = scenario.pipeline.redelivery_delay + after + 2 * scenario.pipeline.linger;
    (comes_again < length).then(|| {
        Memory::by(
            Rule::Since { window_ns: saturating_nanos(length.saturating_add(after)), idle_ns: u64::MAX },
            format!("window of {} from the mark, {} after the verdict", shown(length), shown(after)),
        )
    })
}

/// A copy with the event time of the first belongs to its window: while that is open it is a duplicate, and afterwards it
/// is late and refused. Of clocks that are wrong, and of copies with a time of their own, theory does not speak.
fn in_event_time(scenario: &Scenario) -> Option<Memory> {
    let all_same = scenario.shape.repeats.iter().all(|repeat| repeat.event_time == EventTime::Same);
    (all_same && scenario.shape.skew.is_none())
        .then(|| Memory::by(Rule::Forever, "a copy has the event time of the first: a duplicate or late"))
}

/// Time is cut into slices, and whole slices are forgotten. Where they begin makes no difference, as pings first come at
/// any time.
fn in_slices(window: Window, a_window: u64) -> Option<Memory> {
    let length = window.length()?;
    let slice_ns = saturating_nanos(length).div_ceil(a_window.max(1)).max(1);
    let (from, prolonged) = match window {
        Window::SinceSeen(_) => (Counted::Seen, ", prolonged by each copy"),
        _ => (Counted::Through, ""),
    };
    Some(Memory::by(
        Rule::Slices { slice_ns, generations: a_window, from },
        format!("window of {} and up to 1/{a_window} more on the delays{prolonged}", shown(length)),
    ))
}

/// An LRU forgets what was not seen while as many other ids came as it has room for (its characteristic time; Che, Tung
/// and Wang 2002). Only a steady load gives that time a value.
fn with_capacity(scenario: &Scenario, strategy: Declared<'_>) -> Option<Memory> {
    let capacity = strategy.promise.capacity? as f64;
    let length = strategy.promise.window.length()?;
    let length_s = length.as_secs_f64().min(scenario.virtual_length().as_secs_f64());
    let (plain, because) = by_window(scenario, strategy.promise.window)?;
    if most_ids_within(scenario, length_s) < capacity * 0.95 {
        return Some(Memory::by(plain, because));
    }
    let idle_s = capacity / steady_ids_per_s(scenario)?;
    if (idle_s / length_s - 1.0).abs() < 0.1 {
        // The window and the capacity end so close to each other that chance decides which comes first.
        return None;
    }
    let idle_ns = (idle_s * 1e9) as u64;
    let idle = shown(Duration::from_secs(idle_s.round().max(1.0) as u64));
    let rule = match plain {
        Rule::Since { window_ns, .. } => Rule::Since { window_ns, idle_ns },
        Rule::SinceSeen { window_ns } => Rule::SinceSeen { window_ns: window_ns.min(idle_ns) },
        _ => return None,
    };
    Some(Memory::by(rule, format!("{because}, and room for {idle}")))
}

/// Forgets a generation of ids or of time at once, whichever ends first.
fn in_generations(
    scenario: &Scenario,
    strategy: Declared<'_>,
    (kept, generation): (u32, u64),
    copies: f64,
) -> Option<Memory> {
    let length = strategy.promise.window.length()?;
    let forgetting = written::settled(scenario, strategy.routing, copies, |written| {
        let start_ns = scenario.start().as_nanos();
        let window_ns = saturating_nanos(length);
        let ids = generation as f64;
        Forgetting::By(Rule::Generations(Generations { written, start_ns, ids, kept, window_ns }))
    });
    let because = format!(
        "window of {} and up to {generation} ids more on the delays, or {kept} times as many ids",
        shown(length)
    );
    Some(Memory { forgetting, because })
}

/// Forgets by chance with every id that is written.
fn at_random(scenario: &Scenario, strategy: Declared<'_>, eviction: Eviction, copies: f64) -> Memory {
    let start_ns = scenario.start().as_nanos();
    let cells = |written: Curve| Forgetting::AtRandom(Cells::of(eviction, written, start_ns));
    let forgetting = written::settled(scenario, strategy.routing, copies, cells);
    Memory { forgetting, because: "cells reset at random by the ids that come between".into() }
}

/// The most distinct ids that may come within `length_s`, bursts, ramps and replays included.
fn most_ids_within(scenario: &Scenario, length_s: f64) -> f64 {
    let arrival = &scenario.shape.arrival;
    let ramp = arrival.ramp.map_or(1.0, |ramp| ramp.factor.max(1.0));
    let firsts = arrival.busiest_per_s(length_s) * ramp * length_s;
    let copies: f64 =
        scenario.shape.repeats.iter().map(|repeat| super::sampled::copies_of(repeat, firsts)).sum();
    // At most every copy is one of an id that the window has not seen.
    (firsts + copies) * scenario.share_left()
}

/// Distinct ids a second where they come at one rate: firsts, and the copies that come back after the others.
fn steady_ids_per_s(scenario: &Scenario) -> Option<f64> {
    let shape = &scenario.shape;
    let is_steady =
        matches!(shape.arrival.process, Process::Constant | Process::Poisson) && shape.arrival.ramp.is_none();
    let few = |repeat| super::sampled::copies_of(repeat, 1.0) < 0.1;
    let is_ordinary = shape.repeats.iter().all(|repeat| repeat.between_ns.is_none() && few(repeat));
    (is_steady && is_ordinary).then(|| {
        let copies: f64 = shape.repeats.iter().map(|repeat| super::sampled::copies_of(repeat, 1.0)).sum();
        // Half of the copies, on the whole, belong to ids that were seen meanwhile; they are few.
        scenario.share_left() * shape.arrival.rate_per_s * (1.0 + copies / 2.0)
    })
}
