//! What the strategies whose state is a [`WindowSet`] for each worker share: all but their promise.

use std::time::Duration;

use crate::contract::{
    Bound, BuildError, Context, Estimate, Footprint, Forgets, Ping, Promise, Prospect, Routing, SettingDef,
    SettingDefault, SettingKind, Settings, Strategy, Timestamp, Verdict, Window,
};
use crate::strategies::common::by_key::{ByKey, State, verdict};
use crate::structures::shards::share_of;
use crate::structures::window_set::{SLICES, Slot, WindowSet};

/// How its sets forget.
pub(crate) const FORGETS: Forgets = Forgets::InSlices { a_window: SLICES };

pub(crate) const SETTINGS: &[SettingDef] = &[
    SettingDef {
        name: "window",
        about: "how long an id is remembered after the copy that was let through, and up to a 32nd longer",
        kind: SettingKind::Time,
        default: SettingDefault::ScenarioWindow,
    },
    SettingDef {
        name: "ids",
        about: "ids in a window that the table is made for; it grows beyond them by itself, a little slower meanwhile",
        kind: SettingKind::Count(1 << 40),
        default: SettingDefault::IdsInWindow,
    },
];

/// What a strategy promises beyond never to miss a copy in its window.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) lost: Bound,
    pub(crate) capacity: Option<u64>,
}

/// The memory of all workers' sets.
pub(crate) fn estimate<S: Slot>(settings: &Settings, context: &Context) -> Estimate {
    let ids = settings.count("ids");
    let bytes = WindowSet::<S>::bytes_for(share_of(ids, context.workers));
    Estimate {
        setting: "ids",
        what: format!("a table for {ids} ids"),
        bytes: bytes.saturating_mul(context.workers.get() as u64),
    }
}

/// What it comes to with this claim.
pub(crate) fn prospect<S: Slot>(
    claim: impl Fn(u64) -> Claim,
    settings: &Settings,
    context: &Context,
) -> Prospect {
    let promise = promise(settings.time("window"), claim(settings.count("ids")));
    Prospect::in_process(promise, Routing::ByKey, estimate::<S>(settings, context).bytes)
}

fn promise(window: Duration, claim: Claim) -> Promise {
    Promise { lost: claim.lost, capacity: claim.capacity, ..Promise::remembering(Window::Since(window)) }
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
    context.admit(name, estimate::<S>(settings, context))?;
    Ok(ByKey::build(promise(window, claim(ids)), context, |_| {
        WindowSet::<S>::new(window, share, context.seed)
    }))
}

impl<S: Slot> State for WindowSet<S> {
    fn judge(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>) {
        verdicts.reserve(pings.len());
        let keys = pings.iter().map(|ping| ping.key);
        self.insert_batch(keys, now, |fresh| verdicts.push(verdict(!fresh)));
    }

    fn advance(&mut self, now: Timestamp) {
        WindowSet::advance(self, now);
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.len(), bytes: self.bytes() }
    }
}
