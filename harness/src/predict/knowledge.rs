//! How the strategies that come with the harness forget. A strategy that is not named here has no prediction: a promise
//! says how long an id is remembered at least, and theory needs to know when it is forgotten.

use std::time::Duration;

use dedup_strategies::SettingDefault;
use dedup_strategies::redis::lease;
use dedup_strategies::shards::share_of;
use dedup_strategies::strategies::{biased_sampling, stable_bloom};
use dedup_strategies::structures::age_partitioned;
use dedup_strategies::theory::Deletion;
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{Bound, Definition, Window};
use dedup_stream::scenario::{EventTime, Process, Scenario};

use super::cells::Cells;
use super::curve::Curve;
use super::generations::Generations;
use super::rule::{Counted, Forgetting, Rule};
use super::{Known, Memory, written};
use crate::units;

/// Forget at the end of the promised window.
const AT_THE_WINDOWS_END: &[&str] = &["exact", "redis-claim", "redis-mozilla"];

/// Keep their ids in compact tables, and forget them in slices of the window.
const COMPACT: &[&str] =
    &["exact-compact", "fingerprint-64", "pubsubio", "pubsubio-flink", "beam-deduplicate"];

/// Slices of a window after which the compact tables forget.
const COMPACT_SLICES: u64 = 32;

/// Forget at the window's end, and the least recently seen where there are more ids than they have room for.
const LEAST_RECENTLY_SEEN: &[&str] = &["lru", "lru-exact", "pubsubio-direct"];

/// Keep copies waiting from the verdict to the mark, and forget at the end of a window that begins with the mark.
const LEASED_UP_TO_THE_MARK: &[&str] = &["durable", "bloom-verified"];

/// A filter that takes more unknown ids than this for known ones does so with copies that it has forgotten, too, by a share
/// of which only the bound is known.
const MOST_FALSE_POSITIVES: f64 = 0.01;

pub(super) fn memory(scenario: &Scenario, strategy: Known<'_>) -> Option<Memory> {
    let number = |name: &str| strategy.settings.get(name)?.parse::<u64>().ok();
    let window = strategy.promise.window;
    if matches!(strategy.promise.lost, Bound::AtMost(rate) if rate > MOST_FALSE_POSITIVES) {
        return None;
    }
    match strategy.name {
        // Its front answers only what the back would have answered.
        "tiered" => memory(scenario, Known { name: strategy.settings.get("back")?, ..strategy }),
        "noop" => Some(Memory::by(Rule::Nothing, "nothing is remembered")),
        "bloom" => Some(Memory::by(Rule::Forever, "everything is remembered")),
        "bloom-rotating" | "split-block" => {
            in_slices(window.length()?, number("generations")?, Counted::Through)
        }
        "apbf-time" => {
            let rate = strategy.settings.get("rate")?.parse().ok()?;
            in_slices(window.length()?, age_partitioned::divisions_for(rate), Counted::Through)
        }
        "apbf" => in_generations(scenario, strategy),
        "stable-bloom" | "bsbf" | "rlbsbf" => at_random(scenario, strategy),
        "cuckoo" => in_slices(window.length()?, number("intervals")?, Counted::Seen),
        "redis-lease" => {
            let lease =
                humantime::parse_duration(given_or_default(&lease::DEFINITION, "lease", strategy)?).ok()?;
            (lease > mark_after(scenario)).then(|| leased(scenario, window)).flatten()
        }
        name if COMPACT.contains(&name) => {
            let from = match window {
                Window::SinceSeen(_) => Counted::Seen,
                _ => Counted::Through,
            };
            in_slices(window.length()?, COMPACT_SLICES, from)
        }
        name if LEASED_UP_TO_THE_MARK.contains(&name) => leased(scenario, window),
        "window-batch" => in_event_time(scenario),
        name if AT_THE_WINDOWS_END.contains(&name) => {
            by_window(scenario, window).map(|(rule, because)| Memory::by(rule, because))
        }
        name if LEAST_RECENTLY_SEEN.contains(&name) => with_capacity(scenario, strategy),
        _ => None,
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

/// What a strategy in a back has of itself, it has by default.
fn given_or_default<'a>(definition: &Definition, name: &str, strategy: Known<'a>) -> Option<&'a str> {
    let default =
        definition.settings.iter().find(|setting| setting.name == name).map(|setting| setting.default);
    match (strategy.settings.get(name), default) {
        (Some(given), _) => Some(given),
        (None, Some(SettingDefault::Text(default))) => Some(default),
        _ => None,
    }
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
fn in_slices(length: Duration, generations: u64, from: Counted) -> Option<Memory> {
    let slice_ns = saturating_nanos(length).div_ceil(generations.max(1)).max(1);
    let prolonged = match from {
        Counted::Through => "",
        Counted::Seen => ", prolonged by each copy",
    };
    Some(Memory::by(
        Rule::Slices { slice_ns, generations, from },
        format!("window of {} and up to 1/{generations} more on the delays{prolonged}", shown(length)),
    ))
}

/// An LRU forgets what was not seen while as many other ids came as it has room for (its characteristic time; Che, Tung
/// and Wang 2002). Only a steady load gives that time a value.
fn with_capacity(scenario: &Scenario, strategy: Known<'_>) -> Option<Memory> {
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
fn in_generations(scenario: &Scenario, strategy: Known<'_>) -> Option<Memory> {
    let (length, ids) = (strategy.promise.window.length()?, strategy.promise.capacity?);
    let rate = strategy.settings.get("rate")?.parse().ok()?;
    let (kept, generation) = age_partitioned::generations_for(share_of(ids, scenario.pipeline.workers), rate);
    let forgetting = written::settled(scenario, strategy.routing, |written| {
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
fn at_random(scenario: &Scenario, strategy: Known<'_>) -> Option<Memory> {
    let ids = share_of(strategy.promise.capacity?, scenario.pipeline.workers);
    let share = |name: &str| strategy.settings.get(name)?.parse::<f64>().ok();
    let (rate, missed) = (share("rate")?, share("missed")?);
    let start_ns = scenario.start().as_nanos();
    let cells: Box<dyn Fn(Curve) -> Cells> = match strategy.name {
        "stable-bloom" => {
            let shape = stable_bloom::shape_for(ids, rate, missed);
            Box::new(move |written| Cells::stable(shape, written, start_ns))
        }
        name => {
            let deletion = if name == "bsbf" { Deletion::EachFilter } else { Deletion::ByLoad };
            let (k, bits) = biased_sampling::shape_for(deletion, ids, rate, missed);
            Box::new(move |written| Cells::biased(deletion, (k, bits), written, start_ns))
        }
    };
    let forgetting =
        written::settled(scenario, strategy.routing, |written| Forgetting::AtRandom(cells(written)));
    Some(Memory { forgetting, because: "cells reset at random by the ids that come between".into() })
}

/// The most distinct ids that may come within `length_s`, bursts, ramps and replays included.
fn most_ids_within(scenario: &Scenario, length_s: f64) -> f64 {
    let arrival = &scenario.shape.arrival;
    let ramp = arrival.ramp.map_or(1.0, |ramp| ramp.factor.max(1.0));
    let firsts = arrival.busiest_per_s(length_s) * ramp * length_s;
    let copies: f64 =
        scenario.shape.repeats.iter().map(|repeat| super::lives::copies_of(repeat, firsts)).sum();
    // At most every copy is one of an id that the window has not seen.
    firsts + copies
}

/// Distinct ids a second where they come at one rate: firsts, and the copies that come back after the others.
fn steady_ids_per_s(scenario: &Scenario) -> Option<f64> {
    let shape = &scenario.shape;
    let is_steady =
        matches!(shape.arrival.process, Process::Constant | Process::Poisson) && shape.arrival.ramp.is_none();
    let few = |repeat| super::lives::copies_of(repeat, 1.0) < 0.1;
    let is_ordinary = shape.repeats.iter().all(|repeat| repeat.between_ns.is_none() && few(repeat));
    (is_steady && is_ordinary).then(|| {
        let copies: f64 = shape.repeats.iter().map(|repeat| super::lives::copies_of(repeat, 1.0)).sum();
        // Half of the copies, on the whole, belong to ids that were seen meanwhile; they are few.
        shape.arrival.rate_per_s * (1.0 + copies / 2.0)
    })
}
