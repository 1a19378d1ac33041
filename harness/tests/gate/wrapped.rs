//! Every strategy once more, as `wrapped-NAME`, with one answer that can be spoilt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dedup_harness::strategies::{
    Build, Context, Definition, Footprint, HeldPings, Ping, Promise, Routing, STRATEGIES, Settings, Settled,
    Strategy, Timestamp, Unavailable, Verdict, Worker,
};

/// The variable that says which answer to spoil: `missed` or `lost`.
pub(crate) const SPOIL: &str = "GATE_TEST_SPOIL";

/// The variable that takes a wrapped strategy off the list.
pub(crate) const HIDE: &str = "GATE_TEST_HIDE";

/// The wrapped strategies that this process is to have: all of the list, but the hidden one.
pub(crate) fn definitions() -> Vec<Definition> {
    let hidden = std::env::var(HIDE).unwrap_or_default();
    STRATEGIES.iter().map(wrapped).filter(|definition| definition.name != hidden).collect()
}

pub(crate) fn name(inner: &Definition) -> &'static str {
    Box::leak(format!("wrapped-{}", inner.name).into_boxed_str())
}

fn wrapped(inner: &'static Definition) -> Definition {
    let build: Build = Box::leak(Box::new(|settings: &Settings, context: &Context| {
        let strategy: Box<dyn Strategy> = Box::new(Wrapped {
            inner: (inner.build)(settings, context)?,
            spoil: spoil(),
            done: Arc::default(),
        });
        Ok(strategy)
    }));
    Definition { name: name(inner), build, ..*inner }
}

/// The answer to spoil, and what becomes of it.
fn spoil() -> Option<(Verdict, Verdict)> {
    match std::env::var(SPOIL).as_deref() {
        Ok("missed") => Some((Verdict::Duplicate, Verdict::New)),
        Ok("lost") => Some((Verdict::New, Verdict::Duplicate)),
        _ => None,
    }
}

struct Wrapped {
    inner: Box<dyn Strategy>,
    spoil: Option<(Verdict, Verdict)>,
    done: Arc<AtomicBool>,
}

impl Strategy for Wrapped {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let inner = self.inner.worker(index)?;
        Ok(Box::new(WrappedWorker { inner, spoil: self.spoil, done: Arc::clone(&self.done) }))
    }

    fn routing(&self) -> Routing {
        self.inner.routing()
    }

    fn promise(&self) -> Promise {
        self.inner.promise()
    }

    fn footprint(&self) -> Footprint {
        self.inner.footprint()
    }

    fn held_pings(&self) -> HeldPings {
        self.inner.held_pings()
    }

    fn round_trips(&self) -> Option<u64> {
        self.inner.round_trips()
    }
}

struct WrappedWorker {
    inner: Box<dyn Worker>,
    spoil: Option<(Verdict, Verdict)>,
    done: Arc<AtomicBool>,
}

impl Worker for WrappedWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let before = verdicts.len();
        self.inner.judge(pings, now, verdicts)?;
        let Some((right, wrong)) = self.spoil else { return Ok(()) };
        if let Some(verdict) = verdicts[before..].iter_mut().find(|verdict| **verdict == right)
            && !self.done.swap(true, Ordering::Relaxed)
        {
            *verdict = wrong;
        }
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        self.inner.unjudged()
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.inner.settle(settled, now)
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.inner.advance(now, released)
    }
}
