//! Keys with a number each: a table that is told ahead which keys it will be asked for.

use dedup_strategies::PingKey;
use dedup_strategies::hardware::{Table, prefetch};
use dedup_strategies::hash::KeyHasher;

/// Slots of an empty table; a power of two, as every length is.
const FEWEST_SLOTS: usize = 1 << 10;

/// Keys with a number each, with open addressing, in 32 to 64 bytes a key, and half as many again while it grows. Slots are in the
/// order of hashes, so that growing goes through memory from one end to the other.
pub(crate) struct KeyTable {
    /// The number and one, so that zero is a free slot, and the halves of the key.
    slots: Table<[u64; 3]>,
    held: usize,
    hasher: KeyHasher,
}

/// A key with its hash.
#[derive(Clone, Copy)]
pub(crate) struct Hashed {
    key: PingKey,
    hash: u64,
}

impl KeyTable {
    pub(crate) fn new() -> Self {
        KeyTable { slots: Table::new(FEWEST_SLOTS), held: 0, hasher: KeyHasher::new(0, 0) }
    }

    /// Says that the table will be asked for `key` before long: its place is on the way to the caches then.
    pub(crate) fn expect(&self, key: PingKey) -> Hashed {
        let hash = self.hasher.of(key);
        prefetch(&self.slots[home(&self.slots, hash)]);
        Hashed { key, hash }
    }

    /// Gives the key the number that `next` makes of its own, or of none; it has to be below the largest.
    pub(crate) fn update(&mut self, Hashed { key, hash }: Hashed, next: impl FnOnce(Option<u64>) -> u64) {
        let slot = find(&mut self.slots, key, hash);
        match slot {
            [0, ..] => {
                let [high, low] = halves(key);
                *slot = [next(None) + 1, high, low];
                self.held += 1;
                if self.held > self.slots.len() / 4 * 3 {
                    self.grow();
                }
            }
            [number, ..] => *number = next(Some(*number - 1)) + 1,
        }
    }

    /// Keys in it.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    fn grow(&mut self) {
        let mut larger = Table::new(self.slots.len() * 2);
        for slot in self.slots.iter().filter(|[number, ..]| *number > 0) {
            let key = key_of(slot);
            *find(&mut larger, key, self.hasher.of(key)) = *slot;
        }
        self.slots = larger;
    }
}

/// The slot of the key, or the free one where it goes.
fn find(slots: &mut [[u64; 3]], key: PingKey, hash: u64) -> &mut [u64; 3] {
    let [high, low] = halves(key);
    let mut at = home(slots, hash);
    while !matches!(slots[at], [0, ..]) && slots[at][1..] != [high, low] {
        at = (at + 1) % slots.len();
    }
    &mut slots[at]
}

fn home(slots: &[[u64; 3]], hash: u64) -> usize {
    (hash >> (64 - slots.len().ilog2())) as usize
}

fn halves(key: PingKey) -> [u64; 2] {
    let bits = key.as_u128();
    [(bits >> 64) as u64, bits as u64]
}

fn key_of([_, high, low]: &[u64; 3]) -> PingKey {
    PingKey::from_u128(u128::from(*high) << 64 | u128::from(*low))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_key_has_its_own_number(keys in prop::collection::vec(0u128..3000, 0..6000)) {
            let (mut table, mut plain) = (KeyTable::new(), HashMap::new());
            for (number, key) in keys.into_iter().enumerate() {
                let hashed = table.expect(PingKey::from_u128(key << 60));
                let mut before = None;
                table.update(hashed, |own| {
                    before = own;
                    number as u64
                });
                prop_assert_eq!(before, plain.insert(key, number as u64));
                prop_assert_eq!(table.len(), plain.len());
            }
        }
    }
}
