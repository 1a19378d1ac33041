//! How much room a table has, and what it comes to in bytes.

use super::{Slot, WindowSet};
use crate::structures::hardware::CACHE_LINE;

/// How full a table is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Room {
    /// Three slots in four are taken: least memory.
    #[default]
    Little,
    /// Three in five: a third more memory, and full buckets are rare.
    Ample,
}

impl Room {
    /// The share of slots, in hundredths, that a table is made for, with keys that are remembered in them.
    pub(super) const fn full(self) -> u64 {
        match self {
            Room::Little => 70,
            Room::Ample => 55,
        }
    }

    /// The share from which on it is made larger.
    pub(super) const fn too_full(self) -> u64 {
        match self {
            Room::Little => 80,
            Room::Ample => 63,
        }
    }

    /// Slots for `ids` keys.
    pub(super) fn slots_for(self, ids: u64) -> usize {
        usize::try_from(u128::from(ids) * 100 / u128::from(self.full())).unwrap_or(usize::MAX / 2)
    }
}

impl<S: Slot> WindowSet<S> {
    /// Bytes that a set with places for `ids` keys comes to.
    pub fn bytes_for(ids: u64) -> u64 {
        let slot = size_of::<S>() as u64;
        let slots = u64::try_from(Room::Little.slots_for(ids))
            .unwrap_or(u64::MAX)
            .max((1 << 13) * CACHE_LINE as u64 / slot);
        // What is added by rounding to whole chunks, by the lines that chunks begin on, and by what is after the last home.
        slots.saturating_mul(slot).saturating_add(slots * slot / 32).saturating_add(1 << 14)
    }

    /// Bytes that a set made for few keys comes to when it has grown to `ids`: halfway between when it grew and when it is to
    /// grow again.
    pub fn bytes_grown_to(ids: u64, room: Room) -> u64 {
        let slots = ids as f64 * 2.0 * 100.0 / (room.full() + room.too_full()) as f64;
        WindowSet::<S>::bytes_for(0).max((slots * size_of::<S>() as f64) as u64)
    }
}
