//! What the strategies have in common whose filter forgets at random: settings, promise, and the worker around it.

use crate::contract::{
    Bound, BuildError, Context, Definition, Estimate, Footprint, Ping, Promise, Prospect, Routing,
    SettingDef, SettingDefault, SettingKind, Settings, Strategy, Timestamp, Verdict, Window,
};
use crate::strategies::common::by_key::{ByKey, State, verdict};
use crate::structures::hash::KeyHasher;

/// A filter that is written to as it is asked.
pub(crate) trait DecayingFilter: Send + 'static {
    /// Whether the key with this hash is new to the filter, which knows it afterwards.
    fn is_new(&mut self, hash: u64) -> bool;

    /// Asks for what [`is_new`](DecayingFilter::is_new) will read.
    fn prefetch(&self, hash: u64);

    /// Bytes allocated.
    fn bytes(&self) -> u64;
}

/// Their settings.
pub(crate) const SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "window",
        about: "the time in which no more than so many ids arrive; nothing is forgotten by time alone",
        kind: SettingKind::Time,
        default: SettingDefault::ScenarioWindow,
    },
    SettingDef {
        name: "ids",
        about: "distinct ids in any one window: so many later, a duplicate is missed with the share given",
        kind: SettingKind::Count(1 << 40),
        default: SettingDefault::IdsInWindow,
    },
    SettingDef {
        name: "rate",
        about: "largest share of uniques that may be lost, once the filter has become as full as it gets",
        kind: SettingKind::Share,
        default: SettingDefault::Text("0.001"),
    },
    SettingDef {
        name: "missed",
        about: "largest share of duplicates at the window's edge that may be missed; half of it costs twice the memory",
        kind: SettingKind::Share,
        default: SettingDefault::Text("0.1"),
    },
];

/// The memory of a filter a worker, which takes `bytes`; `parts` says what they are.
pub(crate) fn estimate(parts: &str, bytes: u64, settings: &Settings, context: &Context) -> Estimate {
    Estimate {
        setting: "ids",
        what: format!("{parts} for {} ids in a window", settings.count("ids")),
        bytes: bytes.saturating_mul(context.workers.get() as u64),
    }
}

/// A filter a worker, made by `make` with a seed of its own, if there is the memory of `estimate`.
pub(crate) fn build<F: DecayingFilter>(
    definition: &Definition,
    (settings, context): (&Settings, &Context),
    estimate: Estimate,
    mut make: impl FnMut(u64) -> F,
) -> Result<Box<dyn Strategy>, BuildError> {
    let (ids, workers) = (settings.count("ids"), context.workers.get() as u64);
    context.admit(definition.name, estimate)?;
    Ok(ByKey::build(promise(settings), context, |worker| Decaying {
        filter: make(context.seed ^ worker),
        hasher: KeyHasher::new(context.seed, worker),
        ids: 0,
        most_ids: ids / workers,
    }))
}

/// What one comes to whose memory is that of `estimate`.
pub(crate) fn prospect(settings: &Settings, estimate: Estimate) -> Prospect {
    Prospect::in_process(promise(settings), Routing::ByKey, estimate.bytes)
}

/// What they promise: bounds on both errors, at the window's edge and once they are full.
fn promise(settings: &Settings) -> Promise {
    Promise {
        missed: Bound::AtMost(settings.share("missed")),
        lost: Bound::AtMost(settings.share("rate")),
        capacity: Some(settings.count("ids")),
        ..Promise::remembering(Window::Since(settings.time("window")))
    }
}

/// Pings whose cells are fetched at once.
const BATCH: usize = 16;

struct Decaying<F> {
    filter: F,
    hasher: KeyHasher,
    ids: u64,
    most_ids: u64,
}

impl<F: DecayingFilter> State for Decaying<F> {
    fn judge(&mut self, pings: &[Ping], _now: Timestamp, verdicts: &mut Vec<Verdict>) {
        for pings in pings.chunks(BATCH) {
            let mut hashes = [0; BATCH];
            pings.iter().zip(&mut hashes).for_each(|(ping, hash)| *hash = self.hasher.of(ping.key));
            let hashes = &hashes[..pings.len()];
            hashes.iter().for_each(|hash| self.filter.prefetch(*hash));
            for hash in hashes {
                let new = self.filter.is_new(*hash);
                self.ids = (self.ids + u64::from(new)).min(self.most_ids);
                verdicts.push(verdict(!new));
            }
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.ids, bytes: self.filter.bytes() }
    }
}
