//! The rounds of an impact cell: added up, and how far they lie apart.

use std::ops::Deref;

use dedup_impact::Number;
use serde::Serialize;

use crate::record::{FaultFigures, ImpactFigures, Tables};
use crate::stats::Spread;

/// The numbers that people read, over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ImpactSummary {
    /// All rounds added up; those that are of other days or values than the first are left out.
    #[serde(flatten)]
    sum: ImpactFigures,
    /// Those that are in it.
    #[serde(skip)]
    rounds: Vec<ImpactFigures>,
}

impl ImpactSummary {
    /// Of the rounds of a cell; none where there is none.
    pub(super) fn of(rounds: &[&ImpactFigures]) -> Option<Box<ImpactSummary>> {
        let (first, others) = rounds.split_first()?;
        let mut sum = (*first).clone();
        let added = others.iter().filter(|other| sum.add(other)).map(|other| (*other).clone());
        let rounds: Vec<ImpactFigures> = std::iter::once((*first).clone()).chain(added).collect();
        // Rounds of a trace are of the same pings: what happens in one happens in all, and tells no more than one of them. Those of a
        // scenario have pings of their own, and are as good as a longer stream.
        let alike = |one: &ImpactFigures| rounds.iter().filter(|other| are_of_one_stream(one, other)).count();
        let times = rounds.iter().map(alike).max().unwrap_or(1) as u32;
        sum.numbers.iter_mut().for_each(|number| number.counted_times = times);
        Some(Box::new(ImpactSummary { sum, rounds }))
    }

    /// How many rounds were added up.
    pub fn rounds_count(&self) -> usize {
        self.rounds.len()
    }

    /// What was seen of each fault, by the first round in which it was seen to happen, and in how many rounds it was.
    pub fn faults_seen(&self) -> Vec<(&FaultFigures, usize)> {
        let of = |at: usize, placed| {
            let seen = |round| -> Option<&FaultFigures> {
                let round: &ImpactFigures = round;
                round.faults.get(at).filter(|fault| fault.fired_count > 0)
            };
            let mut rounds = self.rounds.iter().filter_map(seen);
            let first = rounds.next();
            (first.unwrap_or(placed), first.map_or(0, |_| 1 + rounds.count()))
        };
        self.sum.faults.iter().enumerate().map(|(at, fault)| of(at, fault)).collect()
    }

    /// The relative error of a number over all days, as the rounds have it; none where there is one round, or any of them has none.
    pub fn spread(&self, number: Number, tables: Tables) -> Option<Spread> {
        let error = |round: &ImpactFigures| Some(round.whole(number, tables)?.whole()?.error()?.relative);
        let errors: Vec<f64> = self.rounds.iter().map(error).collect::<Option<_>>()?;
        Spread::of(errors).filter(|spread| spread.rounds_count > 1)
    }
}

impl Deref for ImpactSummary {
    type Target = ImpactFigures;

    /// All rounds added up.
    fn deref(&self) -> &ImpactFigures {
        &self.sum
    }
}

/// Streams of two seeds never agree in every number of every day.
fn are_of_one_stream(one: &ImpactFigures, other: &ImpactFigures) -> bool {
    let truths = |of: &ImpactFigures| -> Vec<(Vec<u64>, Option<Vec<u64>>)> {
        of.numbers.iter().map(|number| (number.truth_count.clone(), number.truth_of_count.clone())).collect()
    };
    truths(one) == truths(other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CellResult, sample};

    fn figures() -> ImpactFigures {
        match sample::impact().remove(0).result {
            CellResult::Impact(figures) => *figures,
            other => panic!("{other:?}"),
        }
    }

    /// The same with other clients, of which a few more send something.
    fn of_another_seed(more: u64) -> ImpactFigures {
        let mut other = figures();
        other.numbers.iter_mut().for_each(|number| number.truth_count[0] += more);
        other
    }

    fn width(summary: &ImpactSummary) -> f64 {
        let error = summary.whole(Number::Pings, Tables::Live).unwrap().whole().unwrap().error().unwrap();
        error.interval[1] - error.interval[0]
    }

    #[test]
    fn rounds_of_a_scenario_make_an_interval_narrower_and_those_of_one_trace_do_not() {
        let of = |rounds: &[ImpactFigures]| ImpactSummary::of(&rounds.iter().collect::<Vec<_>>()).unwrap();
        let one = of(&[figures()]);
        assert!(one.spread(Number::Pings, Tables::Live).is_none());
        let trace = of(&[figures(), figures(), figures(), figures()]);
        assert_eq!(trace.rounds_count(), 4);
        assert!((width(&trace) / width(&one) - 1.0).abs() < 1e-12);
        let spread = trace.spread(Number::Pings, Tables::Live).unwrap();
        assert!(spread.min == spread.max && spread.rounds_count == 4);
        let scenario = of(&[0, 1, 2, 3].map(of_another_seed));
        // Four times as many independent events: half as wide, but for what is added to a count of none.
        assert!((width(&scenario) / width(&one) - 0.5).abs() < 0.02, "{}", width(&scenario) / width(&one));
        let spread = scenario.spread(Number::Pings, Tables::Live).unwrap();
        assert!(spread.min < spread.max);
    }

    #[test]
    fn as_json_it_is_the_rounds_added_up() {
        let summary = ImpactSummary::of(&[&figures(), &of_another_seed(1)]).unwrap();
        let sum: &ImpactFigures = &summary;
        assert_eq!(serde_json::to_value(&summary).unwrap(), serde_json::to_value(sum).unwrap());
    }
}
