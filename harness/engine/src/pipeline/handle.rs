//! A worker's handle on the strategy, asked only for what it acts on.

use dedup_strategies::{Hears, Ping, Settled, Timestamp, Unavailable, Verdict, Worker};

/// A worker, and which calls it has something to do in: kept, so that a batch of one ping need not ask.
pub(super) struct Handle {
    worker: Box<dyn Worker>,
    hears: Hears,
}

impl From<Box<dyn Worker>> for Handle {
    fn from(worker: Box<dyn Worker>) -> Handle {
        Handle { hears: worker.hears(), worker }
    }
}

impl Handle {
    /// See [`Worker::judge`].
    #[inline]
    pub(super) fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        self.worker.judge(pings, now, verdicts)
    }

    /// See [`Worker::unjudged`].
    pub(super) fn unjudged(&self) -> Unavailable {
        self.worker.unjudged()
    }

    /// Whether it acts on how pings ended. Who does not is not told, and no list is made for it.
    #[inline]
    pub(super) fn hears_settled(&self) -> bool {
        self.hears.settle
    }

    /// Whether it acts as time passes.
    pub(super) fn hears_time(&self) -> bool {
        self.hears.advance
    }

    /// See [`Worker::settle`].
    pub(super) fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.worker.settle(settled, now)
    }

    /// See [`Worker::advance`].
    #[inline]
    pub(super) fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        if self.hears.advance { self.worker.advance(now, released) } else { Ok(()) }
    }

    /// See [`Worker::refused`].
    pub(super) fn refused(&self) -> Option<&str> {
        self.worker.refused()
    }

    /// See [`Worker::lost`].
    pub(super) fn lost(&self) -> Option<&str> {
        self.worker.lost()
    }
}
