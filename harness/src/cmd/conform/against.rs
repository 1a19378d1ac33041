//! The same pings to two strategies, and their verdicts one by one.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_strategies::{Batching, Ping, PingKey, Timestamp, Verdict};
use dedup_stream::workload::Workload;

use crate::environment::{CellError, Environment, Instance, Obituaries, Timing};
use crate::passes::time::{PacedWorker, prepare};
use crate::select::Selected;
use crate::servers::Guarded;
use crate::units::{plural, thousands};

/// How many pings are told of, on which they differ.
const SHOWN: usize = 5;

/// Two strategies, and what they are given.
pub(super) struct Pair {
    pub(super) one: Selected,
    pub(super) other: Selected,
    pub(super) workload: Workload,
    pub(super) directory: Guarded,
}

impl Pair {
    /// Gives both the same pings in the same batches, with one worker each.
    pub(super) fn compare(&self) -> Result<Agreement, CellError> {
        let obituaries = Obituaries::default();
        obituaries.or(self.compare_in(&obituaries))
    }

    fn compare_in(&self, obituaries: &Obituaries) -> Result<Agreement, CellError> {
        let pings = prepare(&self.workload, self.workload.seed(), usize::MAX, || {})?;
        let batches = batches(&pings, self.batching());
        let open = |selected, name| self.open(selected, name, obituaries.clone());
        let instances = [open(&self.one, "one")?, open(&self.other, "other")?];
        let [mut one, mut other] = [worker(&instances[0])?, worker(&instances[1])?];
        let mut agreement = Agreement::default();
        for batch in batches {
            let now = batch.last().map_or(Timestamp::ZERO, |ping| ping.arrival);
            let mut passed = [Vec::new(), Vec::new()];
            one.judge_and(batch, |verdicts| passed[0].extend(verdicts.iter().map(passes)))?;
            other.judge_and(batch, |verdicts| passed[1].extend(verdicts.iter().map(passes)))?;
            for ((ping, one), other) in batch.iter().zip(&passed[0]).zip(&passed[1]) {
                agreement.see(ping, now, [*one, *other]);
            }
        }
        one.end()?;
        other.end()?;
        Ok(agreement)
    }

    /// How the pings are cut: as one of the two needs it, or as the scenario has it.
    pub(super) fn batching(&self) -> Batching {
        let needed = [&self.one, &self.other].into_iter().find_map(|one| one.definition.needs.batching());
        let pipeline = self.workload.pipeline();
        needed.unwrap_or(Batching { pings: pipeline.batch, linger: pipeline.linger })
    }

    fn open(&self, selected: &Selected, name: &str, obituaries: Obituaries) -> Result<Instance, CellError> {
        let sizing = self.workload.sizing();
        let settings = selected.settings(&sizing).map_err(CellError::refused)?;
        let directory = self.directory.dir().join(name);
        std::fs::create_dir_all(&directory).map_err(CellError::refused)?;
        let environment =
            Environment::new(selected.definition, settings, self.workload.seed(), sizing, directory);
        let mut environment = Environment { start: self.workload.start(), obituaries, ..environment };
        let instance = environment.instance(NonZeroUsize::MIN, Timing::Scenario)?;
        instance.wait_for_clock();
        Ok(instance)
    }
}

fn worker(instance: &Instance) -> Result<PacedWorker<'_>, CellError> {
    Ok(PacedWorker::new(instance.strategy.as_ref(), 0, instance.pace())?)
}

/// Cut where one is full, or its first ping has waited long enough.
fn batches(pings: &[Ping], batching: Batching) -> Vec<&[Ping]> {
    let mut batches = Vec::new();
    let mut rest = pings;
    while let Some(first) = rest.first() {
        let closes = first.arrival.plus(batching.linger);
        let full = batching.pings.get().min(rest.len());
        let size = rest[..full].partition_point(|ping| ping.arrival <= closes).max(1);
        let (batch, later) = rest.split_at(size);
        batches.push(batch);
        rest = later;
    }
    batches
}

/// Now, or once it is released.
fn passes(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::New | Verdict::Held)
}

/// How often two strategies decided alike.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    both_passed: u64,
    both_dropped: u64,
    /// Let through by the first alone, and by the second alone.
    alone: [Apart; 2],
    known: HashMap<PingKey, Known>,
}

/// Pings that one lets through and the other does not.
#[derive(Debug, Default)]
struct Apart {
    count: u64,
    /// How long after the copy before them they came, at least and at most.
    after: Option<(Duration, Duration)>,
    first: Vec<(u64, Duration)>,
}

/// What was seen of a key.
#[derive(Clone, Copy, Debug)]
struct Known {
    last: Timestamp,
    /// Whether both have decided alike on all copies so far: one that differs makes later ones differ.
    is_agreed: bool,
}

impl Agreement {
    fn see(&mut self, ping: &Ping, now: Timestamp, passed: [bool; 2]) {
        let known = self.known.get(&ping.key).copied();
        match passed {
            [true, true] => self.both_passed += 1,
            [false, false] => self.both_dropped += 1,
            [one, _] => {
                let since = known.map_or(Duration::ZERO, |known| now.since(known.last));
                let is_first_time = known.is_none_or(|known| known.is_agreed);
                self.alone[usize::from(!one)].see(ping.delivery.0, since, is_first_time);
            }
        }
        let is_agreed = known.is_none_or(|known| known.is_agreed) && passed[0] == passed[1];
        self.known.insert(ping.key, Known { last: now, is_agreed });
    }

    /// How many they did not agree on.
    pub(super) fn apart(&self) -> u64 {
        self.alone.iter().map(|apart| apart.count).sum()
    }

    /// For a person.
    pub(super) fn told(&self, names: [&str; 2]) -> String {
        let all = self.both_passed + self.both_dropped + self.apart();
        let share = 100.0 * (1.0 - self.apart() as f64 / all.max(1) as f64);
        let mut text = format!(
            "{} got the same verdict from both ({share:.4} %): {} let through, {} dropped\n",
            thousands(all - self.apart()),
            thousands(self.both_passed),
            thousands(self.both_dropped)
        );
        for (apart, name) in self.alone.iter().zip(names) {
            apart.tell(name, &mut text);
        }
        text
    }
}

impl Apart {
    fn see(&mut self, number: u64, since: Duration, is_first_time: bool) {
        self.count += 1;
        if !is_first_time {
            return;
        }
        let (least, most) = self.after.unwrap_or((since, since));
        self.after = Some((least.min(since), most.max(since)));
        if self.first.len() < SHOWN {
            self.first.push((number, since));
        }
    }

    fn tell(&self, name: &str, text: &mut String) {
        let _ = writeln!(text, "{} let through by {name} alone", plural(self.count, "ping"));
        if let Some((least, most)) = self.after {
            let _ = writeln!(
                text,
                "    of keys on which they agreed until then: {} to {} after the copy before",
                exactly(least),
                exactly(most)
            );
        }
        for (number, since) in &self.first {
            let _ = writeln!(text, "    ping {number}, {} after the copy before", exactly(*since));
        }
    }
}

/// To the millisecond: how much beyond a window it is says why.
fn exactly(time: Duration) -> String {
    humantime::format_duration(Duration::from_millis(time.as_millis() as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use dedup_strategies::DeliveryId;

    use super::*;

    fn ping(key: u128, second: u64) -> Ping {
        let at = Timestamp::from_secs(second);
        Ping { key: PingKey::from_u128(key), event_time: at, arrival: at, delivery: DeliveryId(second) }
    }

    #[test]
    fn batches_are_cut_by_number_and_by_time() {
        let pings: Vec<Ping> = [0, 1, 2, 10, 11, 12, 13].map(|second| ping(1, second)).to_vec();
        let batching = Batching { pings: NonZeroUsize::new(3).unwrap(), linger: Duration::from_secs(1) };
        let sizes: Vec<usize> = batches(&pings, batching).iter().map(|batch| batch.len()).collect();
        assert_eq!(sizes, [2, 1, 2, 2]);
    }

    #[test]
    fn what_one_lets_through_alone_is_counted_with_the_time_since_the_copy_before() {
        let mut agreement = Agreement::default();
        for (key, second, passed) in [
            (1, 0, [true, true]),
            (1, 5, [false, false]),
            (1, 65, [true, false]),
            // Follows from the one before.
            (1, 70, [false, true]),
            (2, 70, [true, true]),
        ] {
            agreement.see(&ping(key, second), Timestamp::from_secs(second), passed);
        }
        assert_eq!(agreement.apart(), 2);
        let told = agreement.told(["a", "b"]);
        assert!(
            told.starts_with("3 got the same verdict from both (60.0000 %): 2 let through, 1 dropped\n"),
            "{told}"
        );
        let of_a =
            "1 ping let through by a alone\n    of keys on which they agreed until then: 1m to 1m after";
        assert!(told.contains(of_a) && told.ends_with("1 ping let through by b alone\n"), "{told}");
    }
}
