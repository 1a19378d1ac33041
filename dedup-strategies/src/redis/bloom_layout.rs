//! Where the bits of an id stand: which bitmap of a generation, which of its bits, and how large all of that is.

use std::num::NonZeroUsize;
use std::time::Duration;

use super::client::slot::{SLOTS, slot_of};
use crate::contract::{PingKey, Timestamp, saturating_nanos};
use crate::structures::bloom_plan::BloomPlan;
use crate::structures::hash::{KeyHasher, Random, below, mix};
use crate::structures::shards::share_of;

/// Bitmaps of a generation, at least: enough to spread over the primaries of a cluster.
const FEWEST_SHARDS: u64 = 16;

/// Bytes of a bitmap, at most. Redis takes 512 MB; but it clears a new one in one go, in which it answers nobody, and
/// this much takes it some milliseconds.
const LARGEST: u64 = 16 << 20;

/// Beyond this many bitmaps, chance spreads them well enough over the slots of a cluster.
const MOST_PLACED: u64 = 1024;

/// How time is cut, and how large each bitmap is.
///
/// With G generations, time since the epoch is cut into slices of window/G, and an id is written to the generation of the
/// slice in which it was let through. A generation is looked at in its own slice and in G more, so that an id is known for
/// a window at least, and for one slice longer at most.
///
/// Ids are spread by hash over bitmaps, each for its share of the ids of a *whole* window: however they are spread in
/// time, no generation holds more. G + 1 generations are looked at, so each may err with `rate / (G + 1)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    slice_ns: u64,
    pub(super) generations: u64,
    /// Bitmaps of a generation.
    pub(super) shards: u64,
    /// One of them.
    pub(super) bitmap: BloomPlan,
}

/// A plan, and the keys of the bitmaps.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub(super) plan: Plan,
    prefix: String,
    /// What the keys of each bitmap of a generation begin with, after the prefix.
    tags: Vec<String>,
    hasher: KeyHasher,
}

/// An id's bitmap, and the seed of its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) shard: usize,
    bits: u64,
}

impl Plan {
    pub(super) fn new(window: Duration, ids: u64, rate: f64, generations: u64) -> Plan {
        let rate = rate / (generations + 1) as f64;
        let shards = BloomPlan::new(ids, rate).bytes.div_ceil(LARGEST).max(FEWEST_SHARDS);
        let share = share_of(ids, NonZeroUsize::new(shards as usize).unwrap_or(NonZeroUsize::MIN));
        let slice_ns = saturating_nanos(window).div_ceil(generations).max(1);
        Plan { slice_ns, generations, shards, bitmap: BloomPlan::new(share, rate) }
    }

    /// Bytes of all bitmaps that there are at once: G + 1 generations that are looked at, and one that is not gone yet.
    pub(super) fn most_bytes(&self) -> u64 {
        self.shards.saturating_mul(self.generations + 2).saturating_mul(self.bitmap.bytes)
    }

    pub(super) fn slice_of(&self, now: Timestamp) -> u64 {
        now.as_nanos() / self.slice_ns
    }

    /// How long the bitmaps of `slice` are needed from `now` on, in pipeline time: until they are looked at no more, and a
    /// quarter of a slice longer, by which clocks may differ.
    pub(super) fn needed(&self, slice: u64, now: Timestamp) -> Duration {
        let end = (slice + self.generations + 1).saturating_mul(self.slice_ns);
        Duration::from_nanos(end.saturating_sub(now.as_nanos()).saturating_add(self.slice_ns / 4))
    }
}

impl Layout {
    /// Under a prefix. What is planned otherwise, or hashed with another seed, has other keys.
    pub(super) fn new(plan: Plan, prefix: &str, seed: u64) -> Layout {
        let parts =
            [plan.slice_ns, plan.generations, plan.bitmap.bytes, plan.bitmap.hashes.into(), plan.shards];
        let name = parts.iter().fold(mix(seed), |name, part| mix(name ^ part)) as u32;
        Layout {
            plan,
            prefix: prefix.to_string(),
            tags: (0..plan.shards).map(|shard| tag(name, shard, plan.shards)).collect(),
            hasher: KeyHasher::new(seed, 0),
        }
    }

    /// The key of a bitmap. What stands between the braces is the same in every generation: a script finds all of them in
    /// one slot.
    pub(super) fn key(&self, shard: usize, slice: u64) -> Vec<u8> {
        format!("{}{}:{slice:x}", self.prefix, self.tags[shard]).into_bytes()
    }

    /// Whether this is the key of a bitmap of ours.
    pub(super) fn has(&self, key: &[u8]) -> bool {
        let behind = key.strip_prefix(self.prefix.as_bytes());
        behind.is_some_and(|behind| self.tags.iter().any(|tag| behind.starts_with(tag.as_bytes())))
    }

    pub(super) fn place(&self, key: PingKey) -> Place {
        let hash = self.hasher.of(key);
        // The high bits choose the bitmap, all of them the bits in it.
        Place { shard: below(hash, self.plan.shards) as usize, bits: mix(hash) }
    }

    /// Appends the bits of a place, four bytes each, the most significant first.
    pub(super) fn bits(&self, place: Place, into: &mut Vec<u8>) {
        let mut random = Random::new(place.bits, 0);
        for _ in 0..self.plan.bitmap.hashes {
            let bit = random.below(self.plan.bitmap.bytes * 8) as u32;
            into.extend_from_slice(&bit.to_be_bytes());
        }
    }
}

/// `{name:shard.n}`, with the first n whose slot is in the shard's part of all slots: so every primary of a cluster has
/// its share of the bitmaps.
fn tag(name: u32, shard: u64, shards: u64) -> String {
    let tag = |n: u64| format!("{{{name:08x}:{shard:x}.{n:x}}}");
    if shards > MOST_PLACED {
        return tag(0);
    }
    let is_its = |tag: &String| u64::from(slot_of(tag.as_bytes())) * shards / SLOTS as u64 == shard;
    (0..).map(tag).find(is_its).expect("there are tags of every slot")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::keys;

    const HOUR: Duration = Duration::from_secs(3600);

    fn layout(window: Duration, ids: u64, rate: f64, generations: u64, prefix: &str, seed: u64) -> Layout {
        Layout::new(Plan::new(window, ids, rate, generations), prefix, seed)
    }

    #[test]
    fn the_sizes_follow_from_theory_and_no_bitmap_is_too_large() {
        // 1.44 log2((G + 1) / rate) bits an id, and a margin for the unevenness of the spread.
        for (ids, rate, generations) in [(1_000_000, 0.001, 2), (100_000_000, 0.01, 4), (1 << 40, 1e-9, 64)] {
            let plan = Plan::new(HOUR, ids, rate, generations);
            let a_generation = plan.bitmap.bytes as f64 * 8.0 * plan.shards as f64 / ids as f64;
            let theory = std::f64::consts::LOG2_E * ((generations + 1) as f64 / rate).log2();
            assert!((theory..theory * 1.05).contains(&a_generation), "{a_generation} bits, not {theory}");
            // The margin goes beyond what is divided.
            assert!(plan.bitmap.bytes <= LARGEST + LARGEST / 8);
            let sum = plan.bitmap.false_positive_rate(plan.bitmap.ids) * (generations + 1) as f64;
            assert!(sum <= rate, "{sum}");
            assert_eq!(plan.most_bytes(), plan.bitmap.bytes * plan.shards * (generations + 2));
        }
    }

    #[test]
    fn the_bitmaps_are_spread_evenly_over_the_slots_whatever_the_prefix() {
        for prefix in ["", "dedup-harness:1:"] {
            let layout = layout(HOUR, 1000, 0.001, 2, prefix, 7);
            let mut counts = [0; 3];
            for shard in 0..layout.tags.len() {
                let slots: Vec<u16> = (0..5).map(|slice| slot_of(&layout.key(shard, slice))).collect();
                assert!(slots.iter().all(|slot| *slot == slots[0]), "all generations in one slot");
                counts[usize::from(slots[0]) * 3 / SLOTS] += 1;
            }
            assert!(counts.iter().all(|count| (5..=6).contains(count)), "{counts:?}");
        }
    }

    #[test]
    fn what_is_laid_out_otherwise_has_other_keys() {
        let layouts = [
            layout(HOUR, 1000, 0.001, 2, "", 1),
            layout(HOUR, 1000, 0.001, 2, "", 2),
            layout(HOUR * 2, 1000, 0.001, 2, "", 1),
            layout(HOUR, 2000, 0.001, 2, "", 1),
            layout(HOUR, 1000, 0.01, 2, "", 1),
            layout(HOUR, 1000, 0.001, 3, "", 1),
        ];
        let names: std::collections::BTreeSet<Vec<u8>> =
            layouts.iter().map(|layout| layout.key(0, 0)).collect();
        assert_eq!(names.len(), layouts.len());
        assert_eq!(layout(HOUR, 1000, 0.001, 2, "", 1).key(3, 9), layouts[0].key(3, 9));
    }

    #[test]
    fn the_bits_of_an_id_are_spread_over_the_bitmap_and_are_its_own() {
        let layout = layout(HOUR, 100_000, 0.001, 2, "", 1);
        let (mut shards, mut halves) = (vec![0u64; layout.tags.len()], [0u64; 2]);
        for key in keys(3).take(16_000) {
            let place = layout.place(key);
            assert_eq!(place, layout.place(key));
            shards[place.shard] += 1;
            let mut bits = Vec::new();
            layout.bits(place, &mut bits);
            assert_eq!(bits.len(), 4 * layout.plan.bitmap.hashes as usize);
            for bit in bits.chunks_exact(4) {
                let bit = u64::from(u32::from_be_bytes(bit.try_into().unwrap()));
                assert!(bit < layout.plan.bitmap.bytes * 8);
                halves[(bit / (layout.plan.bitmap.bytes * 4)) as usize] += 1;
            }
        }
        assert!(shards.iter().all(|count| (850..1150).contains(count)), "{shards:?}");
        assert!(halves[0].abs_diff(halves[1]) < halves[0] / 50, "{halves:?}");
    }

    proptest! {
        #[test]
        fn a_bitmap_is_there_as_long_as_it_is_looked_at(
            window in 1u64..1_000_000_000_000, generations in 1u64..9, now in 0u64..10_000_000_000_000,
        ) {
            let plan = Plan::new(Duration::from_nanos(window), 10, 0.1, generations);
            let slice = plan.slice_of(Timestamp::from_nanos(now));
            let gone = now + plan.needed(slice, Timestamp::from_nanos(now)).as_nanos() as u64;
            // At the last moment of the window of an id that was written last.
            let last = (slice + 1) * plan.slice_ns - 1 + window - 1;
            prop_assert!(gone > last);
            prop_assert!(plan.slice_of(Timestamp::from_nanos(now + window - 1)) - slice <= generations);
            prop_assert!(plan.slice_of(Timestamp::from_nanos(now + window + plan.slice_ns)) - slice > generations);
        }
    }
}
