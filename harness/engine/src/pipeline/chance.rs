//! Chance that is the same in every run.

use dedup_strategies::{DeliveryId, PingKey};

/// The worker, of `workers`, to which a delivery goes where it may go to any. Drawn from the key, which the stream's seed
/// has a part in, and from the delivery, which is another one each time that a ping comes.
#[inline]
pub(crate) fn any_worker(key: PingKey, delivery: DeliveryId, workers: usize) -> usize {
    let key = key.as_u128();
    let salt = (key as u64) ^ ((key >> 64) as u64);
    ((drawn(delivery, salt) * workers as f64) as usize).min(workers - 1)
}

/// A number in 0..1 for a delivery and whatever else is drawn for, from the finaliser of SplitMix64 (Steele, Lea and
/// Flood, 2014).
pub(super) fn drawn(delivery: DeliveryId, salt: u64) -> f64 {
    let z = delivery.0.wrapping_add(salt.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
