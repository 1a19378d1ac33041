//! What strategies have in common whose workers each keep a state of their own, for the keys that are routed to them.

use std::sync::Arc;

use crate::contract::{
    Context, Footprint, Hears, Ping, Promise, Routing, Strategy, Timestamp, Unavailable, Verdict, Worker,
};
use crate::structures::shards::Shards;
use crate::sync::Mutex;

/// The state of one worker: never unavailable, and it holds no ping.
pub(crate) trait State: Send + 'static {
    /// Appends one verdict a ping.
    fn judge(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>);

    /// Lets time pass.
    fn advance(&mut self, now: Timestamp) {
        let _ = now;
    }

    /// What it holds.
    fn footprint(&self) -> Footprint;
}

/// A strategy made of one [`State`] a worker.
pub(crate) struct ByKey<S> {
    promise: Promise,
    shards: Shards<S>,
}

impl<S: State> ByKey<S> {
    /// The strategy, with the states that `make` makes of the numbers of their workers: 1, 2, ...
    pub(crate) fn build(
        promise: Promise,
        context: &Context,
        mut make: impl FnMut(u64) -> S,
    ) -> Box<dyn Strategy> {
        let mut worker = 0;
        let shards = Shards::new(context.workers, || {
            worker += 1;
            make(worker)
        });
        Box::new(ByKey { promise, shards })
    }
}

impl<S: State> Strategy for ByKey<S> {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(ByKeyWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        self.promise
    }

    fn footprint(&self) -> Footprint {
        Footprint {
            ids: self.shards.sum(|state| state.footprint().ids),
            bytes: self.shards.sum(|state| state.footprint().bytes),
        }
    }
}

struct ByKeyWorker<S>(Arc<Mutex<S>>);

impl<S: State> Worker for ByKeyWorker<S> {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        self.0.lock().judge(pings, now, verdicts);
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.0.lock().advance(now);
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::ADVANCE
    }
}

/// `Duplicate` for what was seen.
#[inline(always)]
pub(crate) fn verdict(seen: bool) -> Verdict {
    match seen {
        true => Verdict::Duplicate,
        false => Verdict::New,
    }
}
