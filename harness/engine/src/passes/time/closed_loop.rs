//! The closed loop: as fast as it will go.

use std::time::{Duration, Instant};

use dedup_strategies::Strategy;
use dedup_strategies::driver::DriveError;

use super::partitions::Partitions;
use super::threads::on_threads;
use crate::pipeline::Pace;

/// How many pings a loop judged in how long.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loop {
    /// Pings judged.
    pub judged: u64,
    /// From the first call to the last verdict.
    pub took: Duration,
}

impl Loop {
    /// Pings a second.
    pub fn per_s(&self) -> f64 {
        self.judged as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

/// Judges as fast as it will go until the pings or the budget are used up.
pub fn closed_loop(
    strategy: &dyn Strategy,
    partitions: &Partitions<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    budget: Duration,
) -> Result<Loop, DriveError> {
    let ran = on_threads(strategy, partitions, paces, |worker, partition| {
        let began = Instant::now();
        let mut judged = 0;
        for batch in partition.batches() {
            worker.judge(batch)?;
            judged += batch.len() as u64;
            if began.elapsed() >= budget {
                break;
            }
        }
        Ok(Loop { judged, took: began.elapsed() })
    })?;
    Ok(together(ran.iter()))
}

/// Loops of threads that ran side by side, as one.
pub(super) fn together<'a>(loops: impl Iterator<Item = &'a Loop>) -> Loop {
    loops.fold(Loop::default(), |all, one| Loop {
        judged: all.judged + one.judged,
        took: all.took.max(one.took),
    })
}
