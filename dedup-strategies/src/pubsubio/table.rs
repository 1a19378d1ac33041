//! Ids and when each was last of interest, in buckets of one cache line.

use foldhash::quality::FixedState;
use std::hash::BuildHasher;
use std::time::Duration;

use crate::contract::PingKey;
use crate::hardware::{Table, prefetch};
use crate::time::{Timestamp, saturating_nanos};

/// Ids that share a cache line: 16 bytes and a mark each, and a counter.
pub(super) const SLOTS: usize = 3;

/// Parts that grow one at a time, so that no pause and no copy is larger than a part.
const PARTS: usize = 64;

/// The share of slots that may be taken before a part grows, and the share that is taken afterwards.
pub(super) const FULLEST: f64 = 0.80;
pub(super) const EMPTIEST: f64 = 0.72;

/// Everything is looked at this many times a window, to take out what has expired. What waits for the sweep has to fit
/// between [`EMPTIEST`] and [`FULLEST`]: otherwise every part is full again soon after each rebuild, under a load that
/// does not grow.
pub(super) const SWEEPS_A_WINDOW: u64 = 16;

/// Ticks in a window: times are kept to a millionth of it.
const TICKS_A_WINDOW: u64 = 1 << 20;

/// Bits of a tick that a mark holds; a thousand windows go by before they repeat.
const TICK_BITS: u32 = 30;

/// A cache line of ids. A mark of zero is a free slot.
#[derive(Clone, Copy, Default)]
#[repr(C, align(64))]
struct Bucket {
    keys: [u128; SLOTS],
    marks: [u32; SLOTS],
    /// Ids that wanted this line, found it full and went on: while there are any, a search goes on as well. Removing
    /// an id lowers it again, so that nothing has to be moved (the scheme of Facebook's F14 tables).
    passed: u32,
}

/// Whether an id's ping has reached the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was let through, and its bundle has not committed.
    Pending,
    /// It was delivered.
    Committed,
}

/// The time of an id, to a millionth of a window, and its standing.
#[derive(Clone, Copy)]
struct Mark(u32);

impl Mark {
    fn new(tick: u64, standing: Standing) -> Self {
        Mark((tick as u32) << 2 | u32::from(standing == Standing::Pending) << 1 | 1)
    }

    fn is_pending(self) -> bool {
        self.0 & 2 != 0
    }

    /// Ticks from this mark to `tick`.
    fn age(self, tick: u64) -> u64 {
        u64::from((tick as u32).wrapping_sub(self.0 >> 2) & ((1 << TICK_BITS) - 1))
    }
}

/// Counts time in millionths of a window.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    grain_ns: u64,
    window: u64,
}

impl Ticks {
    fn new(window: Duration) -> Self {
        let grain_ns = (saturating_nanos(window) / TICKS_A_WINDOW).max(1);
        Ticks { grain_ns, window: saturating_nanos(window).div_ceil(grain_ns) }
    }

    fn of(self, at: Timestamp) -> u64 {
        at.as_nanos() / self.grain_ns
    }

    /// A whole window fits between the ticks of two times that are less than a window apart, so nothing is forgotten
    /// early; at most one tick late.
    fn remembers(self, age: u64) -> bool {
        age <= self.window
    }
}

/// An id, hashed once for the table and the filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hashed {
    /// The id.
    pub(super) key: PingKey,
    /// Its hash.
    pub(super) hash: u64,
}

/// Ids of one worker, forgotten a window after they were marked.
pub(super) struct IdTable {
    ticks: Ticks,
    parts: Vec<Part>,
    hasher: FixedState,
    now: Timestamp,
    hand: Hand,
}

/// Where the sweep has come to.
#[derive(Default)]
struct Hand {
    part: usize,
    bucket: usize,
    /// Time that has passed and was not swept for yet.
    owed_ns: u64,
}

impl IdTable {
    /// An empty table that remembers for `window`.
    pub(super) fn new(window: Duration, seed: u64) -> Self {
        IdTable {
            ticks: Ticks::new(window),
            parts: (0..PARTS).map(|_| Part::new(1)).collect(),
            hasher: FixedState::with_seed(seed),
            now: Timestamp::ZERO,
            hand: Hand::default(),
        }
    }

    /// Hashes `key` and asks for the line on which it would stand.
    pub(super) fn prepare(&self, key: PingKey) -> Hashed {
        let hash = self.hasher.hash_one(key.as_u128());
        let part = &self.parts[part_of(hash)];
        prefetch(&part.buckets[part.home(hash)]);
        Hashed { key, hash }
    }

    /// Lets time pass: what has expired is taken out as the sweep comes to it.
    pub(super) fn pass(&mut self, now: Timestamp) {
        let passed = saturating_nanos(now.since(self.now));
        if passed == 0 {
            return;
        }
        self.now = now;
        let window_ns = self.ticks.window.saturating_mul(self.ticks.grain_ns);
        if passed > window_ns {
            self.clear();
            return;
        }
        let cycle_ns = (window_ns / SWEEPS_A_WINDOW).max(PARTS as u64);
        self.hand.owed_ns = (self.hand.owed_ns + passed).min(cycle_ns);
        self.sweep(cycle_ns / PARTS as u64);
    }

    /// The time of the latest call.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether `id` is remembered.
    pub(super) fn contains(&self, id: Hashed) -> bool {
        self.parts[part_of(id.hash)].find(id, self.ticks, self.tick()).is_some()
    }

    /// Marks `id`, which is not in the table, as let through now and pending.
    pub(super) fn insert_pending(&mut self, id: Hashed) {
        self.insert(id, Mark::new(self.tick(), Standing::Pending));
    }

    /// Counts `id` from now on, if it is remembered; its standing if it is.
    pub(super) fn touch(&mut self, id: Hashed) -> Option<Standing> {
        let (ticks, tick) = (self.ticks, self.tick());
        let part = &mut self.parts[part_of(id.hash)];
        let (bucket, slot) = part.find(id, ticks, tick)?;
        let mark = &mut part.buckets[bucket].marks[slot];
        let standing = if Mark(*mark).is_pending() { Standing::Pending } else { Standing::Committed };
        *mark = Mark::new(tick, standing).0;
        Some(standing)
    }

    /// The ping of `id` was delivered: the id is known from now on whatever happens to its worker, counted from when it
    /// was let through. Gives the time to write down.
    pub(super) fn commit(&mut self, id: Hashed) -> Timestamp {
        let (ticks, tick) = (self.ticks, self.tick());
        let part = &mut self.parts[part_of(id.hash)];
        match part.find(id, ticks, tick) {
            Some((bucket, slot)) => {
                let mark = &mut part.buckets[bucket].marks[slot];
                let age = Mark(*mark).age(tick);
                *mark = Mark::new(tick - age, Standing::Committed).0;
                Timestamp::from_nanos((tick - age) * ticks.grain_ns)
            }
            // Its worker was thought dead and forgot it, or it took longer than a window.
            None => {
                self.insert(id, Mark::new(tick, Standing::Committed));
                self.now
            }
        }
    }

    /// Puts back an id that was committed at `at`, or counts it from then on if that is later than what is known.
    pub(super) fn restore(&mut self, key: PingKey, at: Timestamp) {
        // Not `pass`: that would sweep, or clear, what was only just read.
        self.now = self.now.max(at);
        let id = Hashed { key, hash: self.hasher.hash_one(key.as_u128()) };
        let (ticks, tick) = (self.ticks, self.tick());
        let mark = Mark::new(ticks.of(at), Standing::Committed);
        if !ticks.remembers(tick - ticks.of(at)) {
            return;
        }
        let part = &mut self.parts[part_of(id.hash)];
        match part.find(id, ticks, tick) {
            Some((bucket, slot)) => {
                let known = &mut part.buckets[bucket].marks[slot];
                if Mark(*known).age(tick) > mark.age(tick) {
                    *known = mark.0;
                }
            }
            None => self.insert(id, mark),
        }
    }

    /// Forgets `id` if its ping was not delivered.
    pub(super) fn abandon(&mut self, id: Hashed) {
        let (ticks, tick) = (self.ticks, self.tick());
        let part = &mut self.parts[part_of(id.hash)];
        if let Some((bucket, slot)) = part.find(id, ticks, tick)
            && Mark(part.buckets[bucket].marks[slot]).is_pending()
        {
            part.remove(bucket, slot, id.hash);
        }
    }

    /// Forgets every id whose ping was not delivered. Looks at the whole table: for crashes.
    pub(super) fn abandon_pending(&mut self) {
        for part in &mut self.parts {
            for bucket in 0..part.buckets.len() {
                part.remove_where(bucket, &self.hasher, Mark::is_pending);
            }
        }
    }

    /// Hashes of the ids that were marked at `from` or later, and are still remembered.
    pub(super) fn hashes_since(&self, from: Timestamp) -> impl Iterator<Item = u64> + '_ {
        let tick = self.tick();
        let most = tick.saturating_sub(self.ticks.of(from)).min(self.ticks.window);
        self.parts
            .iter()
            .flat_map(|part| part.buckets.iter())
            .flat_map(move |bucket| {
                (0..SLOTS)
                    .filter(move |slot| {
                        bucket.marks[*slot] != 0 && Mark(bucket.marks[*slot]).age(tick) <= most
                    })
                    .map(|slot| bucket.keys[slot])
            })
            .map(|key| self.hasher.hash_one(key))
    }

    /// Ids in the table, expired ones that the sweep has not come to included.
    pub(super) fn len(&self) -> u64 {
        self.parts.iter().map(|part| part.len as u64).sum()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.buckets.bytes() + size_of::<Part>() as u64).sum()
    }

    fn tick(&self) -> u64 {
        self.ticks.of(self.now)
    }

    fn insert(&mut self, id: Hashed, mark: Mark) {
        let (ticks, tick) = (self.ticks, self.tick());
        let part = &mut self.parts[part_of(id.hash)];
        if part.is_full() {
            part.rebuild(&self.hasher, |mark| ticks.remembers(mark.age(tick)));
        }
        part.insert(id, mark);
    }

    fn clear(&mut self) {
        self.parts.iter_mut().for_each(|part| *part = Part::new(1));
        self.hand = Hand::default();
    }

    /// Goes on through the buckets as far as the time allows; a part of any size takes `part_ns`.
    fn sweep(&mut self, part_ns: u64) {
        let (ticks, tick) = (self.ticks, self.tick());
        loop {
            let Hand { part: at, bucket: from, owed_ns } = self.hand;
            let part = &mut self.parts[at];
            let len = part.buckets.len();
            let affordable = u128::from(owed_ns) * len as u128 / u128::from(part_ns);
            let to = len.min(from.saturating_add(usize::try_from(affordable).unwrap_or(usize::MAX)));
            for bucket in from..to {
                part.remove_where(bucket, &self.hasher, |mark| !ticks.remembers(mark.age(tick)));
            }
            let spent = (to.saturating_sub(from) as u64).saturating_mul(part_ns).div_ceil(len as u64);
            self.hand = Hand { part: at, bucket: to, owed_ns: owed_ns.saturating_sub(spent) };
            if to < len {
                return;
            }
            if part.is_sparse() {
                part.rebuild(&self.hasher, |_| true);
            }
            self.hand.part = (at + 1) % PARTS;
            self.hand.bucket = 0;
        }
    }
}

/// The top bits choose the part, the next ones the bucket in it.
fn part_of(hash: u64) -> usize {
    (hash >> (64 - PARTS.trailing_zeros())) as usize
}

struct Part {
    buckets: Table<Bucket>,
    len: usize,
}

impl Part {
    fn new(buckets: usize) -> Self {
        Part { buckets: Table::new(buckets.max(1)), len: 0 }
    }

    fn slots(&self) -> f64 {
        (self.buckets.len() * SLOTS) as f64
    }

    fn is_full(&self) -> bool {
        (self.len + 1) as f64 > self.slots() * FULLEST
    }

    fn is_sparse(&self) -> bool {
        self.buckets.len() > 1 && (self.len as f64) < self.slots() * EMPTIEST / 2.0
    }

    fn home(&self, hash: u64) -> usize {
        let below_the_part = hash << PARTS.trailing_zeros();
        ((u128::from(below_the_part) * self.buckets.len() as u128) >> 64) as usize
    }

    fn after(&self, bucket: usize) -> usize {
        if bucket + 1 == self.buckets.len() { 0 } else { bucket + 1 }
    }

    /// An expired id that was not swept yet is not found: the same id may stand further on, marked anew.
    fn find(&self, id: Hashed, ticks: Ticks, tick: u64) -> Option<(usize, usize)> {
        let key = id.key.as_u128();
        let mut at = self.home(id.hash);
        for _ in 0..self.buckets.len() {
            let bucket = &self.buckets[at];
            for slot in 0..SLOTS {
                let mark = bucket.marks[slot];
                if mark != 0 && bucket.keys[slot] == key && ticks.remembers(Mark(mark).age(tick)) {
                    return Some((at, slot));
                }
            }
            if bucket.passed == 0 {
                return None;
            }
            at = self.after(at);
        }
        None
    }

    /// There is a free slot: a part that is full has grown before.
    fn insert(&mut self, id: Hashed, mark: Mark) {
        let mut at = self.home(id.hash);
        loop {
            let next = self.after(at);
            let bucket = &mut self.buckets[at];
            if let Some(slot) = bucket.marks.iter().position(|mark| *mark == 0) {
                bucket.keys[slot] = id.key.as_u128();
                bucket.marks[slot] = mark.0;
                self.len += 1;
                return;
            }
            bucket.passed += 1;
            at = next;
        }
    }

    fn remove(&mut self, bucket: usize, slot: usize, hash: u64) {
        let mut at = self.home(hash);
        while at != bucket {
            self.buckets[at].passed -= 1;
            at = self.after(at);
        }
        self.buckets[bucket].marks[slot] = 0;
        self.len -= 1;
    }

    fn remove_where(&mut self, bucket: usize, hasher: &FixedState, gone: impl Fn(Mark) -> bool) {
        for slot in 0..SLOTS {
            let mark = self.buckets[bucket].marks[slot];
            if mark != 0 && gone(Mark(mark)) {
                let hash = hasher.hash_one(self.buckets[bucket].keys[slot]);
                self.remove(bucket, slot, hash);
            }
        }
    }

    /// As many buckets as the ids that are to be kept need, and some room.
    fn rebuild(&mut self, hasher: &FixedState, keep: impl Fn(Mark) -> bool) {
        let kept = |bucket: &Bucket, slot: usize| bucket.marks[slot] != 0 && keep(Mark(bucket.marks[slot]));
        let count: usize =
            self.buckets.iter().map(|bucket| (0..SLOTS).filter(|slot| kept(bucket, *slot)).count()).sum();
        let buckets = ((count + 1) as f64 / (SLOTS as f64 * EMPTIEST)).ceil() as usize;
        let mut larger = Part::new(buckets);
        for bucket in self.buckets.iter() {
            for slot in (0..SLOTS).filter(|slot| kept(bucket, *slot)) {
                let key = bucket.keys[slot];
                let id = Hashed { key: PingKey::from_u128(key), hash: hasher.hash_one(key) };
                larger.insert(id, Mark(bucket.marks[slot]));
            }
        }
        *self = larger;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const WINDOW: Duration = Duration::from_secs(600);

    fn key(number: u64) -> PingKey {
        PingKey::from_u128(u128::from(number) * 0x1_0000_0001)
    }

    #[derive(Clone, Debug)]
    enum Step {
        Wait(u64),
        Judge(u64),
        Touch(u64),
        Commit(u64),
        Abandon(u64),
        Crash,
    }

    /// Waits are multiples of seven seconds: no copy comes at the very end of a window, where a tick matters.
    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            2 => (0u64..13).prop_map(|sevens| Step::Wait(7 * sevens)),
            1 => Just(Step::Wait(700)),
            20 => (0u64..400).prop_map(Step::Judge),
            4 => (0u64..400).prop_map(Step::Touch),
            8 => (0u64..400).prop_map(Step::Commit),
            4 => (0u64..400).prop_map(Step::Abandon),
            1 => Just(Step::Crash),
        ]
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_map_of_times_through_growth_sweeps_crashes_and_gaps(
            steps in prop::collection::vec(step(), 1..1500),
        ) {
            let mut table = IdTable::new(WINDOW, 3);
            let mut model: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
            let mut now = 1000u64;
            table.pass(Timestamp::from_secs(now));
            for step in steps {
                match step {
                    Step::Wait(secs) => {
                        now += secs;
                        table.pass(Timestamp::from_secs(now));
                        model.retain(|_, (at, _)| now - *at < 600);
                    }
                    Step::Judge(id) => {
                        table.pass(Timestamp::from_secs(now));
                        let known = table.contains(table.prepare(key(id)));
                        prop_assert_eq!(known, model.contains_key(&id));
                        if !known {
                            table.insert_pending(table.prepare(key(id)));
                            model.insert(id, (now, true));
                        }
                    }
                    Step::Touch(id) => {
                        let touched = table.touch(table.prepare(key(id))).is_some();
                        prop_assert_eq!(touched, model.contains_key(&id));
                        model.entry(id).and_modify(|(at, _)| *at = now);
                    }
                    Step::Commit(id) => {
                        table.commit(table.prepare(key(id)));
                        model.entry(id).or_insert((now, true)).1 = false;
                    }
                    Step::Abandon(id) => {
                        table.abandon(table.prepare(key(id)));
                        if model.get(&id).is_some_and(|(_, pending)| *pending) {
                            model.remove(&id);
                        }
                    }
                    Step::Crash => {
                        table.abandon_pending();
                        model.retain(|_, (_, pending)| !*pending);
                    }
                }
                prop_assert!(table.len() >= model.len() as u64);
            }
        }
    }

    #[test]
    fn an_id_is_remembered_for_a_window_and_at_most_two_ticks_longer() {
        for window in
            [Duration::from_nanos(7), Duration::from_millis(3), WINDOW, Duration::from_secs(86_400 * 400)]
        {
            let start = Timestamp::from_secs(1_700_000_000).plus(Duration::from_nanos(123_457));
            let mut table = IdTable::new(window, 1);
            table.pass(start);
            table.insert_pending(table.prepare(key(1)));
            table.pass(start.plus(window - Duration::from_nanos(1)));
            assert!(table.contains(table.prepare(key(1))), "{window:?}");
            let two_ticks = (window / (1 << 20)).max(Duration::from_nanos(1)) * 2;
            table.pass(start.plus(window + two_ticks));
            assert!(!table.contains(table.prepare(key(1))), "{window:?}");
        }
    }

    #[test]
    fn what_has_expired_is_taken_out_within_an_eighth_of_a_window_and_its_memory_is_given_back() {
        let mut table = IdTable::new(WINDOW, 1);
        let start = Timestamp::from_secs(10_000);
        table.pass(start);
        (0..50_000).for_each(|id| table.insert_pending(table.prepare(key(id))));
        let full = table.bytes();
        // Time passes in small steps, as in a pipeline.
        for step in 1..=720 {
            table.pass(start.plus(WINDOW.mul_f64(f64::from(step) / 600.0)));
        }
        assert_eq!(table.len(), 0);
        for step in 720..=840 {
            table.pass(start.plus(WINDOW.mul_f64(f64::from(step) / 600.0)));
        }
        assert!(table.bytes() < full / 50, "{} of {full}", table.bytes());
    }

    #[test]
    fn restored_ids_keep_their_time_and_the_later_of_two_counts() {
        let mut table = IdTable::new(WINDOW, 1);
        let at = Timestamp::from_secs;
        for (id, secs) in [(1, 100), (2, 500), (1, 300), (2, 400)] {
            table.restore(key(id), at(secs));
        }
        table.pass(at(899));
        assert!(table.contains(table.prepare(key(1))) && table.contains(table.prepare(key(2))));
        table.pass(at(901));
        assert!(!table.contains(table.prepare(key(1))) && table.contains(table.prepare(key(2))));
    }
}
