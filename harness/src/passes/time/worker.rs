//! One worker on its clock.

use dedup_strategies::driver::{Call, DriveError, Driver, Tally};
use dedup_strategies::{Ping, Strategy, Timestamp, Unavailable, Worker};

use crate::pipeline::{Pace, TICK};

/// A worker that is told of time as the pipeline's are.
pub(crate) struct PacedWorker<'a> {
    worker: Box<dyn Worker>,
    pace: Box<dyn Pace + 'a>,
    driver: Driver,
    held: Tally,
    next_tick: Timestamp,
}

impl<'a> PacedWorker<'a> {
    /// Opens worker `index` of `strategy`.
    pub(crate) fn new(
        strategy: &dyn Strategy,
        index: usize,
        pace: Box<dyn Pace + 'a>,
    ) -> Result<Self, DriveError> {
        Ok(PacedWorker {
            worker: strategy
                .worker(index)
                .map_err(|error| DriveError::Unavailable { call: Call::Worker, error })?,
            pace,
            driver: Driver::default(),
            held: Tally::default(),
            next_tick: Timestamp::ZERO,
        })
    }

    /// Has the worker judge `batch`, settles what it let through, and lets time pass.
    pub(crate) fn judge(&mut self, batch: &[Ping]) -> Result<(), DriveError> {
        let Some(last) = batch.last() else { return Ok(()) };
        let now = self.pace.reach(last.arrival);
        self.driver.judge(self.worker.as_mut(), batch, now, &mut self.held)?.all()?;
        if now >= self.next_tick {
            self.next_tick = now.plus(TICK);
            self.driver.advance(self.worker.as_mut(), now, &mut self.held)?;
        }
        Ok(())
    }

    /// The input has ended.
    pub(super) fn end(&mut self) -> Result<(), DriveError> {
        self.driver.advance(self.worker.as_mut(), Timestamp::END, &mut self.held)?;
        match self.worker.refused() {
            Some(what) => {
                Err(DriveError::Unavailable { call: Call::Judge, error: Unavailable(what.to_string()) })
            }
            None => Ok(()),
        }
    }

    /// What it holds, as far as its own account goes.
    pub(super) fn held(&self) -> Tally {
        self.held
    }
}
