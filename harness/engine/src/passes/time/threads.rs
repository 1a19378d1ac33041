//! All workers at once, each on its own thread.

use std::sync::Barrier;
use std::thread;

use dedup_strategies::Strategy;
use dedup_strategies::driver::{DriveError, Held, Tally};

use super::partitions::{Partition, Partitions};
use super::worker::PacedWorker;
use crate::pipeline::Pace;

/// Opens a worker for each partition and runs `work` on all at once. When all have ended, so has the input, and what
/// the strategy holds has to come out; nobody times that.
pub(super) fn on_threads<T: Send>(
    strategy: &dyn Strategy,
    partitions: &Partitions<'_>,
    paces: Vec<Box<dyn Pace + '_>>,
    work: impl Fn(&mut PacedWorker<'_>, &Partition<'_>) -> Result<T, DriveError> + Sync,
) -> Result<Vec<T>, DriveError> {
    let mut workers = paces
        .into_iter()
        .enumerate()
        .map(|(index, pace)| PacedWorker::new(strategy, index, pace))
        .collect::<Result<Vec<_>, _>>()?;
    let done = side_by_side(&mut workers, &partitions.0, work)?;
    workers.iter_mut().try_for_each(PacedWorker::end)?;
    Tally::together(workers.iter().map(PacedWorker::held)).nothing_left()?;
    Ok(done)
}

fn side_by_side<T: Send>(
    workers: &mut [PacedWorker<'_>],
    partitions: &[Partition<'_>],
    work: impl Fn(&mut PacedWorker<'_>, &Partition<'_>) -> Result<T, DriveError> + Sync,
) -> Result<Vec<T>, DriveError> {
    let barrier = Barrier::new(workers.len());
    thread::scope(|scope| {
        let (barrier, work) = (&barrier, &work);
        let started: Vec<_> = workers
            .iter_mut()
            .zip(partitions)
            .map(|(worker, partition)| {
                scope.spawn(move || {
                    barrier.wait();
                    work(worker, partition)
                })
            })
            .collect();
        started
            .into_iter()
            .map(|thread| match thread.join() {
                Ok(result) => result,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}
