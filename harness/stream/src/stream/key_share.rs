//! Which keys of a stream one of several pipelines is for.

use std::num::NonZeroU32;

use dedup_strategies::PingKey;
use serde::{Deserialize, Serialize};

use super::{Event, Id, Source, SourceError, Spelling};

/// One of several shares of a stream's keys. All copies of a ping, and all pings of a key, are in the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyShare {
    index: u32,
    of: NonZeroU32,
}

/// Odd numbers with bits all over: the halves of the golden ratio's and of the square root of 2's digits.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
const STIR: u64 = 0xb504_f333_f9de_6485;

impl KeyShare {
    /// All keys.
    pub const ALL: KeyShare = KeyShare { index: 0, of: NonZeroU32::MIN };

    /// The share with this index, from 0, of so many; none where there are not as many.
    pub fn new(index: u32, of: NonZeroU32) -> Option<KeyShare> {
        (index < of.get()).then_some(KeyShare { index, of })
    }

    /// Which one, from 0.
    pub fn index(self) -> u32 {
        self.index
    }

    /// How many there are.
    pub fn of(self) -> NonZeroU32 {
        self.of
    }

    /// Whether these are all keys.
    pub fn is_all(self) -> bool {
        self.of == NonZeroU32::MIN
    }

    /// Whether it has the key of this number, in a stream that numbers its keys. Number and key determine each other, so that
    /// this is a hash of the key that is there before the key is.
    #[inline]
    pub(super) fn has_number(self, number: u64) -> bool {
        let product = u128::from(number.wrapping_add(STIR)) * u128::from(SPREAD);
        let folded = ((product >> 64) as u64 ^ product as u64).wrapping_mul(STIR);
        self.has_hash(folded)
    }

    /// Whether it has this key. Another hash than the one that picks a worker: each pipeline's workers have equally much to do.
    #[inline]
    fn has_key(self, key: PingKey) -> bool {
        let bits = key.as_u128();
        let product = u128::from(bits as u64 ^ STIR) * u128::from((bits >> 64) as u64 ^ SPREAD);
        self.has_hash(((product >> 64) as u64 ^ product as u64).wrapping_mul(SPREAD))
    }

    /// The high half of a product spreads a hash evenly over the shares, without a division.
    #[inline]
    fn has_hash(self, hash: u64) -> bool {
        (u128::from(hash) * u128::from(self.of.get())) >> 64 == u128::from(self.index)
    }
}

/// What a source has for one share. It is read, and its ids are taken in, as a whole: only what follows is less.
pub(crate) struct OfShare {
    all: Box<dyn Source>,
    share: KeyShare,
    read: Vec<Event>,
}

impl OfShare {
    pub(crate) fn of(all: Box<dyn Source>, share: KeyShare) -> OfShare {
        OfShare { all, share, read: Vec::new() }
    }

    /// What has no usable id is the first one's.
    fn has(&self, event: &Event) -> bool {
        match event.id {
            Id::Key(key) => self.share.has_key(key),
            Id::Missing | Id::Invalid(_) => self.share.index == 0,
        }
    }
}

impl Source for OfShare {
    fn causes(&self) -> &[String] {
        self.all.causes()
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        let before = events.len();
        while events.len() == before {
            let mut read = std::mem::take(&mut self.read);
            read.clear();
            let filled = self.all.fill(limit, &mut read);
            events.extend(read.iter().filter(|event| self.has(event)));
            let is_end = read.is_empty();
            self.read = read;
            filled?;
            if is_end {
                break;
            }
        }
        Ok(())
    }

    fn spelling(&self, event: &Event) -> Spelling {
        self.all.spelling(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(of: u32) -> Vec<KeyShare> {
        let of = NonZeroU32::new(of).unwrap();
        (0..of.get()).map(|index| KeyShare::new(index, of).unwrap()).collect()
    }

    #[test]
    fn every_number_and_every_key_is_in_exactly_one_share_and_shares_are_even() {
        for of in [1, 2, 3, 8, 64] {
            let shares = shares(of);
            let mut counts = vec![[0u32; 2]; of as usize];
            for number in 0..64_000u64 {
                let key = PingKey::from_u128(u128::from(number) << 64 | u128::from(number * 7));
                for (which, has) in [
                    (0, &(|share: KeyShare| share.has_number(number)) as &dyn Fn(KeyShare) -> bool),
                    (1, &|share: KeyShare| share.has_key(key)),
                ] {
                    let holders: Vec<_> = shares.iter().filter(|share| has(**share)).collect();
                    assert_eq!(holders.len(), 1);
                    counts[holders[0].index as usize][which] += 1;
                }
            }
            let mean = f64::from(64_000 / of);
            let even = |count: u32| (f64::from(count) - mean).abs() < 6.0 * mean.sqrt();
            assert!(counts.iter().flatten().all(|count| even(*count)), "{of}: {counts:?}");
        }
    }

    #[test]
    fn there_is_no_share_beyond_the_last() {
        assert_eq!(KeyShare::new(3, NonZeroU32::new(3).unwrap()), None);
        assert_eq!(KeyShare::new(0, NonZeroU32::MIN), Some(KeyShare::ALL));
    }
}
