//! A stand-in for fjall: a map, each call of which is one step.

use std::collections::BTreeMap;
use std::sync::Arc;

use fjall::PersistMode;

use crate::contract::{PingKey, Timestamp};
use crate::structures::mark_store::Disk;
use crate::sync::Mutex;

/// Marks, and whether each would survive a loss of power. Clones share them.
#[derive(Clone, Default)]
pub(super) struct StandIn(Arc<Mutex<BTreeMap<PingKey, Mark>>>);

struct Mark {
    at: Timestamp,
    on_disk: bool,
}

impl StandIn {
    /// Whether `key` would be known after a loss of power.
    pub(super) fn survives(&self, key: PingKey) -> bool {
        self.0.lock().get(&key).is_some_and(|mark| mark.on_disk)
    }
}

fn reaches_the_disk(mode: PersistMode) -> bool {
    matches!(mode, PersistMode::SyncData | PersistMode::SyncAll)
}

impl Disk for StandIn {
    fn marked_at(&self, key: PingKey) -> fjall::Result<Option<Timestamp>> {
        Ok(self.0.lock().get(&key).map(|mark| mark.at))
    }

    fn for_each(&self, each: &mut dyn FnMut(PingKey, Timestamp)) -> fjall::Result<()> {
        self.0.lock().iter().for_each(|(key, mark)| each(*key, mark.at));
        Ok(())
    }

    fn mark(&self, keys: &[PingKey], at: Timestamp, durability: Option<PersistMode>) -> fjall::Result<()> {
        let on_disk = durability.is_some_and(reaches_the_disk);
        let mut marks = self.0.lock();
        marks.extend(keys.iter().map(|key| (*key, Mark { at, on_disk })));
        Ok(())
    }

    fn persist(&self, mode: PersistMode) -> fjall::Result<()> {
        if reaches_the_disk(mode) {
            self.0.lock().values_mut().for_each(|mark| mark.on_disk = true);
        }
        Ok(())
    }

    fn bytes(&self) -> u64 {
        0
    }
}
