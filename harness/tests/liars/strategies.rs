//! Strategies that do not keep their word, each in its own way.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_harness::strategies::{
    Build, BuildError, Definition, DeliveryId, Footprint, Forgets, Memory, Needs, Operation, Ping, PingKey,
    Promise, Role, Routing, Settled, Strategy, Timestamp, Unavailable, UnderFaults, Verdict, Window, Worker,
};

use crate::archive::{self, Keeps};

/// All of them. What they have in common is a promise without an exception.
pub(crate) const LIARS: &[Definition] = &[
    Definition { forgets: |_, _| Forgets::AtOnce, ..liar("liar-misdeclared", &|_, _| build(Lie::None)) },
    liar("liar-honest", &|_, _| build(Lie::None)),
    liar("liar-forgets", &|_, _| build(Lie::Forgets)),
    liar("liar-drops", &|_, _| build(Lie::Drops)),
    liar("liar-dice", &|_, _| build(Lie::Dice(RandomState::new()))),
    liar("liar-panics", &|_, _| build(Lie::Panics)),
    liar("liar-hangs", &|_, _| build(Lie::Hangs)),
    liar("liar-spins", &|_, _| build(Lie::Spins)),
    liar("liar-plods", &|_, _| build(Lie::Plods)),
    liar("liar-grows", &|_, _| build(Lie::Grows)),
    liar("liar-devours", &|_, _| build(Lie::Devours)),
    liar("liar-exits", &|_, _| build(Lie::Exits)),
    liar("liar-mute", &|_, _| build(Lie::Mute)),
    liar("liar-chatty", &|_, _| build(Lie::Chatty)),
    liar("liar-patient", &|_, _| build(Lie::Patient)),
    liar("liar-hoards", &|_, _| build(Lie::Hoards)),
    liar("liar-invents", &|_, _| build(Lie::Invents)),
    liar("liar-absent", &|_, _| build(Lie::Absent)),
    liar("liar-stutters", &|_, _| build(Lie::Stutters)),
    liar("liar-shrugs", &|_, _| build(Lie::Shrugs)),
    liar("liar-half-absent", &|_, _| build(Lie::HalfAbsent)),
    liar("liar-late", &|_, _| build(Lie::Late)),
    liar("liar-leases", &|_, _| build(Lie::Leases)),
    liar("liar-eager", &|_, _| build(Lie::Eager)),
    liar("liar-archives", &|_, context| archive::build(Keeps::InAFile, &context.state_dir)),
    liar("liar-amnesiac", &|_, context| archive::build(Keeps::InMemory, &context.state_dir)),
    liar("liar-unbuilt", &|_, _| panic!("no foundation")),
];

const fn liar(name: &'static str, build: Build) -> Definition {
    Definition {
        name,
        about: "a liar",
        role: Role::Candidate,
        settings: &[],
        needs: Needs::Nothing,
        operation: Operation::IN_WORKERS,
        forgets: |_, _| Forgets::Never,
        estimate: None,
        prospect: None,
        build,
    }
}

/// How a liar lies.
#[derive(Clone, Debug)]
enum Lie {
    /// Not at all: the control of the experiment.
    None,
    /// Forgets every tenth ping at once.
    Forgets,
    /// Takes every hundredth new ping for a duplicate.
    Drops,
    /// Decides by a hash that is seeded anew in every instance.
    Dice(RandomState),
    /// Panics after a while.
    Panics,
    /// Never answers.
    Hangs,
    /// Never answers, and keeps a processor busy.
    Spins,
    /// Not at all: takes its time.
    Plods,
    /// Promises bounded memory and keeps a note of every ping.
    Grows,
    /// Takes memory until somebody stops it.
    Devours,
    /// Ends the process.
    Exits,
    /// Gives one verdict too few.
    Mute,
    /// Gives one verdict too many.
    Chatty,
    /// Not at all: holds pings, and minds if nobody says how those settled that it released.
    Patient,
    /// Holds pings and never releases them.
    Hoards,
    /// Releases a ping that it was never given.
    Invents,
    /// Is never there.
    Absent,
    /// Not at all: every tenth ping it cannot judge before it comes again.
    Stutters,
    /// Says of every tenth ping that it could not be judged, and remembers it.
    Shrugs,
    /// Never judges the pings of a part of its keys.
    HalfAbsent,
    /// Refuses every tenth ping as late.
    Late,
    /// Says for ever that somebody else is at it.
    Leases,
    /// Marks before delivery, and claims to lose nothing whatever breaks.
    Eager,
}

/// An exact set without expiry, and a lie.
#[derive(Clone, Debug)]
struct Liar {
    lie: Lie,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    seen: HashSet<PingKey>,
    judged: u64,
    notes: Vec<Vec<u8>>,
    held: Vec<Ping>,
    unsettled: BTreeMap<DeliveryId, Timestamp>,
}

/// Longer than any publish takes.
const LONG: Duration = Duration::from_secs(60);

fn build(lie: Lie) -> Result<Box<dyn Strategy>, BuildError> {
    Ok(Box::new(Liar { lie, state: Arc::default() }))
}

impl Strategy for Liar {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise {
            memory: if matches!(self.lie, Lie::Grows) { Memory::Bounded } else { Memory::Grows },
            under_faults: match self.lie {
                Lie::Eager => UnderFaults::LOSES_NOTHING,
                _ => UnderFaults::UNBOUNDED,
            },
            ..Promise::remembering(Window::Since(Duration::from_secs(600)))
        }
    }

    fn footprint(&self) -> Footprint {
        let state = self.state.lock().unwrap();
        Footprint { ids: state.seen.len() as u64, bytes: 0 }
    }
}

impl Worker for Liar {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let mut state = self.state.lock().unwrap();
        match &self.lie {
            Lie::Absent => return Err(Unavailable("the store is on holiday".into())),
            Lie::Hangs => loop {
                std::thread::park();
            },
            Lie::Spins => loop {
                std::hint::spin_loop();
            },
            Lie::Plods => std::thread::sleep(std::time::Duration::from_millis(20)),
            Lie::Exits => std::process::exit(7),
            Lie::Panics if state.judged > 1000 => panic!("lost the thread"),
            Lie::Patient => {
                let overdue = |released: &Timestamp| now.since(*released) > LONG;
                assert!(!state.unsettled.values().any(overdue), "nobody said how a released ping settled");
            }
            Lie::Devours => state.notes.push(vec![1; 64 << 20]),
            Lie::Grows => state.notes.push(vec![1; 1024 * pings.len()]),
            _ => {}
        }
        verdicts.extend(pings.iter().map(|ping| state.judge(&self.lie, ping)));
        match self.lie {
            Lie::Mute => drop(verdicts.pop()),
            Lie::Chatty => verdicts.push(Verdict::Duplicate),
            _ => {}
        }
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        Unavailable("a part of the store is on holiday".into())
    }

    fn settle(&mut self, settled: &[Settled], _now: Timestamp) -> Result<(), Unavailable> {
        let mut state = self.state.lock().unwrap();
        for settled in settled {
            state.unsettled.remove(&settled.ping.delivery);
        }
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        if matches!(self.lie, Lie::Invents) {
            let delivery = DeliveryId(u64::MAX);
            released.push(Ping { key: PingKey([0; 16]), event_time: now, arrival: now, delivery });
        }
        let state = &mut *self.state.lock().unwrap();
        state.unsettled.extend(state.held.iter().map(|ping| (ping.delivery, now)));
        released.append(&mut state.held);
        Ok(())
    }
}

impl State {
    fn judge(&mut self, lie: &Lie, ping: &Ping) -> Verdict {
        self.judged += 1;
        let tenth = self.judged.is_multiple_of(10);
        match lie {
            Lie::Stutters if tenth => return Verdict::Unjudged,
            Lie::HalfAbsent if ping.key.0[0] < 64 => return Verdict::Unjudged,
            _ => {}
        }
        let fresh = self.seen.insert(ping.key);
        match lie {
            Lie::Shrugs if tenth => return Verdict::Unjudged,
            Lie::Forgets if tenth => drop(self.seen.remove(&ping.key)),
            Lie::Drops if fresh && self.judged.is_multiple_of(100) => return Verdict::Duplicate,
            Lie::Dice(seed) if seed.hash_one(ping.key.0).is_multiple_of(50) => return Verdict::Duplicate,
            Lie::Patient if fresh => {
                self.held.push(*ping);
                return Verdict::Held;
            }
            Lie::Hoards => return Verdict::Held,
            Lie::Late if tenth => return Verdict::Late,
            Lie::Leases => return Verdict::InFlight,
            _ => {}
        }
        if fresh { Verdict::New } else { Verdict::Duplicate }
    }
}
