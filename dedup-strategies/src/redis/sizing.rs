//! Bytes of a server that an id takes: with these, `ids in the window -> bytes` is one multiplication and the tables.
//!
//! Measured on Debian's Redis 7.0.15 (64 bits, jemalloc) as `used_memory`, with a time to live on every key and no
//! prefix.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_day_at_mozillas_peak_takes_some_two_hundred_gigabytes() {
        let ids = 16_000 * 86_400;
        let gigabytes = MOZILLA.bytes_for(ids) / 1_000_000_000;
        assert!((190..250).contains(&gigabytes), "{gigabytes}");
        assert!(LEASE.bytes_for(ids) < MOZILLA.bytes_for(ids));
        assert_eq!(CLAIM.bytes_for(u64::MAX), u64::MAX);
    }
}
