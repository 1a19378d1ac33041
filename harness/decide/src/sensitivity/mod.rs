//! What would change the answer: each assumption is varied by itself, all others held, until another strategy wins. Windows and
//! sizes are chosen anew each time, as whoever asks that question has them chosen.

mod assumptions;
mod question;
mod winner;

use serde::Serialize;

use crate::candidate::Candidate;
use crate::needs::Needs;
use crate::traffic::Traffic;
use assumptions::{ASSUMPTIONS, Assumption, Candidates};

pub use assumptions::Unit;
pub use question::Question;
pub use winner::Ladder;

/// How far an assumption moves before another strategy wins.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// The assumption.
    pub assumption: &'static str,
    /// What it is measured in.
    pub unit: Unit,
    /// Its value as it was given.
    pub from: f64,
    /// A value of few digits at which another strategy is the answer, by a hundredth at most beyond where that begins.
    pub to: f64,
    /// How many times the given one that is.
    pub factor: f64,
    /// Who wins then; none where nothing survives.
    pub winner: Option<String>,
}

impl Change {
    /// The question with another value for this assumption, of that for which the change was found.
    pub fn question(&self, asked: &Question, value: f64) -> Question {
        let mut varied = asked.clone();
        if let Some(assumption) = ASSUMPTIONS.iter().find(|one| one.name == self.assumption) {
            (assumption.set)(&mut varied, value);
        }
        varied
    }
}

/// What there is to choose from where the question is another.
pub trait Otherwise {
    /// A ladder for each strategy and size, in the order of the strategies.
    fn ladders<'a>(&'a self, asked: &'a Question) -> Vec<Ladder<'a>>;
}

/// Factors further away than this are not looked at.
const FURTHEST: f64 = 64.0;
/// How exactly the factor is found: to half a hundredth.
const CLOSE: f64 = 1.005;

/// For each assumption the nearest change upwards and downwards, the nearest of all first.
pub fn changes(
    traffic: &Traffic,
    needs: &Needs,
    candidates: &[Candidate],
    otherwise: &impl Otherwise,
) -> Vec<Change> {
    let asked = Question { traffic: traffic.clone(), needs: needs.clone() };
    let now = winner::of_candidates(&asked, candidates);
    let search = Search { asked, candidates, otherwise, now };
    let both_ways = |assumption| [FURTHEST, 1.0 / FURTHEST].map(|until| (assumption, until));
    let mut changes: Vec<Change> = ASSUMPTIONS
        .iter()
        .flat_map(both_ways)
        .filter_map(|(assumption, until)| search.change(assumption, until))
        .collect();
    changes.sort_by(|a, b| a.factor.ln().abs().total_cmp(&b.factor.ln().abs()));
    changes
}

/// What is held while assumptions are varied.
struct Search<'a, O> {
    asked: Question,
    candidates: &'a [Candidate],
    otherwise: &'a O,
    now: Option<String>,
}

impl<O: Otherwise> Search<'_, O> {
    /// The first change between 1 and `until`, looked for step by step and then by halves.
    fn change(&self, assumption: &Assumption, until: f64) -> Option<Change> {
        const STEPS: i32 = 18;
        let from = (assumption.get)(&self.asked)?;
        let most = assumption.unit.most();
        let reached = until.min(most / from);
        if from <= 0.0 || (until > 1.0 && reached <= 1.0) {
            return None;
        }
        let at = |value: f64| self.winner(assumption, value);
        let step = reached.powf(1.0 / f64::from(STEPS));
        let factors = (1..=STEPS).map(|steps| step.powi(steps));
        let mut far = factors.into_iter().find(|factor| at(from * factor) != self.now)?;
        let mut near = far / step;
        while (far / near).max(near / far) > CLOSE {
            let middle = (far * near).sqrt();
            if at(from * middle) == self.now { near = middle } else { far = middle }
        }
        let exact = from * far;
        let short = assumption.unit.rounded(exact, until > 1.0).min(most);
        let found = |to: f64| (to, at(to));
        let (to, winner) = match found(short) {
            (_, winner) if winner == self.now => found(exact),
            found => found,
        };
        let (assumption, unit) = (assumption.name, assumption.unit);
        Some(Change { assumption, unit, from, to, factor: to / from, winner })
    }

    /// The answer where it has this value.
    fn winner(&self, assumption: &Assumption, value: f64) -> Option<String> {
        let mut asked = self.asked.clone();
        (assumption.set)(&mut asked, value);
        match assumption.candidates {
            Candidates::Same => winner::of_candidates(&asked, self.candidates),
            Candidates::Anew => {
                winner::of_ladders(&asked, self.otherwise.ladders(&asked), self.now.as_deref())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidate::{Marks, Place, modelled};
    use crate::testing::{candidate, traffic};

    const GIB: f64 = (1u64 << 30) as f64;

    /// The same ones whatever is asked, but for what they let through.
    struct Fixed(Vec<Candidate>);

    impl Otherwise for Fixed {
        fn ladders<'a>(&'a self, asked: &'a Question) -> Vec<Ladder<'a>> {
            let anew = |candidate: &Candidate| {
                let mut anew = candidate.clone();
                anew.missed_live = modelled(1.0 - asked.traffic.lags.within(candidate.remembers_s()));
                Ladder { strategy: anew.strategy.clone().leak(), candidates: Box::new(std::iter::once(anew)) }
            };
            self.0.iter().map(anew).collect()
        }
    }

    fn found(needs: &Needs, candidates: Vec<Candidate>) -> Vec<Change> {
        changes(&traffic(), needs, &candidates.clone(), &Fixed(candidates))
    }

    #[test]
    fn the_answer_changes_where_a_hand_finds_it() {
        let mut memory = candidate("memory", Place::Disk);
        let mut server = candidate("server", Place::Server);
        memory.marks = Marks::AfterDelivery;
        server.marks = Marks::AfterDelivery;
        // 4 workers of 1 GiB at 3 are 12; 2 GiB and a tenth at 10 are 22.
        memory.worker_bytes = modelled(GIB);
        server.server_bytes = modelled(2.0 * GIB);
        let found = found(&Needs::default(), vec![memory, server]);
        let of = |name: &str| found.iter().find(|change| change.assumption == name).cloned();
        let redis = of("price of redis").unwrap();
        // 12 / 2.2 is 5.4545: below it the server pays, and 5.45 has three digits.
        assert!((5.4..=5.4545).contains(&redis.to), "{redis:?}");
        assert_eq!(redis.winner.as_deref(), Some("server"));
        let memory = of("price of memory").unwrap();
        assert!((5.5..5.56).contains(&memory.to), "{memory:?}");
        assert_eq!(of("duplicates"), None);
        assert!((0.99 * GIB..GIB).contains(&of("memory").unwrap().to));
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
        // Half of the copies come after an hour, and a tenth of all pings are copies: the short one lets 5 of 95 through.
        let short = sized("short", 3600.0, 0.5, GIB);
        let long = sized("long", 172_800.0, 0.0, 2.0 * GIB);
        let needs = Needs { missed: 0.0625, ..Needs::default() };
        let found = found(&needs, vec![short, long]);
        let late = found.iter().find(|change| change.assumption == "copies after 1 h").unwrap();
        assert!((0.6..0.606).contains(&late.to) && late.winner.as_deref() == Some("long"), "{late:?}");
    }

    #[test]
    fn a_threshold_has_three_digits_as_it_is_shown_and_lies_beyond() {
        let rounded = |unit: Unit, value: f64| [false, true].map(|up| unit.rounded(value, up));
        assert_eq!(rounded(Unit::PingsPerSecond, 12_345.0), [12_300.0, 12_400.0]);
        assert_eq!(rounded(Unit::Share, 0.001_234_5), [0.001_23, 0.001_24]);
        assert_eq!(rounded(Unit::Bytes, 1.2345 * GIB), [1.23 * GIB, 1.24 * GIB]);
        assert_eq!(rounded(Unit::Seconds, 0.004), [0.004, 0.004]);
        assert_eq!(rounded(Unit::Money, 0.5), [0.5, 0.5]);
    }
}
