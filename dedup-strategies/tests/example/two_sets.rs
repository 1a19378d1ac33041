//! Two sets of ids, swapped once a window: an id is remembered for one window at least and for two at most.

use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashSet;
use parking_lot::Mutex;

use crate::contract::{
    Definition, Footprint, Forgets, Needs, Operation, Ping, PingKey, Promise, Role, Routing, SettingDef,
    SettingDefault, SettingKind, Strategy, Timestamp, Unavailable, Verdict, Window, Worker,
};
use crate::structures::shards::Shards;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "two-sets",
    about: "two sets of ids, swapped once a window: no queue, and twice the ids at worst",
    role: Role::Candidate,
    settings: &[SettingDef {
        name: "window",
        about: "how long an id is remembered at least after the copy that was let through",
        kind: SettingKind::Time,
        default: SettingDefault::ScenarioWindow,
    }],
    needs: Needs::Nothing,
    operation: Operation::IN_WORKERS,
    forgets: |_, _| Forgets::InSlices { a_window: 1 },
    estimate: None,
    prospect: None,
    build: &|settings, context| {
        let window = settings.time("window");
        let shards = Shards::new(context.workers, || Sets::new(context.seed));
        Ok(Box::new(TwoSets { window, shards }))
    },
};

struct TwoSets {
    window: Duration,
    shards: Shards<Sets>,
}

struct TwoSetsWorker {
    window: Duration,
    sets: Arc<Mutex<Sets>>,
}

/// The ids of this window and of the one before it.
struct Sets {
    window_number: u64,
    young: HashSet<PingKey, FixedState>,
    old: HashSet<PingKey, FixedState>,
}

impl Strategy for TwoSets {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(TwoSetsWorker { window: self.window, sets: self.shards.of(index) }))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        Promise::remembering(Window::Since(self.window))
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.shards.sum(Sets::len), bytes: self.shards.sum(Sets::bytes) }
    }
}

impl Worker for TwoSetsWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut sets = self.sets.lock();
        sets.turn_to(now.tumbling(self.window));
        verdicts.extend(pings.iter().map(|ping| match sets.insert(ping.key) {
            true => Verdict::New,
            false => Verdict::Duplicate,
        }));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.sets.lock().turn_to(now.tumbling(self.window));
        Ok(())
    }
}

impl Sets {
    fn new(seed: u64) -> Self {
        let empty = || HashSet::with_hasher(FixedState::with_seed(seed));
        Sets { window_number: 0, young: empty(), old: empty() }
    }

    /// The young set grows old with its window, and what was old is forgotten.
    fn turn_to(&mut self, window_number: u64) {
        if window_number == self.window_number {
            return;
        }
        std::mem::swap(&mut self.young, &mut self.old);
        self.young.clear();
        if window_number > self.window_number + 1 {
            self.old.clear();
        }
        self.window_number = window_number;
    }

    fn insert(&mut self, key: PingKey) -> bool {
        !self.old.contains(&key) && self.young.insert(key)
    }

    fn len(&self) -> u64 {
        (self.young.len() + self.old.len()) as u64
    }

    fn bytes(&self) -> u64 {
        (self.young.allocation_size() + self.old.allocation_size()) as u64
    }
}
