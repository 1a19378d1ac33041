//! Every id of the window in a hash table: no false positive, no false negative, and the memory that costs.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashSet;

use crate::contract::{
    BuildError, Context, Definition, Estimate, Footprint, Forgets, Hears, Needs, Operation, Ping, PingKey,
    Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp,
    Unavailable, Verdict, Window, Worker, saturating_nanos, with_headroom,
};
use crate::structures::shards::{Shards, share_of};
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "exact",
    about: "every id of the window in a hash table; unbounded in memory",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "window",
            about: "how long an id is remembered after the copy that was let through",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "room",
            about: "grown: from nothing, and whenever a worker's table is full all of its ids move to one twice as large at once; \
                    window: from the start for the ids that the scenario expects in a window, and headroom",
            kind: SettingKind::Word(&["grown", "window"]),
            default: SettingDefault::Text("grown"),
        },
    ],
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
    let workers = context.workers;
    let bytes = match is_presized(settings) {
        true => presized(context).bytes,
        false => {
            bytes_for(share_of(context.sizing.ids_in_window, workers)).saturating_mul(workers.get() as u64)
        }
    };
    Prospect::in_process(promise(settings.time("window")), Routing::ByKey, bytes)
}

fn is_presized(settings: &Settings) -> bool {
    settings.word("room") == "window"
}

/// Bytes for `ids` ids in a window on one worker, at the fullest moment: the table has a power of two of places, of which it
/// fills seven eighths, and the queue one of entries; while the larger of them grows, its old half is there too.
pub fn bytes_for(ids: u64) -> u64 {
    let (table, queue) = (table_bytes(ids), power_of_two(ids).saturating_mul(ENTRY_BYTES));
    table.saturating_add(queue).saturating_add(table.max(queue) / 2)
}

/// The same where there is room for them from the start: nothing grows, and the queue has just as many entries.
pub fn presized_bytes_for(ids: u64) -> u64 {
    table_bytes(ids).saturating_add(ids.saturating_mul(ENTRY_BYTES))
}

/// An entry of the queue.
const ENTRY_BYTES: u64 = size_of::<(u64, PingKey)>() as u64;

fn table_bytes(ids: u64) -> u64 {
    power_of_two(ids.saturating_add(ids / 7 + 1)).saturating_mul(size_of::<PingKey>() as u64 + 1)
}

fn power_of_two(places: u64) -> u64 {
    places.max(4).checked_next_power_of_two().unwrap_or(1 << 63)
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    let window = settings.time("window");
    let mut room = 0;
    if is_presized(settings) {
        context.admit(DEFINITION.name, presized(context))?;
        room = usize::try_from(share_of(room_of_all(context), context.workers)).unwrap_or(usize::MAX);
    }
    let of_a_worker = || ExactWindow::with_room(window, context.seed, room);
    Ok(Box::new(Exact { window, shards: Shards::new(context.workers, of_a_worker) }))
}

/// Ids for which there is room from the start: more than are expected, or half of all windows would not fit.
fn room_of_all(context: &Context) -> u64 {
    with_headroom(context.sizing.ids_in_window)
}

/// The memory of all workers, each with its share of that room.
fn presized(context: &Context) -> Estimate {
    let (room, workers) = (room_of_all(context), context.workers);
    Estimate {
        setting: "room",
        what: format!("room for {room} ids in a window"),
        bytes: presized_bytes_for(share_of(room, workers)).saturating_mul(workers.get() as u64),
    }
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
    /// Ids for which there is room at all times.
    room: usize,
    inserted: HashSet<PingKey, FixedState>,
    oldest_first: VecDeque<(u64, PingKey)>,
}

impl ExactWindow {
    /// An empty set that remembers for `window`, its hash seeded with `seed`.
    pub fn new(window: Duration, seed: u64) -> Self {
        ExactWindow::with_room(window, seed, 0)
    }

    /// The same with room for so many ids, which it keeps.
    pub fn with_room(window: Duration, seed: u64, room: usize) -> Self {
        ExactWindow {
            window_ns: saturating_nanos(window),
            room,
            inserted: HashSet::with_capacity_and_hasher(room, FixedState::with_seed(seed)),
            oldest_first: VecDeque::with_capacity(room),
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

    /// Gives memory back once most of it is unused, but for the room that it keeps.
    fn shrink(&mut self) {
        if self.inserted.len() < self.inserted.capacity() / 4 {
            let keep = self.room.max(self.inserted.len() * 2);
            self.inserted.shrink_to(keep);
            self.oldest_first.shrink_to(keep);
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

    #[test]
    fn where_there_is_room_nothing_is_allocated_while_it_fills_and_the_room_is_kept() {
        let (ids, window) = (75_000, Duration::from_secs(10));
        let mut seen = ExactWindow::with_room(window, 1, ids);
        let bytes = seen.bytes();
        // hashbrown has a group of control bytes more than it has places.
        assert!(bytes.abs_diff(presized_bytes_for(ids as u64)) <= 32, "{bytes}");
        assert!(bytes * 3 < bytes_for(ids as u64) * 2, "a third less than one that grows");
        (0..ids as u128).for_each(|id| assert!(seen.insert(PingKey::from_u128(id), Timestamp::from_secs(1))));
        assert_eq!(seen.bytes(), bytes);
        seen.expire(Timestamp::from_secs(11));
        seen.shrink();
        assert_eq!((seen.len(), seen.bytes()), (0, bytes));
    }
}
