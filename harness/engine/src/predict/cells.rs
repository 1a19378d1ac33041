//! Ids that are known as long as none of their cells is zero, where the ids that are written make cells count down and set
//! others anew.

use dedup_strategies::Eviction;

use super::curve::Curve;
use super::random::Random;

/// Steps into which the course of a filter that fills is cut.
const STEPS: usize = 4096;

/// The cells of a worker. Time is counted in *turns*: one is the time in which as many ids are written as there are cells
/// that one of an id's could be.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    written: Curve,
    start_ns: u64,
    /// Cells among which each of an id's is chosen.
    cells: f64,
    /// Cells of an id.
    hashes: usize,
    /// What a cell is set to.
    max: u32,
    /// How often others set a cell, a turn.
    sets: f64,
    decrements: Decrements,
}

/// How often a cell was decremented from the start of the stream on.
#[derive(Clone, Debug)]
enum Decrements {
    /// As often in each turn.
    Steady(f64),
    /// As a filter fills: after each of so many steps.
    Course { steps: Vec<f64>, turns: f64 },
}

impl Decrements {
    fn up_to(&self, turn: f64) -> f64 {
        match self {
            Decrements::Steady(a_turn) => a_turn * turn,
            Decrements::Course { steps, turns } => {
                let place = (turn / turns * steps.len() as f64).clamp(0.0, steps.len() as f64);
                let step = (place as usize).min(steps.len() - 1);
                let before = step.checked_sub(1).map_or(0.0, |step| steps[step]);
                before + (place - step as f64) * (steps[step] - before)
            }
        }
    }
}

impl Cells {
    pub(super) fn of(eviction: Eviction, written: Curve, start_ns: u64) -> Cells {
        match eviction {
            Eviction::CountDown { cells, hashes, max, decrements } => Cells {
                written,
                start_ns,
                cells: cells as f64,
                hashes: hashes as usize,
                max,
                sets: f64::from(hashes),
                decrements: Decrements::Steady(f64::from(decrements)),
            },
            Eviction::Reset { filters, bits, resets } => {
                let turns = (written.all() / bits as f64).max(f64::MIN_POSITIVE);
                let decrements = Decrements::Course { steps: resets(filters, turns, STEPS), turns };
                let cells = bits as f64;
                Cells { written, start_ns, cells, hashes: filters as usize, max: 1, sets: 1.0, decrements }
            }
        }
    }

    /// Whether each copy of one ping is let through, the first arrival first. One that is sets all cells to the maximum,
    /// and one that is known leaves them as they are.
    pub(super) fn decide(&self, judged: &[u64], random: &mut Random, passed: &mut Vec<bool>) {
        let mut cells = vec![0; self.hashes];
        let mut before = 0.0;
        for at in judged {
            let turn = self.written.at(at - self.start_ns) / self.cells;
            if !passed.is_empty() {
                cells.iter_mut().for_each(|cell| *cell = self.later(*cell, (before, turn), random));
            }
            let known = cells.iter().all(|cell| *cell > 0);
            if !known {
                cells.fill(self.max);
            }
            passed.push(!known);
            before = turn;
        }
    }

    /// What a cell that was `value` has become between two turns: set by others at a time before the end that is
    /// exponential, if that is not before the beginning, and decremented since.
    fn later(&self, value: u32, (from, to): (f64, f64), random: &mut Random) -> u32 {
        let set = to - random.exponential() / self.sets;
        let (value, from) = if set > from { (self.max, set) } else { (value, from) };
        let expected = self.decrements.up_to(to) - self.decrements.up_to(from);
        let (mut left, mut spent) = (value, random.exponential());
        while left > 0 && spent <= expected {
            left -= 1;
            spent += random.exponential();
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use dedup_strategies::Resets;
    use dedup_strategies::theory::{Deletion, StableBloomShape};

    use super::*;
    use dedup_stream::scenario::find;

    /// The share that is let through when a copy comes `gap` ids after the first, `after` ids after the start.
    fn forgotten(eviction: Eviction, after: f64, gap: u64) -> f64 {
        let scenario = find("^unique-only$").unwrap().remove(0);
        let firsts = Curve::of_firsts(&scenario);
        let written = firsts.times(1e7 / firsts.all());
        let start_ns = scenario.start().as_nanos();
        let times = [after, after + gap as f64].map(|ids| start_ns + written.time_of(ids));
        let cells = Cells::of(eviction, written, start_ns);
        let mut random = Random::new(3);
        let samples = 20_000;
        let mut passed = Vec::new();
        let mut missed = 0;
        for _ in 0..samples {
            passed.clear();
            cells.decide(&times, &mut random, &mut passed);
            missed += u32::from(passed[1]);
        }
        f64::from(missed) / f64::from(samples)
    }

    #[test]
    fn sampled_pings_forget_as_often_as_the_formulas_say() {
        for (hashes, max, gap) in [(3, 1, 2000), (6, 15, 7000), (4, 3, 3000), (2, 3, 1_000_000)] {
            let (cells, decrements) = (65_536, 100);
            let shape = StableBloomShape { cells, hashes, max, decrements };
            let seen = forgotten(Eviction::CountDown { cells, hashes, max, decrements }, 100.0, gap);
            let theory = shape.false_negative_rate(gap);
            assert!((seen - theory).abs() < 0.014, "{shape:?}: {seen}, by the formula {theory}");
        }
        let each: Resets = |k, turns, steps| Deletion::EachFilter.resets(k, turns, steps);
        let by_load: Resets = |k, turns, steps| Deletion::ByLoad.resets(k, turns, steps);
        for (deletion, resets, k, bits, gap) in
            [(Deletion::EachFilter, each, 4, 30_000, 3000), (Deletion::ByLoad, by_load, 6, 30_000, 10_000)]
        {
            let eviction = Eviction::Reset { filters: k, bits, resets };
            let seen = forgotten(eviction, 5e6, gap);
            let theory = deletion.false_negative_rate(k, bits, gap);
            assert!((seen - theory).abs() < 0.014, "{deletion:?}: {seen}, by the formula {theory}");
            // A filter that is still empty resets by its load, or at once.
            let young = forgotten(eviction, 0.0, gap / 10);
            let old = deletion.false_negative_rate(k, bits, gap / 10);
            match deletion {
                Deletion::ByLoad => assert!(young < old / 2.0, "{young}, {old}"),
                _ => assert!(young > old, "{young}, {old}"),
            }
        }
    }
}
