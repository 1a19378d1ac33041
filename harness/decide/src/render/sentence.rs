//! The answer in one sentence.

use std::time::Duration;

use dedup_records::curve::Origin;
use dedup_records::units;

use crate::candidate::Place;
use crate::decision::{Decision, Failure, Judged};
use crate::loss::{Assessment, Says};
use crate::needs::is_number;
use crate::sensitivity::Unit;

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
    let in_short = |value: f64| match requirement {
        "lost" | "missed" => format!("{} %", units::short(value * 100.0)),
        number if is_number(number) => format!("{} %", units::short(value * 100.0)),
        "p99" => seconds(value),
        "workers" => format!("{} of a worker", units::short(value)),
        _ => bytes(value),
    };
    let show = |value: f64| match in_short(found) == in_short(allowed) {
        true => told_apart(requirement, value, (found, allowed)),
        false => in_short(value),
    };
    let bends = format!("bends {requirement} by");
    let says = match requirement {
        number if is_number(number) => bends.as_str(),
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
            let short = units::short(times);
            let times = if short == "1" { significant(times, 3) } else { short };
            format!("{says} {} ({times} times the {} allowed{sure})", show(found), show(allowed))
        }
        _ if requirement == "redis" => format!("{says} {} in a Redis, and there is none", show(found)),
        _ => format!("{says} {}, and none is allowed", show(found)),
    }
}

/// A value of a requirement, with as many digits as tell the two apart.
fn told_apart(requirement: &str, value: f64, (found, allowed): (f64, f64)) -> String {
    let (scale, unit) = match requirement {
        "lost" | "missed" => Unit::Share.shown_in(allowed),
        number if is_number(number) => Unit::Share.shown_in(allowed),
        "p99" => Unit::Seconds.shown_in(allowed),
        "workers" => (1.0, " of a worker"),
        _ => Unit::Bytes.shown_in(allowed),
    };
    let are_apart =
        |digits: &i32| significant(found / scale, *digits) != significant(allowed / scale, *digits);
    let digits = (3..9).find(are_apart).unwrap_or(9);
    format!("{}{unit}", significant(value / scale, digits))
}

/// With so many digits that count, without zeros at the end.
pub(super) fn significant(value: f64, digits: i32) -> String {
    let decimals = (digits - 1 - value.abs().max(1e-12).log10().floor() as i32).clamp(0, 12) as usize;
    let text = units::fixed(value, decimals);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::Place;
    use crate::decision::decide;
    use crate::needs::Needs;
    use crate::testing::{candidate, traffic};

    #[test]
    fn what_is_failed_by_little_is_shown_with_as_many_digits_as_tell_it_from_what_is_allowed() {
        let said = |requirement, found, allowed| {
            let none = decide(
                &traffic(),
                &Needs { missed: 0.0, ..Needs::default() },
                &[{
                    let mut misses = candidate("a", Place::Disk);
                    misses.missed_live = crate::candidate::modelled(0.5);
                    misses
                }],
            );
            let judged = &none.excluded[0];
            failure(judged, &Failure { requirement, found, allowed, origin: Origin::Modelled })
        };
        assert_eq!(said("missed", 0.001_04, 0.001), "lets through 0.104 % (1.04 times the 0.1 % allowed)");
        assert_eq!(said("missed", 0.0014, 0.001), "lets through 0.14 % (1.4 times the 0.1 % allowed)");
        const GIB: f64 = (1u64 << 30) as f64;
        assert_eq!(said("memory", 8.1 * GIB, 8.0 * GIB), "needs 8.1 GiB (1.01 times the 8 GiB allowed)");
    }
}
