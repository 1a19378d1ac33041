//! How far one figure moves before the answer is another, and how far that one holds.

use super::assumptions::{Assumption, Candidates};
use super::question::Question;
use super::{Beyond, Change, Further, Ladder, Otherwise, winner};
use crate::candidate::Candidate;

/// Factors further away than this are not looked at.
const FURTHEST: f64 = 64.0;
/// How exactly the factor is found: to half a hundredth.
const CLOSE: f64 = 1.005;
/// Values that are looked at one after the other, before the turn is looked for between two of them.
const STEPS: u32 = 18;

/// A stretch that is not so many times as long as where it begins is no stretch.
const SHORTEST: f64 = 1.03;
/// So many times further than where an answer ends it is looked whether it comes back.
const RETURNS: [f64; 4] = [1.01, 1.02, 1.04, 1.07];
/// Where within a stretch it is looked whether the answer holds, beside its ends.
const WITHIN: [f64; 3] = [0.25, 0.5, 0.75];

/// Which way a figure moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// What is held while assumptions are varied.
pub(super) struct Search<'a, O> {
    pub(super) asked: Question,
    pub(super) candidates: &'a [Candidate],
    pub(super) otherwise: &'a O,
    pub(super) now: Option<String>,
}

impl<O: Otherwise> Search<'_, O> {
    /// The first change this way, looked for step by step and then by halves, and where it ends.
    pub(super) fn change(&self, assumption: &Assumption, way: Way) -> Option<Change> {
        let from = (assumption.get)(&self.asked)?;
        if from <= 0.0 {
            return None;
        }
        let most = assumption.unit.most();
        let last = match way {
            Way::Up => from * FURTHEST.min(most / from),
            Way::Down => from / FURTHEST,
        };
        if way == Way::Up && last <= from {
            return None;
        }
        let at = |value: f64| self.winner(assumption, value, self.now.as_deref());
        // At even factors.
        let steps = (1..=STEPS).map(|step| between(from, last, f64::from(step) / f64::from(STEPS)));
        let (_, exact) = turn(from, steps, |value| at(value) == self.now)?;
        let short = assumption.unit.rounded(exact, way == Way::Up).min(most);
        let found = |to: f64| (to, at(to));
        let (to, winner) = match found(short) {
            (_, winner) if winner == self.now => found(exact),
            found => found,
        };
        let beyond = self.beyond(assumption, way, (to, last), &winner);
        let (assumption, unit) = (assumption.name, assumption.unit);
        Some(Change { assumption, unit, from, to, factor: to / from, winner, beyond })
    }

    /// What the answer is further on, looked for from `to` on to `last`.
    fn beyond(
        &self,
        assumption: &Assumption,
        way: Way,
        (to, last): (f64, f64),
        winner: &Option<String>,
    ) -> Beyond {
        let at = |value: f64| self.winner(assumption, value, winner.as_deref());
        let is_beyond = |value: f64, other: f64| if way == Way::Up { value > other } else { value < other };
        // Close to the turn a hundredth apart, far from it further: an answer that holds for a short stretch is not missed.
        let steps =
            || (1..=STEPS).map(|step| between(to, last, (f64::from(step) / f64::from(STEPS)).powi(2)));
        if !is_beyond(last, to) {
            return Beyond::Same;
        }
        let Some((holds, gone)) = turn(to, steps(), |value| at(value) == *winner) else {
            return Beyond::Same;
        };
        let short = assumption.unit.rounded(holds, way == Way::Down);
        let inside = WITHIN.map(|part| between(to, short, part));
        // A stretch is said by its ends with three digits: the answer is asked there, and between them.
        let is_stretch =
            !is_beyond(to, short) && at(short) == *winner && inside.iter().all(|value| at(*value) == *winner);
        let until = if is_stretch { short } else { holds };
        let further = |by: f64| if way == Way::Up { until * by } else { until / by };
        let near = RETURNS.map(further).into_iter().filter(|value| is_beyond(last, *value));
        let is_short = (until / to).max(to / until) < SHORTEST;
        if !is_stretch || is_short || near.clone().any(|value| is_beyond(value, gone) && at(value) == *winner)
        {
            let mut seen = vec![winner.clone()];
            for other in inside.into_iter().chain([gone]).chain(near).chain(steps()).map(at) {
                if !seen.contains(&other) {
                    seen.push(other);
                }
            }
            return Beyond::Turns(seen);
        }
        let then = at(gone);
        let further = match steps().filter(|value| is_beyond(*value, gone)).all(|value| at(value) == then) {
            true => Further::Same,
            false => Further::Others,
        };
        Beyond::Ends { until, then, further }
    }

    /// The answer where it has this value; who is likely to be it comes first.
    fn winner(&self, assumption: &Assumption, value: f64, likely: Option<&str>) -> Option<String> {
        let mut asked = self.asked.clone();
        (assumption.set)(&mut asked, value);
        match assumption.candidates {
            Candidates::Same => winner::of_candidates(&asked, self.candidates),
            Candidates::Anew => {
                let ladders: Vec<Ladder<'_>> = self.otherwise.ladders(&asked);
                winner::of_ladders(&asked, ladders, likely)
            }
        }
    }
}

/// A part of the way, in factors.
fn between(from: f64, to: f64, part: f64) -> f64 {
    from * (to / from).powf(part)
}

/// Of values one after the other the first at which it holds no more: the last value at which it does, and the first at which it
/// does not, close together. None where it holds at all of them.
fn turn(from: f64, steps: impl Iterator<Item = f64>, holds: impl Fn(f64) -> bool) -> Option<(f64, f64)> {
    let mut near = from;
    let mut far = None;
    for step in steps {
        if !holds(step) {
            far = Some(step);
            break;
        }
        near = step;
    }
    let mut far = far?;
    while (far / near).max(near / far) > CLOSE {
        let middle = (far * near).sqrt();
        if holds(middle) { near = middle } else { far = middle }
    }
    Some((near, far))
}
