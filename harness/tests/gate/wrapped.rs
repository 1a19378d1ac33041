//! Every strategy once more, as `wrapped-NAME`, with one answer that can be spoilt.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dedup_harness::strategies::{
    BuildError, Context, Definition, Footprint, HeldPings, Ping, Promise, Routing, STRATEGIES, Settings,
    Settled, Strategy, Timestamp, Unavailable, Verdict, Worker,
};

/// The variable that says which answer to spoil: `missed` or `lost`.
pub(crate) const SPOIL: &str = "GATE_TEST_SPOIL";

/// The variable that takes a wrapped strategy off the list.
pub(crate) const HIDE: &str = "GATE_TEST_HIDE";

/// The wrapped strategies that this process is to have. A function cannot carry a value, so each place in the list has
/// one of its own; strategies beyond them are not wrapped.
pub(crate) fn definitions() -> Vec<Definition> {
    let builds = [
        build::<0>,
        build::<1>,
        build::<2>,
        build::<3>,
        build::<4>,
        build::<5>,
        build::<6>,
        build::<7>,
        build::<8>,
        build::<9>,
        build::<10>,
        build::<11>,
        build::<12>,
        build::<13>,
        build::<14>,
        build::<15>,
        build::<16>,
        build::<17>,
        build::<18>,
        build::<19>,
        build::<20>,
        build::<21>,
        build::<22>,
        build::<23>,
        build::<24>,
        build::<25>,
        build::<26>,
        build::<27>,
        build::<28>,
        build::<29>,
        build::<30>,
        build::<31>,
        build::<32>,
        build::<33>,
        build::<34>,
        build::<35>,
        build::<36>,
        build::<37>,
        build::<38>,
        build::<39>,
    ];
    let hidden = std::env::var(HIDE).unwrap_or_default();
    STRATEGIES
        .iter()
        .zip(builds)
        .map(|(inner, build)| Definition { name: name(inner), build, ..*inner })
        .filter(|definition| definition.name != hidden)
        .collect()
}

pub(crate) fn name(inner: &Definition) -> &'static str {
    Box::leak(format!("wrapped-{}", inner.name).into_boxed_str())
}

fn build<const INDEX: usize>(
    settings: &Settings,
    context: &Context,
) -> Result<Box<dyn Strategy>, BuildError> {
    let inner = (STRATEGIES[INDEX].build)(settings, context)?;
    let spoil = match std::env::var(SPOIL).as_deref() {
        Ok("missed") => Some((Verdict::Duplicate, Verdict::New)),
        Ok("lost") => Some((Verdict::New, Verdict::Duplicate)),
        _ => None,
    };
    Ok(Box::new(Wrapped { inner, spoil, done: Arc::default() }))
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

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.inner.settle(settled, now)
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.inner.advance(now, released)
    }
}
