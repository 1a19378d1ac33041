//! Compares copies with their first in all other fields.

use dedup_strategies::PingKey;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

use super::delivery;
use crate::trace::fields::Fields;
use crate::trace::id::is_below;

/// Digests of fields that are kept, of all keys together: 8 bytes each.
const MOST_DIGESTS: usize = 1 << 21;
/// Names of fields that are told apart.
const MOST_NAMES: usize = 1 << 10;
const OTHERS: &str = "other fields";

/// Compares copies with their first by digests of their fields. Where these are more than memory should hold, keys are
/// sampled by their hash: all copies of a key are compared, or none.
pub(super) struct Copies {
    names: Names,
    firsts: HashMap<PingKey, Box<[FieldDigest]>, FixedState>,
    /// Keys are sampled whose hash begins with so many zeros.
    zeros: u32,
    held: usize,
    most: usize,
    scratch: Vec<FieldDigest>,
    /// Copies that were compared.
    pub(super) compared: u64,
    /// Those that differ from their first in a field in which deliveries of one ping do not differ.
    pub(super) differing: u64,
    /// How many differ in each field.
    by_name: Vec<u64>,
}

type FieldDigest = (u16, u32);

impl Copies {
    pub(super) fn new(key: &[String], of_delivery: Vec<String>) -> Self {
        let key_is_of_delivery = key.iter().any(|field| delivery::is_transport(field));
        Copies {
            names: Names { key: key.to_vec(), key_is_of_delivery, of_delivery, ..Names::default() },
            firsts: HashMap::default(),
            zeros: 0,
            held: 0,
            most: MOST_DIGESTS,
            scratch: Vec::new(),
            compared: 0,
            differing: 0,
            by_name: Vec::new(),
        }
    }

    /// Looks at a ping.
    pub(super) fn see(&mut self, key: PingKey, fields: &dyn Fields) {
        if !is_sampled(key, self.zeros) {
            return;
        }
        let (scratch, names) = (&mut self.scratch, &mut self.names);
        scratch.clear();
        fields.each(&mut |path, value| {
            // Copies agree in their key, however it is spelled.
            if !names.key.iter().any(|field| field == path) {
                scratch.push((names.number(path), value as u32));
            }
        });
        scratch.sort_unstable();
        match self.firsts.get(&key) {
            Some(first) => {
                self.by_name.resize(self.names.all.len(), 0);
                self.compared += 1;
                let mut differs = false;
                for name in differences(first, &self.scratch) {
                    self.by_name[usize::from(name)] += 1;
                    differs |= !self.names.all[usize::from(name)].1;
                }
                self.differing += u64::from(differs);
            }
            None => {
                self.held += self.scratch.len() + 1;
                self.firsts.insert(key, self.scratch.as_slice().into());
                self.thin_out();
            }
        }
    }

    /// The fields in which copies differ that deliveries of one ping do not differ in, or else those, the most frequent
    /// first.
    pub(super) fn telling(&self) -> Vec<(&str, u64)> {
        let of = |is_of_delivery: bool| {
            let names = self.names.all.iter().zip(&self.by_name);
            let mut told: Vec<_> = names
                .filter(|((_, of_delivery), count)| *of_delivery == is_of_delivery && **count > 0)
                .map(|((name, _), count)| (name.as_str(), *count))
                .collect();
            told.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            told
        };
        if self.differing > 0 { of(false) } else { of(true) }
    }

    fn thin_out(&mut self) {
        while self.held > self.most && self.zeros < 64 {
            self.zeros += 1;
            let zeros = self.zeros;
            self.firsts.retain(|key, _| is_sampled(*key, zeros));
            self.held = self.firsts.values().map(|digests| digests.len() + 1).sum();
        }
    }
}

fn is_sampled(key: PingKey, zeros: u32) -> bool {
    zeros == 0 || xxh3_64(&key.0).leading_zeros() >= zeros
}

/// The names at which two sorted lists differ, each once.
fn differences(one: &[FieldDigest], other: &[FieldDigest]) -> Vec<u16> {
    let missing = |from: &[FieldDigest], digest: &&FieldDigest| from.binary_search(digest).is_err();
    let left = one.iter().filter(|digest| missing(other, digest));
    let right = other.iter().filter(|digest| missing(one, digest));
    let mut names: Vec<u16> = left.chain(right).map(|(name, _)| *name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The names of fields in the order in which they were met, and whether deliveries of one ping differ in them.
#[derive(Default)]
struct Names {
    all: Vec<(String, bool)>,
    numbers: HashMap<String, u16, FixedState>,
    key: Vec<String>,
    key_is_of_delivery: bool,
    of_delivery: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> u16 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let name = if self.all.len() < MOST_NAMES { name } else { OTHERS };
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.all.len() as u16;
        let of_delivery = self.of_delivery.iter().any(|field| is_below(name, field))
            || delivery::is_time(name)
            || delivery::is_transport(name) && !self.key_is_of_delivery;
        self.all.push((name.to_string(), of_delivery));
        self.numbers.insert(name.to_string(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::fields::of_text;
    use proptest::prelude::*;

    struct Plain(Vec<(String, u8)>);

    impl Fields for Plain {
        fn each(&self, visit: &mut dyn FnMut(&str, u128)) {
            self.0.iter().for_each(|(name, value)| visit(name, of_text(&value.to_string())));
        }
    }

    fn record() -> impl Strategy<Value = (u8, Vec<(String, u8)>)> {
        (0u8..8, prop::collection::btree_map("[x-z]", 0u8..3, 0..3))
            .prop_map(|(key, fields)| (key, fields.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn copies_differ_exactly_where_a_field_does(records in prop::collection::vec(record(), 0..60)) {
            let mut copies = Copies::new(&[], Vec::new());
            let mut firsts = std::collections::HashMap::new();
            let (mut compared, mut differing) = (0, 0);
            for (key, fields) in records {
                copies.see(PingKey::from_u128(key.into()), &Plain(fields.clone()));
                if let Some(first) = firsts.get(&key) {
                    compared += 1;
                    differing += u64::from(first != &fields);
                } else {
                    firsts.insert(key, fields);
                }
            }
            prop_assert_eq!((copies.compared, copies.differing), (compared, differing));
            prop_assert_eq!(copies.telling().is_empty(), differing == 0);
        }

        #[test]
        fn a_sample_stays_within_its_bound_and_compares_all_copies_of_a_key(keys in prop::collection::vec(0u32..500, 0..2000)) {
            let mut copies = Copies { most: 100, ..Copies::new(&[], Vec::new()) };
            for key in &keys {
                copies.see(PingKey::from_u128((*key).into()), &Plain(vec![("x".into(), 1)]));
                prop_assert!(copies.held <= 100);
            }
            for key in copies.firsts.keys() {
                prop_assert!(is_sampled(*key, copies.zeros));
            }
            prop_assert!(copies.compared <= keys.len() as u64);
            prop_assert_eq!(copies.differing, 0);
        }
    }
}
