//! The closed loop: as fast as it will go.

use std::time::{Duration, Instant};

use dedup_strategies::driver::DriveError;
use dedup_strategies::{Ping, Strategy};

use super::partitions::{Partition, Partitions};
use super::threads::on_threads;
use super::worker::PacedWorker;
use crate::pipeline::Pace;

/// How many pings a loop judged in how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loop {
    /// Pings judged while the clock ran.
    pub judged: u64,
    /// From the first of these calls to the last verdict.
    pub took: Duration,
    /// Pings judged before that, to warm it up.
    pub warmed_up: u64,
}

/// From when on a loop is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarmUp {
    /// From its first ping on.
    None,
    /// From the middle of its pings or of its time, whichever comes first: programs that compile themselves as they run
    /// get faster for seconds.
    FirstHalf,
}

impl Loop {
    /// Pings a second.
    pub fn per_s(&self) -> f64 {
        self.judged as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

impl WarmUp {
    /// Takes what is not timed off `batches`, all of `partition`'s: how many pings that were, and what is left of the budget.
    pub(super) fn begin(
        self,
        budget: Duration,
        worker: &mut PacedWorker<'_>,
        partition: &Partition<'_>,
        batches: &mut dyn Iterator<Item = &[Ping]>,
    ) -> Result<(u64, Duration), DriveError> {
        match self {
            WarmUp::None => Ok((0, budget)),
            WarmUp::FirstHalf => {
                let half = partition.batches().count() / 2;
                let cold = judge_for(budget / 2, worker, &mut batches.take(half))?;
                Ok((cold.judged, budget / 2))
            }
        }
    }
}

/// Judges as fast as it will go until the pings or the budget are used up.
pub fn closed_loop(
    strategy: &dyn Strategy,
    partitions: &Partitions<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    budget: Duration,
    warm_up: WarmUp,
) -> Result<Loop, DriveError> {
    let ran = on_threads(strategy, partitions, paces, |worker, partition| {
        let mut batches = partition.batches();
        let (warmed_up, budget) = warm_up.begin(budget, worker, partition, &mut batches)?;
        Ok(Loop { warmed_up, ..judge_for(budget, worker, &mut batches)? })
    })?;
    Ok(together(ran.iter()))
}

fn judge_for(
    budget: Duration,
    worker: &mut PacedWorker<'_>,
    batches: &mut dyn Iterator<Item = &[Ping]>,
) -> Result<Loop, DriveError> {
    let began = Instant::now();
    let mut judged = 0;
    for batch in batches {
        worker.judge(batch)?;
        judged += batch.len() as u64;
        if began.elapsed() >= budget {
            break;
        }
    }
    Ok(Loop { judged, took: began.elapsed(), warmed_up: 0 })
}

/// Loops of threads that ran side by side, as one.
pub(super) fn together<'a>(loops: impl Iterator<Item = &'a Loop>) -> Loop {
    loops.fold(Loop::default(), |all, one| Loop {
        judged: all.judged + one.judged,
        took: all.took.max(one.took),
        warmed_up: all.warmed_up + one.warmed_up,
    })
}
