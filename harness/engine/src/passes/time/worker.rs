//! One worker on its clock.

use dedup_strategies::driver::{BrokenContract, Call, DriveError, Driver, Held, Tally};
use dedup_strategies::{Ping, Strategy, Timestamp, Unavailable, Verdict, Worker};

use crate::pipeline::{Pace, TICK};

/// A worker that is told of time as the pipeline's are, and what it holds.
pub struct PacedWorker<'a, H = Tally> {
    worker: Box<dyn Worker>,
    pace: Box<dyn Pace + 'a>,
    driver: Driver,
    held: H,
    next_tick: Timestamp,
}

impl<'a> PacedWorker<'a> {
    /// Opens worker `index` of `strategy`.
    pub fn new(strategy: &dyn Strategy, index: usize, pace: Box<dyn Pace + 'a>) -> Result<Self, DriveError> {
        let worker = strategy.worker(index);
        let worker = worker.map_err(|error| DriveError::Unavailable { call: Call::Worker, error })?;
        Ok(PacedWorker::of(worker, pace, Tally::default()))
    }

    /// What it holds, as far as its own account goes.
    pub(super) fn held(&self) -> Tally {
        self.held
    }
}

impl<'a, H: Held> PacedWorker<'a, H> {
    /// A worker that was opened already.
    pub fn of(worker: Box<dyn Worker>, pace: Box<dyn Pace + 'a>, held: H) -> Self {
        PacedWorker { worker, pace, driver: Driver::default(), held, next_tick: Timestamp::ZERO }
    }

    /// Has the worker judge `batch`, settles what it let through, and lets time pass.
    pub fn judge(&mut self, batch: &[Ping]) -> Result<(), DriveError> {
        self.judge_and(batch, |_| {})
    }

    /// The same, and shows the verdicts.
    pub fn judge_and(&mut self, batch: &[Ping], see: impl FnOnce(&[Verdict])) -> Result<(), DriveError> {
        let Some(last) = batch.last() else { return Ok(()) };
        let now = self.pace.reach(last.arrival);
        see(self.driver.judge(self.worker.as_mut(), batch, now, &mut self.held)?.all()?);
        if now >= self.next_tick {
            self.next_tick = now.plus(TICK);
            self.driver.advance(self.worker.as_mut(), now, &mut self.held)?;
        }
        Ok(())
    }

    /// The input has ended.
    pub fn end(&mut self) -> Result<(), DriveError> {
        self.driver.advance(self.worker.as_mut(), Timestamp::END, &mut self.held)?;
        match self.worker.refused() {
            Some(what) => {
                Err(DriveError::Unavailable { call: Call::Judge, error: Unavailable(what.to_string()) })
            }
            None => Ok(()),
        }
    }

    /// Whether everything that it held has come out.
    pub fn nothing_left(&self) -> Result<(), BrokenContract> {
        self.held.nothing_left()
    }
}
