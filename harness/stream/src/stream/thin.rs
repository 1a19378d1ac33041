//! One key in so many of a stream, with all its copies, without what is lost on its way: what is left keeps its times, its windows
//! and its truth.

use std::collections::BTreeMap;

use dedup_strategies::PingKey;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::event::{CauseId, Event, Id};
use super::keys::KeyCipher;
use crate::clients::Clients;

/// Of no strategy: whoever hashes keys as well must not see a part of its table alone.
const SEED: u64 = 0x7468_696e;

/// Leaves one key in so many. Pings that share a key stay or go together; who has none goes by its number.
#[derive(Debug)]
pub(super) struct Thin {
    one_in: u64,
    keys: KeyCipher,
    /// Whose pings may be lost.
    clients: Option<Clients>,
    /// The new numbers of unique pings of which copies may still come.
    numbers: BTreeMap<u64, u64>,
    uniques: u64,
}

impl Thin {
    pub(super) fn new(one_in: u64, keys: KeyCipher, clients: Option<Clients>) -> Thin {
        Thin { one_in, keys, clients, numbers: BTreeMap::new(), uniques: 0 }
    }

    /// Takes away from `events`, from `from` on, what is not left, and numbers the rest without a gap.
    pub(super) fn retain(&mut self, events: &mut Vec<Event>, from: usize) {
        let mut kept = from;
        for index in from..events.len() {
            let mut event = events[index];
            if self.is_left(&event) {
                event.origin.unique = self.number(&event);
                events[kept] = event;
                kept += 1;
            }
        }
        events.truncate(kept);
    }

    fn is_left(&self, event: &Event) -> bool {
        let key = match event.id {
            Id::Key(key) => key,
            Id::Missing | Id::Invalid(_) => self.keys.key(event.origin.unique),
        };
        let arrives = |clients: &Clients| !clients.is_lost(event.id.key(), event.origin.first_at);
        hash(key).is_multiple_of(self.one_in) && self.clients.as_ref().is_none_or(arrives)
    }

    fn number(&mut self, event: &Event) -> u64 {
        let origin = &event.origin;
        let number = match origin.cause {
            CauseId::FIRST => {
                self.uniques += 1;
                self.uniques - 1
            }
            _ => self.numbers.get(&origin.unique).copied().expect("its first came before it, and was left"),
        };
        match origin.more_to_come {
            true => self.numbers.insert(origin.unique, number),
            false => self.numbers.remove(&origin.unique),
        };
        number
    }
}

fn hash(key: PingKey) -> u64 {
    xxh3_64_with_seed(&key.as_u128().to_le_bytes(), SEED)
}
