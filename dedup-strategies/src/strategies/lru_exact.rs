//! The last `capacity` ids in strict order of their last access, behind one lock.

use std::sync::Arc;
use std::time::Duration;

use super::common::capacity_and_window;
use crate::contract::{
    BuildError, Context, Definition, Estimate, Footprint, Forgets, Hears, Needs, Operation, Ping, Promise,
    Prospect, Role, Routing, Settings, Strategy, Timestamp, Unavailable, Verdict, Window, Worker,
};
use crate::structures::lru_window::{LruWindow, bytes_for};
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "lru-exact",
    about: "the lru crate: an exact LRU behind one lock, taken once a batch",
    role: Role::Candidate,
    settings: capacity_and_window::SETTINGS,
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::LeastRecentlySeen,
    estimate: Some(estimate),
    prospect: Some(prospect),
    build: &build,
};

fn estimate(settings: &Settings, _: &Context) -> Estimate {
    let capacity = settings.count("capacity");
    Estimate { setting: "capacity", what: format!("an LRU of {capacity} ids"), bytes: bytes_for(capacity) }
}

/// What it promises.
fn promise(window: Duration, capacity: u64) -> Promise {
    Promise { capacity: Some(capacity), ..Promise::remembering(Window::Since(window)) }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let promise = promise(settings.time("window"), settings.count("capacity"));
    Prospect::in_process(promise, Routing::Any, estimate(settings, context).bytes)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let capacity = settings.count("capacity");
    context.admit(DEFINITION.name, estimate(settings, context))?;
    let seen = LruWindow::new(capacity, settings.time("window"), context.seed);
    Ok(Box::new(LruExact(Arc::new(Mutex::new(seen)))))
}

/// Both the strategy and a worker's handle.
struct LruExact(Arc<Mutex<LruWindow>>);

impl Strategy for LruExact {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(LruExact(Arc::clone(&self.0))))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        let seen = self.0.lock();
        promise(seen.window(), seen.capacity())
    }

    fn footprint(&self) -> Footprint {
        let seen = self.0.lock();
        Footprint { ids: seen.len(), bytes: bytes_for(seen.capacity()) }
    }
}

impl Worker for LruExact {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut seen = self.0.lock();
        verdicts.extend(pings.iter().map(|ping| match seen.insert(ping.key, now) {
            true => Verdict::New,
            false => Verdict::Duplicate,
        }));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.0.lock().expire(now);
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::ADVANCE
    }
}
