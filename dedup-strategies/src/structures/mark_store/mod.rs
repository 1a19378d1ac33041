//! Ids that were delivered, marked on disk: what the strategies `durable` and `bloom-verified` share.
//!
//! A ping is marked when its delivery is settled, never before: a mark that reached the disk before its ping reached
//! the sink would, after a crash between the two, drop the ping when it comes again. Between judgement and settlement
//! the worker's handle holds a lease on the id in memory, and a copy that meets it is
//! [`InFlight`](crate::Verdict::InFlight). If the worker dies its leases die with it, and what was in flight is new when it comes again.

mod disk;
mod failure;
mod negative;
mod store;

#[cfg(test)]
pub(crate) use disk::Disk;
pub(crate) use disk::MEMORY_BUDGET;
pub(crate) use negative::NegativeCache;
pub(crate) use store::{MarkStore, StoreSettings, Sync};

use crate::contract::{SettingDef, SettingDefault, SettingKind};

/// Slices of a window, by which filters are dropped and marks are counted: the oldest may be over for a quarter of a window.
pub(crate) const SLICES: u64 = 4;

pub(crate) const WINDOW: SettingDef = SettingDef {
    name: "window",
    about: "how long an id is remembered after its delivery was settled",
    kind: SettingKind::Time,
    default: SettingDefault::ScenarioWindow,
};

pub(crate) const SYNC: SettingDef = SettingDef {
    name: "sync",
    about: "when marks are forced to the disk: with every batch, every interval, or when the system likes (none)",
    kind: SettingKind::Word(&["batch", "interval", "none"]),
    default: SettingDefault::Text("interval"),
};

pub(crate) const INTERVAL: SettingDef = SettingDef {
    name: "interval",
    about: "with sync=interval, the real time between two; what a loss of power may take with it",
    kind: SettingKind::Time,
    default: SettingDefault::Text("1s"),
};
