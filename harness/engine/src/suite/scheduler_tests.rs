//! Tasks that run side by side, ended in whatever order: what is reported, and which ran beside which.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use dedup_strategies::Sizing;
use dedup_strategies::strategies::noop;
use proptest::prelude::*;

use super::error::SuiteError;
use super::in_order::InOrder;
use super::observer::Completion;
use super::scheduler::{Event, Memory, Scheduler};
use super::task::{Place, Sharing, Task, TaskObserver};
use crate::cell::{Ending, Input, Job, Reached, Work};
use crate::environment::RedisChoice;
use crate::nightly::Choice;
use crate::passes::Pipelines;
use crate::record::{CellResult, Failure};

/// What happens to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Measured,
    Panics,
    /// Takes more than a share of the memory, and not all.
    IsLarge,
    /// Takes more than all of it.
    IsTooLarge,
}

#[derive(Clone, Debug)]
struct Sketch {
    place: Place,
    sharing: Sharing,
    fate: Fate,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    use Fate::*;
    let fate = prop_oneof![6 => Just(Measured), 1 => Just(Panics), 1 => Just(IsLarge), 1 => Just(IsTooLarge)];
    let sharing = prop_oneof![4 => Just(Sharing::Shared), 1 => Just(Sharing::Alone)];
    let sketch = ((0..2usize, 0..4usize), sharing, fate);
    let sketch = sketch.prop_map(|((workload, strategy), sharing, fate)| Sketch {
        place: Place { workload, strategy },
        sharing,
        fate,
    });
    prop::collection::vec(sketch, 0..24)
}

/// Which task it is, and what happens to it.
type Tag = (usize, Fate);

fn task((index, sketch): (usize, &Sketch)) -> Task<Tag> {
    let sizing = Sizing { window: Duration::from_secs(1), ids_in_window: 1, ids_total: 1 };
    let job = Job {
        pipelines: Pipelines::ONE,
        input: Input::Scenario { name: String::new(), toml: String::new() },
        strategy: String::new(),
        system: None,
        settings: noop::DEFINITION.resolve(&[], &sizing).expect("it takes none"),
        given: Vec::new(),
        work: Work::Build,
        seed: 0,
        workers: NonZeroUsize::MIN,
        batch: NonZeroUsize::MIN,
        redis: RedisChoice::default(),
        time_factor: 1.0,
        nightly: (Choice::None, None),
        memory_limit: 0,
        disk_limit: 0,
        directory: PathBuf::new(),
    };
    Task { place: sketch.place, tag: (index, sketch.fate), job, sharing: sketch.sharing }
}

fn failed(how: Failure) -> Ending {
    Ending::Result(Box::new(CellResult::Failed { how, reason: String::new() }))
}

fn ending(fate: Fate, memory: Memory) -> Ending {
    match (fate, memory) {
        (Fate::Measured, _) | (Fate::IsLarge, Memory::All) => {
            Ending::Result(Box::new(CellResult::Skipped { reason: String::new(), remedy: String::new() }))
        }
        (Fate::Panics, _) => failed(Failure::Panicked),
        (Fate::IsLarge, Memory::Share) | (Fate::IsTooLarge, _) => failed(Failure::OutOfMemory),
    }
}

/// What was reported: of each ended task which it is, and the failure if it was one.
#[derive(Default)]
struct Reported {
    begun: Vec<usize>,
    ended: Vec<(usize, Option<Failure>)>,
}

impl TaskObserver<Tag> for Reported {
    fn begins(&mut self, task: &Task<Tag>) {
        // One that was stopped has begun and never ends.
        assert!(self.begun.len() <= self.ended.len() + 1, "one begins before the one reported has ended");
        self.begun.push(task.tag.0);
    }

    fn progress(&mut self, _: &Reached) {}

    fn ended(&mut self, task: &Task<Tag>, _: Option<Duration>, ending: Ending) -> Result<(), SuiteError> {
        assert_eq!(self.begun.last(), Some(&task.tag.0), "it ended and had not begun");
        let Ending::Result(result) = ending else { panic!("no task here ends so: {ending:?}") };
        let failure = match *result {
            CellResult::Failed { how, .. } => Some(how),
            _ => None,
        };
        self.ended.push((task.tag.0, failure));
        Ok(())
    }
}

/// How it comes to an end before all tasks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Stopped,
    CannotRun,
}

/// The tasks that run, which are ended as `choices` has it.
struct Processes {
    workers: usize,
    choices: Vec<usize>,
    /// After so many endings.
    cut: Option<(usize, Cut)>,
    running: Vec<(usize, Arc<Task<Tag>>, Memory)>,
    begun: usize,
    /// Tasks that came to their end, in the order of their ends.
    whole: Vec<usize>,
}

impl Processes {
    fn new(workers: usize, choices: Vec<usize>, cut: Option<(usize, Cut)>) -> Processes {
        Processes { workers, choices, cut, running: Vec::new(), begun: 0, whole: Vec::new() }
    }

    fn begins(&mut self, index: usize, task: Arc<Task<Tag>>, memory: Memory) {
        self.running.push((index, task, memory));
        self.begun += 1;
        let places: BTreeSet<Place> = self.running.iter().map(|(_, task, _)| task.place).collect();
        assert_eq!(places.len(), self.running.len(), "two at one place");
        assert!(self.running.len() <= self.workers);
        let wants_to_be_alone = |(_, task, memory): &(usize, Arc<Task<Tag>>, Memory)| {
            task.sharing == Sharing::Alone || *memory == Memory::All
        };
        assert!(self.running.len() == 1 || !self.running.iter().any(wants_to_be_alone));
    }

    fn ends_one(&mut self) -> (usize, Event) {
        let choice = self.choices.pop().unwrap_or(0) % self.running.len();
        let (index, task, memory) = self.running.remove(choice);
        match &mut self.cut {
            Some((0, Cut::Stopped)) => return (index, Event::Ended(Ok(Ending::Stopped))),
            Some((0, Cut::CannotRun)) => {
                return (index, Event::Ended(Err(std::io::Error::other("no process"))));
            }
            Some((more, _)) => *more -= 1,
            None => {}
        }
        let (_, fate) = task.tag;
        let tried_again = memory == Memory::Share && matches!(fate, Fate::IsLarge | Fate::IsTooLarge);
        if !tried_again {
            self.whole.push(index);
        }
        (index, Event::Ended(Ok(ending(fate, memory))))
    }
}

fn scheduled(
    sketches: &[Sketch],
    processes: Processes,
) -> (Result<Completion, SuiteError>, Reported, Processes) {
    let (processes, mut reported) = (RefCell::new(processes), Reported::default());
    let mut start = |index, task, memory| {
        processes.borrow_mut().begins(index, task, memory);
        Ok(())
    };
    let workers = processes.borrow().workers;
    let mut scheduler = Scheduler::new(workers, &mut start, BTreeMap::new(), InOrder::new(&mut reported));
    let tasks = sketches.iter().enumerate().map(|sketch| Arc::new(task(sketch)));
    let completion = scheduler.run(tasks, &mut || processes.borrow_mut().ends_one());
    (completion, reported, processes.into_inner())
}

proptest! {
    #[test]
    fn whoever_ends_first_what_is_reported_is_what_one_worker_would_report(
        sketches in sketches(), workers in 1..5usize, choices in prop::collection::vec(0..5usize, 0..64),
    ) {
        let (completion, reported, _) = scheduled(&sketches, Processes::new(workers, choices, None));
        prop_assert_eq!(completion.unwrap(), Completion::Whole);
        prop_assert_eq!(reported.begun, (0..sketches.len()).collect::<Vec<_>>());
        prop_assert_eq!(reported.ended, scheduled(&sketches, Processes::new(1, Vec::new(), None)).1.ended);
    }

    #[test]
    fn whatever_was_whole_when_it_was_cut_short_is_reported_once_and_in_order(
        sketches in sketches(), workers in 1..5usize, choices in prop::collection::vec(0..5usize, 0..64),
        after in 0..8usize, cut in prop::sample::select(vec![Cut::Stopped, Cut::CannotRun]),
    ) {
        let (completion, reported, processes) = scheduled(&sketches, Processes::new(workers, choices, Some((after, cut))));
        let mut whole = processes.whole;
        whole.sort_unstable();
        // Beside those that ran, a place where one had failed has its answer without a process.
        let ran = reported.ended.iter().map(|(index, _)| *index).filter(|index| whole.contains(index));
        prop_assert_eq!(ran.collect::<Vec<_>>(), whole.clone());
        let known = reported.ended.iter().filter(|(index, _)| !whole.contains(index));
        prop_assert!(known.clone().all(|(_, failure)| failure.is_some()));
        prop_assert!(reported.ended.is_sorted_by_key(|(index, _)| *index));
        prop_assert!(processes.begun <= after + workers);
        let is_whole = reported.ended.len() == sketches.len();
        match completion {
            Ok(Completion::Whole) => prop_assert!(is_whole),
            Ok(Completion::Interrupted) => prop_assert!(!is_whole && cut == Cut::Stopped),
            Err(_) => prop_assert!(!is_whole && cut == Cut::CannotRun),
        }
    }
}

#[test]
fn two_run_at_once_and_a_large_one_is_tried_again_alone() {
    let sketch =
        |s, fate| Sketch { place: Place { workload: 0, strategy: s }, sharing: Sharing::Shared, fate };
    let sketches = [sketch(0, Fate::IsLarge), sketch(1, Fate::Measured), sketch(2, Fate::IsTooLarge)];
    let (_, reported, processes) = scheduled(&sketches, Processes::new(2, Vec::new(), None));
    assert_eq!(processes.begun, 5);
    assert_eq!(reported.ended, [(0, None), (1, None), (2, Some(Failure::OutOfMemory))]);
}
