//! Tasks at work side by side, ended in whatever order: what is told, and who was beside whom.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::floor::{Floor, Memory, News};
use super::in_order::InOrder;
use super::task::{Company, Place, Task, Teller};
use super::{Completion, SuiteError};
use crate::cell::{Ending, Input, Job, Work};
use crate::environment::RedisChoice;
use crate::nightly::Choice;
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
    company: Company,
    fate: Fate,
}

fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    use Fate::*;
    let fate = prop_oneof![6 => Just(Measured), 1 => Just(Panics), 1 => Just(IsLarge), 1 => Just(IsTooLarge)];
    let company = prop_oneof![4 => Just(Company::Welcome), 1 => Just(Company::Unwelcome)];
    let sketch = ((0..2usize, 0..4usize), company, fate);
    let sketch = sketch.prop_map(|(place, company, fate)| Sketch { place, company, fate });
    prop::collection::vec(sketch, 0..24)
}

/// Which task it is, and what happens to it.
type Turn = (usize, Fate);

fn task((index, sketch): (usize, &Sketch)) -> Task<Turn> {
    let job = Job {
        input: Input::Scenario { name: String::new(), toml: String::new() },
        strategy: String::new(),
        settings: Vec::new(),
        work: Work::Build,
        seed: 0,
        workers: NonZeroUsize::MIN,
        batch: NonZeroUsize::MIN,
        redis: RedisChoice::Private,
        time_factor: 1.0,
        nightly: (Choice::None, None),
        memory_limit: 0,
        disk_limit: 0,
        directory: PathBuf::new(),
    };
    Task { place: sketch.place, turn: (index, sketch.fate), job, company: sketch.company }
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

/// What was told: of each ended task which it is, and the failure if it was one.
#[derive(Default)]
struct Said {
    begun: Vec<usize>,
    ended: Vec<(usize, Option<Failure>)>,
}

impl Teller<Turn> for Said {
    fn begins(&mut self, task: &Task<Turn>) {
        // One that was stopped has begun and never ends.
        assert!(self.begun.len() <= self.ended.len() + 1, "one begins before the one told of has ended");
        self.begun.push(task.turn.0);
    }

    fn progress(&mut self, _: f64) {}

    fn ended(&mut self, task: &Task<Turn>, _: Option<Duration>, ending: Ending) -> Result<(), SuiteError> {
        assert_eq!(self.begun.last(), Some(&task.turn.0), "it ended and had not begun");
        let Ending::Result(result) = ending else { panic!("no task here ends so: {ending:?}") };
        let failure = match *result {
            CellResult::Failed { how, .. } => Some(how),
            _ => None,
        };
        self.ended.push((task.turn.0, failure));
        Ok(())
    }
}

/// How it comes to an end before all tasks have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Stopped,
    CannotRun,
}

/// The tasks at work, which are ended as `choices` has it.
struct Stage {
    lanes: usize,
    choices: Vec<usize>,
    /// After so many endings.
    cut: Option<(usize, Cut)>,
    at_work: Vec<(usize, Arc<Task<Turn>>, Memory)>,
    begun: usize,
    /// Tasks that came to their end, in the order of their ends.
    whole: Vec<usize>,
}

impl Stage {
    fn new(lanes: usize, choices: Vec<usize>, cut: Option<(usize, Cut)>) -> Stage {
        Stage { lanes, choices, cut, at_work: Vec::new(), begun: 0, whole: Vec::new() }
    }

    fn begins(&mut self, index: usize, task: Arc<Task<Turn>>, memory: Memory) {
        self.at_work.push((index, task, memory));
        self.begun += 1;
        let places: BTreeSet<Place> = self.at_work.iter().map(|(_, task, _)| task.place).collect();
        assert_eq!(places.len(), self.at_work.len(), "two at one place");
        assert!(self.at_work.len() <= self.lanes);
        let wants_to_be_alone = |(_, task, memory): &(usize, Arc<Task<Turn>>, Memory)| {
            task.company == Company::Unwelcome || *memory == Memory::All
        };
        assert!(self.at_work.len() == 1 || !self.at_work.iter().any(wants_to_be_alone));
    }

    fn ends_one(&mut self) -> (usize, News) {
        let choice = self.choices.pop().unwrap_or(0) % self.at_work.len();
        let (index, task, memory) = self.at_work.remove(choice);
        match &mut self.cut {
            Some((0, Cut::Stopped)) => return (index, News::Ended(Ok(Ending::Stopped))),
            Some((0, Cut::CannotRun)) => {
                return (index, News::Ended(Err(std::io::Error::other("no process"))));
            }
            Some((more, _)) => *more -= 1,
            None => {}
        }
        let (_, fate) = task.turn;
        let tried_again = memory == Memory::Share && matches!(fate, Fate::IsLarge | Fate::IsTooLarge);
        if !tried_again {
            self.whole.push(index);
        }
        (index, News::Ended(Ok(ending(fate, memory))))
    }
}

fn worked_off(sketches: &[Sketch], stage: Stage) -> (Result<Completion, SuiteError>, Said, Stage) {
    let (stage, mut said) = (RefCell::new(stage), Said::default());
    let mut start = |index, task, memory| {
        stage.borrow_mut().begins(index, task, memory);
        Ok(())
    };
    let lanes = stage.borrow().lanes;
    let mut floor = Floor::new(lanes, &mut start, BTreeMap::new(), InOrder::new(&mut said));
    let tasks = sketches.iter().enumerate().map(|sketch| Arc::new(task(sketch)));
    let completion = floor.work_off(tasks, &mut || stage.borrow_mut().ends_one());
    (completion, said, stage.into_inner())
}

proptest! {
    #[test]
    fn whoever_ends_first_what_is_told_is_what_one_lane_would_tell(
        sketches in sketches(), lanes in 1..5usize, choices in prop::collection::vec(0..5usize, 0..64),
    ) {
        let (completion, told, _) = worked_off(&sketches, Stage::new(lanes, choices, None));
        prop_assert_eq!(completion.unwrap(), Completion::Whole);
        prop_assert_eq!(told.begun, (0..sketches.len()).collect::<Vec<_>>());
        prop_assert_eq!(told.ended, worked_off(&sketches, Stage::new(1, Vec::new(), None)).1.ended);
    }

    #[test]
    fn whatever_was_whole_when_it_was_cut_short_is_told_once_and_in_order(
        sketches in sketches(), lanes in 1..5usize, choices in prop::collection::vec(0..5usize, 0..64),
        after in 0..8usize, cut in prop::sample::select(vec![Cut::Stopped, Cut::CannotRun]),
    ) {
        let (completion, told, stage) = worked_off(&sketches, Stage::new(lanes, choices, Some((after, cut))));
        let mut whole = stage.whole;
        whole.sort_unstable();
        // Beside those that ran, a place where one had failed has its answer without a process.
        let ran = told.ended.iter().map(|(index, _)| *index).filter(|index| whole.contains(index));
        prop_assert_eq!(ran.collect::<Vec<_>>(), whole.clone());
        let known = told.ended.iter().filter(|(index, _)| !whole.contains(index));
        prop_assert!(known.clone().all(|(_, failure)| failure.is_some()));
        prop_assert!(told.ended.is_sorted_by_key(|(index, _)| *index));
        prop_assert!(stage.begun <= after + lanes);
        let is_whole = told.ended.len() == sketches.len();
        match completion {
            Ok(Completion::Whole) => prop_assert!(is_whole),
            Ok(Completion::Interrupted) => prop_assert!(!is_whole && cut == Cut::Stopped),
            Err(_) => prop_assert!(!is_whole && cut == Cut::CannotRun),
        }
    }
}

#[test]
fn two_are_at_work_at_once_and_a_large_one_is_tried_again_alone() {
    let sketch = |s, fate| Sketch { place: (0, s), company: Company::Welcome, fate };
    let sketches = [sketch(0, Fate::IsLarge), sketch(1, Fate::Measured), sketch(2, Fate::IsTooLarge)];
    let (_, told, stage) = worked_off(&sketches, Stage::new(2, Vec::new(), None));
    assert_eq!(stage.begun, 5);
    assert_eq!(told.ended, [(0, None), (1, None), (2, Some(Failure::OutOfMemory))]);
}
