//! Sets of clients: a bit each.

/// Which clients were there; a bit each, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientSet {
    /// Without words as long as nobody is in it.
    words: Vec<u64>,
}

impl ClientSet {
    /// Puts a client into it, of so many that there are.
    ///
    /// # Panics
    ///
    /// Where there are not so many.
    pub fn insert(&mut self, client: u32, clients: u32) {
        assert!(client < clients, "client {client} of {clients}");
        if self.words.is_empty() {
            self.words = vec![0; (clients as usize).div_ceil(64)];
        }
        self.words[client as usize / 64] |= 1 << (client % 64);
    }

    /// Whether a client is in it.
    pub fn has(&self, client: u32) -> bool {
        self.word(client as usize / 64) >> (client % 64) & 1 == 1
    }

    /// 64 clients at once, the lowest bit the first of them.
    pub fn word(&self, at: usize) -> u64 {
        self.words.get(at).copied().unwrap_or(0)
    }

    /// How many words there are: none where nobody is in it.
    pub fn words(&self) -> usize {
        self.words.len()
    }

    /// How many clients are in it.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// How many are in it and not in the other.
    pub fn without(&self, other: &ClientSet) -> u64 {
        let lacking = |(at, word): (usize, &u64)| u64::from((word & !other.word(at)).count_ones());
        self.words.iter().enumerate().map(lacking).sum()
    }

    /// Puts all of another into it.
    pub fn unite(&mut self, other: &ClientSet) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }

    /// Those in it, in their order.
    pub fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(at as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_set(one in prop::collection::btree_set(0u32..300, 0..60), other in prop::collection::btree_set(0u32..300, 0..60)) {
            let of = |clients: &BTreeSet<u32>| {
                let mut set = ClientSet::default();
                clients.iter().for_each(|client| set.insert(*client, 300));
                set
            };
            let (mut a, b) = (of(&one), of(&other));
            prop_assert_eq!(a.iter().collect::<BTreeSet<_>>(), one.clone());
            prop_assert_eq!(a.without(&b), one.difference(&other).count() as u64);
            a.unite(&b);
            prop_assert_eq!(a.count(), one.union(&other).count() as u64);
            prop_assert!((0..300).all(|client| a.has(client) == (one.contains(&client) || other.contains(&client))));
        }
    }
}
