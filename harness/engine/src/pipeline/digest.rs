//! A digest of every decision in order: equal runs have equal digests.

use dedup_strategies::{DeliveryId, Verdict};
use xxhash_rust::xxh3::Xxh3;

/// Decisions are gathered before they are hashed: a batch may be a single ping.
const GATHER: usize = 4096;

#[derive(Default)]
pub(super) struct Digest {
    hasher: Xxh3,
    gathered: Vec<u8>,
}

impl Digest {
    pub(super) fn verdicts(&mut self, verdicts: &[Verdict]) {
        self.gathered.extend(verdicts.iter().map(|verdict| *verdict as u8));
        self.hash_if_full();
    }

    #[inline]
    pub(super) fn verdict(&mut self, verdict: Verdict) {
        self.gathered.push(verdict as u8);
        self.hash_if_full();
    }

    pub(super) fn released(&mut self, delivery: DeliveryId) {
        self.gathered.extend(delivery.0.to_le_bytes());
        self.hash_if_full();
    }

    pub(super) fn hex(&mut self) -> String {
        self.hasher.update(&self.gathered);
        self.gathered.clear();
        format!("{:016x}", self.hasher.digest())
    }

    fn hash_if_full(&mut self) {
        if self.gathered.len() >= GATHER {
            self.hasher.update(&self.gathered);
            self.gathered.clear();
        }
    }
}
