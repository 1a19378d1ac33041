//! One cell in a gate on speed: its rounds, and which of its figures they tell.

use std::collections::BTreeMap;

use super::cells::GateCell;
use super::figures::{Figure, resolvable};
use super::judge::Measured;
use super::round::{Portions, Round, SLICES};
use super::speed::SpeedPlan;

/// How often a round may be spoilt for each that is not.
const PATIENCE: usize = 2;

/// One cell and its rounds.
pub(super) struct Bout<'a> {
    pub(super) cell: &'a GateCell,
    pub(super) portions: Portions,
    screen: Vec<Round>,
    confirmation: Vec<Round>,
    /// Those that have to be confirmed.
    pub(super) open: Vec<Figure>,
    /// Why a figure has fewer rounds than it should.
    cut_short: BTreeMap<Figure, String>,
}

/// Which rounds a bout is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Screen,
    Confirmation,
}

impl<'a> Bout<'a> {
    pub(super) fn new(cell: &'a GateCell, portions: Portions) -> Self {
        Bout {
            cell,
            portions,
            screen: Vec::new(),
            confirmation: Vec::new(),
            open: Vec::new(),
            cut_short: BTreeMap::new(),
        }
    }

    pub(super) fn figures(&self) -> Vec<Figure> {
        resolvable(self.portions.batches, SLICES)
    }

    pub(super) fn rounds(&self, stage: Stage) -> &[Round] {
        match stage {
            Stage::Screen => &self.screen,
            Stage::Confirmation => &self.confirmation,
        }
    }

    pub(super) fn rounds_mut(&mut self, stage: Stage) -> &mut Vec<Round> {
        match stage {
            Stage::Screen => &mut self.screen,
            Stage::Confirmation => &mut self.confirmation,
        }
    }

    /// How many rounds tell `figure`. One in which other programs had the core for a third of the time still tells
    /// throughput, and has too few slices left for its slowest batches.
    fn told(&self, stage: Stage, figure: Figure) -> usize {
        self.rounds(stage).iter().filter(|round| round.ratios.contains_key(&figure)).count()
    }

    /// The figures that a stage is for, and that have not been given up.
    fn wanted(&self, stage: Stage) -> Vec<Figure> {
        let mut wanted = match stage {
            Stage::Screen => self.figures(),
            Stage::Confirmation => self.open.clone(),
        };
        wanted.retain(|figure| !self.cut_short.contains_key(figure));
        wanted
    }

    /// Rounds of the figure that has fewest; without end where none is wanted.
    pub(super) fn fewest(&self, stage: Stage) -> usize {
        self.wanted(stage).into_iter().map(|figure| self.told(stage, figure)).min().unwrap_or(usize::MAX)
    }

    /// Whether it is worth while to measure another round.
    pub(super) fn wants(&mut self, stage: Stage, wanted: usize) -> bool {
        let too_few = self.fewest(stage) < wanted;
        if too_few && self.rounds(stage).len() >= PATIENCE * wanted {
            self.give_up(stage, wanted, |told, measured| {
                let spoilt = measured - told;
                format!(
                    "other programs had the core in {spoilt} of {measured} rounds, which say nothing of it"
                )
            });
            return false;
        }
        too_few
    }

    /// Leaves the figures that have fewer rounds than `wanted` at that, `why` being said of how many tell it, and of how
    /// many were measured.
    pub(super) fn give_up(&mut self, stage: Stage, wanted: usize, why: impl Fn(usize, usize) -> String) {
        let measured = self.rounds(stage).len();
        for figure in self.wanted(stage) {
            let told = self.told(stage, figure);
            if told < wanted {
                self.cut_short.insert(figure, why(told, measured));
            }
        }
    }

    fn series(&self, stage: Stage, figure: Figure) -> Vec<f64> {
        self.rounds(stage).iter().filter_map(|round| round.ratios.get(&figure).copied()).collect()
    }

    pub(super) fn not_passed(&self, plan: &SpeedPlan) -> Vec<Figure> {
        let passed = |figure: &Figure| {
            let rounds = self.series(Stage::Screen, *figure);
            rounds.len() >= plan.design.screen_rounds
                && plan.design.passes_screen(plan.limits_of(*figure), &rounds)
        };
        self.figures().into_iter().filter(|figure| !passed(figure)).collect()
    }

    pub(super) fn undecided(&self, plan: &SpeedPlan, confirmed: usize) -> bool {
        let settled = |figure: &Figure| {
            let rounds = self.series(Stage::Confirmation, *figure);
            self.cut_short.contains_key(figure)
                || plan.design.confirm(plan.limits_of(*figure), confirmed, &rounds).is_some()
        };
        !self.open.iter().all(settled)
    }

    /// Every figure's rounds.
    pub(super) fn measured(&self, plan: &SpeedPlan) -> Vec<Measured> {
        let of = |figure: Figure| Measured {
            scenario: self.cell.scenario.name.clone(),
            strategy: self.cell.strategy.label(),
            metric: figure.name().to_string(),
            limits: plan.limits_of(figure),
            screen: self.series(Stage::Screen, figure),
            confirmation: match self.open.contains(&figure) {
                true => self.series(Stage::Confirmation, figure),
                false => Vec::new(),
            },
            cut_short: self.cut_short.get(&figure).cloned(),
        };
        self.figures().into_iter().map(of).collect()
    }

    /// Rounds of both stages.
    pub(super) fn all_rounds(&self) -> impl Iterator<Item = &Round> {
        self.screen.iter().chain(&self.confirmation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::cells::{candidates, cells};
    use crate::gate::judge::judge;
    use crate::gate::{design::Decision, design::Design, design::Limits};
    use dedup_stream::scenario;

    /// A round that tells `figures`, in which the candidate takes five times as long.
    fn round(figures: &[Figure]) -> Round {
        let ratios = figures.iter().map(|figure| (*figure, 5f64.ln())).collect();
        Round { ratios, slices: SLICES, disturbed: SLICES / 3, not_pinned: None }
    }

    fn plan() -> SpeedPlan {
        let limits = Limits { tolerated_ratio: 0.02, unacceptable_ratio: 0.05 };
        let budget = std::time::Duration::MAX;
        SpeedPlan { cells: Vec::new(), design: Design::default(), limits, tail_limits: limits, budget }
    }

    fn with_bout(test: impl Fn(Bout<'_>)) {
        let quick = scenario::find("^quick$").unwrap();
        let cell = cells(&quick, &candidates(dedup_strategies::STRATEGIES)).remove(0);
        test(Bout::new(&cell, Portions { warm_up_pings: 4_096, batches: 100, batch: 64 }));
    }

    fn fill(bout: &mut Bout<'_>, stage: Stage, wanted: usize, figures: &[Figure]) {
        while bout.wants(stage, wanted) {
            bout.rounds_mut(stage).push(round(figures));
        }
    }

    #[test]
    fn a_busy_core_that_hides_the_slowest_batches_does_not_hide_a_slower_program() {
        with_bout(|mut bout| {
            let (plan, told) = (plan(), [Figure::Throughput, Figure::P50]);
            fill(&mut bout, Stage::Screen, 15, &told);
            bout.open = bout.not_passed(&plan);
            assert_eq!((bout.screen.len(), bout.open.len()), (30, 4));
            assert!(bout.undecided(&plan, 4));
            fill(&mut bout, Stage::Confirmation, 20, &told);
            assert_eq!(bout.confirmation.len(), 20, "what was given up is not waited for again");
            assert!(!bout.undecided(&plan, 4));
            for measured in bout.measured(&plan) {
                let verdict = judge(&plan.design, 4, &measured);
                if told.iter().any(|figure| figure.name() == measured.metric) {
                    assert_eq!(verdict.decision, Decision::Fail, "{verdict:?}");
                } else {
                    assert_eq!(verdict.decision, Decision::Inconclusive, "{verdict:?}");
                    assert!(verdict.reason.contains("in 30 of 30 rounds"), "{}", verdict.reason);
                }
            }
        });
    }

    #[test]
    fn rounds_that_tell_nothing_end_and_decide_nothing() {
        with_bout(|mut bout| {
            let plan = plan();
            fill(&mut bout, Stage::Screen, 15, &[]);
            bout.open = bout.not_passed(&plan);
            assert_eq!(bout.screen.len(), 30);
            assert!(!bout.undecided(&plan, 4) && !bout.wants(Stage::Confirmation, 20));
        });
    }
}
