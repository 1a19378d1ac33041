//! Ids on disk, in an embedded log-structured store: what was delivered is known after a restart too.

pub use super::common::mark_after_delivery::disk_bytes_for;

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
