//! Workers that are lost: because of a fault, or by themselves while faults happen elsewhere.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dedup_strategies::{
    Footprint, Ping, Promise, Routing, Strategy, Timestamp, Unavailable, Verdict, Window, Worker,
};
use dedup_stream::faults::Placed;
use dedup_stream::truth::Truth;

use super::stand_ins::Script;
use super::{START, config, crash, events, placed, publish_fails};
use crate::faults::State;
use crate::pipeline::{Ended, Free, Host, Pipeline, PipelineError};
use crate::servers::StoreControl;

const LAST_WORDS: &str = "mortal ended (exit status: 4); it said: no more";

/// Lets everything through until it dies, or refuses to go on.
#[derive(Clone, Default)]
struct Mortal {
    /// When workers die, one each.
    deaths: Arc<Mutex<Vec<Timestamp>>>,
    /// From when on it says that it cannot.
    refuses: Option<Timestamp>,
    /// When it cannot be told that time passes, however well it judges.
    is_deaf: Option<RangeInclusive<Timestamp>>,
    opened: Arc<Mutex<u32>>,
}

struct MortalWorker {
    mortal: Mortal,
    is_dead: bool,
}

impl Strategy for Mortal {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        *self.opened.lock().unwrap() += 1;
        Ok(Box::new(MortalWorker { mortal: self.clone(), is_dead: false }))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise::remembering(Window::Nothing)
    }

    fn footprint(&self) -> Footprint {
        Footprint::default()
    }
}

impl Worker for MortalWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        let deaths = &mut *self.mortal.deaths.lock().unwrap();
        if deaths.first().is_some_and(|at| now >= *at) {
            deaths.remove(0);
            self.is_dead = true;
        }
        if self.is_dead || self.mortal.refuses.is_some_and(|from| now >= from) {
            return Err(Unavailable(LAST_WORDS.into()));
        }
        verdicts.extend(pings.iter().map(|_| Verdict::New));
        Ok(())
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        match self.mortal.is_deaf.as_ref().is_some_and(|deaf| deaf.contains(&now)) {
            true => Err(Unavailable(LAST_WORDS.into())),
            false => Ok(()),
        }
    }

    fn lost(&self) -> Option<&str> {
        self.is_dead.then_some(LAST_WORDS)
    }
}

impl Host for Mortal {
    fn strategy(&self) -> &dyn Strategy {
        self
    }

    fn restart(&mut self, _state: State) -> Result<(), Unavailable> {
        Ok(())
    }

    fn store(&mut self) -> Option<&mut dyn StoreControl> {
        None
    }
}

/// Two hundred pings, one a second.
fn run(mortal: &Mortal, faults: &[Placed]) -> Result<Ended, PipelineError> {
    let truth = Truth::new(Window::Nothing, 2, START, Duration::from_secs(1_000)).under_faults();
    let config = config(Duration::ZERO);
    let mut pipeline =
        Pipeline::with_faults(&config, faults, Box::new(mortal.clone()), truth, Box::new(Free), START)?;
    let events = events(&(0..200u8).map(|n| (n, 9)).collect::<Vec<_>>());
    let mut script = Script { events: events.into_iter(), causes: vec!["first".into(), "repeat".into()] };
    while pipeline.run(&mut script, 7)? {}
    pipeline.finish()
}

fn dying(seconds: &[u64]) -> Mortal {
    let deaths = seconds.iter().map(|at| START.plus(Duration::from_secs(*at))).collect();
    Mortal { deaths: Arc::new(Mutex::new(deaths)), ..Mortal::default() }
}

fn said(run: Result<Ended, PipelineError>) -> Option<String> {
    run.err().map(|error| error.to_string())
}

#[test]
fn who_dies_while_nothing_is_done_to_its_store_ends_the_run_with_its_last_words() {
    for faults in [vec![crash("before-judge", 50, 1)], vec![publish_fails(30, 60, 0.5)]] {
        for at in [10, 40, 100] {
            assert_eq!(said(run(&dying(&[at]), &faults)).as_deref(), Some(LAST_WORDS), "{at}");
        }
    }
}

#[test]
fn who_dies_of_what_is_done_to_its_store_is_replaced_and_loses_nothing() {
    let away = placed("store-unreachable", 50, 30, vec![]);
    // While it lasts, and at the first question after it.
    for at in [51, 60, 80] {
        let mortal = dying(&[at]);
        let ended = run(&mortal, std::slice::from_ref(&away)).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((*mortal.opened.lock().unwrap(), ended.truth.counts().lost), (4, 0), "{at}");
    }
}

#[test]
fn who_dies_before_or_after_what_is_done_to_its_store_or_once_more_dies_by_itself() {
    let away = [placed("store-unreachable", 50, 30, vec![])];
    // Of three workers one dies twice once it is over.
    for deaths in [&[30][..], &[150], &[80; 9]] {
        assert_eq!(said(run(&dying(deaths), &away)).as_deref(), Some(LAST_WORDS), "{deaths:?}");
    }
}

#[test]
fn who_judges_nothing_more_until_the_end_has_no_figures_unless_its_store_was_troubled() {
    let refuses = Mortal { refuses: Some(START.plus(Duration::from_secs(100))), ..Mortal::default() };
    let crash = crash("before-judge", 50, 1);
    assert_eq!(said(run(&refuses, &[crash])).as_deref(), Some(LAST_WORDS));
    let away = placed("store-unreachable", 100, 1_000, vec![]);
    assert_eq!(said(run(&refuses, &[away])), None);
}

/// Without faults it is an error at the first time.
#[test]
fn who_cannot_be_told_the_time_to_the_end_has_no_figures_unless_its_store_was_troubled() {
    let deaf = |until| Mortal { is_deaf: Some(START..=until), ..Mortal::default() };
    let for_a_while = deaf(START.plus(Duration::from_secs(100)));
    for fault in [crash("before-judge", 50, 1), publish_fails(30, 60, 0.5)] {
        let fault = std::slice::from_ref(&fault);
        assert_eq!(said(run(&deaf(Timestamp::END), fault)).as_deref(), Some(LAST_WORDS), "{fault:?}");
        assert_eq!(said(run(&for_a_while, fault)), None, "{fault:?}");
    }
    let away = placed("store-unreachable", 100, 1_000, vec![]);
    assert_eq!(said(run(&deaf(Timestamp::END), &[away])), None);
}
