//! The gate on speed: screens every metric, confirms what did not pass, and stops when the time is up.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

use super::bout::{Bout, Stage};
use super::cells::GateCell;
use super::design::{Design, Limits};
use super::facts::{self, Fact};
use super::figures::Figure;
use super::judge::Measured;
use super::round::{Pairing, RoundError, Trial};
use crate::suite::seed_of;

/// What to measure, and for how long.
pub struct SpeedPlan {
    /// Strategies on scenarios.
    pub cells: Vec<GateCell>,
    /// How many rounds, and how sure.
    pub design: Design,
    /// What a change of throughput and median may be.
    pub limits: Limits,
    /// The same for the slowest batches.
    pub tail_limits: Limits,
    /// The longest that it may take.
    pub budget: Duration,
}

/// Everything that was measured.
#[derive(Debug)]
pub struct Outcome {
    /// Every metric's rounds.
    pub measured: Vec<Measured>,
    /// How many metrics were confirmed.
    pub confirmed: usize,
    /// What was left out, and why.
    pub notes: Vec<String>,
    /// How much other programs disturbed.
    pub disturbed: Fact,
    /// Why a worker was not on its core.
    pub not_pinned: Option<String>,
}

/// A gate that cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum SpeedError {
    /// The two cannot be measured against each other.
    #[error(transparent)]
    Round(#[from] RoundError),
    /// The candidate does not take what was asked for.
    #[error("{cell}: {reason}")]
    Refused {
        /// What was asked for.
        cell: String,
        /// What is wrong.
        reason: String,
    },
    /// Nothing is left to measure.
    #[error("nothing to measure: {why}")]
    Nothing {
        /// Why each was left out.
        why: String,
    },
}

/// Is told how far the gate has come.
pub trait Watcher {
    /// A stage begins.
    fn begins(&mut self, stage: &str);
    /// A share of it is done.
    fn progress(&mut self, share: f64);
    /// It has ended.
    fn ended(&mut self, summary: &str);
}

/// Measures.
pub fn measure(
    plan: &SpeedPlan,
    pairing: &Pairing<'_>,
    watcher: &mut dyn Watcher,
) -> Result<Outcome, SpeedError> {
    let began = Instant::now();
    let (bouts, notes) = tried_out(plan, pairing, watcher)?;
    let mut gate = Gate { plan, pairing, began, bouts, watcher, rounds: 0 };
    gate.screen()?;
    let confirmed = gate.bouts.iter().map(|bout| bout.open.len()).sum();
    for look in &plan.design.looks {
        gate.confirm(*look, confirmed)?;
    }
    Ok(outcome(plan, gate.bouts, confirmed, notes))
}

fn tried_out<'a>(
    plan: &'a SpeedPlan,
    pairing: &Pairing<'_>,
    watcher: &mut dyn Watcher,
) -> Result<(Vec<Bout<'a>>, Vec<String>), SpeedError> {
    watcher.begins(&format!("try out {} strategies on scenarios", plan.cells.len()));
    let (mut bouts, mut notes) = (Vec::new(), Vec::new());
    for (index, cell) in plan.cells.iter().enumerate() {
        watcher.progress(index as f64 / plan.cells.len() as f64);
        match pairing.try_out(cell)? {
            Trial::Portions(portions) => bouts.push(Bout::new(cell, portions)),
            Trial::New(reason) => {
                notes.push(format!("{}: left out, the base does not take it: {reason}", cell.label()))
            }
            Trial::Skipped(reason) => notes.push(format!("{}: left out: {reason}", cell.label())),
            Trial::Refused(reason) => return Err(SpeedError::Refused { cell: cell.label(), reason }),
        }
    }
    watcher.ended(&format!("{} to be measured", bouts.len()));
    match bouts.is_empty() {
        true => Err(SpeedError::Nothing { why: notes.join("; ") }),
        false => Ok((bouts, notes)),
    }
}

/// A gate at work.
struct Gate<'a> {
    plan: &'a SpeedPlan,
    pairing: &'a Pairing<'a>,
    began: Instant,
    bouts: Vec<Bout<'a>>,
    watcher: &'a mut dyn Watcher,
    /// Rounds so far, of all cells: each has pings of its own.
    rounds: u32,
}

impl Gate<'_> {
    fn screen(&mut self) -> Result<(), SpeedError> {
        let (design, cells) = (&self.plan.design, self.bouts.len());
        self.watcher.begins(&format!("screen: {} rounds of {cells}", design.screen_rounds));
        let all = (0..cells).collect();
        self.measure(Stage::Screen, all, design.screen_rounds)?;
        let (mut metrics, mut open) = (0, 0);
        for bout in &mut self.bouts {
            metrics += bout.figures().len();
            bout.open = bout.not_passed(self.plan);
            open += bout.open.len();
        }
        self.watcher.ended(&format!("{} of {metrics} metrics pass", metrics - open));
        Ok(())
    }

    /// Adds rounds up to `look` wherever a metric is open.
    fn confirm(&mut self, look: usize, confirmed: usize) -> Result<(), SpeedError> {
        let open = |bout: &Bout<'_>| bout.undecided(self.plan, confirmed);
        let still: Vec<usize> = (0..self.bouts.len()).filter(|index| open(&self.bouts[*index])).collect();
        if still.is_empty() {
            return Ok(());
        }
        self.watcher.begins(&format!("confirm: up to {look} rounds of {}", still.len()));
        self.measure(Stage::Confirmation, still, look)?;
        let left = self.bouts.iter().filter(|bout| bout.undecided(self.plan, confirmed)).count();
        self.watcher.ended(&format!("{left} still open"));
        Ok(())
    }

    /// Rounds in turns, each turn in another order, until each of `chosen` has `wanted` or cannot get them.
    fn measure(&mut self, stage: Stage, mut chosen: Vec<usize>, wanted: usize) -> Result<(), SpeedError> {
        let mut chance = Xoshiro256PlusPlus::seed_from_u64(u64::from(self.rounds));
        let all = (chosen.len() * wanted) as f64;
        loop {
            chosen.retain(|index| self.bouts[*index].wants(stage, wanted));
            if chosen.is_empty() {
                return Ok(());
            }
            chosen.shuffle(&mut chance);
            for index in &chosen {
                if self.began.elapsed() >= self.plan.budget {
                    self.cut_short(stage, wanted);
                    return Ok(());
                }
                let bout = &mut self.bouts[*index];
                self.rounds += 1;
                let seed = seed_of(bout.cell.scenario.seed, self.rounds);
                let round = self.pairing.round(bout.cell, bout.portions, seed)?;
                bout.rounds_mut(stage).push(round);
            }
            let there: usize = chosen.iter().map(|index| self.bouts[*index].fewest(stage).min(wanted)).sum();
            self.watcher.progress(1.0 - (chosen.len() * wanted - there) as f64 / all);
        }
    }

    fn cut_short(&mut self, stage: Stage, wanted: usize) {
        let budget = humantime::format_duration(self.plan.budget);
        for bout in &mut self.bouts {
            bout.give_up(stage, wanted, |told, _| {
                format!("the budget of {budget} was used up after {told} of {wanted} rounds")
            });
        }
    }
}

impl SpeedPlan {
    /// What a change of `figure` may be.
    pub(super) fn limits_of(&self, figure: Figure) -> Limits {
        if figure.is_tail() { self.tail_limits } else { self.limits }
    }
}

fn outcome(plan: &SpeedPlan, bouts: Vec<Bout<'_>>, confirmed: usize, mut notes: Vec<String>) -> Outcome {
    let (mut slices, mut disturbed, mut not_pinned) = (0, 0, None);
    let mut measured = Vec::new();
    let mut unresolved: BTreeMap<Figure, Vec<String>> = BTreeMap::new();
    for bout in &bouts {
        for round in bout.all_rounds() {
            slices += round.slices;
            disturbed += round.disturbed;
            not_pinned = not_pinned.or_else(|| round.not_pinned.clone());
        }
        let figures = bout.figures();
        for figure in Figure::ALL.into_iter().filter(|figure| !figures.contains(figure)) {
            unresolved.entry(figure).or_default().push(bout.cell.label());
        }
        measured.extend(bout.measured(plan));
    }
    for (figure, cells) in unresolved {
        notes.push(format!(
            "{} is not told: a round has too few batches of {}",
            figure.name(),
            cells.join(", ")
        ));
    }
    Outcome { measured, confirmed, notes, disturbed: facts::disturbed_slices(slices, disturbed), not_pinned }
}
