//! An LRU in the process in front of a strategy on Redis: copies of what this process itself delivered a short while
//! ago are answered without asking the server.
//!
//! A front must not know more than is true. This one remembers an id only when its delivery was settled, so that a copy
//! it calls a duplicate was delivered, whatever the back has forgotten, lost or never been told; a ping under way, or
//! one whose delivery failed, is always the back's business. And it must not remember longer than the back would: an
//! entry ends one window after its ping was *judged*, from when or later on each back counts. It learns nothing from
//! the back's own answers: a claim may belong to a ping that was never delivered, and how long a mark has left the back
//! does not say. Entries belong to the process, not to a worker, so that a worker's crash changes nothing.
//!
//! What it spares depends on the delays: copies that come soon and to the same process, as a broker's redeliveries do.
//! Where a batch holds one ping that the front does not know, it is sent all the same, only shorter.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use lru::LruCache;

use super::{bloom, claim, lease, mozilla, policy};
use crate::contract::{
    BuildError, Context, Definition, DeliveryId, Estimate, Footprint, Forgets, Needs, Operation, Outcome,
    Ping, PingKey, Promise, Prospect, Role, Routing, SettingDef, SettingDefault, SettingKind, Settings,
    Settled, Strategy, Timestamp, Unavailable, Verdict, Worker,
};
use crate::sync::Mutex;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "tiered",
    about: "an LRU of what was just delivered, in front of a strategy on Redis: spares round trips",
    role: Role::Candidate,
    settings: &[
        SettingDef {
            name: "back",
            about: "the strategy behind it",
            kind: SettingKind::Word(&["redis-mozilla", "redis-claim", "redis-lease", "redis-bloom"]),
            default: SettingDefault::Text("redis-mozilla"),
        },
        SettingDef {
            name: "front_ids",
            about: "ids that the front remembers, at most; with fewer, fewer round trips are spared and nothing else",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::Text("100_000"),
        },
        SettingDef {
            name: "window",
            about: "how long an id is remembered, as by the strategy behind",
            kind: SettingKind::Time,
            default: SettingDefault::ScenarioWindow,
        },
        SettingDef {
            name: "on_error",
            about: "as for the strategy behind, own for its own default",
            kind: SettingKind::Word(&[OWN, "open", "closed", "retry"]),
            default: SettingDefault::Text(OWN),
        },
        policy::TIMEOUT,
        policy::RETRIES,
    ],
    needs: Needs::Redis,
    operation: Operation::REDIS,
    forgets,
    estimate: Some(estimate),
    prospect: Some(prospect),
    build: &build,
};

/// The value of `on_error` that leaves it to the strategy behind.
const OWN: &str = "own";

static BACKS: [Definition; 4] =
    [mozilla::DEFINITION, claim::DEFINITION, lease::DEFINITION, bloom::DEFINITION];

fn estimate(settings: &Settings, _: &Context) -> Estimate {
    let ids = settings.count("front_ids");
    let bytes = crate::structures::lru_window::bytes_for(ids);
    Estimate { setting: "front_ids", what: format!("a front of {ids} ids"), bytes }
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    context.admit(DEFINITION.name, estimate(settings, context))?;
    let ids = settings.count("front_ids");
    let back = back_of(settings);
    let theirs = back.resolve_part(settings, &context.sizing)?;
    Ok(Box::new(Tiered {
        back: (back.build)(&theirs, context)?,
        front: Arc::new(Mutex::new(Front::new(ids, settings.time("window"), context.seed))),
    }))
}

/// Its front answers only what the back would have answered.
fn forgets(settings: &Settings, context: &Context) -> Forgets {
    let back = back_of(settings);
    let theirs = back.resolve_part(settings, &context.sizing);
    theirs.map_or(Forgets::Unknown, |theirs| (back.forgets)(&theirs, context))
}

/// That of the strategy behind, and the front's memory.
fn prospect(settings: &Settings, context: &Context) -> Prospect {
    let back = back_of(settings);
    let theirs = back.resolve_part(settings, &context.sizing);
    let of_back = theirs.ok().zip(back.prospect).map(|(theirs, prospect)| prospect(&theirs, context));
    let of_back = of_back.expect("each strategy behind has one, and takes its own defaults");
    Prospect { process_bytes: estimate(settings, context).bytes, ..of_back }
}

fn back_of(settings: &Settings) -> &'static Definition {
    let named = |back: &&Definition| back.name == settings.word("back");
    BACKS.iter().find(named).expect("the setting allows these names")
}

struct Tiered {
    back: Box<dyn Strategy>,
    front: Arc<Mutex<Front>>,
}

impl Strategy for Tiered {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(TieredWorker {
            back: self.back.worker(index)?,
            front: Arc::clone(&self.front),
            judged: HashMap::default(),
            unknown: Vec::new(),
            places: Vec::new(),
            verdicts: Vec::new(),
        }))
    }

    fn routing(&self) -> Routing {
        self.back.routing()
    }

    fn promise(&self) -> Promise {
        self.back.promise()
    }

    /// The front's ids are the back's as well.
    fn footprint(&self) -> Footprint {
        let Footprint { ids, bytes } = self.back.footprint();
        let front = self.front.lock().delivered.len() as u64;
        Footprint { ids, bytes: bytes.saturating_add(crate::structures::lru_window::bytes_for(front)) }
    }

    fn round_trips(&self) -> Option<u64> {
        self.back.round_trips()
    }
}

/// Ids of pings that were delivered, and when each was judged.
struct Front {
    window: Duration,
    delivered: LruCache<PingKey, Timestamp, FixedState>,
}

impl Front {
    fn new(ids: u64, window: Duration, seed: u64) -> Front {
        let ids = usize::try_from(ids).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN);
        Front { window, delivered: LruCache::with_hasher(ids, FixedState::with_seed(seed)) }
    }

    fn knows(&mut self, key: PingKey, now: Timestamp) -> bool {
        let window = self.window;
        self.delivered.get(&key).is_some_and(|judged| now.since(*judged) < window)
    }

    fn learn(&mut self, key: PingKey, judged: Timestamp) {
        self.delivered.put(key, judged);
    }

    /// Drops the least recent ids as far as their window is over.
    fn expire(&mut self, now: Timestamp) {
        while self.delivered.peek_lru().is_some_and(|(_, judged)| now.since(*judged) >= self.window) {
            self.delivered.pop_lru();
        }
    }
}

struct TieredWorker {
    back: Box<dyn Worker>,
    front: Arc<Mutex<Front>>,
    /// When each ping that is under way was judged.
    judged: HashMap<DeliveryId, Timestamp, FixedState>,
    unknown: Vec<Ping>,
    /// Where in the batch these are.
    places: Vec<usize>,
    verdicts: Vec<Verdict>,
}

impl Worker for TieredWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let judged = verdicts.len();
        self.unknown.clear();
        self.places.clear();
        {
            let mut front = self.front.lock();
            front.expire(now);
            for (place, ping) in pings.iter().enumerate() {
                if !front.knows(ping.key, now) {
                    self.unknown.push(*ping);
                    self.places.push(judged + place);
                }
                verdicts.push(Verdict::Duplicate);
            }
        }
        self.verdicts.clear();
        if let Err(unavailable) = self.back.judge(&self.unknown, now, &mut self.verdicts) {
            verdicts.truncate(judged);
            return Err(unavailable);
        }
        for ((ping, place), verdict) in self.unknown.iter().zip(&self.places).zip(&self.verdicts) {
            verdicts[*place] = *verdict;
            if *verdict == Verdict::New {
                self.judged.insert(ping.delivery, now);
            }
        }
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        self.back.unjudged()
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        {
            let mut front = self.front.lock();
            for Settled { ping, outcome } in settled {
                // It was delivered, whatever becomes of the back's mark.
                if let (Some(judged), Outcome::Delivered) = (self.judged.remove(&ping.delivery), outcome) {
                    front.learn(ping.key, judged);
                }
            }
        }
        self.back.settle(settled, now)
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.back.advance(now, released)
    }

    fn refused(&self) -> Option<&str> {
        self.back.refused()
    }
}
