//! The patterns of all clients, four bytes each.

use super::{DAYS, MASK, Pattern, TooManyDays};
use crate::clients::ClientSet;

/// Clients that are shifted at once: the bits of a byte.
const AT_ONCE: usize = 8;

const BITS: [u32; AT_ONCE] = [1, 2, 4, 8, 16, 32, 64, 128];

/// A pattern of each client, by number: 100 million clients take 400 MB.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patterns {
    bits: Vec<u32>,
}

/// A column holds something that is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("client {client}: {source}")]
pub struct PatternsError {
    /// Which client's.
    pub client: usize,
    /// What it is.
    pub source: TooManyDays,
}

impl Patterns {
    /// Of clients that have not been seen.
    pub fn unseen(clients: u32) -> Patterns {
        Patterns { bits: vec![0; clients as usize] }
    }

    /// Of a column of whole numbers.
    pub fn of(bits: Vec<u32>) -> Result<Patterns, PatternsError> {
        let wrong =
            bits.iter().enumerate().find_map(|(client, bits)| Some((client, Pattern::new(*bits).err()?)));
        match wrong {
            None => Ok(Patterns { bits }),
            Some((client, source)) => Err(PatternsError { client, source }),
        }
    }

    /// How many clients there are.
    pub fn clients(&self) -> u32 {
        self.bits.len() as u32
    }

    /// That of a client.
    pub fn of_client(&self, client: u32) -> Pattern {
        Pattern(self.bits.get(client as usize).copied().unwrap_or(0))
    }

    /// Shifts all by a day, and sets the bit of those who are active on it.
    pub fn next_day(&mut self, active: &ClientSet) {
        let mut words = self.bits.chunks_mut(64).enumerate();
        words.by_ref().for_each(|(at, patterns)| shift(patterns, active.word(at)));
    }

    /// How many clients were active on one of the last `days` days.
    pub fn active_in_last(&self, days: u32) -> u64 {
        let window = if days >= DAYS { MASK } else { (1 << days) - 1 };
        self.bits.iter().map(|bits| u64::from(bits & window != 0)).sum()
    }

    /// Clients that were seen, with their patterns.
    pub fn seen(&self) -> impl Iterator<Item = (u32, Pattern)> {
        let seen = self.bits.iter().enumerate().filter(|(_, bits)| **bits != 0);
        seen.map(|(client, bits)| (client as u32, Pattern(*bits)))
    }
}

/// Up to 64 patterns. Eight at a time: a byte against the eight bits is a comparison of whole vectors, which a shift by a
/// different number of places for each is not on every processor.
fn shift(patterns: &mut [u32], word: u64) {
    let bytes = word.to_le_bytes();
    let mut eights = patterns.chunks_exact_mut(AT_ONCE);
    let mut used = 0;
    for (eight, byte) in eights.by_ref().zip(bytes) {
        for (pattern, bit) in eight.iter_mut().zip(BITS) {
            *pattern = (*pattern << 1 & MASK) | u32::from(u32::from(byte) & bit != 0);
        }
        used += 1;
    }
    let last = bytes.get(used).copied().unwrap_or(0);
    for (pattern, bit) in eights.into_remainder().iter_mut().zip(BITS) {
        *pattern = (*pattern << 1 & MASK) | u32::from(u32::from(last) & bit != 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_column_is_shifted_as_each_of_its_patterns_is(
            bits in prop::collection::vec(0u32..1 << 28, 1..400),
            active in prop::collection::vec(any::<bool>(), 400),
        ) {
            let clients = bits.len() as u32;
            let mut set = ClientSet::default();
            (0..clients).filter(|client| active[*client as usize]).for_each(|client| set.insert(client, clients));
            let mut column = Patterns::of(bits.clone()).unwrap();
            column.next_day(&set);
            for (client, bits) in bits.iter().enumerate() {
                prop_assert_eq!(column.of_client(client as u32), Pattern(*bits).next_day(active[client]));
            }
            for days in 0..30 {
                let one_by_one = (0..clients).filter(|client| column.of_client(*client).active_in_last(days)).count();
                prop_assert_eq!(column.active_in_last(days), one_by_one as u64);
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused_with_its_client() {
        let refused = Patterns::of(vec![1, 2, u32::MAX]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "client 2: 4294967295 is no pattern of 28 days: allowed are 0 to 268435455"
        );
    }
}
