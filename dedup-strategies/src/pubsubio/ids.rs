//! The ids that a worker knows: those whose pings have reached the sink, and those whose pings are on their way.

use std::time::Duration;

use super::part::Hashed;
use super::table::IdTable;
use crate::contract::PingKey;
use crate::time::Timestamp;

/// Whether an id's ping has reached the sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It was let through, and its bundle has not committed.
    Pending,
    /// It was delivered.
    Committed,
}

/// Pending ids have a table of their own. They are few, so that it stays in the caches: a ping costs one distant cache
/// line of the large table, when it is committed, and none when it is judged, if a filter says that it is new.
pub(super) struct Ids {
    pending: IdTable,
    committed: IdTable,
}

impl Ids {
    /// None, to be remembered for `window`.
    pub(super) fn new(window: Duration, seed: u64) -> Self {
        Ids { pending: IdTable::new(window, seed), committed: IdTable::new(window, seed) }
    }

    /// Hashes `key`.
    pub(super) fn hash(&self, key: PingKey) -> Hashed {
        self.committed.hash(key)
    }

    /// Asks for the line on which an id would stand once it is committed.
    pub(super) fn fetch(&self, id: Hashed) {
        self.committed.fetch(id);
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, now: Timestamp) {
        self.pending.pass(now);
        self.committed.pass(now);
    }

    /// The time of the latest call.
    pub(super) fn now(&self) -> Timestamp {
        self.committed.now()
    }

    /// Whether `id` is remembered.
    pub(super) fn contains(&self, id: Hashed) -> bool {
        self.pending.get(id).is_some() || self.committed.get(id).is_some()
    }

    /// Marks `id`, which is not remembered, as let through now and pending.
    pub(super) fn insert_pending(&mut self, id: Hashed) {
        self.pending.insert(id, self.pending.mark_now());
    }

    /// Counts `id` from now on, if it is remembered; its standing if it is.
    pub(super) fn touch(&mut self, id: Hashed) -> Option<Standing> {
        let now = self.committed.mark_now();
        if self.pending.advance(id, now) {
            return Some(Standing::Pending);
        }
        self.committed.advance(id, now).then_some(Standing::Committed)
    }

    /// The ping of `id` was delivered: the id is known from now on whatever happens to its worker, counted from when it
    /// was let through. Gives the time to write down.
    pub(super) fn commit(&mut self, id: Hashed) -> Timestamp {
        let mark = match self.pending.take(id) {
            Some(mark) => mark,
            // Its worker was thought dead and forgot it, or it took longer than a window.
            None => match self.committed.get(id) {
                Some(mark) => return self.committed.time_of(mark),
                None => self.committed.mark_now(),
            },
        };
        self.committed.insert(id, mark);
        self.committed.time_of(mark)
    }

    /// Puts back an id that was committed at `at`, or counts it from then on if that is later than what is known.
    pub(super) fn restore(&mut self, key: PingKey, at: Timestamp) {
        // What was only just read is not to be swept.
        self.pending.reach(at);
        self.committed.reach(at);
        let id = self.hash(key);
        if let Some(mark) = self.committed.mark_at(at)
            && !self.committed.advance(id, mark)
        {
            self.committed.insert(id, mark);
        }
    }

    /// Forgets `id` if its ping was not delivered.
    pub(super) fn abandon(&mut self, id: Hashed) {
        self.pending.take(id);
    }

    /// Forgets every id whose ping was not delivered.
    pub(super) fn abandon_pending(&mut self) {
        self.pending.clear();
    }

    /// Hashes of the ids that were marked at `from` or later, and are still remembered.
    pub(super) fn hashes_since(&self, from: Timestamp) -> impl Iterator<Item = u64> + '_ {
        self.committed.hashes_since(from).chain(self.pending.hashes_since(from))
    }

    /// Ids, expired ones that no sweep has come to included.
    pub(super) fn len(&self) -> u64 {
        self.pending.len() + self.committed.len()
    }

    /// Bytes allocated.
    pub(super) fn bytes(&self) -> u64 {
        self.pending.bytes() + self.committed.bytes()
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
            let mut ids = Ids::new(WINDOW, 3);
            let mut model: BTreeMap<u64, (u64, bool)> = BTreeMap::new();
            let mut now = 1000u64;
            ids.pass(Timestamp::from_secs(now));
            for step in steps {
                match step {
                    Step::Wait(secs) => {
                        now += secs;
                        ids.pass(Timestamp::from_secs(now));
                        model.retain(|_, (at, _)| now - *at < 600);
                    }
                    Step::Judge(id) => {
                        ids.pass(Timestamp::from_secs(now));
                        let known = ids.contains(ids.hash(key(id)));
                        prop_assert_eq!(known, model.contains_key(&id));
                        if !known {
                            ids.insert_pending(ids.hash(key(id)));
                            model.insert(id, (now, true));
                        }
                    }
                    Step::Touch(id) => {
                        let touched = ids.touch(ids.hash(key(id))).is_some();
                        prop_assert_eq!(touched, model.contains_key(&id));
                        model.entry(id).and_modify(|(at, _)| *at = now);
                    }
                    Step::Commit(id) => {
                        ids.commit(ids.hash(key(id)));
                        model.entry(id).or_insert((now, true)).1 = false;
                    }
                    Step::Abandon(id) => {
                        ids.abandon(ids.hash(key(id)));
                        if model.get(&id).is_some_and(|(_, pending)| *pending) {
                            model.remove(&id);
                        }
                    }
                    Step::Crash => {
                        ids.abandon_pending();
                        model.retain(|_, (_, pending)| !*pending);
                    }
                }
                prop_assert!(ids.len() >= model.len() as u64);
            }
        }
    }

    #[test]
    fn an_id_is_remembered_for_a_window_and_at_most_two_ticks_longer() {
        for window in
            [Duration::from_nanos(7), Duration::from_millis(3), WINDOW, Duration::from_secs(86_400 * 400)]
        {
            let start = Timestamp::from_secs(1_700_000_000).plus(Duration::from_nanos(123_457));
            let mut ids = Ids::new(window, 1);
            ids.pass(start);
            ids.insert_pending(ids.hash(key(1)));
            ids.pass(start.plus(window - Duration::from_nanos(1)));
            assert!(ids.contains(ids.hash(key(1))), "{window:?}");
            let two_ticks = (window / (1 << 20)).max(Duration::from_nanos(1)) * 2;
            ids.pass(start.plus(window + two_ticks));
            assert!(!ids.contains(ids.hash(key(1))), "{window:?}");
        }
    }

    #[test]
    fn what_has_expired_is_taken_out_within_an_eighth_of_a_window_and_its_memory_is_given_back() {
        let mut ids = Ids::new(WINDOW, 1);
        let start = Timestamp::from_secs(10_000);
        ids.pass(start);
        (0..50_000).for_each(|id| ids.insert_pending(ids.hash(key(id))));
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
        assert!(ids.contains(ids.hash(key(1))) && ids.contains(ids.hash(key(2))));
        ids.pass(at(901));
        assert!(!ids.contains(ids.hash(key(1))) && ids.contains(ids.hash(key(2))));
    }
}
