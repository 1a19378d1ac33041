//! A digest of every decision in order: equal runs have equal digests.

use dedup_strategies::{DeliveryId, Verdict};
use xxhash_rust::xxh3::Xxh3;

#[derive(Default)]
pub(super) struct Digest {
    hasher: Xxh3,
    bytes: Vec<u8>,
}

impl Digest {
    pub(super) fn verdicts(&mut self, verdicts: &[Verdict]) {
        self.bytes.clear();
        self.bytes.extend(verdicts.iter().map(|verdict| *verdict as u8));
        self.hasher.update(&self.bytes);
    }

    pub(super) fn released(&mut self, delivery: DeliveryId) {
        self.hasher.update(&delivery.0.to_le_bytes());
    }

    pub(super) fn hex(&self) -> String {
        format!("{:016x}", self.hasher.digest())
    }
}
