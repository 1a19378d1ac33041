//! PubsubIO on the direct runner: the `UnboundedReadDeduplicator`, a cache of at most 100,000 ids that each expire ten
//! minutes after they were last seen.
//!
//! The cache lives in the process and is gone with it. Ids are marked as they are read, before anything is known of
//! their delivery. The original is a Guava cache, which evicts within segments of it; this one is a plain LRU.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use lru::LruCache;

use super::common::keyed_catalogue;
use crate::contract::{
    BuildError, Context, Definition, Estimate, Footprint, Forgets, Hears, Needs, Operation, Ping, PingKey,
    Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp,
    Unavailable, Verdict, Window, Worker,
};
use crate::structures::id_catalogue::WINDOW;
use crate::structures::lru_window::bytes_for;
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "pubsubio-direct",
    about: "model of PubsubIO on the direct runner: at most 100,000 ids, 10 min since last seen, in memory only",
    role: Role::Candidate,
    settings: &[
        WINDOW,
        SettingDef {
            name: "capacity",
            about: "most ids kept; 100,000 in what this is a model of",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::Text("100_000"),
        },
    ],
    needs: Needs::Nothing,
    operation: OPERATION,
    forgets: |_, _| Forgets::LeastRecentlySeen,
    estimate: Some(estimate),
    prospect: Some(prospect),
    build: &build,
};

/// What it is a model of; it keeps nothing that somebody could operate.
const OPERATION: Operation = Operation::of_model(keyed_catalogue::SYSTEM, Operation::IN_WORKERS.what);

fn estimate(settings: &Settings, _: &Context) -> Estimate {
    let capacity = settings.count("capacity");
    Estimate { setting: "capacity", what: format!("a cache of {capacity} ids"), bytes: bytes_for(capacity) }
}

/// What it promises.
fn promise(window: Duration, capacity: u64) -> Promise {
    Promise { capacity: Some(capacity), ..Promise::remembering(Window::SinceSeen(window)) }
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let promise = promise(settings.time("window"), settings.count("capacity"));
    Prospect::in_process(promise, Routing::Any, estimate(settings, context).bytes)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let capacity = settings.count("capacity");
    context.admit(DEFINITION.name, estimate(settings, context))?;
    let seen = Seen::new(capacity, settings.time("window"), context.seed);
    Ok(Box::new(Direct(Arc::new(Mutex::new(seen)))))
}

/// Both the strategy and a worker's handle.
struct Direct(Arc<Mutex<Seen>>);

impl Strategy for Direct {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(Direct(Arc::clone(&self.0))))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        let seen = self.0.lock();
        promise(seen.window, seen.ids.cap().get() as u64)
    }

    fn footprint(&self) -> Footprint {
        let seen = self.0.lock();
        Footprint { ids: seen.ids.len() as u64, bytes: bytes_for(seen.ids.cap().get() as u64) }
    }
}

impl Worker for Direct {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut seen = self.0.lock();
        verdicts.extend(pings.iter().map(|ping| match seen.access(ping.key, now) {
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

/// Ids in the order of their last access.
struct Seen {
    window: Duration,
    ids: LruCache<PingKey, Timestamp, FixedState>,
}

impl Seen {
    fn new(capacity: u64, window: Duration, seed: u64) -> Self {
        let capacity =
            usize::try_from(capacity).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        Seen { window, ids: LruCache::with_hasher(capacity, FixedState::with_seed(seed)) }
    }

    /// Counts `key` from now on; true if it is to be let through.
    fn access(&mut self, key: PingKey, now: Timestamp) -> bool {
        let before = self.ids.put(key, now);
        before.is_none_or(|last| now.since(last) >= self.window)
    }

    /// The least recently seen expire first, so nothing is searched for.
    fn expire(&mut self, now: Timestamp) {
        while self.ids.peek_lru().is_some_and(|(_, last)| now.since(*last) >= self.window) {
            self.ids.pop_lru();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_copy_prolongs_and_the_least_recently_seen_is_pushed_out() {
        let mut seen = Seen::new(2, Duration::from_secs(600), 1);
        let (key, at) = (PingKey::from_u128, Timestamp::from_secs);
        assert!(seen.access(key(1), at(0)));
        for minute in [9, 18, 27] {
            assert!(!seen.access(key(1), at(60 * minute)), "nine minutes after the last copy");
        }
        assert!(seen.access(key(1), at(60 * 37)), "ten minutes after the last copy");
        assert!(seen.access(key(2), at(2300)) && seen.access(key(3), at(2301)));
        assert!(seen.access(key(1), at(2302)), "1 was pushed out by 3");
    }
}
