//! What would change the answer: each assumption is varied by itself, all others held, until another strategy wins.

mod assumptions;
mod question;

use serde::Serialize;

use crate::candidate::Candidate;
use crate::decision::{compare, failures, order};
use crate::loss::{assess, price};
use crate::needs::Needs;
use crate::traffic::Traffic;
use assumptions::{ASSUMPTIONS, Assumption};
use question::Question;

pub use assumptions::Unit;

/// How far an assumption moves before another strategy wins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The assumption.
    pub assumption: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Its value as it was given.
    pub from: f64,
    /// The value at which the answer changes.
    pub to: f64,
    /// How many times the given one that is.
    pub factor: f64,
    /// Who wins then; none where nothing survives.
    pub winner: Option<String>,
}

/// Factors further away than this are not looked at.
const FURTHEST: f64 = 64.0;
/// How exactly the factor is found: to a hundredth.
const CLOSE: f64 = 1.01;

/// For each assumption the nearest change upwards and downwards, the nearest of all first.
pub fn changes(traffic: &Traffic, needs: &Needs, candidates: &[Candidate]) -> Vec<Change> {
    let asked = Question::new(traffic, needs);
    let now = winner(&asked, candidates);
    let both_ways = |assumption| [FURTHEST, 1.0 / FURTHEST].map(|until| (assumption, until));
    let mut changes: Vec<Change> = ASSUMPTIONS
        .iter()
        .flat_map(both_ways)
        .filter_map(|(assumption, until)| change(&asked, candidates, &now, assumption, until))
        .collect();
    changes.sort_by(|a, b| a.factor.ln().abs().total_cmp(&b.factor.ln().abs()));
    changes
}

/// The first change between 1 and `until`, looked for step by step and then by halves.
fn change(
    asked: &Question<'_>,
    candidates: &[Candidate],
    now: &Option<String>,
    assumption: &Assumption,
    until: f64,
) -> Option<Change> {
    const STEPS: i32 = 18;
    let from = *(assumption.lend)(&mut asked.clone())?;
    let reached = until.min(assumption.unit.most() / from);
    if from <= 0.0 || (until > 1.0 && reached <= 1.0) {
        return None;
    }
    let at = |factor: f64| {
        let mut varied = asked.clone();
        if let Some(figure) = (assumption.lend)(&mut varied) {
            *figure = from * factor;
        }
        winner(&varied, candidates)
    };
    let step = reached.powf(1.0 / f64::from(STEPS));
    let factors = (1..=STEPS).map(|steps| step.powi(steps));
    let mut far = factors.into_iter().find(|factor| at(*factor) != *now)?;
    let mut near = far / step;
    while (far / near).max(near / far) > CLOSE {
        let middle = (far * near).sqrt();
        if at(middle) == *now { near = middle } else { far = middle }
    }
    Some(Change {
        assumption: assumption.name,
        unit: assumption.unit,
        from,
        to: from * far,
        factor: far,
        winner: at(far),
    })
}

/// The strategy that survives cheapest, as `decide` orders them: looked for from the cheapest on, to the cent.
fn winner(asked: &Question<'_>, candidates: &[Candidate]) -> Option<String> {
    let traffic = asked.traffic();
    let candidates = asked.candidates(candidates);
    let cents = |candidate: &Candidate| (price(candidate, &asked.needs) * 100.0).round();
    let mut by_price: Vec<(f64, &Candidate)> =
        candidates.iter().map(|candidate| (cents(candidate), candidate)).collect();
    by_price.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut best: Option<((f64, f64, f64), &Candidate)> = None;
    for (cents, candidate) in by_price {
        if best.as_ref().is_some_and(|(key, _)| key.0 < cents) {
            break;
        }
        let found = assess(candidate, &traffic, &asked.needs);
        let key = order(&found);
        let is_better = best.as_ref().is_none_or(|(best, _)| compare(&key, best).is_lt());
        if is_better && failures(candidate, &found, &traffic, &asked.needs).is_empty() {
            best = Some((key, candidate));
        }
    }
    best.map(|(_, candidate)| candidate.strategy.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Marks, Place, modelled};
    use crate::testing::{candidate, traffic};

    const GIB: f64 = (1u64 << 30) as f64;

    #[test]
    fn the_answer_changes_where_a_hand_finds_it() {
        let mut memory = candidate("memory", Place::Disk);
        let mut server = candidate("server", Place::Server);
        memory.marks = Marks::AfterDelivery;
        server.marks = Marks::AfterDelivery;
        // 4 workers of 1 GiB at 3 are 12; 2 GiB and a tenth at 10 are 22.
        memory.worker_bytes = modelled(GIB);
        server.server_bytes = modelled(2.0 * GIB);
        let found = changes(&traffic(), &Needs::default(), &[memory, server]);
        let of = |name: &str| found.iter().find(|change| change.assumption == name).cloned();
        let redis = of("price of redis").unwrap();
        assert!((redis.factor - 12.0 / 22.0).abs() < 0.01, "{redis:?}");
        assert_eq!(redis.winner.as_deref(), Some("server"));
        let memory = of("price of memory").unwrap();
        assert!((memory.factor - 22.0 / 12.0).abs() < 0.02, "{memory:?}");
        // Four times the rate do not fit into the workers; 3.7 times fill the server.
        assert_eq!(of("duplicates"), None);
        assert!((of("memory").unwrap().factor - 0.25).abs() < 0.01);
    }

    #[test]
    fn late_copies_make_a_longer_window_pay() {
        let sized = |name: &str, window_s: f64, missed: f64, bytes: f64| {
            let mut set = candidate(name, Place::Disk);
            set.marks = Marks::AfterDelivery;
            (set.window_s, set.missed_live, set.worker_bytes) =
                (Some(window_s), modelled(missed), modelled(bytes));
            set
        };
        // Half of the copies come after an hour, and a tenth of all pings are copies: the short one lets 5 % through.
        let short = sized("short", 3600.0, 0.5, GIB);
        let long = sized("long", 172_800.0, 0.0, 2.0 * GIB);
        let needs = Needs { missed: 0.06, ..Needs::default() };
        let found = changes(&traffic(), &needs, &[short, long]);
        let late = found.iter().find(|change| change.assumption == "copies after 1 h").unwrap();
        assert!((late.to - 0.6).abs() < 0.01 && late.winner.as_deref() == Some("long"), "{late:?}");
    }
}
