//! The exact catalogue that PubsubIO on a distributed runner keeps of the ids of a window, with what surrounds it.

use std::io;
use std::time::Duration;

use super::ids::{Ids, ROOM, Standing};
use super::journal::{Cadence, Journal};
use super::negative::{Answer, BITS_AN_ID, HEADROOM, NegativeCache};
use crate::contract::{Outcome, Ping, PingKey, Settled, Timestamp, Verdict};
use crate::structures::window_set::ExactSet;

/// Pings that are prepared together: as many cache misses are under way at once.
const GROUP: usize = 64;

/// Committed ids that are put into the large table together.
const TOGETHER: usize = 256;

/// An id and its hash.
#[derive(Clone, Copy, Debug)]
struct Hashed {
    key: PingKey,
    hash: u64,
}

/// How a catalogue behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    /// How long an id is known.
    pub window: Duration,
    /// Whether a copy that is recognised prolongs that.
    pub hit: Hit,
    /// Whether filters spare look-ups, and records from before the window are refused.
    pub negative_cache: Negative,
    /// When ids are written to the state directory.
    pub cadence: Cadence,
}

/// What a recognised copy does to its id's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// Nothing: the window counts from the copy that was let through.
    Leaves,
    /// It begins anew.
    Extends,
}

/// Whether there are Bloom filters before the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Negative {
    /// One for each range of system time as long as the window.
    Filters,
    /// None: every id is looked up.
    None,
}

/// How the ids were found out about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LookUps {
    /// Ids that a filter said no to, so that the catalogue was not asked.
    pub spared: u64,
    /// Look-ups in the catalogue.
    pub made: u64,
    /// Of those, in vain although a filter had said maybe: false positives. They cost a look-up and no ping.
    pub false_positives: u64,
}

/// One worker's catalogue.
pub struct Catalogue {
    manner: Manner,
    ids: Ids,
    filters: Option<NegativeCache>,
    journal: Journal,
    look_ups: LookUps,
    latest_arrival: Timestamp,
    group: Vec<Hashed>,
    answers: Vec<Answer>,
}

impl Catalogue {
    /// A catalogue of the ids in `kept`, of which those that are over are left out, that writes to `journal`.
    pub fn new(
        manner: Manner,
        seed: u64,
        journal: Journal,
        kept: impl Iterator<Item = (Timestamp, PingKey)>,
    ) -> Self {
        let mut ids = Ids::new(manner.window, seed);
        kept.for_each(|(at, key)| ids.restore(key, at));
        let filters = (manner.negative_cache == Negative::Filters).then(|| {
            let hashes_since = |from| ids.hashes_since(from).collect();
            NegativeCache::rebuild(ids.now(), manner.window, ids.len(), hashes_since)
        });
        Catalogue {
            manner,
            ids,
            filters,
            journal,
            look_ups: LookUps::default(),
            latest_arrival: Timestamp::ZERO,
            group: Vec::with_capacity(GROUP),
            answers: Vec::with_capacity(GROUP),
        }
    }

    /// Judges `pings` at `now`, in order.
    pub fn judge(&mut self, pings: &[Ping], now: Timestamp, verdicts: &mut Vec<Verdict>) -> io::Result<()> {
        self.pass(now)?;
        for pings in pings.chunks(GROUP) {
            let mut group = std::mem::take(&mut self.group);
            self.prepare(pings.iter().map(|ping| ping.key), &mut group);
            match self.filters {
                Some(_) => self.judge_filtered(pings, &group, verdicts),
                None => verdicts.extend(group.iter().map(|id| self.judge_unfiltered(*id))),
            }
            self.group = group;
        }
        Ok(())
    }

    /// Commits what was delivered, and forgets what was not.
    pub fn settle(&mut self, settled: &[Settled], now: Timestamp) -> io::Result<()> {
        self.pass(now)?;
        for Settled { ping, outcome } in settled {
            match outcome {
                Outcome::Delivered => {
                    if let Some(at) = self.ids.commit(ping.key) {
                        self.journal.note(ping.key, at);
                    }
                }
                Outcome::Failed => self.ids.abandon(ping.key),
            }
        }
        if self.ids.due() >= self.most_due() {
            self.ids.move_due();
        }
        Ok(())
    }

    /// Committed ids that may wait to be put into the large table. Where there are filters they are seldom looked for, and as
    /// many cache misses are under way at once, however few pings a bundle has.
    fn most_due(&self) -> usize {
        match self.manner.negative_cache {
            Negative::Filters => TOGETHER,
            Negative::None => 1,
        }
    }

    /// Lets time pass.
    pub fn pass(&mut self, now: Timestamp) -> io::Result<()> {
        // The end of the input is no point in time.
        if now == Timestamp::END {
            return Ok(());
        }
        self.ids.pass(now);
        if let Some(filters) = &mut self.filters {
            filters.pass(now);
        }
        self.journal.pass(now)
    }

    /// A worker died: what it had let through and not delivered comes again, and must pass.
    pub fn abandon_pending(&mut self) {
        self.ids.abandon_pending();
    }

    /// Writes what is to outlive this process.
    pub fn close(&mut self) -> io::Result<()> {
        self.journal.close(self.ids.now())
    }

    /// How often the catalogue was asked, and how often that was spared.
    pub fn look_ups(&self) -> LookUps {
        self.look_ups
    }

    /// Ids that are known.
    pub fn len(&self) -> u64 {
        self.ids.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes allocated.
    pub fn bytes(&self) -> u64 {
        self.ids.bytes() + self.filters.as_ref().map_or(0, NegativeCache::bytes) + self.journal.bytes()
    }

    fn prepare(&self, keys: impl Iterator<Item = PingKey>, group: &mut Vec<Hashed>) {
        group.clear();
        for key in keys {
            let id = Hashed { key, hash: self.ids.hash(key) };
            match &self.filters {
                // Most ids are new: then there is no look-up.
                Some(filters) => filters.prepare(id.hash),
                None => self.ids.fetch(key),
            }
            group.push(id);
        }
    }

    /// All filters are asked before the catalogue is touched: then each line that was asked for has had time to come.
    fn judge_filtered(&mut self, pings: &[Ping], group: &[Hashed], verdicts: &mut Vec<Verdict>) {
        let mut answers = std::mem::take(&mut self.answers);
        answers.clear();
        if let Some(filters) = &mut self.filters {
            filters.ask(group.iter().map(|id| id.hash), &mut answers);
        }
        let asked = pings.iter().zip(group).zip(&answers);
        verdicts.extend(asked.map(|((ping, id), answer)| self.judge_one(ping, *id, *answer)));
        self.answers = answers;
        self.rebuild_full_filter();
    }

    fn judge_one(&mut self, ping: &Ping, id: Hashed, answer: Answer) -> Verdict {
        if self.is_remnant(ping) {
            return Verdict::Late;
        }
        match answer {
            Answer::No => self.look_ups.spared += 1,
            Answer::Maybe if self.is_known(id.key) => return Verdict::Duplicate,
            Answer::Maybe => {
                self.look_ups.false_positives += 1;
                self.filters.iter_mut().for_each(|filters| filters.insert(id.hash));
            }
        }
        self.ids.insert_pending(id.key);
        Verdict::New
    }

    fn judge_unfiltered(&mut self, id: Hashed) -> Verdict {
        if self.is_known(id.key) {
            return Verdict::Duplicate;
        }
        self.ids.insert_pending(id.key);
        Verdict::New
    }

    /// Whether a record is older than the watermark up to which ids were forgotten: then the catalogue can no longer
    /// say whether it was delivered. The watermark follows the arrivals, so only a source that hands out pings in
    /// another order than they arrived, by a window and more, ever meets it.
    fn is_remnant(&mut self, ping: &Ping) -> bool {
        self.latest_arrival = self.latest_arrival.max(ping.arrival);
        self.latest_arrival.since(ping.arrival) > self.manner.window
    }

    fn is_known(&mut self, key: PingKey) -> bool {
        self.look_ups.made += 1;
        match self.manner.hit {
            Hit::Leaves => self.ids.contains(key),
            Hit::Extends => self.extend(key),
        }
    }

    fn extend(&mut self, key: PingKey) -> bool {
        let known = self.ids.touch(key);
        if known == Some(Standing::Committed) {
            self.journal.note(key, self.ids.now());
        }
        known.is_some()
    }

    fn rebuild_full_filter(&mut self) {
        if let Some(filters) = &mut self.filters
            && filters.is_full()
        {
            // As after a restart: the catalogue knows what belongs into it.
            let hashes = self.ids.hashes_since(filters.began());
            filters.rebuild_current(hashes);
        }
    }
}

/// Bytes that a catalogue with filters needs for `ids` ids let through in a window, spread evenly over it.
///
/// The table has grown to them by itself; an id is remembered for a 64th of a window longer on average. Of the two
/// filters one is full and one is filling, each for a window's ids and a tenth more, at 10.5 bits an id.
pub fn bytes_for(ids: u64) -> u64 {
    let table = ExactSet::bytes_grown_to((ids as f64 * (1.0 + 0.5 / 32.0)).ceil() as u64, ROOM);
    let filters = 2.0 * HEADROOM * BITS_AN_ID / 8.0;
    table + (ids as f64 * filters).ceil() as u64
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;
    use crate::contract::DeliveryId;
    use crate::structures::id_catalogue::Kept;

    const WINDOW: Duration = Duration::from_secs(600);
    const SERVICE: Manner = Manner {
        window: WINDOW,
        hit: Hit::Leaves,
        negative_cache: Negative::Filters,
        cadence: Cadence::Commits(Duration::from_secs(10)),
    };

    fn at(secs: u64) -> Timestamp {
        Timestamp::from_secs(6_000_000 + secs)
    }

    fn key(number: u64) -> PingKey {
        PingKey::from_u128(u128::from(number) << 40 | 9)
    }

    fn ping(number: u64, arrival: Timestamp) -> Ping {
        Ping { key: key(number), event_time: arrival, arrival, delivery: DeliveryId(number) }
    }

    fn open(directory: &Path, manner: Manner) -> Catalogue {
        let kept = Kept::read(directory).unwrap();
        let journal = kept.journal(directory, 0, manner.window, manner.cadence);
        Catalogue::new(manner, 1, journal, kept.ids.iter().copied())
    }

    fn judge(catalogue: &mut Catalogue, numbers: impl Iterator<Item = u64>, now: Timestamp) -> Vec<Verdict> {
        let pings: Vec<Ping> = numbers.map(|number| ping(number, now)).collect();
        let mut verdicts = Vec::new();
        catalogue.judge(&pings, now, &mut verdicts).unwrap();
        verdicts
    }

    fn settle(
        catalogue: &mut Catalogue,
        numbers: impl Iterator<Item = u64>,
        outcome: Outcome,
        now: Timestamp,
    ) {
        let settled: Vec<_> = numbers.map(|number| Settled { ping: ping(number, now), outcome }).collect();
        catalogue.settle(&settled, now).unwrap();
    }

    fn is_new(catalogue: &mut Catalogue, number: u64, now: Timestamp) -> bool {
        judge(catalogue, std::iter::once(number), now) == [Verdict::New]
    }

    #[test]
    fn a_false_positive_of_the_filter_costs_a_look_up_and_never_a_ping() {
        const IDS: u64 = 200_000;
        let directory = tempfile::tempdir().unwrap();
        let mut catalogue = open(directory.path(), SERVICE);
        for second in 0..2_000 {
            let ids = second * IDS / 2_000..(second + 1) * IDS / 2_000;
            assert!(judge(&mut catalogue, ids, at(second)).iter().all(|verdict| *verdict == Verdict::New));
        }
        let LookUps { spared, made, false_positives } = catalogue.look_ups();
        assert_eq!(spared + made, IDS);
        assert_eq!(made, false_positives, "no id was known");
        // Two filters, filled to between nothing and a little less than what 1 % stands for.
        let share = false_positives as f64 / IDS as f64;
        assert!((0.002..0.02).contains(&share), "{share}");
    }

    #[test]
    fn a_ping_whose_worker_died_passes_again_and_one_that_was_delivered_does_not() {
        let directory = tempfile::tempdir().unwrap();
        let mut catalogue = open(directory.path(), SERVICE);
        judge(&mut catalogue, 0..4, at(0));
        assert!(!is_new(&mut catalogue, 0, at(1)), "it is pending: the first copy would come again");
        settle(&mut catalogue, 0..2, Outcome::Delivered, at(1));
        settle(&mut catalogue, 2..3, Outcome::Failed, at(1));
        assert!(is_new(&mut catalogue, 2, at(2)), "its publish had failed");
        catalogue.abandon_pending();
        let again: Vec<bool> = (0..4).map(|number| is_new(&mut catalogue, number, at(3))).collect();
        assert_eq!(again, [false, false, true, true]);
    }

    #[test]
    fn a_restart_keeps_what_was_committed_and_rebuilds_the_filters_from_it() {
        let directory = tempfile::tempdir().unwrap();
        let mut catalogue = open(directory.path(), SERVICE);
        for second in 0..900 {
            let ids = second * 10..(second + 1) * 10;
            judge(&mut catalogue, ids.clone(), at(second));
            // The last of each second is let through, and never delivered.
            settle(&mut catalogue, ids.start..ids.end - 1, Outcome::Delivered, at(second));
        }
        catalogue.close().unwrap();
        let mut catalogue = open(directory.path(), SERVICE);
        let mut found = Vec::new();
        for id in 0..9000 {
            let copy_is_new = is_new(&mut catalogue, id, at(900));
            let committed = id % 10 != 9 && id / 10 > 300;
            found.push((copy_is_new, !committed));
            // A whole window later the filters of both ranges were asked.
        }
        // Those of second 300 are exactly a window old.
        found.drain(3000..3010);
        assert!(found.iter().all(|(is_new, expected)| is_new == expected));
        assert!(!is_new(&mut catalogue, 8_991, at(1_498)), "let through at 899, of the range before");
        assert!(is_new(&mut catalogue, 8_991, at(1_500)));
    }

    #[test]
    fn a_record_from_before_the_watermark_is_a_remnant() {
        let directory = tempfile::tempdir().unwrap();
        let mut catalogue = open(directory.path(), SERVICE);
        assert!(is_new(&mut catalogue, 1, at(1000)));
        let mut verdicts = Vec::new();
        let waited = [ping(2, at(401)), ping(3, at(399)), ping(1, at(399))];
        catalogue.judge(&waited, at(1000), &mut verdicts).unwrap();
        assert_eq!(verdicts, [Verdict::New, Verdict::Late, Verdict::Late]);
    }

    #[test]
    fn in_a_steady_stream_memory_stays_within_a_tenth_of_the_formula() {
        let directory = tempfile::tempdir().unwrap();
        let mut catalogue = open(directory.path(), SERVICE);
        const A_SECOND: u64 = 500;
        let needed = bytes_for(A_SECOND * 600) as f64;
        for second in 0..3000 {
            let ids = second * A_SECOND..(second + 1) * A_SECOND;
            judge(&mut catalogue, ids.clone(), at(second));
            settle(&mut catalogue, ids, Outcome::Delivered, at(second));
            if second > 1300 && second % 50 == 0 {
                // What the journal gathers is a matter of seconds, not of the window.
                let held = (catalogue.bytes() - catalogue.journal.bytes()) as f64 / needed;
                assert!((0.9..1.1).contains(&held), "{held:.3} of what it needs after {second} s");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn with_and_without_filters_the_verdicts_are_the_same(
            steps in prop::collection::vec((0u64..300, 0u64..40), 1..2000),
        ) {
            let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
            let plain = Manner { negative_cache: Negative::None, ..SERVICE };
            let mut filtered = open(directories[0].path(), SERVICE);
            let mut bare = open(directories[1].path(), plain);
            let mut secs = 0;
            for (number, wait) in steps {
                secs += wait / 4;
                // Not on whole seconds: at the very end of a window one of them may be a tick late.
                let now = at(secs).plus(Duration::from_millis(wait));
                prop_assert_eq!(is_new(&mut filtered, number, now), is_new(&mut bare, number, now));
            }
        }
    }
}
