//! Ids on disk, in an embedded log-structured store: what was delivered is known after a restart too.

use super::common::mark_after_delivery::{self, Marked};
use crate::contract::{Definition, Needs, Operation, Role};
use crate::structures::mark_store::{INTERVAL, MarkStore, SYNC, StoreSettings, Sync, WINDOW};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "durable",
    about: "delivered ids in an embedded store on disk (fjall): survives a kill, loses nothing under faults",
    role: Role::Candidate,
    settings: &[WINDOW, SYNC, INTERVAL],
    needs: Needs::Nothing,
    operation: Operation::ON_DISK,
    forgets: |_, _| mark_after_delivery::FORGETS,
    estimate: None,
    prospect: Some(|settings, context| {
        mark_after_delivery::prospect(settings.time("window"), context.sizing.ids_in_window, 0)
    }),
    build: &|settings, context| {
        let of_store = StoreSettings { window: settings.time("window"), sync: Sync::of(settings) };
        let store = MarkStore::open(DEFINITION.name, of_store, context)?;
        Ok(Box::new(Marked::bare(store, context.seed)))
    },
};

/// Bytes on disk for `ids` ids in a window. There is no error to bound.
///
/// An id takes its 16 bytes, 8 for its time, 8 for the store's sequence number, and about 6 for framing, index and the
/// store's own filters; a quarter of a window's ids more wait to be dropped, and half as many again are there twice
/// while files are merged. The log comes on top of that: 64 MiB at least, 512 MiB at most.
pub fn disk_bytes_for(ids: u64) -> u64 {
    const AN_ID: u64 = 38;
    (ids.saturating_mul(AN_ID) / 4).saturating_mul(7).saturating_add(64 << 20)
}
