//! What would change the answer: each assumption is varied by itself, all others held, until another strategy wins.

use std::borrow::Cow;

use serde::Serialize;

use crate::candidate::Candidate;
use crate::decision::{compare, failures, order};
use crate::loss::assess;
use crate::needs::Needs;
use crate::traffic::Traffic;
use dedup_records::curve::Known;

/// How far an assumption moves before another strategy wins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The assumption.
    pub assumption: &'static str,
    /// Today's value as a factor of which `factor` is: in its own unit.
    pub from: f64,
    /// The factor at which the answer changes.
    pub factor: f64,
    /// Who wins then; none where nothing survives.
    pub winner: Option<String>,
}

/// Factors further away than this are not looked at.
const FURTHEST: f64 = 64.0;
/// How exactly the factor is found: to a hundredth.
const CLOSE: f64 = 1.01;

type Vary = fn(&mut Question, f64);

struct Assumption {
    name: &'static str,
    value: fn(&Question) -> f64,
    vary: Vary,
}

/// What is asked, to be varied.
#[derive(Clone)]
struct Question<'a> {
    traffic: Traffic,
    needs: Needs,
    candidates: &'a [Candidate],
    /// By how much bytes differ from those of the candidates.
    bytes: f64,
}

const ASSUMPTIONS: &[Assumption] = &[
    Assumption { name: "rate", value: |asked| asked.traffic.pings_per_s, vary: vary_rate },
    Assumption {
        name: "duplicates",
        value: |asked| asked.traffic.duplicates,
        vary: |asked, by| asked.traffic.duplicates = (asked.traffic.duplicates * by).min(0.99),
    },
    Assumption { name: "lost", value: |asked| asked.needs.lost, vary: |asked, by| asked.needs.lost *= by },
    Assumption {
        name: "missed",
        value: |asked| asked.needs.missed,
        vary: |asked, by| asked.needs.missed *= by,
    },
    Assumption {
        name: "memory",
        value: |asked| asked.needs.memory_bytes as f64,
        vary: |asked, by| asked.needs.memory_bytes = (asked.needs.memory_bytes as f64 * by) as u64,
    },
    Assumption {
        name: "redis",
        value: |asked| asked.needs.redis_bytes.map_or(0.0, |bytes| bytes as f64),
        vary: |asked, by| {
            asked.needs.redis_bytes = asked.needs.redis_bytes.map(|bytes| (bytes as f64 * by) as u64);
        },
    },
    Assumption {
        name: "crashes",
        value: |asked| asked.needs.crashes_per_year,
        vary: |asked, by| asked.needs.crashes_per_year *= by,
    },
    Assumption {
        name: "restarts",
        value: |asked| asked.needs.restarts_per_year,
        vary: |asked, by| asked.needs.restarts_per_year *= by,
    },
    Assumption {
        name: "failovers",
        value: |asked| asked.needs.failovers_per_year,
        vary: |asked, by| asked.needs.failovers_per_year *= by,
    },
    Assumption {
        name: "price of memory",
        value: |asked| asked.needs.price.memory,
        vary: |asked, by| asked.needs.price.memory *= by,
    },
    Assumption {
        name: "price of redis",
        value: |asked| asked.needs.price.redis,
        vary: |asked, by| asked.needs.price.redis *= by,
    },
    Assumption {
        name: "price of disk",
        value: |asked| asked.needs.price.disk,
        vary: |asked, by| asked.needs.price.disk *= by,
    },
];

/// Bytes go with the ids; what does not (buffers) is small where it matters.
fn vary_rate(asked: &mut Question, by: f64) {
    asked.traffic.pings_per_s *= by;
    asked.traffic.busiest_per_s *= by;
    asked.bytes *= by;
}

/// For each assumption the nearest change upwards and downwards, the nearest of all first.
pub fn changes(traffic: &Traffic, needs: &Needs, candidates: &[Candidate]) -> Vec<Change> {
    let asked = Question { traffic: traffic.clone(), needs: needs.clone(), candidates, bytes: 1.0 };
    let now = winner(&asked);
    let mut changes: Vec<Change> = ASSUMPTIONS
        .iter()
        .filter(|assumption| (assumption.value)(&asked) > 0.0)
        .flat_map(|assumption| {
            [FURTHEST, 1.0 / FURTHEST].into_iter().filter_map(|until| change(&asked, &now, assumption, until))
        })
        .collect();
    changes.sort_by(|a, b| a.factor.ln().abs().total_cmp(&b.factor.ln().abs()));
    changes
}

/// The first change between 1 and `until`, looked for step by step and then by halves.
fn change(asked: &Question, now: &Option<String>, assumption: &Assumption, until: f64) -> Option<Change> {
    const STEPS: i32 = 18;
    let at = |factor: f64| {
        let mut varied = asked.clone();
        (assumption.vary)(&mut varied, factor);
        winner(&varied)
    };
    let step = until.powf(1.0 / f64::from(STEPS));
    let factors = (1..=STEPS).map(|steps| step.powi(steps));
    let mut far = factors.into_iter().find(|factor| at(*factor) != *now)?;
    let mut near = far / step;
    while (far / near).max(near / far) > CLOSE {
        let middle = (far * near).sqrt();
        if at(middle) == *now { near = middle } else { far = middle }
    }
    Some(Change {
        assumption: assumption.name,
        from: (assumption.value)(asked),
        factor: far,
        winner: at(far),
    })
}

/// The strategy that survives cheapest, as `decide` orders them.
fn winner(asked: &Question) -> Option<String> {
    let judged = asked.candidates.iter().filter_map(|candidate| {
        let scaled = scaled(candidate, asked.bytes);
        let found = assess(&scaled, &asked.traffic, &asked.needs);
        failures(&scaled, &found, &asked.traffic, &asked.needs).is_empty().then(|| (order(&found), candidate))
    });
    let best = judged.min_by(|a, b| compare(&a.0, &b.0));
    best.map(|(_, candidate)| candidate.strategy.clone())
}

fn scaled(candidate: &Candidate, by: f64) -> Cow<'_, Candidate> {
    if by == 1.0 {
        return Cow::Borrowed(candidate);
    }
    let mut scaled = Candidate { ids: candidate.ids * by, ..candidate.clone() };
    for bytes in [&mut scaled.worker_bytes, &mut scaled.server_bytes, &mut scaled.disk_bytes] {
        *bytes = Known { value: bytes.value * by, ..*bytes };
    }
    Cow::Owned(scaled)
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
}
