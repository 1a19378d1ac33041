//! Compares copies with their first in all other fields.

use std::ops::Range;

use dedup_strategies::PingKey;
use foldhash::fast::FixedState;
use hashbrown::HashMap;

use super::names::{Kind, Names};
use crate::trace::fields::Fields;

/// Memory for all that is kept of firsts, in bytes.
const MOST_BYTES: u64 = 40 << 20;
/// That of a digest, and of a key in a table that is just being made larger.
const DIGEST_BYTES: u64 = 12;
const KEY_BYTES: u64 = 86;

/// Compares copies with their first by digests of their fields. Where these are more than memory should hold, keys are
/// sampled by their hash: all copies of a key are compared, or none.
pub(super) struct Copies {
    names: Names,
    /// Where the digests of each first are.
    firsts: HashMap<PingKey, Range<u32>, FixedState>,
    digests: Vec<FieldDigest>,
    /// Keys are sampled whose hash begins with so many zeros.
    zeros: u32,
    most_bytes: u64,
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
    /// Fields of `of_delivery` are such as deliveries of one ping differ in; `kind` says what names are.
    pub(super) fn new(key: &[String], of_delivery: Vec<String>, kind: Kind) -> Self {
        Copies {
            names: Names::new(key, of_delivery, kind),
            firsts: HashMap::default(),
            digests: Vec::new(),
            zeros: 0,
            most_bytes: MOST_BYTES,
            scratch: Vec::new(),
            compared: 0,
            differing: 0,
            by_name: Vec::new(),
        }
    }

    /// Takes no more than so many bytes, if that is less than usual.
    pub(super) fn bound(&mut self, bytes: u64) {
        self.most_bytes = self.most_bytes.min(bytes);
        self.thin_out();
    }

    /// Looks at a ping whose key has this hash.
    pub(super) fn see(&mut self, key: PingKey, hash: u64, fields: &dyn Fields) {
        if !is_sampled(hash, self.zeros) {
            return;
        }
        let (scratch, names) = (&mut self.scratch, &mut self.names);
        scratch.clear();
        names.begin();
        let mut position = 0;
        fields.each(&mut |path, value| {
            // Copies agree in their key, however it is spelled.
            if let Some(name) = names.number(position, path) {
                scratch.push((name, value as u32));
            }
            position += 1;
        });
        scratch.sort_unstable();
        match self.firsts.get(&key) {
            Some(first) => {
                let first = &self.digests[first.start as usize..first.end as usize];
                self.compared += 1;
                if first != self.scratch {
                    let differing = differences(first, &self.scratch);
                    self.note(&differing);
                }
            }
            None => {
                let start = self.digests.len() as u32;
                self.digests.extend_from_slice(&self.scratch);
                self.firsts.insert(key, start..self.digests.len() as u32);
                self.thin_out();
            }
        }
    }

    fn note(&mut self, differing: &[u16]) {
        self.by_name.resize(self.names.len(), 0);
        differing.iter().for_each(|name| self.by_name[usize::from(*name)] += 1);
        let is_telling = |name: &u16| !self.names.is_of_delivery(*name);
        self.differing += u64::from(differing.iter().any(is_telling));
    }

    /// The fields in which copies differ that deliveries of one ping do not differ in, or else those, the most frequent
    /// first.
    pub(super) fn telling(&self) -> Vec<(&str, u64)> {
        let of = |is_of_delivery: bool| {
            let names = self.by_name.iter().enumerate().map(|(number, count)| (number as u16, *count));
            let mut told: Vec<_> = names
                .filter(|(name, count)| self.names.is_of_delivery(*name) == is_of_delivery && *count > 0)
                .map(|(name, count)| (self.names.text(name), count))
                .collect();
            told.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            told
        };
        if self.differing > 0 { of(false) } else { of(true) }
    }

    /// How many copies differ from their first in this field.
    pub(super) fn differing_in(&self, field: &str) -> u64 {
        let number = self.names.find(field).map(usize::from);
        number.and_then(|number| self.by_name.get(number)).copied().unwrap_or(0)
    }

    /// From which part on the name of a field is data, by how many records have it.
    pub(super) fn depth_of_data(&self, field: &str) -> Option<usize> {
        self.names.depth_of_data(field)
    }

    fn thin_out(&mut self) {
        while self.bytes() > self.most_bytes && self.zeros < 64 {
            self.zeros += 1;
            let zeros = self.zeros;
            // A table that others are taken out of keeps their places marked, and grows when these run out.
            let staying = self.firsts.iter().filter(|(key, _)| is_sampled(super::hash(**key), zeros));
            let mut staying: Vec<_> = staying.map(|(key, first)| (first.clone(), *key)).collect();
            self.firsts.clear();
            staying.sort_unstable_by_key(|(first, _)| first.start);
            let mut end = 0;
            for (first, key) in staying {
                let start = end;
                end += first.len();
                self.digests.copy_within(first.start as usize..first.end as usize, start);
                self.firsts.insert(key, start as u32..end as u32);
            }
            self.digests.truncate(end);
        }
    }

    fn bytes(&self) -> u64 {
        self.digests.len() as u64 * DIGEST_BYTES + self.firsts.len() as u64 * KEY_BYTES
    }
}

fn is_sampled(hash: u64, zeros: u32) -> bool {
    hash.leading_zeros() >= zeros
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

#[cfg(test)]
mod tests {
    use super::super::hash;
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
            let mut copies = Copies::new(&[], Vec::new(), Kind::Keys);
            let mut firsts = std::collections::HashMap::new();
            let (mut compared, mut differing) = (0, 0);
            for (key, fields) in records {
                let ping = PingKey::from_u128(key.into());
                copies.see(ping, hash(ping), &Plain(fields.clone()));
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
            let mut copies = Copies::new(&[], Vec::new(), Kind::Keys);
            copies.bound(4000);
            for key in &keys {
                let key = PingKey::from_u128((*key).into());
                copies.see(key, hash(key), &Plain(vec![("x".into(), 1)]));
                prop_assert!(copies.bytes() <= 4000);
            }
            for key in copies.firsts.keys() {
                prop_assert!(is_sampled(hash(*key), copies.zeros));
            }
            prop_assert!(copies.compared <= keys.len() as u64);
            prop_assert_eq!(copies.differing, 0);
        }
    }
}
