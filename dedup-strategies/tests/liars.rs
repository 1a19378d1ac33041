//! Strategies that do not do what they say, each caught by a law that says what it did.

mod common;

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use common::context;
use dedup_strategies::conformance::{LAWS, Subject};
use dedup_strategies::{
    Build, Definition, Footprint, Forgets, Needs, Operation, Ping, PingKey, Promise, Role, Routing, Strategy,
    Timestamp, Unavailable, Verdict, Window, Worker,
};

/// What every liar claims: to be perfect.
const PERFECT: Promise =
    Promise { capacity: Some(1000), ..Promise::remembering(Window::Since(Duration::from_secs(600))) };

/// In which way it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lie {
    /// None: it is what it claims, but for windows, which the laws it is shown must not need.
    None,
    Forgets,
    DropsTooMuch,
    NotDeterministic,
    ChecksThenSets,
    MarksAfterTheBatch,
    LosesHeldPings,
    ReleasesTwice,
    ReleasesSomethingElse,
    SwapsVerdicts,
    SkipsAVerdict,
    OverwritesVerdicts,
    KeepsStateInTheWorker,
    GrowsWithoutBound,
    TracksNothing,
    EmitsTwice,
    Fails,
    RemembersWhatItDidNotJudge,
    NeverJudgesSome,
    /// None: it leaves a ping unjudged now and then, as a store of which a part is away, and judges it when it comes again.
    Stutters,
}

#[derive(Clone)]
struct Liar {
    lie: Lie,
    shared: Arc<Mutex<HashSet<PingKey>>>,
    own: HashSet<PingKey>,
    held: Vec<Ping>,
    judged: u64,
}

/// Counts on through a whole process, so that no two runs see the same numbers.
static CALLS: AtomicU64 = AtomicU64::new(0);

impl Strategy for Liar {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        PERFECT
    }

    fn footprint(&self) -> Footprint {
        let ids = self.shared.lock().unwrap_or_else(PoisonError::into_inner).len() as u64;
        match self.lie {
            Lie::TracksNothing => Footprint::default(),
            _ => Footprint { ids, bytes: ids * 16 },
        }
    }

    fn emitted_twice(&self) -> Option<u64> {
        (self.lie == Lie::EmitsTwice).then_some(3)
    }
}

impl Worker for Liar {
    fn judge(
        &mut self,
        pings: &[Ping],
        _now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let start = verdicts.len();
        if self.lie == Lie::MarksAfterTheBatch {
            let mut known = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            let judged =
                |ping: &Ping| if known.contains(&ping.key) { Verdict::Duplicate } else { Verdict::New };
            verdicts.extend(pings.iter().map(judged));
            known.extend(pings.iter().map(|ping| ping.key));
            return Ok(());
        }
        verdicts.extend(pings.iter().map(|ping| self.judge_one(ping)));
        match self.lie {
            Lie::SwapsVerdicts => verdicts[start..].reverse(),
            Lie::SkipsAVerdict if pings.len() == 17 => drop(verdicts.pop()),
            Lie::OverwritesVerdicts => verdicts[..start].fill(Verdict::New),
            Lie::Fails => return Err(Unavailable("no such table".into())),
            _ => {}
        }
        Ok(())
    }

    fn unjudged(&self) -> Unavailable {
        Unavailable("a part of it is away".into())
    }

    fn advance(&mut self, now: Timestamp, released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        match self.lie {
            Lie::LosesHeldPings if now == Timestamp::END => released.extend(self.held.drain(1..)),
            Lie::ReleasesTwice => released.extend(self.held.iter().take(1)),
            Lie::ReleasesSomethingElse => {
                released.extend(self.held.drain(..).map(|ping| Ping { arrival: Timestamp::ZERO, ..ping }));
            }
            _ => {}
        }
        Ok(())
    }
}

impl Liar {
    fn judge_one(&mut self, ping: &Ping) -> Verdict {
        self.judged += 1;
        let lock = || self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = match self.lie {
            Lie::ChecksThenSets => {
                let known = lock().contains(&ping.key);
                thread::yield_now();
                lock().insert(ping.key);
                !known
            }
            Lie::Forgets if self.judged.is_multiple_of(50) => true,
            Lie::DropsTooMuch if self.judged.is_multiple_of(50) => false,
            Lie::NotDeterministic if CALLS.fetch_add(1, Ordering::Relaxed).is_multiple_of(1009) => true,
            Lie::KeepsStateInTheWorker => self.own.insert(ping.key),
            Lie::RemembersWhatItDidNotJudge if self.judged.is_multiple_of(50) => {
                lock().insert(ping.key);
                return Verdict::Unjudged;
            }
            Lie::NeverJudgesSome if ping.key.0[0] < 8 => return Verdict::Unjudged,
            Lie::Stutters if self.judged.is_multiple_of(3) => return Verdict::Unjudged,
            _ => lock().insert(ping.key),
        };
        let holds = matches!(self.lie, Lie::LosesHeldPings | Lie::ReleasesTwice | Lie::ReleasesSomethingElse);
        match (fresh, holds) {
            (false, _) => Verdict::Duplicate,
            (true, false) => Verdict::New,
            (true, true) => {
                self.held.push(*ping);
                Verdict::Held
            }
        }
    }
}

fn build(lie: Lie) -> Box<dyn Strategy> {
    Box::new(Liar { lie, shared: Arc::default(), own: HashSet::new(), held: Vec::new(), judged: 0 })
}

/// What the law called `law` says of a strategy that lies in this way.
fn verdict_of(law: &str, build: Build) -> Result<(), String> {
    let definition = Definition {
        name: "liar",
        about: "says that it is perfect",
        role: Role::Candidate,
        settings: &[],
        needs: Needs::Nothing,
        operation: Operation::IN_WORKERS,
        forgets: |_, _| Forgets::Unknown,
        estimate: None,
        prospect: None,
        build,
    };
    let law = LAWS.iter().find(|known| known.name == law).expect("a law of that name");
    law.check(&Subject::new(&definition, &[], &context)).map_err(|violation| violation.to_string())
}

/// The laws that catch liars, with a phrase of what they say.
const CAUGHT: &[(&str, Build, &str)] = &[
    (
        "no more is missed inside the window than promised",
        &|_, _| Ok(build(Lie::Forgets)),
        "copies that the promise covers were let through",
    ),
    ("as many ids are remembered as promised", &|_, _| Ok(build(Lie::Forgets)), "were let through"),
    ("gaps in time change no promise", &|_, _| Ok(build(Lie::Forgets)), "were let through"),
    (
        "no more is lost than promised",
        &|_, _| Ok(build(Lie::DropsTooMuch)),
        "new keys were dropped as duplicates, promised none; the first: key ",
    ),
    ("the same seed gives the same verdicts", &|_, _| Ok(build(Lie::NotDeterministic)), "first and"),
    ("a batch without pings changes nothing", &|_, _| Ok(build(Lie::NotDeterministic)), "first and"),
    (
        "threads that race let one copy of a key through",
        &|_, _| Ok(build(Lie::ChecksThenSets)),
        "keys that 4 threads judged at once were let through more than once",
    ),
    (
        "held pings are released once each, all by the end",
        &|_, _| Ok(build(Lie::LosesHeldPings)),
        "held pings were not released",
    ),
    (
        "held pings are released once each, all by the end",
        &|_, _| Ok(build(Lie::ReleasesTwice)),
        "which it did not hold (any more)",
    ),
    (
        "held pings are released once each, all by the end",
        &|_, _| Ok(build(Lie::ReleasesSomethingElse)),
        "in its place",
    ),
    (
        "nothing comes out of a flow twice",
        &|_, _| Ok(build(Lie::EmitsTwice)),
        "pings that came out had come out before",
    ),
    ("every ping gets one verdict, in order", &|_, _| Ok(build(Lie::SwapsVerdicts)), "in turn"),
    ("no more is lost than promised", &|_, _| Ok(build(Lie::SkipsAVerdict)), "gave 16 verdicts for 17 pings"),
    (
        "every ping gets one verdict, in order",
        &|_, _| Ok(build(Lie::OverwritesVerdicts)),
        "changed verdicts that were there before",
    ),
    ("every ping gets one verdict, in order", &|_, _| Ok(build(Lie::Fails)), "judge failed: no such table"),
    (
        "no more is lost than promised",
        &|_, _| Ok(build(Lie::RemembersWhatItDidNotJudge)),
        "new keys were dropped as duplicates, promised none; the first: key ",
    ),
    (
        "every ping gets one verdict, in order",
        &|_, _| Ok(build(Lie::NeverJudgesSome)),
        "could not be judged, however often they came: a part of it is away",
    ),
    (
        "copies inside one batch are recognised",
        &|_, _| Ok(build(Lie::MarksAfterTheBatch)),
        "were let through",
    ),
    (
        "a crash of a worker changes no promise",
        &|_, _| Ok(build(Lie::KeepsStateInTheWorker)),
        "were let through",
    ),
    ("memory is bounded where that is promised", &|_, _| Ok(build(Lie::GrowsWithoutBound)), "after 24"),
    ("the footprint is plausible", &|_, _| Ok(build(Lie::TracksNothing)), "it tracks 0"),
];

#[test]
fn every_liar_is_caught_with_a_message_that_says_what_it_did() {
    for (law, build, phrase) in CAUGHT {
        let said = verdict_of(law, *build).expect_err(phrase);
        assert!(said.contains(phrase) && said.contains(law) && said.starts_with("liar"), "{said}");
    }
}

#[test]
fn the_same_strategy_without_a_lie_is_not_accused() {
    // It never forgets, so the laws about windows and memory are not for it.
    for (law, ..) in CAUGHT.iter().filter(|(law, ..)| *law != "memory is bounded where that is promised") {
        assert_eq!(verdict_of(law, &|_, _| Ok(build(Lie::None))), Ok(()));
        assert_eq!(verdict_of(law, &|_, _| Ok(build(Lie::Stutters))), Ok(()));
    }
}

#[test]
fn every_law_catches_some_liar() {
    for law in LAWS {
        assert!(
            CAUGHT.iter().any(|(name, ..)| *name == law.name),
            "nothing shows that {:?} can fail",
            law.name
        );
    }
}
