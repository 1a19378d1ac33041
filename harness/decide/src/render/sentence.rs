//! The answer in one sentence.

use std::time::Duration;

use dedup_records::curve::Origin;
use dedup_records::units;

use crate::candidate::Place;
use crate::decision::{Decision, Failure, Judged};
use crate::loss::{Assessment, Says};

/// The answer in one sentence.
pub fn sentence(decision: &Decision) -> String {
    match (&decision.survivors[..], &decision.give_up) {
        ([first, rest @ ..], _) => {
            let next = match rest.first() {
                Some(second) => format!(
                    "; next is {} at {} a month",
                    second.candidate.strategy,
                    money(second.assessment.price)
                ),
                None => "; nothing else meets the requirements".to_string(),
            };
            format!("Take {}: {}{next}.", named(first), figures(decision, first))
        }
        ([], Some((requirement, judged))) => format!(
            "Nothing meets every requirement. Give up {requirement}: {} {}.",
            named(judged),
            failure(judged, &judged.fails[0])
        ),
        ([], None) => "Nothing meets the requirements, and none of them alone stands in the way.".to_string(),
    }
}

fn named(judged: &Judged) -> String {
    match judged.candidate.window_s {
        Some(window) => format!("{} with a window of {}", judged.candidate.strategy, seconds(window)),
        None => judged.candidate.strategy.clone(),
    }
}

fn figures(decision: &Decision, judged: &Judged) -> String {
    let found = &judged.assessment;
    let memory = bytes(judged.candidate.worker_bytes.value);
    let size = match judged.candidate.place {
        Place::Server | Place::OpenServer => format!("{} in the Redis", bytes(found.maxmemory)),
        Place::Disk => {
            format!("{memory} and {} of disk a worker", bytes(judged.candidate.disk_bytes.value))
        }
        Place::Worker | Place::Engine => format!("{memory} a worker"),
    };
    let left = match found.left {
        Some(_) => " after the nightly job",
        None => "",
    };
    let outside = found.speed.is_some_and(|speed| speed.ping_ns.origin == Origin::Outside);
    let doubt = if outside { ", its speed outside what was measured" } else { "" };
    format!(
        "{} % of what is delivered are duplicates{left}, {} pings lost a year, {size}, {} a month{doubt}",
        units::short(decision.traffic.share_of_delivered(found.left_per_day()) * 100.0),
        lost(found, "at most "),
        money(found.price)
    )
}

/// What is failed, and by how much, as the end of a sentence.
pub(super) fn failure(judged: &Judged, failure: &Failure) -> String {
    let Failure { requirement, found, allowed, origin } = *failure;
    let show = |value: f64| match requirement {
        "lost" | "missed" => format!("{} %", units::short(value * 100.0)),
        "p99" => seconds(value),
        "workers" => format!("{} of a worker", units::short(value)),
        _ => bytes(value),
    };
    let says = match requirement {
        "lost" if judged.assessment.lost_says() == Says::AtMost => "loses up to",
        "lost" => "loses",
        "missed" => "lets through",
        "p99" => "takes",
        _ => "needs",
    };
    let sure = if origin == Origin::Outside { ", outside what was measured" } else { "" };
    match failure.times() {
        times if times < 1.01 => {
            format!("{says} hardly more than the {} allowed{sure}", show(allowed))
        }
        times if times.is_finite() => {
            let times = units::short(times);
            format!("{says} {} ({times} times the {} allowed{sure})", show(found), show(allowed))
        }
        _ if requirement == "redis" => format!("{says} {} in a Redis, and there is none", show(found)),
        _ => format!("{says} {}, and none is allowed", show(found)),
    }
}

/// Unique pings a year, with what says that there are no more.
pub(super) fn lost(found: &Assessment, at_most: &str) -> String {
    match found.lost_says() {
        Says::Expected => count(found.lost_per_year()),
        Says::AtMost => format!("{at_most}{}", count(found.lost_per_year())),
    }
}

pub(super) fn seconds(seconds: f64) -> String {
    units::duration(Duration::from_secs_f64(seconds.clamp(0.0, 1e11)).as_nanos() as u64)
}

/// Nanoseconds, in the unit that leaves few digits.
pub(super) fn duration(nanos: f64) -> String {
    units::duration(nanos.clamp(0.0, 1e19).round() as u64)
}

pub(super) fn bytes(bytes: f64) -> String {
    units::bytes(bytes.clamp(0.0, 1e19) as u64)
}

/// What is less than a cent is said to be no more, as prices are compared to the cent.
pub(super) fn money(price: f64) -> String {
    match price {
        price if price > 0.0 && price < 0.01 => "≤0.01".to_string(),
        price if price < 100.0 => units::fixed(price, 2),
        price => units::fixed(price, 0),
    }
}

/// A count, to three digits: `0`, `12.3`, `1,230`, `1.23 M`.
pub(super) fn count(count: f64) -> String {
    match count {
        count if count >= 1e9 => format!("{} G", units::short(count / 1e9)),
        count if count >= 1e6 => format!("{} M", units::short(count / 1e6)),
        count if count >= 100.0 => units::fixed(count, 0),
        count => units::short(count),
    }
}
