//! Sentences: what would change the answer, and where figures come from.

use dedup_records::curve::{Figure, Origin};
use dedup_records::units;

use crate::decision::{Decision, Judged};
use crate::loss::{Says, Term};
use crate::render::sentence::{bytes, count, duration, significant};
use crate::sensitivity::{Beyond, Change, Further, Unit};
use crate::speed::Speed;

/// Changes that are shown: the nearest.
const MOST_CHANGES: usize = 6;

/// What would change the answer, the nearest first.
pub(super) fn change_lines(decision: &Decision, changes: &[Change]) -> Vec<String> {
    let nearest = changes.iter().take(MOST_CHANGES);
    let lines: Vec<String> = nearest.map(|change| changed(decision, change)).collect();
    if lines.is_empty() {
        return vec!["Nothing: no assumption does so within 64 times its value.".to_string()];
    }
    let each = "Each by itself, all else as asked, with windows and sizes chosen anew.";
    lines.into_iter().chain([each.to_string()]).collect()
}

/// `redis-claim pays as soon as price of redis is less than 5.2 (now 10; 0.52 times)`; `durable pays where copies after 1 h is
/// between 1.37 % and 1.9 % (now 1 %; 1.4 times), and exact beyond` where that ends, `and others (first exact) beyond` where
/// that is not all; `where copies after 1 h is less than 1.74 %
/// (now 70 %; 0.025 times), redis-bloom and durable take turns` where they come and go.
fn changed(decision: &Decision, change: &Change) -> String {
    let is_none = decision.survivors.is_empty();
    let outcome = match (&change.winner, is_none) {
        (None, _) => "nothing meets the requirements any more".to_string(),
        (Some(winner), true) => format!("{winner} meets the requirements"),
        (Some(winner), false) => format!("{winner} pays"),
    };
    let shown = |value: f64| in_unit(change.unit, value);
    let now = format!("(now {}; {} times)", shown(change.from), factor(change.factor));
    let moves = if change.factor > 1.0 { "is more than" } else { "is less than" };
    let moved = format!("{} {moves} {} {now}", change.assumption, shown(change.to));
    match &change.beyond {
        Beyond::Same => format!("{outcome} as soon as {moved}"),
        Beyond::Ends { until, then, further } => {
            let first = decision.survivors.first().map(|first| first.candidate.strategy.as_str());
            let then = match then.as_deref() {
                None => "nothing does".to_string(),
                Some(then) if Some(then) == first => format!("{then} again"),
                Some(then) => then.to_string(),
            };
            let then = match further {
                Further::Same => then,
                Further::Others => format!("others (first {then})"),
            };
            let (low, high) = (change.to.min(*until), change.to.max(*until));
            format!(
                "{outcome} where {} is between {} and {} {now}, and {then} beyond",
                change.assumption,
                shown(low),
                shown(high)
            )
        }
        Beyond::Turns(seen) => {
            let named = |winner: &Option<String>| winner.clone().unwrap_or("nothing".to_string());
            let names: Vec<String> = seen.iter().map(named).collect();
            let [first @ .., last] = names.as_slice() else { return String::new() };
            format!("where {moved}, {} and {last} take turns", first.join(", "))
        }
    }
}

/// With as many digits as tell it from one.
fn factor(times: f64) -> String {
    let short = units::short(times);
    if short == "1" { format!("{times:.4}") } else { short }
}

/// With three digits: a threshold that is asked for as it is shown is on its own side.
fn in_unit(unit: Unit, value: f64) -> String {
    let (scale, name) = unit.shown_in(value);
    format!("{}{name}", significant(value / scale, 3))
}

/// Where the figures of a candidate come from.
pub(super) fn origins(decision: &Decision, judged: &Judged) -> Vec<String> {
    let (candidate, found) = (&judged.candidate, &judged.assessment);
    let mut lines = vec![
        format!("duplicates let through: {} ({})", candidate.because, candidate.missed_live.origin.name()),
        bytes_line(judged),
    ];
    let terms = |kind: &str, terms: &[Term]| -> Vec<String> {
        let there = terms.iter().filter(|term| term.per_year > 0.0);
        there
            .map(|term| {
                let at_most = if term.says == Says::AtMost { "at most " } else { "" };
                format!(
                    "{kind} {at_most}{} a year: {} ({}; {})",
                    count(term.per_year),
                    term.of,
                    term.model,
                    term.origin.name()
                )
            })
            .collect()
    };
    lines.extend(terms("delivered twice", &found.delivered));
    lines.extend(terms("lost", &found.lost));
    lines.extend(speed_lines(judged, decision));
    lines
}

fn bytes_line(judged: &Judged) -> String {
    let (candidate, ids) = (&judged.candidate, judged.candidate.ids);
    let origin = candidate.worker_bytes.origin.name();
    let line = format!("bytes for {} ids: from how it is built ({origin})", count(ids));
    let read = |speed: Speed| candidate.measured.as_ref()?.at(Figure::BytesPerId, speed.ids);
    let of_an_id = judged.assessment.speed.and_then(read);
    match of_an_id.filter(|an_id| an_id.origin == Origin::Measured) {
        Some(an_id) => format!(
            "{line}; {} bytes an id ({}) make {}",
            units::short(an_id.value),
            an_id.origin.name(),
            bytes(an_id.value * ids)
        ),
        None => line,
    }
}

fn speed_lines(judged: &Judged, decision: &Decision) -> Vec<String> {
    let (Some(speed), Some(measured)) = (judged.assessment.speed, &judged.candidate.measured) else {
        return vec!["time a ping and p99: unknown, as nobody measured it".to_string()];
    };
    let has_ns = 1e9 * f64::from(decision.needs.workers) / decision.traffic.busiest_per_s;
    let debug = if measured.build.starts_with("debug") { ", a debug build" } else { "" };
    vec![
        format!(
            "time: {} a ping with {} ids ({}); a worker has {}, of which that is {} %",
            duration(speed.ping_ns.value),
            count(speed.ids),
            speed.ping_ns.origin.name(),
            duration(has_ns),
            units::short(speed.busy.value * 100.0)
        ),
        format!("p99 of a batch: {} ({})", duration(speed.p99_ns.value), speed.p99_ns.origin.name()),
        format!(
            "measured on {} of {}{debug}, with {} to {} ids in batches of {}",
            measured.machine.cpu,
            units::plural(measured.machine.cores_count.into(), "core"),
            count(measured.fewest_ids as f64),
            count(measured.most_ids as f64),
            measured.batch
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::decide;
    use crate::needs::Needs;
    use crate::testing::traffic;

    #[test]
    fn who_comes_beyond_is_said_to_be_the_answer_only_where_it_stays() {
        let said = |further| {
            let beyond = Beyond::Ends { until: 0.02, then: Some("exact".to_string()), further };
            let change = Change {
                assumption: "missed",
                unit: Unit::Share,
                from: 0.001,
                to: 0.01,
                factor: 10.0,
                winner: Some("durable".to_string()),
                beyond,
            };
            changed(&decide(&traffic(), &Needs::default(), &[]), &change)
        };
        let stretch =
            "durable meets the requirements where missed is between 1 % and 2 % (now 0.1 %; 10 times), and ";
        assert_eq!(said(Further::Same), format!("{stretch}exact beyond"));
        assert_eq!(said(Further::Others), format!("{stretch}others (first exact) beyond"));
    }
}
