//! Whether copies by the key of a known format have different ids here: then the ids are finer than the pings.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::trace::fields::Fields;
use crate::trace::formats::{Fit, Recognised};
use crate::trace::key::IdFields;

/// So many keys are held at most, which takes 2 MB.
const MOST_KEYS: usize = 1 << 15;

/// Follows the key of a known format beside the ids, on a sample of the keys.
pub(super) struct Rival {
    key: Vec<String>,
    /// The hash of the id that each key first came with.
    firsts: HashMap<u64, u32, FixedState>,
    /// Keys are sampled whose digest begins with so many zeros.
    zeros: u32,
    /// Records whose key came before, and those of them that have another id than the first of them had.
    pub(super) copies: u64,
    pub(super) apart: u64,
}

impl Rival {
    /// None where ids of `id` cannot be finer than the key, or where the key is none to hold against another.
    pub(super) fn of(known: &Recognised, id: &IdFields) -> Option<Rival> {
        let is_finer = match known.fit(id) {
            Fit::Less => false,
            Fit::Whole => id.named().len() > known.key.len(),
            Fit::Other => true,
        };
        let firsts = HashMap::default();
        (is_finer && !known.is_makeshift()).then(|| Rival {
            key: known.key.clone(),
            firsts,
            zeros: 0,
            copies: 0,
            apart: 0,
        })
    }

    /// Looks at a record whose id has this hash.
    pub(super) fn see(&mut self, hash: u64, fields: &dyn Fields) {
        let Some(digest) = self.digest(fields).filter(|digest| digest.leading_zeros() >= self.zeros) else {
            return;
        };
        let id = hash as u32;
        match self.firsts.get(&digest) {
            Some(first) => {
                self.copies += 1;
                self.apart += u64::from(*first != id);
            }
            None => {
                self.firsts.insert(digest, id);
                self.thin_out();
            }
        }
    }

    /// Digest of the key, in whatever order its parts come; none of a record that lacks one of them.
    fn digest(&self, fields: &dyn Fields) -> Option<u64> {
        let (mut digest, mut met) = (0u64, 0);
        fields.each(&mut |path, value| {
            if let Some(part) = self.key.iter().position(|part| part == path) {
                digest = digest.wrapping_add(xxh3_64_with_seed(&value.to_le_bytes(), part as u64));
                met += 1;
            }
        });
        (met == self.key.len()).then_some(digest)
    }

    fn thin_out(&mut self) {
        while self.firsts.len() > MOST_KEYS {
            self.zeros += 1;
            let zeros = self.zeros;
            self.firsts.retain(|digest, _| digest.leading_zeros() >= zeros);
        }
    }
}
