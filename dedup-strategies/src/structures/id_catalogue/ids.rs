//! The ids that a worker knows: those whose pings have reached the sink, and those whose pings are on their way.

use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::contract::{PingKey, Timestamp};
use crate::structures::hardware::Pages;
use crate::structures::window_set::{ExactSet, Room};

/// Ids are inserted all the time and seldom looked up.
pub(super) const ROOM: Room = Room::Ample;

/// Whether an id's ping has reached the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was let through, and its bundle has not committed.
    Pending,
    /// It was delivered.
    Committed,
}

/// Pending ids have a table of their own. They are few, so that it stays in the caches: a ping costs one distant cache line of
/// the large table, some time after it was committed, and none when it is judged, if a filter says that it is new.
pub(super) struct Ids {
    window: Duration,
    now: Timestamp,
    /// When each was let through, or a copy was last seen where that counts.
    pending: HashMap<PingKey, Timestamp, FixedState>,
    /// When the pending are looked through next, for those whose bundle was never heard of again.
    next_look: Timestamp,
    /// Committed, and due for the large table.
    due: Vec<(PingKey, Timestamp)>,
    committed: ExactSet,
}

impl Ids {
    /// None, to be remembered for `window`, and once they are committed up to a 32nd longer.
    pub(super) fn new(window: Duration, seed: u64) -> Self {
        Ids {
            window,
            now: Timestamp::ZERO,
            pending: HashMap::with_hasher(FixedState::with_seed(seed)),
            next_look: Timestamp::ZERO,
            due: Vec::new(),
            committed: ExactSet::with(ROOM, Pages::default(), window, 0, seed),
        }
    }

    /// Hashes `key`, for filters.
    pub(super) fn hash(&self, key: PingKey) -> u64 {
        self.committed.hash(key)
    }

    /// Asks for the line on which an id stands once it is committed.
    pub(super) fn fetch(&self, key: PingKey) {
        self.committed.fetch_ahead(key);
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, now: Timestamp) {
        self.now = now.max(self.now);
        if self.now >= self.next_look {
            self.next_look = self.now.plus(self.committed.granularity());
            self.move_due();
            let (now, window) = (self.now, self.window);
            self.pending.retain(|_, at| now.since(*at) < window);
            if self.pending.capacity() / 4 > self.pending.len() {
                self.pending.shrink_to(self.pending.len() * 2);
            }
        }
        self.committed.advance(self.now);
    }

    /// The time of the latest call.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether `key` is remembered.
    pub(super) fn contains(&self, key: PingKey) -> bool {
        self.pending.get(&key).is_some_and(|at| self.is_young(*at)) || self.is_committed(key)
    }

    /// Marks `key`, which is not remembered, as let through now and pending.
    pub(super) fn insert_pending(&mut self, key: PingKey) {
        self.pending.insert(key, self.now);
    }

    /// Counts `key` from now on, if it is remembered; its standing if it is.
    pub(super) fn touch(&mut self, key: PingKey) -> Option<Standing> {
        self.move_due();
        let (now, window) = (self.now, self.window);
        if let Some(at) = self.pending.get_mut(&key)
            && now.since(*at) < window
        {
            *at = now;
            return Some(Standing::Pending);
        }
        self.committed.refresh(key, now).then_some(Standing::Committed)
    }

    /// The ping of `key` was delivered: the id is known from now on whatever happens to its worker, counted from when it
    /// was let through. Gives that time, to be written down; nothing if it was known to be delivered.
    pub(super) fn commit(&mut self, key: PingKey) -> Option<Timestamp> {
        let at = match self.pending.remove(&key).filter(|at| self.is_young(*at)) {
            Some(at) => at,
            // Its worker was thought dead and forgot it, or it took longer than a window.
            None if self.is_committed(key) => return None,
            None => self.now,
        };
        self.due.push((key, at));
        Some(at)
    }

    /// Puts back an id that was committed at `at`, or counts it from then on if that is later than what is known.
    pub(super) fn restore(&mut self, key: PingKey, at: Timestamp) {
        self.pass(at);
        self.committed.insert_since([(key, at)]);
    }

    /// Forgets `key` if its ping was not delivered.
    pub(super) fn abandon(&mut self, key: PingKey) {
        self.pending.remove(&key);
    }

    /// Forgets every id whose ping was not delivered.
    pub(super) fn abandon_pending(&mut self) {
        self.pending.clear();
    }

    /// Hashes of the ids that were marked at `from` or later, and are still remembered; some that were marked a little
    /// earlier are among them.
    pub(super) fn hashes_since(&self, from: Timestamp) -> impl Iterator<Item = u64> + '_ {
        let pending = self.pending.iter().map(|(key, at)| (*key, *at));
        let young = pending.chain(self.due.iter().copied()).filter(move |(_, at)| *at >= from);
        self.committed.hashes_since(from).chain(young.map(|(key, _)| self.hash(key)))
    }

    /// Committed ids that are not in the large table yet, and are looked for one by one.
    pub(super) fn due(&self) -> usize {
        self.due.len()
    }

    /// Puts committed ids into the large table.
    pub(super) fn move_due(&mut self) {
        if self.due.is_empty() {
            return;
        }
        let (now, window) = (self.now, self.window);
        // What is not known any more must not become known again.
        self.committed.insert_since(self.due.drain(..).filter(|(_, at)| now.since(*at) < window));
    }

    /// Ids that are remembered.
    pub(super) fn len(&self) -> u64 {
        (self.pending.len() + self.due.len()) as u64 + self.committed.len()
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        let due = self.due.capacity() * size_of::<(PingKey, Timestamp)>();
        self.committed.bytes() + (self.pending.allocation_size() + due) as u64
    }

    fn is_young(&self, at: Timestamp) -> bool {
        self.now.since(at) < self.window
    }

    fn is_committed(&self, key: PingKey) -> bool {
        self.due.iter().any(|(due, at)| *due == key && self.is_young(*at)) || self.committed.contains(key)
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

    /// What is certain: an id is remembered for a window, and no longer than a 32nd more.
    fn known_after(secs: u64) -> Option<bool> {
        match secs {
            ..600 => Some(true),
            600..619 => None,
            _ => Some(false),
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_map_of_times_through_growth_crashes_and_gaps(
            steps in prop::collection::vec(step(), 1..1500),
        ) {
            let mut ids = Ids::new(WINDOW, 3);
            let mut model: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
            let mut now = 1000u64;
            ids.pass(Timestamp::from_secs(now));
            for step in steps {
                if let Step::Judge(id) | Step::Touch(id) | Step::Commit(id) | Step::Abandon(id) = step {
                    let known = ids.contains(key(id));
                    let expected = model.get(&id).map_or(Some(false), |(at, _)| known_after(now - at));
                    prop_assert_eq!(known, expected.unwrap_or(known));
                    if !known {
                        model.remove(&id);
                    }
                }
                match step {
                    Step::Wait(secs) => {
                        now += secs;
                        ids.pass(Timestamp::from_secs(now));
                    }
                    Step::Judge(id) => {
                        model.entry(id).or_insert_with(|| {
                            ids.insert_pending(key(id));
                            (now, true)
                        });
                    }
                    Step::Touch(id) => {
                        prop_assert_eq!(ids.touch(key(id)).is_some(), model.contains_key(&id));
                        model.entry(id).and_modify(|(at, _)| *at = now);
                    }
                    Step::Commit(id) => {
                        ids.commit(key(id));
                        model.entry(id).or_insert((now, true)).1 = false;
                    }
                    Step::Abandon(id) => {
                        ids.abandon(key(id));
                        if model.get(&id).is_some_and(|(_, pending)| *pending) {
                            model.remove(&id);
                        }
                    }
                    Step::Crash => {
                        ids.abandon_pending();
                        model.retain(|_, (_, pending)| !*pending);
                    }
                }
                let certain = model.values().filter(|(at, _)| now - at < 600).count() as u64;
                prop_assert!(ids.len() >= certain);
            }
        }
    }

    #[test]
    fn an_id_that_comes_again_before_it_moved_to_the_large_table_is_pending_and_dies_with_its_worker() {
        let mut ids = Ids::new(WINDOW, 1);
        let at = |secs: u64| Timestamp::from_secs(1000 + secs);
        ids.pass(at(0));
        ids.insert_pending(key(1));
        ids.pass(at(599));
        assert_eq!(ids.commit(key(1)), Some(at(0)));
        ids.pass(at(601));
        assert!(!ids.contains(key(1)), "its window is over, though it was committed only now");
        ids.insert_pending(key(1));
        ids.pass(at(700));
        ids.abandon_pending();
        assert!(!ids.contains(key(1)));
    }

    #[test]
    fn a_pending_id_is_remembered_for_a_window_and_a_committed_one_up_to_a_32nd_longer() {
        for window in
            [Duration::from_nanos(320), Duration::from_millis(3), WINDOW, Duration::from_secs(86_400 * 400)]
        {
            let start = Timestamp::from_secs(1_700_000_000).plus(Duration::from_nanos(123_457));
            let mut ids = Ids::new(window, 1);
            ids.pass(start);
            (1..3).for_each(|id| ids.insert_pending(key(id)));
            ids.commit(key(2));
            let known_after = |ids: &mut Ids, after| {
                ids.pass(start.plus(after));
                [ids.contains(key(1)), ids.contains(key(2))]
            };
            assert_eq!(known_after(&mut ids, window - Duration::from_nanos(1)), [true; 2], "{window:?}");
            assert!(!known_after(&mut ids, window)[0], "{window:?}");
            let longer = window + (window / 32).max(Duration::from_nanos(1)) * 2;
            assert_eq!(known_after(&mut ids, longer), [false; 2], "{window:?}");
        }
    }

    #[test]
    fn pending_ids_that_nobody_hears_of_again_go_with_their_window_and_their_memory_is_given_back() {
        let mut ids = Ids::new(WINDOW, 1);
        let start = Timestamp::from_secs(10_000);
        ids.pass(start);
        (0..50_000).for_each(|id| ids.insert_pending(key(id)));
        let full = ids.bytes();
        // Time passes in small steps, as in a pipeline.
        for step in 1..=720 {
            ids.pass(start.plus(WINDOW.mul_f64(f64::from(step) / 600.0)));
        }
        assert_eq!(ids.len(), 0);
        for step in 720..=840 {
            ids.pass(start.plus(WINDOW.mul_f64(f64::from(step) / 600.0)));
        }
        assert!(ids.bytes() < full / 50, "{} of {full}", ids.bytes());
    }

    #[test]
    fn restored_ids_keep_their_time_and_the_later_of_two_counts() {
        let mut ids = Ids::new(WINDOW, 1);
        let at = Timestamp::from_secs;
        for (id, secs) in [(1, 100), (2, 500), (1, 300), (2, 400)] {
            ids.restore(key(id), at(secs));
        }
        ids.pass(at(899));
        assert!(ids.contains(key(1)) && ids.contains(key(2)));
        ids.pass(at(919));
        assert!(!ids.contains(key(1)) && ids.contains(key(2)));
    }
}
