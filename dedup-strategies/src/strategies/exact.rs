//! Every id of the window in a hash table: no false positive, no false negative, and the memory that costs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use crate::contract::{
    BuildError, Context, Definition, Footprint, Forgets, Hears, Needs, Operation, Ping, PingKey, Promise,
    Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp,
    Unavailable, Verdict, Window, Worker, saturating_nanos,
};
use crate::structures::shards::{Shards, share_of};
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "exact",
    about: "every id of the window in a hash table; unbounded in memory",
    role: Role::Candidate,
    settings: &[SettingDef {
        name: "window",
        about: "how long an id is remembered after the copy that was let through",
        kind: SettingKind::Time,
        default: SettingDefault::ScenarioWindow,
    }],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::AtWindowEnd,
    estimate: None,
    prospect: Some(prospect),
    build: &build,
};

/// What it promises.
fn promise(window: Duration) -> Promise {
    Promise::remembering(Window::Since(window))
}

fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let (ids, workers) = (context.sizing.ids_in_window, context.workers);
    let bytes = bytes_for(share_of(ids, workers)).saturating_mul(workers.get() as u64);
    Prospect::in_process(promise(settings.time("window")), Routing::ByKey, bytes)
}

/// Bytes for `ids` ids in a window on one worker, at the fullest moment: the table has a power of two of places, of which it
/// fills seven eighths, and the queue one of entries; while the larger of them grows, its old half is there too.
pub fn bytes_for(ids: u64) -> u64 {
    let power = |places: u64| places.max(4).checked_next_power_of_two().unwrap_or(1 << 63);
    let table = power(ids.saturating_add(ids / 7 + 1)).saturating_mul(size_of::<PingKey>() as u64 + 1);
    let queue = power(ids).saturating_mul(size_of::<(u64, PingKey)>() as u64);
    table.saturating_add(queue).saturating_add(table.max(queue) / 2)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let window = settings.time("window");
    Ok(Box::new(Exact {
        window,
        shards: Shards::new(context.workers, || ExactWindow::new(window, context.seed)),
    }))
}

struct Exact {
    window: Duration,
    shards: Shards<ExactWindow>,
}

impl Strategy for Exact {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(ExactWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        promise(self.window)
    }

    fn footprint(&self) -> Footprint {
        Footprint {
            ids: self.shards.sum(|shard| shard.len() as u64),
            bytes: self.shards.sum(ExactWindow::bytes),
        }
    }
}

struct ExactWorker(Arc<Mutex<ExactWindow>>);

impl Worker for ExactWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut seen = self.0.lock();
        seen.expire(now);
        verdicts.extend(pings.iter().map(|ping| match seen.insert(ping.key, now) {
            true => Verdict::New,
            false => Verdict::Duplicate,
        }));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        let mut seen = self.0.lock();
        seen.expire(now);
        seen.shrink();
        Ok(())
    }

    fn hears(&self) -> Hears {
        Hears::ADVANCE
    }
}

/// A set of keys that forgets each key a fixed time after it was inserted.
///
/// Expiry is a queue in insertion order beside the table, so that forgetting costs the same for every key and no
/// pause grows with the window.
#[derive(Debug)]
pub struct ExactWindow {
    window_ns: u64,
    inserted: HashSet<PingKey, FixedState>,
    oldest_first: VecDeque<(u64, PingKey)>,
}

impl ExactWindow {
    /// An empty set that remembers for `window`, its hash seeded with `seed`.
    pub fn new(window: Duration, seed: u64) -> Self {
        ExactWindow {
            window_ns: saturating_nanos(window),
            inserted: HashSet::with_hasher(FixedState::with_seed(seed)),
            oldest_first: VecDeque::new(),
        }
    }

    /// Forgets what was inserted a window or more before `now`.
    pub fn expire(&mut self, now: Timestamp) {
        let now = now.as_nanos();
        while let Some(&(at, key)) = self.oldest_first.front() {
            if now.saturating_sub(at) < self.window_ns {
                break;
            }
            self.oldest_first.pop_front();
            self.inserted.remove(&key);
        }
    }

    /// Inserts `key` at `now`; false if it was there already. Call [`expire`](Self::expire) first with the same `now`.
    pub fn insert(&mut self, key: PingKey, now: Timestamp) -> bool {
        let now = now.as_nanos();
        let fresh = self.inserted.insert(key);
        if fresh {
            self.oldest_first.push_back((now, key));
        }
        fresh
    }

    /// Keys that it remembers.
    pub fn len(&self) -> usize {
        self.inserted.len()
    }

    /// Whether it remembers nothing.
    pub fn is_empty(&self) -> bool {
        self.inserted.is_empty()
    }

    /// Gives memory back once most of it is unused.
    fn shrink(&mut self) {
        if self.inserted.len() < self.inserted.capacity() / 4 {
            self.inserted.shrink_to(self.inserted.len() * 2);
            self.oldest_first.shrink_to(self.oldest_first.len() * 2);
        }
    }

    /// Bytes allocated by the table and the queue.
    fn bytes(&self) -> u64 {
        let queue = self.oldest_first.capacity() * size_of::<(u64, PingKey)>();
        (self.inserted.allocation_size() + queue) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_forgotten_exactly_when_its_window_ends() {
        let mut seen = ExactWindow::new(Duration::from_secs(10), 1);
        let key = PingKey::from_u128(7);
        let at = |secs| Timestamp::from_secs(secs);
        assert!(seen.insert(key, at(100)));
        seen.expire(at(109));
        assert!(!seen.insert(key, at(109)));
        seen.expire(at(110));
        assert!(seen.insert(key, at(110)));
    }
}
