//! What the strategies whose state is a [`CompactSet`] for each worker share: all but their promise.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::{CompactSet, Slot};
use crate::contract::{Footprint, Ping, Routing, Strategy, Unavailable, Verdict, Worker};
use crate::definition::{BuildError, Context};
use crate::promise::{Bound, Memory, Promise, UnderFaults, Window};
use crate::settings::{Default, Kind, SettingDef, Settings};
use crate::shards::{Shards, share_of};
use crate::time::Timestamp;

pub(crate) const SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "window",
        about: "how long an id is remembered after the copy that was let through, and up to a 32nd longer",
        kind: Kind::Time,
        default: Default::ScenarioWindow,
    },
    SettingDef {
        name: "ids",
        about: "ids in a window that the table is made for; it grows beyond them by itself, a little slower meanwhile",
        kind: Kind::Count(1 << 40),
        default: Default::IdsInWindow,
    },
];

/// What a strategy promises beyond never to miss a copy in its window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) lost: Bound,
    pub(crate) capacity: Option<u64>,
}

/// Builds the strategy called `name` with [`SETTINGS`].
pub(crate) fn build<S: Slot>(
    name: &'static str,
    claim: impl Fn(u64) -> Claim,
    settings: &Settings,
    context: &Context,
) -> Result<Box<dyn Strategy>, BuildError> {
    let (window, ids) = (settings.time("window"), settings.count("ids"));
    let share = share_of(ids, context.workers);
    let bytes = CompactSet::<S>::bytes_for(share).saturating_mul(context.workers.get() as u64);
    context.admit(name, "ids", format!("a table for {ids} ids"), bytes)?;
    let shards = Shards::new(context.workers, || CompactSet::<S>::new(window, share, context.seed));
    Ok(Box::new(Compact { window, claim: claim(ids), shards }))
}

struct Compact<S> {
    window: Duration,
    claim: Claim,
    shards: Shards<CompactSet<S>>,
}

impl<S: Slot> Strategy for Compact<S> {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(CompactWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        Promise {
            window: Window::Since(self.window),
            missed: Bound::Never,
            lost: self.claim.lost,
            capacity: self.claim.capacity,
            memory: Memory::Bounded,
            under_faults: UnderFaults::UNBOUNDED,
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.shards.sum(CompactSet::len), bytes: self.shards.sum(CompactSet::bytes) }
    }
}

struct CompactWorker<S>(Arc<Mutex<CompactSet<S>>>);

impl<S: Slot> Worker for CompactWorker<S> {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        verdicts.reserve(pings.len());
        self.0.lock().insert_batch(pings.iter().map(|ping| ping.key), now, |fresh| {
            verdicts.push(if fresh { Verdict::New } else { Verdict::Duplicate });
        });
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.0.lock().advance(now);
        Ok(())
    }
}
