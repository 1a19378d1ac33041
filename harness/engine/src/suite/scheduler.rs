//! Which tasks run, and which is next.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::iter::{Enumerate, Peekable};
use std::sync::Arc;
use std::time::Instant;

use super::error::SuiteError;
use super::in_order::InOrder;
use super::observer::Completion;
use super::task::{Place, Sharing, Task};
use crate::cell::{Ending, Reached};
use crate::record::{CellResult, Failure};

/// What a thread reports of its task.
pub(super) enum Event {
    Progress(Reached),
    Ended(io::Result<Ending>),
}

/// How much of the memory is a task's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// All: it is alone.
    All,
    /// A worker's share.
    Share,
}

/// A task that runs.
struct Running<T> {
    index: usize,
    task: Arc<Task<T>>,
    memory: Memory,
    began: Instant,
}

pub(super) type Start<'a, T> = &'a mut dyn FnMut(usize, Arc<Task<T>>, Memory) -> io::Result<()>;

/// Runs tasks, several at once where they may be.
pub(super) struct Scheduler<'a, T> {
    workers: usize,
    start: Start<'a, T>,
    running: Vec<Running<T>>,
    /// Those that took more than their share of the memory, and have to be tried alone.
    retry_alone: VecDeque<(usize, Arc<Task<T>>)>,
    /// Places whose result is known without a process.
    known: BTreeMap<Place, CellResult>,
    observer: InOrder<'a, T>,
}

impl<'a, T> Scheduler<'a, T> {
    pub(super) fn new(
        workers: usize,
        start: Start<'a, T>,
        known: BTreeMap<Place, CellResult>,
        observer: InOrder<'a, T>,
    ) -> Self {
        Scheduler { workers, start, running: Vec::new(), retry_alone: VecDeque::new(), known, observer }
    }

    /// Begins tasks through `start` and waits for what `next_event` brings, until all have ended or one was stopped, or could not
    /// be run. Those that are whole by then are reported in any case.
    pub(super) fn run(
        &mut self,
        tasks: impl Iterator<Item = Arc<Task<T>>>,
        next_event: &mut dyn FnMut() -> (usize, Event),
    ) -> Result<Completion, SuiteError> {
        let completion = self.work(tasks, next_event);
        self.observer.rest().and(completion)
    }

    fn work(
        &mut self,
        tasks: impl Iterator<Item = Arc<Task<T>>>,
        next_event: &mut dyn FnMut() -> (usize, Event),
    ) -> Result<Completion, SuiteError> {
        let mut tasks = tasks.enumerate().peekable();
        let mut completion = Completion::Whole;
        loop {
            if completion == Completion::Whole {
                self.start_admitted(&mut tasks)?;
            }
            if self.running.is_empty() {
                return Ok(completion);
            }
            match next_event() {
                (index, Event::Progress(reached)) => self.observer.progress(index, &reached),
                (index, Event::Ended(ending)) => match ending? {
                    Ending::Stopped => {
                        completion = Completion::Interrupted;
                        self.running.retain(|running| running.index != index);
                    }
                    ending => self.ended(index, ending)?,
                },
            }
        }
    }

    /// Begins as many as there is room for.
    fn start_admitted<I: Iterator<Item = Arc<Task<T>>>>(
        &mut self,
        tasks: &mut Peekable<Enumerate<I>>,
    ) -> Result<(), SuiteError> {
        if !self.retry_alone.is_empty() && !self.running.is_empty() {
            return Ok(());
        }
        if let Some((index, task)) = self.retry_alone.pop_front() {
            return self.begin(index, task, Memory::All);
        }
        while let Some((index, task)) = tasks.next_if(|(_, task)| self.admits(task)) {
            self.observer.begins(index, &task);
            match self.known.get(&task.place).cloned() {
                Some(result) => {
                    self.observer.ended(index, None, Ending::Result(Box::new(result)))?;
                }
                None => {
                    let is_alone = self.workers == 1 || task.sharing == Sharing::Alone;
                    self.begin(index, task, if is_alone { Memory::All } else { Memory::Share })?;
                }
            }
        }
        Ok(())
    }

    /// One at a place at a time: what it meets there decides about those that follow.
    fn admits(&self, task: &Task<T>) -> bool {
        let in_the_way = |other: &Running<T>| other.memory == Memory::All || other.task.place == task.place;
        match task.sharing {
            Sharing::Alone => self.running.is_empty(),
            Sharing::Shared => self.running.len() < self.workers && !self.running.iter().any(in_the_way),
        }
    }

    fn begin(&mut self, index: usize, task: Arc<Task<T>>, memory: Memory) -> Result<(), SuiteError> {
        (self.start)(index, Arc::clone(&task), memory)?;
        self.running.push(Running { index, task, memory, began: Instant::now() });
        Ok(())
    }

    fn ended(&mut self, index: usize, ending: Ending) -> Result<(), SuiteError> {
        let at = self.running.iter().position(|running| running.index == index);
        let Running { task, memory, began, .. } = self.running.swap_remove(at.expect("it was begun"));
        if let Ending::Result(result) = &ending
            && let CellResult::Failed { how, .. } = result.as_ref()
        {
            if (how, memory) == (&Failure::OutOfMemory, Memory::Share) {
                self.retry_alone.push_back((index, task));
                return Ok(());
            }
            self.known.insert(task.place, result.as_ref().clone());
        }
        self.observer.ended(index, Some(began.elapsed()), ending)
    }
}
