use std::collections::HashMap;

use proptest::prelude::*;

use super::ages::SLICES;
use super::*;
use crate::testing::keys;

const WINDOW: Duration = Duration::from_secs(3200);

/// What the set says that it does: a key is there until the 32nd slice after its own has ended.
#[derive(Default)]
struct Model {
    slices: HashMap<PingKey, u64>,
}

impl Model {
    fn slice(now: Timestamp) -> u64 {
        now.as_nanos() / (WINDOW.as_nanos() as u64 / SLICES)
    }

    fn contains(&self, key: PingKey, now: Timestamp) -> bool {
        self.slices.get(&key).is_some_and(|slice| Model::slice(now) - slice <= SLICES)
    }

    fn insert(&mut self, key: PingKey, now: Timestamp) -> bool {
        let fresh = !self.contains(key, now);
        if fresh {
            self.slices.insert(key, Model::slice(now));
        }
        fresh
    }

    fn insert_since(&mut self, key: PingKey, since: Timestamp, now: Timestamp) {
        if !self.refresh(key, since, now) {
            self.slices.insert(key, Model::slice(since));
        }
    }

    fn refresh(&mut self, key: PingKey, since: Timestamp, now: Timestamp) -> bool {
        let there = self.contains(key, now);
        if there {
            self.slices.entry(key).and_modify(|slice| *slice = Model::slice(since).max(*slice));
        }
        there
    }

    fn since(&self, from: Timestamp) -> impl Iterator<Item = PingKey> {
        self.slices.iter().filter(move |(_, slice)| **slice >= Model::slice(from)).map(|(key, _)| *key)
    }

    fn len(&self, now: Timestamp) -> u64 {
        self.slices.values().filter(|slice| Model::slice(now) - **slice <= SLICES).count() as u64
    }
}

/// Inserts `steps` of (keys, share of them that were used before, time before them in thousandths of a window) and
/// compares every answer with the model's.
fn agrees_with_the_model<S: Slot>(ids: u64, seed: u64, steps: &[(usize, usize, u64)]) {
    let (mut set, mut model) = (WindowSet::<S>::new(WINDOW, ids, seed), Model::default());
    let mut now = Timestamp::from_secs(1_700_000_000);
    let mut fresh_keys = keys(seed);
    let mut used: Vec<PingKey> = Vec::new();
    for (step, (count, again, wait)) in steps.iter().enumerate() {
        now = now.plus(WINDOW / 1000 * *wait as u32);
        let batch: Vec<PingKey> = (0..*count)
            .map(|at| match used.len() {
                0 => fresh_keys.next().unwrap(),
                _ if at % 100 < *again => used[(at * 7919 + step * 104_729) % used.len()],
                _ => fresh_keys.next().unwrap(),
            })
            .collect();
        used.extend(&batch);
        let mut answers = Vec::new();
        set.insert_batch(batch.iter().copied(), now, |fresh| answers.push(fresh));
        let expected: Vec<bool> = batch.iter().map(|key| model.insert(*key, now)).collect();
        assert_eq!(answers, expected, "step {step}");
        assert_eq!(set.len(), model.len(now), "step {step}");
    }
    let found: Vec<bool> = used.iter().map(|key| model.contains(*key, now)).collect();
    let mut answers = Vec::new();
    set.contains_batch(used, |there| answers.push(there));
    assert_eq!(answers, found);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_answer_is_the_models(
        seed: u64,
        ids in 0u64..60_000,
        steps in prop::collection::vec((0usize..9000, 0usize..100, prop_oneof![0u64..20, 0u64..90, 0u64..1200]), 1..40),
    ) {
        agrees_with_the_model::<u128>(ids, seed, &steps);
        agrees_with_the_model::<u64>(ids, seed, &steps);
    }
}

/// One of the calls that give a key a time of its own: how many keys, and how far back they count, in hundredths of a window.
#[derive(Clone, Debug)]
enum Since {
    Insert(usize, u32),
    Refresh(usize, u32),
    Wait(u32),
}

fn since() -> impl Strategy<Value = Since> {
    prop_oneof![
        4 => (1usize..3000, 0u32..120).prop_map(|(count, back)| Since::Insert(count, back)),
        4 => (1usize..3000, 0u32..120).prop_map(|(count, back)| Since::Refresh(count, back)),
        2 => (1u32..40).prop_map(Since::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn keys_with_a_time_of_their_own_are_forgotten_by_it_and_a_later_one_counts(
        ids in 0u64..60_000,
        steps in prop::collection::vec(since(), 1..60),
    ) {
        let (mut set, mut model) = (ExactSet::new(WINDOW, ids, 1), Model::default());
        let pool: Vec<PingKey> = keys(3).take(70_000).collect();
        let mut now = Timestamp::from_secs(1_700_000_000);
        set.advance(now);
        for (step, since) in steps.into_iter().enumerate() {
            let picked = |count: usize| (0..count).map(|at| pool[(at * 7919 + step * 104_729) % pool.len()]);
            match since {
                Since::Wait(hundredths) => {
                    now = now.plus(WINDOW / 100 * hundredths);
                    set.advance(now);
                }
                Since::Insert(count, back) => {
                    let since = now.minus(WINDOW / 100 * back);
                    let keys: Vec<_> = picked(count).map(|key| (key, since)).collect();
                    set.insert_since(keys.iter().copied());
                    keys.iter().for_each(|(key, _)| model.insert_since(*key, since, now));
                }
                Since::Refresh(count, back) => {
                    let since = now.minus(WINDOW / 100 * back);
                    for key in picked(count) {
                        prop_assert_eq!(set.refresh(key, since), model.refresh(key, since, now));
                    }
                }
            }
            prop_assert_eq!(set.len(), model.len(now), "step {}", step);
        }
        prop_assert!(pool.iter().all(|key| set.contains(*key) == model.contains(*key, now)));
        let from = now.minus(WINDOW / 3);
        let mut hashes: Vec<u64> = set.hashes_since(from).collect();
        let mut expected: Vec<u64> = model.since(from).map(|key| set.hash(key)).collect();
        hashes.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(hashes, expected);
    }
}

#[test]
fn it_grows_and_shrinks_and_forgets_nothing_on_the_way() {
    // From the smallest table up to 300,000 keys, a few windows at that, and down again.
    let up = (0..150).map(|_| (2000, 10, 5));
    let level = (0..400).map(|_| (2000, 10, 10));
    let down = (0..400).map(|_| (50, 10, 10));
    agrees_with_the_model::<u128>(0, 1, &up.chain(level).chain(down).collect::<Vec<_>>());
}

/// Inserts `per_step` new keys a hundredth of a window, for `steps` of them, and gives the most bytes for each key that
/// is remembered, once there are `from` keys.
fn most_bytes_an_id<S: Slot>(set: &mut WindowSet<S>, steps: u32, per_step: usize, from: u64) -> f64 {
    let mut fresh = keys(5);
    let mut most: f64 = 0.0;
    for step in 0..steps {
        let now = Timestamp::from_secs(1_700_000_000).plus(WINDOW / 100 * step);
        set.insert_batch(fresh.by_ref().take(per_step), now, |fresh| assert!(fresh));
        if set.len() >= from {
            most = most.max(set.bytes() as f64 / set.len() as f64);
        }
    }
    most
}

#[test]
fn an_id_takes_24_bytes_at_most_while_the_table_grows_and_when_it_is_full() {
    let mut set = ExactSet::new(WINDOW, 0, 1);
    let most = most_bytes_an_id(&mut set, 500, 8000, 200_000);
    assert!(most <= 24.0, "{most} bytes an id");
    let mut set = FingerprintSet::new(WINDOW, 0, 1);
    let most = most_bytes_an_id(&mut set, 500, 8000, 200_000);
    assert!(most <= 12.0, "{most} bytes an id");
}

#[test]
fn a_set_made_for_its_load_never_moves() {
    let mut set = ExactSet::new(WINDOW, 800_000, 1);
    let slots = set.layout.slots();
    most_bytes_an_id(&mut set, 400, 8000, 800_000);
    assert_eq!((set.layout.slots(), set.next.is_none()), (slots, true));
    assert!(set.bytes() <= ExactSet::bytes_for(800_000), "{} bytes", set.bytes());
}

#[test]
fn a_move_begins_at_its_own_pace_however_much_of_the_slice_has_passed() {
    let mut set = ExactSet::new(WINDOW, 0, 1);
    let mut fresh = keys(7);
    // Late in a slice, in which nothing was to do before.
    let mut now = Timestamp::from_nanos(set.ages.slice_ns() * 1_000_000 - set.ages.slice_ns() / 10);
    while set.next.is_none() {
        set.insert(fresh.next().unwrap(), now);
    }
    let before = set.cursor;
    now = now.plus(Duration::from_nanos(set.ages.slice_ns() / 1000));
    set.advance(now);
    let visited = set.cursor - before;
    assert!(visited <= set.layout.buckets() / 8 / 1000 + 2, "{visited} of {} buckets", set.layout.buckets());
}

#[test]
fn no_small_table_is_made_twice_as_large_for_a_few_that_found_no_slot_within_reach() {
    // In the smallest tables the reach is short. Ids that are all over the hashes never come to its end for good.
    for seed in 0..6 {
        let mut set = ExactSet::new(WINDOW, 30_000 + 2000 * seed, seed);
        let slots = set.layout.slots();
        let mut fresh = keys(seed);
        for step in 0..300 {
            let now = Timestamp::from_secs(1_700_000_000).plus(WINDOW / 100 * step);
            set.insert_batch(fresh.by_ref().take(300 + 20 * seed as usize), now, |fresh| assert!(fresh));
        }
        assert_eq!(set.layout.slots(), slots, "seed {seed}");
    }
}

#[test]
fn few_keys_of_a_full_window_stand_beyond_their_two_buckets() {
    // What a ping of a full window costs hangs on it: with one bucket a key it was two in five.
    fn beyond<S: Slot>() -> f64 {
        let mut set = WindowSet::<S>::new(WINDOW, 200_000, 1);
        most_bytes_an_id(&mut set, 300, 2000, 0);
        set.layout.beyond(set.ages.now()) as f64 / set.len() as f64
    }
    let (exact, fingerprints) = (beyond::<u128>(), beyond::<u64>());
    assert!(exact < 0.14 && fingerprints < 0.015, "{exact} and {fingerprints}");
}

#[test]
fn one_key_at_a_time_is_as_good_as_a_batch() {
    let [mut one, mut many] = [1, 1].map(|seed| ExactSet::new(WINDOW, 1000, seed));
    for (step, batch) in keys(2).take(30_000).collect::<Vec<_>>().chunks(100).enumerate() {
        let now = Timestamp::from_secs(1_700_000_000).plus(WINDOW / 100 * step as u32);
        let mut fresh = Vec::new();
        many.insert_batch(batch.iter().chain(batch).copied(), now, |new| fresh.push(new));
        let mut again = batch.iter().chain(batch).zip(&fresh);
        assert!(again.all(|(key, fresh)| one.insert(*key, now) == *fresh), "step {step}");
        assert_eq!(one.len(), many.len());
    }
}

#[test]
fn after_the_load_has_gone_the_memory_goes_too() {
    let mut set = ExactSet::new(WINDOW, 0, 1);
    most_bytes_an_id(&mut set, 200, 4000, 0);
    let full = set.bytes();
    // One key a hundredth of a window keeps it from being empty.
    let mut fresh = keys(9);
    for step in 200..600 {
        let now = Timestamp::from_secs(1_700_000_000).plus(WINDOW / 100 * step);
        set.insert(fresh.next().unwrap(), now);
    }
    assert!(set.bytes() < full / 10, "{} of {full} bytes", set.bytes());
    set.advance(Timestamp::from_secs(1_700_000_000).plus(WINDOW * 100));
    assert_eq!((set.len(), set.bytes() < 10_000), (0, true));
}

#[test]
fn time_that_leaps_forgets_what_is_past_and_nothing_else() {
    // Up to two windows at once, the table left alone in between: no tag may come round to life again.
    for leap in 1..80 {
        let mut set = ExactSet::new(WINDOW, 1000, 3);
        let start = Timestamp::from_secs(1_700_000_000);
        for (key, slice) in keys(1).take(40).zip(0u32..) {
            set.insert(key, start.plus(set.granularity() * slice));
        }
        set.advance(start.plus(set.granularity() * (39 + leap)));
        let there = keys(1).take(40).map(|key| set.contains(key));
        assert!(there.zip(0u32..).all(|(there, slice)| there == (39 + leap - slice <= 32)), "leap {leap}");
    }
}

#[test]
fn a_fingerprint_is_64_bits_long() {
    // Two keys whose mixed numbers agree in the 64 highest bits and no others are one to a fingerprint, and two that
    // differ in any of those bits are not. Mixing can be undone, so such keys are found by looking at hashes.
    let mut set = FingerprintSet::new(WINDOW, 1000, 1);
    let now = Timestamp::from_secs(1);
    for bit in 0..128 {
        set.advance(Timestamp::END);
        let mixed = 0x1234_5678_9abc_def0_0fed_cba9_8765_4321u128;
        assert!(insert_mixed(&mut set, mixed));
        assert_eq!(insert_mixed(&mut set, mixed ^ 1 << bit), bit >= 64, "bit {bit} at {now}");
    }
    let mut exact = ExactSet::new(WINDOW, 1000, 1);
    for bit in 0..128 {
        exact.advance(Timestamp::END);
        assert!(insert_mixed(&mut exact, 7 << 60));
        assert!(insert_mixed(&mut exact, 7 << 60 ^ 1 << bit), "bit {bit}");
    }
}

fn insert_mixed<S: Slot>(set: &mut WindowSet<S>, mixed: u128) -> bool {
    let tag = set.ages.now().tag();
    let fresh = set.insert_mixed(mixed, tag);
    set.count(tag, usize::from(fresh));
    fresh
}

/// Mixed keys that have one home, however large the table is: they differ in bits that do not say where they belong.
fn neighbours() -> impl Iterator<Item = u128> {
    (1u128..).map(|low| 0x5555 << 112 | low)
}

#[test]
fn keys_of_one_home_are_all_found_and_forgotten_in_their_time() {
    let mut set = ExactSet::new(WINDOW, 1000, 1);
    let start = Timestamp::from_secs(1_700_000_000);
    // Three in each slice: a hundred at a time in one home and the buckets after it, the older the further.
    for (slice, mixed) in (0u32..200).zip(neighbours().step_by(3)) {
        set.advance(start.plus(set.granularity() * slice));
        for mixed in mixed..mixed + 3 {
            assert!(insert_mixed(&mut set, mixed));
        }
        for (back, mixed) in (0..slice + 1).rev().zip(neighbours().step_by(3)) {
            for mixed in mixed..mixed + 3 {
                let (layout, places) = set.places_of(mixed);
                let there = layout.contains(u128::of(mixed), places, set.ages.now());
                assert_eq!(there, back <= 32, "{back} slices after it came");
            }
        }
    }
    assert_eq!(set.layout.slots(), ExactSet::new(WINDOW, 1000, 1).layout.slots());
}

#[test]
fn what_finds_no_slot_within_reach_makes_the_table_larger_and_loses_nothing() {
    fn overfilled<S: Slot>(mixed: impl Fn(u128) -> u128) {
        let mut set = WindowSet::<S>::new(WINDOW, 1000, 1);
        let before = set.layout.slots();
        set.advance(Timestamp::from_secs(1_700_000_000));
        for key in 0..300 {
            assert!(insert_mixed(&mut set, mixed(key)), "key {key}");
            assert!(!insert_mixed(&mut set, mixed(key)), "key {key}");
        }
        assert!((0..300).all(|key| !insert_mixed(&mut set, mixed(key))));
        assert!(set.layout.slots() > before, "{before} slots did");
    }
    // All in a 2^16th of the table, and so far apart that a larger table parts them.
    overfilled::<u128>(|key| 0x5500 << 112 | key << 104 | key);
    overfilled::<u64>(|key| 0x5500 << 112 | key << 104 | key);
}
