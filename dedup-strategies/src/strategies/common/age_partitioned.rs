//! What the strategies over age-partitioned Bloom filters have in common: all but how ids age.

use std::collections::VecDeque;

use super::by_key::{ByKey, State, verdict};
use super::generations::WINDOW;
use crate::contract::{
    Bound, BuildError, Context, Definition, Estimate, Footprint, Ping, Promise, Prospect, Routing,
    SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp, Verdict, Window,
    saturating_nanos,
};
use crate::structures::age_partitioned::{AgePartitioned, Shape};
use crate::structures::hash::KeyHasher;

pub(crate) const SETTINGS: &[SettingDef] = &[
    WINDOW,
    SettingDef {
        name: "ids",
        about: "distinct ids in any one window that it is sized for; beyond them the window gets shorter",
        kind: SettingKind::Count(1 << 40),
        default: SettingDefault::IdsInWindow,
    },
    SettingDef {
        name: "rate",
        about: "largest share of uniques that may be lost; a tenth of it costs about 6 more bits an id",
        kind: SettingKind::Share,
        default: SettingDefault::Text("0.001"),
    },
];

/// How ids age.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ageing {
    /// A generation ends when it has its ids: the last so many are remembered.
    Count,
    /// A generation ends after this many nanoseconds at the latest.
    Time { span_ns: u64 },
}

/// The memory of the filters of all workers, each of this shape.
pub(crate) fn estimate(shape: Shape, settings: &Settings, context: &Context) -> Estimate {
    let ids = settings.count("ids");
    Estimate {
        setting: "ids",
        what: format!("{} slices of a filter for {ids} ids in a window", shape.k + shape.l),
        bytes: shape.bytes().saturating_mul(context.workers.get() as u64),
    }
}

/// What it comes to with filters of this shape.
pub(crate) fn prospect(shape: Shape, settings: &Settings, context: &Context) -> Prospect {
    let bytes = estimate(shape, settings, context).bytes;
    Prospect::in_process(promise(settings), Routing::ByKey, bytes)
}

fn promise(settings: &Settings) -> Promise {
    Promise {
        lost: Bound::AtMost(settings.share("rate")),
        capacity: Some(settings.count("ids")),
        ..Promise::remembering(Window::Since(settings.time("window")))
    }
}

/// The strategy of `definition`, whose ids age so in filters of this shape.
pub(crate) fn build(
    definition: &Definition,
    settings: &Settings,
    context: &Context,
    shape: Shape,
    ageing: Ageing,
) -> Result<Box<dyn Strategy>, BuildError> {
    let window = settings.time("window");
    context.admit(definition.name, estimate(shape, settings, context))?;
    Ok(ByKey::build(promise(settings), context, |worker| {
        Apbf::new(shape, ageing, saturating_nanos(window), context.seed, worker)
    }))
}

/// Pings that are hashed at once.
const BATCH: usize = 64;

/// How many pings before its turn the slices of a ping are fetched. A ping needs ten to thirty lines.
const AHEAD: usize = 4;

/// One worker's filter.
struct Apbf {
    shape: Shape,
    ageing: Ageing,
    window_ns: u64,
    hasher: KeyHasher,
    filter: AgePartitioned,
    /// The oldest first; the last is the one that is being written.
    generations: VecDeque<Generation>,
}

#[derive(Clone, Copy, Debug)]
struct Generation {
    ids: u64,
    first: Timestamp,
    last: Timestamp,
}

impl Apbf {
    fn new(shape: Shape, ageing: Ageing, window_ns: u64, seed: u64, worker: u64) -> Self {
        let hasher = KeyHasher::new(seed, worker);
        let filter = AgePartitioned::new(shape.k, shape.generation, seed ^ worker.rotate_left(32));
        Apbf { shape, ageing, window_ns, hasher, filter, generations: VecDeque::new() }
    }

    /// Drops what is older than the window: all of a generation at once.
    fn expire(&mut self, now: Timestamp) {
        self.filter.expire(now, self.window_ns);
        let since = |then: Timestamp| now.as_nanos().saturating_sub(then.as_nanos());
        while self.generations.front().is_some_and(|oldest| since(oldest.last) >= self.window_ns) {
            self.generations.pop_front();
        }
    }

    fn insert(&mut self, hash: u64, now: Timestamp) {
        let ended = |youngest: &Generation| match self.ageing {
            _ if youngest.ids >= self.shape.generation => true,
            Ageing::Count => false,
            Ageing::Time { span_ns } => now.as_nanos().saturating_sub(youngest.first.as_nanos()) >= span_ns,
        };
        match self.generations.back() {
            Some(youngest) if !ended(youngest) => {}
            begun => {
                if begun.is_some() {
                    self.filter.shift((self.shape.k + self.shape.l) as usize);
                }
                self.generations.push_back(Generation { ids: 0, first: now, last: now });
                if self.generations.len() > self.shape.l as usize + 1 {
                    self.generations.pop_front();
                }
            }
        }
        self.filter.insert(hash, now);
        let youngest = self.generations.back_mut().expect("one was just begun if there was none");
        youngest.ids += 1;
        youngest.last = now;
    }
}

impl State for Apbf {
    fn judge(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>) {
        self.expire(now);
        for pings in pings.chunks(BATCH) {
            let mut hashes = [0; BATCH];
            let hashes = &mut hashes[..pings.len()];
            pings.iter().zip(&mut *hashes).for_each(|(ping, hash)| *hash = self.hasher.of(ping.key));
            hashes.iter().take(AHEAD).for_each(|hash| self.filter.prefetch(*hash));
            for (at, &hash) in hashes.iter().enumerate() {
                hashes.get(at + AHEAD).into_iter().for_each(|ahead| self.filter.prefetch(*ahead));
                let known = self.filter.contains(hash);
                if !known {
                    self.insert(hash, now);
                }
                verdicts.push(verdict(known));
            }
        }
    }

    fn advance(&mut self, now: Timestamp) {
        self.expire(now);
    }

    fn footprint(&self) -> Footprint {
        let ids = self.generations.iter().map(|generation| generation.ids).sum();
        Footprint { ids, bytes: self.filter.bytes() }
    }
}
