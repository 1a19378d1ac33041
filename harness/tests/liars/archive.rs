//! A strategy that holds pings in a file, so that they outlive its process, and one that only says so.

use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_harness::strategies::{
    BuildError, DeliveryId, Footprint, HeldPings, Memory, Outcome, Ping, PingKey, Promise, Routing, Settled,
    Strategy, Timestamp, Unavailable, UnderFaults, Verdict, Window, Worker,
};

/// How long a ping is held.
const HELD_FOR: Duration = Duration::from_secs(30);

/// Where held pings are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keeps {
    InAFile,
    InMemory,
}

/// The name of the file in the strategy's directory.
const FILE: &str = "held";

pub(crate) fn build(keeps: Keeps, directory: &Path) -> Result<Box<dyn Strategy>, BuildError> {
    let path = directory.join(FILE);
    let mut state = State::default();
    if keeps == Keeps::InAFile {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.lines().for_each(|line| state.recall(line));
        state.file = Some(OpenOptions::new().append(true).create(true).open(path)?);
    }
    Ok(Box::new(Archive(Arc::new(Mutex::new(state)))))
}

#[derive(Clone, Debug)]
struct Archive(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    seen: HashSet<PingKey>,
    held: BTreeMap<DeliveryId, Ping>,
    /// Released by which worker, and not known to have been delivered.
    released: BTreeMap<DeliveryId, (usize, Ping)>,
    file: Option<File>,
}

impl State {
    /// A line of the file: a ping that was held, or one that was delivered.
    fn recall(&mut self, line: &str) {
        let mut words = line.split(' ').map(|word| word.parse::<u128>().unwrap());
        let delivery = DeliveryId(words.next().unwrap() as u64);
        let Some(key) = words.next().map(PingKey::from_u128) else {
            self.held.remove(&delivery);
            return;
        };
        let mut time = || Timestamp::from_nanos(words.next().unwrap() as u64);
        let (event_time, arrival) = (time(), time());
        self.seen.insert(key);
        self.held.insert(delivery, Ping { key, event_time, arrival, delivery });
    }

    fn write(&mut self, line: &str) {
        if let Some(file) = &mut self.file {
            file.write_all(line.as_bytes()).unwrap();
        }
    }
}

impl Strategy for Archive {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        let mut state = self.0.lock().unwrap();
        // What the one before it had in hand is released once more.
        let lost: Vec<Ping> =
            state.released.values().filter(|(worker, _)| *worker == index).map(|(_, ping)| *ping).collect();
        for ping in lost {
            state.released.remove(&ping.delivery);
            state.held.insert(ping.delivery, ping);
        }
        Ok(Box::new(ArchiveWorker { index, archive: self.clone() }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise {
            memory: Memory::Grows,
            under_faults: UnderFaults::LOSES_NOTHING,
            ..Promise::remembering(Window::Forever)
        }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.0.lock().unwrap().seen.len() as u64, bytes: 0 }
    }

    fn held_pings(&self) -> HeldPings {
        HeldPings::Durable
    }
}

struct ArchiveWorker {
    index: usize,
    archive: Archive,
}

impl Worker for ArchiveWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let state = &mut *self.archive.0.lock().unwrap();
        let mut lines = String::new();
        for ping in pings {
            let fresh = state.seen.insert(ping.key);
            verdicts.push(if fresh { Verdict::Held } else { Verdict::Duplicate });
            if fresh {
                let Ping { key, event_time, arrival, delivery } = ping;
                let times = (event_time.as_nanos(), arrival.as_nanos());
                lines += &format!("{} {} {} {}\n", delivery.0, key.as_u128(), times.0, times.1);
                state.held.insert(*delivery, *ping);
            }
        }
        state.write(&lines);
        Ok(())
    }

    fn settle(&mut self, settled: &[Settled], _now: Timestamp) -> Result<(), Unavailable> {
        let state = &mut *self.archive.0.lock().unwrap();
        for Settled { ping, outcome } in settled {
            assert_eq!(*outcome, Outcome::Delivered, "nobody but the worker can publish what was acked");
            state.released.remove(&ping.delivery);
            state.write(&format!("{}\n", ping.delivery.0));
        }
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        let state = &mut *self.archive.0.lock().unwrap();
        let due = |ping: &Ping| now == Timestamp::END || ping.arrival.plus(HELD_FOR) <= now;
        let those: Vec<Ping> = state.held.values().filter(|ping| due(ping)).copied().collect();
        for ping in those {
            state.held.remove(&ping.delivery);
            state.released.insert(ping.delivery, (self.index, ping));
            released.push(ping);
        }
        Ok(())
    }
}
