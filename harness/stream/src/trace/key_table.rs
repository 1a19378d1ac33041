//! Keys with a number each, of which it is enough to know later what became of them.
//!
//! A table of millions of keys is larger than a processor's caches and its list of page addresses, and each key that is
//! looked up as it comes waits for both. So keys are dealt into parts by their hash, behind each other as they come, and
//! a part is gone through only when it is full: then it fits into a cache, together with a small table that serves all parts in
//! turn. Memory is taken as it is filled, and what a part has it keeps, so that no page is cleared twice.

use dedup_strategies::PingKey;
use dedup_strategies::hash::KeyHasher;

/// Parts, a power of two: of ten million keys each is half a megabyte.
const PARTS: usize = 1 << 9;
/// Keys for which a part has room at first.
const FEWEST: usize = 1 << 6;

/// Keys with their latest numbers, in 24 to 48 bytes a key.
pub(crate) struct KeyTable {
    parts: Vec<Part>,
    hasher: KeyHasher,
    /// Where the keys of the part are that is gone through: one more than their places in it, or zero.
    places: Vec<u32>,
    held: usize,
}

/// Keys each of which is there once, and behind them those that have come since.
struct Part {
    entries: Vec<Entry>,
    distinct: usize,
    room: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    key: [u64; 2],
    number: u64,
}

impl KeyTable {
    pub(crate) fn new() -> Self {
        let empty = || Part { entries: Vec::new(), distinct: 0, room: FEWEST };
        KeyTable {
            parts: (0..PARTS).map(|_| empty()).collect(),
            hasher: KeyHasher::new(0, 0),
            places: Vec::new(),
            held: 0,
        }
    }

    /// Gives the key a number. Sooner or later `given` is told each key's number before, if it had one, and this one; of one key
    /// in their order, of several in any.
    pub(crate) fn give(&mut self, key: PingKey, number: u64, given: impl FnMut(Option<u64>, u64)) {
        let at = (self.hasher.of(key) >> (64 - PARTS.ilog2())) as usize;
        let part = &mut self.parts[at];
        if part.entries.len() == part.entries.capacity() {
            self.make_room(at, given);
        }
        let bits = key.as_u128();
        let entry = Entry { key: [(bits >> 64) as u64, bits as u64], number };
        self.parts[at].entries.push(entry);
    }

    /// Tells all that was not told yet.
    pub(crate) fn settle(&mut self, mut given: impl FnMut(Option<u64>, u64)) {
        for at in 0..PARTS {
            self.settle_part(at, &mut given);
        }
    }

    /// Keys that were told of.
    pub(crate) fn len(&self) -> usize {
        self.held
    }

    #[cold]
    fn make_room(&mut self, at: usize, mut given: impl FnMut(Option<u64>, u64)) {
        self.settle_part(at, &mut given);
        let part = &mut self.parts[at];
        // At least half is free afterwards, so that a key is passed three times at most for each that comes.
        if part.distinct > part.room / 2 {
            part.room *= 2;
        }
        part.entries.reserve_exact(part.room - part.distinct);
    }

    fn settle_part(&mut self, at: usize, given: &mut impl FnMut(Option<u64>, u64)) {
        let Part { entries, distinct, .. } = &mut self.parts[at];
        let before = *distinct;
        if entries.len() == before {
            return;
        }
        self.places.clear();
        self.places.resize((entries.len() * 2).next_power_of_two(), 0);
        for (place, entry) in entries[..before].iter().enumerate() {
            let home = home(&self.hasher, entry.key, &self.places);
            *free(&mut self.places, home) = place as u32 + 1;
        }
        for index in before..entries.len() {
            let entry = entries[index];
            let home = home(&self.hasher, entry.key, &self.places);
            match find(&mut self.places, home, entry.key, entries) {
                Found::Free(place) => {
                    *place = *distinct as u32 + 1;
                    entries[*distinct] = entry;
                    *distinct += 1;
                    given(None, entry.number);
                }
                Found::At(place) => {
                    let number = std::mem::replace(&mut entries[place].number, entry.number);
                    given(Some(number), entry.number);
                }
            }
        }
        entries.truncate(*distinct);
        self.held += *distinct - before;
    }
}

/// Where a key belongs: by the other end of its hash than that which says the part.
fn home(hasher: &KeyHasher, [high, low]: [u64; 2], places: &[u32]) -> usize {
    let key = PingKey::from_u128(u128::from(high) << 64 | u128::from(low));
    hasher.of(key) as usize & (places.len() - 1)
}

/// The first free place from `home` on.
fn free(places: &mut [u32], mut home: usize) -> &mut u32 {
    while places[home] != 0 {
        home = (home + 1) & (places.len() - 1);
    }
    &mut places[home]
}

enum Found<'a> {
    Free(&'a mut u32),
    At(usize),
}

/// The place of a key, or the free one where it goes.
fn find<'a>(places: &'a mut [u32], mut home: usize, key: [u64; 2], entries: &[Entry]) -> Found<'a> {
    loop {
        match places[home] {
            0 => return Found::Free(&mut places[home]),
            place if entries[place as usize - 1].key == key => return Found::At(place as usize - 1),
            _ => home = (home + 1) & (places.len() - 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn every_key_is_told_its_numbers_in_their_order(
            keys in prop::collection::vec(0u128..30_000, 0..60_000),
            settled in 0usize..60_000,
        ) {
            let (mut table, mut told) = (KeyTable::new(), Vec::new());
            let mut plain: HashMap<u128, u64> = HashMap::new();
            let mut expected = Vec::new();
            for (number, key) in keys.into_iter().enumerate() {
                let number = number as u64;
                table.give(PingKey::from_u128(key << 60), number, |before, now| told.push((before, now)));
                expected.push((plain.insert(key, number), number));
                if number as usize == settled {
                    table.settle(|before, now| told.push((before, now)));
                    prop_assert_eq!(table.len(), plain.len());
                }
            }
            table.settle(|before, now| told.push((before, now)));
            prop_assert_eq!(table.len(), plain.len());
            told.sort_by_key(|(_, now)| *now);
            prop_assert_eq!(told, expected);
        }
    }

    #[test]
    fn memory_stays_within_what_distinct_keys_need_however_often_they_come() {
        let mut table = KeyTable::new();
        for number in 0..2_000_000u64 {
            table.give(PingKey::from_u128(u128::from(number % 100_000)), number, |_, _| ());
        }
        let room: usize = table.parts.iter().map(|part| part.entries.capacity()).sum();
        assert!(room <= 600_000, "{room}");
    }
}
