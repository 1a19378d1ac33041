//! What rows with one id are compared by.

use std::fmt::Debug;

use super::spill::word;

/// What rows with one id are compared by, before their places in the day's files.
pub(crate) trait Rank: Copy + Debug + Ord + Send {
    /// Bytes of one on disk.
    const BYTES: usize;
    /// Of a row's time in microseconds and its version.
    fn of(time_us: i64, version: Option<i128>) -> Self;
    /// The time.
    fn time_us(self) -> i64;
    /// Puts it into so many bytes.
    fn put(self, to: &mut [u8]);
    /// What was put there.
    fn read(bytes: &[u8]) -> Self;
}

/// The time alone.
impl Rank for i64 {
    const BYTES: usize = 8;

    fn of(time_us: i64, _: Option<i128>) -> i64 {
        time_us
    }

    fn time_us(self) -> i64 {
        self
    }

    fn put(self, to: &mut [u8]) {
        to.copy_from_slice(&self.to_le_bytes());
    }

    fn read(bytes: &[u8]) -> i64 {
        word(bytes, 0) as i64
    }
}

/// The version, and of equal ones the time. A row without a version comes before all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version {
    /// The halves of a number that has the order of versions. Zero is no version: the least number of 128 bits is beyond
    /// the 38 digits that a decimal may have.
    version: [u64; 2],
    time_us: i64,
}

impl Rank for Version {
    const BYTES: usize = 24;

    fn of(time_us: i64, version: Option<i128>) -> Version {
        let ordered = version.map_or(0, |version| version as u128 ^ 1 << 127);
        Version { version: [(ordered >> 64) as u64, ordered as u64], time_us }
    }

    fn time_us(self) -> i64 {
        self.time_us
    }

    fn put(self, to: &mut [u8]) {
        let words = [self.version[0], self.version[1], self.time_us as u64];
        for (part, word) in to.chunks_exact_mut(8).zip(words) {
            part.copy_from_slice(&word.to_le_bytes());
        }
    }

    fn read(bytes: &[u8]) -> Version {
        Version { version: [word(bytes, 0), word(bytes, 1)], time_us: word(bytes, 2) as i64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn versions_have_the_order_of_their_numbers_and_then_of_their_times(
            one in (any::<Option<i128>>(), any::<i64>()),
            other in (any::<Option<i128>>(), any::<i64>()),
        ) {
            let of = |(version, time)| Version::of(time, version);
            prop_assert_eq!(of(one).cmp(&of(other)), one.cmp(&other));
        }
    }
}
