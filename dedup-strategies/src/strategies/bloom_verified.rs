//! Filters in memory as a negative cache before ids on disk: a false positive costs a look-up and no ping.

use super::common::mark_after_delivery::{self, Marked};
use crate::contract::{
    BuildError, Context, Definition, Estimate, Footprint, Needs, Operation, Promise, Role, Routing,
    SettingDef, SettingDefault, SettingKind, Settings, Strategy, Unavailable, Worker,
};
use crate::structures::bloom::BloomPlan;
use crate::structures::mark_store::{
    INTERVAL, MarkStore, NegativeCache, SLICES, SYNC, StoreSettings, Sync, WINDOW,
};
use crate::structures::shards::share_of;

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "bloom-verified",
    about: "Bloom filters rule out look-ups in an embedded store on disk: a false positive costs a read, and no ping",
    role: Role::Candidate,
    settings: &[
        WINDOW,
        SettingDef {
            name: "ids",
            about: "ids in a window that the filters are sized for; beyond them more look-ups are in vain",
            kind: SettingKind::Count(1 << 40),
            default: SettingDefault::IdsInWindow,
        },
        SettingDef {
            name: "rate",
            about: "share of new ids that may be looked up in vain; a tenth of it costs 4.8 more bits an id",
            kind: SettingKind::Share,
            default: SettingDefault::Text("0.01"),
        },
        SYNC,
        INTERVAL,
    ],
    needs: Needs::Nothing,
    operation: Operation::ON_DISK,
    forgets: |_, _| mark_after_delivery::FORGETS,
    estimate: Some(estimate),
    prospect: Some(|settings, context| {
        let (ids, filters) = (settings.count("ids"), estimate(settings, context).bytes);
        mark_after_delivery::prospect(settings.time("window"), ids, filters)
    }),
    build: &|settings, context| Ok(Box::new(BloomVerified::build(settings, context)?)),
};

fn estimate(settings: &Settings, context: &Context) -> Estimate {
    let ids = settings.count("ids");
    let bytes = bytes_for(share_of(ids, context.workers), settings.share("rate"));
    Estimate {
        setting: "ids",
        what: format!("filters for {ids} ids"),
        bytes: bytes.saturating_mul(context.workers.get() as u64),
    }
}

/// The strategy; public because it counts its look-ups.
pub struct BloomVerified(Marked);

impl BloomVerified {
    /// Builds it from the settings of [`DEFINITION`], and fills its filters from what an earlier instance left.
    pub fn build(settings: &Settings, context: &Context) -> Result<Self, BuildError> {
        let (ids, rate) = (settings.count("ids"), settings.share("rate"));
        let share = share_of(ids, context.workers);
        context.admit(DEFINITION.name, estimate(settings, context))?;
        let of_store = StoreSettings { window: settings.time("window"), sync: Sync::of(settings) };
        let store = MarkStore::open(DEFINITION.name, of_store, context)?;
        let filter = |worker| NegativeCache::new(ids_in_slice(share), in_slice(rate), context.seed, worker);
        Marked::behind_filters(store, context.seed, context.workers, filter)
            .map(BloomVerified)
            .map_err(|error| BuildError::Io(std::io::Error::other(error)))
    }

    /// Ids looked up in the store so far: copies, and those in vain.
    pub fn lookups(&self) -> u64 {
        self.0.lookups()
    }
}

impl Strategy for BloomVerified {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        self.0.worker(index)
    }

    fn routing(&self) -> Routing {
        self.0.routing()
    }

    fn promise(&self) -> Promise {
        self.0.promise()
    }

    fn footprint(&self) -> Footprint {
        self.0.footprint()
    }
}

/// Bytes of filters in memory for `ids` ids in a window on one worker, of which at most the share `rate` is looked up in
/// vain. On disk they take what [`durable`](crate::strategies::durable::disk_bytes_for) takes.
///
/// Every slice has a filter, and one slice more than make a window is alive. An id is tried with all, so each is sized for
/// its part of the rate.
pub fn bytes_for(ids: u64, rate: f64) -> u64 {
    BloomPlan::new(ids_in_slice(ids), in_slice(rate)).bytes.saturating_mul(SLICES + 1)
}

fn ids_in_slice(ids: u64) -> u64 {
    ids.div_ceil(SLICES)
}

fn in_slice(rate: f64) -> f64 {
    rate / (SLICES + 1) as f64
}
