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
use crate::cell::{Ending, Input, Job, RedisChoice, Work};
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

fn task(sketch: &Sketch) -> Task<Fate> {
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
        directory: PathBuf::new(),
    };
    Task { place: sketch.place, turn: sketch.fate, job, company: sketch.company }
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

/// What was told, in words.
#[derive(Default)]
struct Said(Vec<String>);

impl Teller<Fate> for Said {
    fn begins(&mut self, task: &Task<Fate>) {
        self.0.push(format!("begins {:?} {:?}", task.place, task.turn));
    }

    fn progress(&mut self, _: f64) {}

    fn ended(&mut self, task: &Task<Fate>, _: Duration, ending: Ending) -> Result<(), SuiteError> {
        let how = match ending {
            Ending::Result(result) => match *result {
                CellResult::Failed { how, .. } => format!("{how:?}"),
                _ => "whole".to_string(),
            },
            Ending::Stopped | Ending::Built(_) | Ending::Refused(_) => "as no task here ends".to_string(),
        };
        self.0.push(format!("ended {:?} {:?}: {how}", task.place, task.turn));
        Ok(())
    }
}

/// The tasks at work, which are ended as `choices` has it, and what their company was.
struct Stage {
    at_work: Vec<(usize, Arc<Task<Fate>>, Memory)>,
    begun: usize,
    choices: Vec<usize>,
    lanes: usize,
    /// After this many endings, somebody asks to stop.
    stopped_after: usize,
}

impl Stage {
    fn begins(&mut self, index: usize, task: Arc<Task<Fate>>, memory: Memory) {
        self.at_work.push((index, task, memory));
        self.begun += 1;
        let places: BTreeSet<Place> = self.at_work.iter().map(|(_, task, _)| task.place).collect();
        assert_eq!(places.len(), self.at_work.len(), "two at one place");
        assert!(self.at_work.len() <= self.lanes);
        let wants_to_be_alone = |(_, task, memory): &(usize, Arc<Task<Fate>>, Memory)| {
            task.company == Company::Unwelcome || *memory == Memory::All
        };
        assert!(self.at_work.len() == 1 || !self.at_work.iter().any(wants_to_be_alone));
    }

    fn ends_one(&mut self) -> (usize, News) {
        let choice = self.choices.pop().unwrap_or(0) % self.at_work.len();
        let (index, task, memory) = self.at_work.remove(choice);
        if self.stopped_after == 0 {
            return (index, News::Ended(Ok(Ending::Stopped)));
        }
        self.stopped_after -= 1;
        (index, News::Ended(Ok(ending(task.turn, memory))))
    }
}

fn worked_off(sketches: &[Sketch], stage: Stage) -> (Completion, Vec<String>, usize) {
    let (stage, mut said) = (RefCell::new(stage), Said::default());
    let mut start = |index, task, memory| {
        stage.borrow_mut().begins(index, task, memory);
        Ok(())
    };
    let lanes = stage.borrow().lanes;
    let mut floor = Floor::new(lanes, &mut start, BTreeMap::new(), InOrder::new(&mut said));
    let tasks = sketches.iter().map(|sketch| Arc::new(task(sketch)));
    let completion = floor.work_off(tasks, &mut || stage.borrow_mut().ends_one()).unwrap();
    let begun = stage.borrow().begun;
    (completion, said.0, begun)
}

proptest! {
    #[test]
    fn whoever_ends_first_what_is_told_is_what_one_lane_would_tell(
        sketches in sketches(), lanes in 1..5usize, choices in prop::collection::vec(0..5usize, 0..64),
    ) {
        let stage = |lanes, choices| {
            Stage { at_work: Vec::new(), begun: 0, choices, lanes, stopped_after: usize::MAX }
        };
        let (completion, told, _) = worked_off(&sketches, stage(lanes, choices));
        prop_assert_eq!(completion, Completion::Whole);
        prop_assert_eq!(told.len(), 2 * sketches.len());
        prop_assert_eq!(told, worked_off(&sketches, stage(1, Vec::new())).1);
    }

    #[test]
    fn what_was_whole_when_it_was_stopped_is_told(
        sketches in sketches(), lanes in 1..5usize, choices in prop::collection::vec(0..5usize, 0..64),
        stopped_after in 0..8usize,
    ) {
        let stage = Stage { at_work: Vec::new(), begun: 0, choices, lanes, stopped_after };
        let (completion, told, begun) = worked_off(&sketches, stage);
        let ended = told.iter().filter(|line| line.starts_with("ended")).count();
        // Those that were at work by then, and those that were to be tried again alone, are not.
        prop_assert!(ended <= sketches.len());
        prop_assert!(begun <= stopped_after + lanes);
        let skipped = told.iter().filter(|line| line.contains("as no task")).count();
        prop_assert_eq!(skipped, 0);
        if completion == Completion::Whole {
            prop_assert_eq!(ended, sketches.len());
        }
    }
}

#[test]
fn two_are_at_work_at_once_and_a_large_one_is_tried_again_alone() {
    let sketch = |s, fate| Sketch { place: (0, s), company: Company::Welcome, fate };
    let sketches = [sketch(0, Fate::IsLarge), sketch(1, Fate::Measured), sketch(2, Fate::IsTooLarge)];
    let stage =
        Stage { at_work: Vec::new(), begun: 0, choices: Vec::new(), lanes: 2, stopped_after: usize::MAX };
    let (_, told, begun) = worked_off(&sketches, stage);
    assert_eq!(begun, 5);
    assert_eq!(
        told,
        [
            "begins (0, 0) IsLarge",
            "ended (0, 0) IsLarge: whole",
            "begins (0, 1) Measured",
            "ended (0, 1) Measured: whole",
            "begins (0, 2) IsTooLarge",
            "ended (0, 2) IsTooLarge: OutOfMemory",
        ]
    );
}
