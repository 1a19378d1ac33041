//! Bytes of a server that an id takes: with these, `ids in the window -> bytes` is one multiplication and the tables.
//!
//! Measured on Debian's Redis 7.0.15 (64 bits, jemalloc) as `used_memory`, with a time to live on every key and no
//! prefix.

use std::time::Duration;

use super::bloom_layout::Plan;

/// What an id takes beside its share of the two tables of pointers, one of keys and one of times of expiry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerId {
    /// Key, value and both entries, in bytes.
    pub bytes: u64,
}

/// `redis-mozilla`: an empty value.
pub const MOZILLA: PerId = PerId { bytes: 128 };
/// `redis-claim`: an empty value; 16 bytes more with `owner=delivery`.
pub const CLAIM: PerId = PerId { bytes: 128 };
/// `redis-lease`, once delivered: the number 1, which Redis keeps once for all keys.
pub const LEASE: PerId = PerId { bytes: 96 };

/// Bytes of a pointer in a table.
const POINTER: u64 = 8;

impl PerId {
    /// Bytes that a server needs for `ids` in the window. Its tables have a power of two of places, at least as many as
    /// there are ids; while one grows, the old one, half as large, is there too.
    pub fn bytes_for(self, ids: u64) -> u64 {
        let places = ids.max(4).checked_next_power_of_two().unwrap_or(1 << 63);
        ids.saturating_mul(self.bytes).saturating_add(places.saturating_mul(2 * POINTER))
    }
}

/// What a key of a bitmap takes beside its bits: its name, three entries, and the allocator's rounding of small things.
const A_BITMAP: u64 = 200;

/// Bytes that a server needs for `redis-bloom`: G + 2 generations of bitmaps for the ids of a window each. The allocator
/// takes up to a fifth more, as it has sizes of its own for large pieces.
pub fn bloom_bytes_for(ids: u64, rate: f64, generations: u64) -> u64 {
    let plan = Plan::new(Duration::from_secs(1), ids, rate, generations);
    plan.most_bytes().saturating_add(plan.shards.saturating_mul(generations + 2).saturating_mul(A_BITMAP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_for_ten_minutes_at_mozillas_peak_takes_a_fifteenth_of_what_its_ids_do() {
        let ids = 16_000 * 600;
        let bits_an_id = bloom_bytes_for(ids, 0.001, 2) as f64 * 8.0 / ids as f64;
        // Four generations of 1.44 log2(3 / 0.001) bits.
        assert!((66.0..69.0).contains(&bits_an_id), "{bits_an_id}");
        assert!(MOZILLA.bytes_for(ids) / bloom_bytes_for(ids, 0.001, 2) >= 17);
        assert!(bloom_bytes_for(u64::MAX >> 8, 1e-9, 64) > 1 << 60);
    }

    #[test]
    fn a_full_day_at_mozillas_peak_takes_some_two_hundred_gigabytes() {
        let ids = 16_000 * 86_400;
        let gigabytes = MOZILLA.bytes_for(ids) / 1_000_000_000;
        assert!((190..250).contains(&gigabytes), "{gigabytes}");
        assert!(LEASE.bytes_for(ids) < MOZILLA.bytes_for(ids));
        assert_eq!(CLAIM.bytes_for(u64::MAX), u64::MAX);
    }
}
