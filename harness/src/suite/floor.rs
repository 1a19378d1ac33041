//! Who is at work, and who is next.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::iter::{Enumerate, Peekable};
use std::sync::Arc;
use std::time::Instant;

use super::in_order::InOrder;
use super::task::{Company, Place, Task};
use super::{Completion, SuiteError};
use crate::cell::Ending;
use crate::record::{CellResult, Failure};

/// What a thread tells of its task.
pub(super) enum News {
    Progress(f64),
    Ended(io::Result<Ending>),
}

/// How much of the memory is a task's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// All: it is alone.
    All,
    /// A lane's share.
    Share,
}

/// A task at work.
struct Running<T> {
    index: usize,
    task: Arc<Task<T>>,
    memory: Memory,
    began: Instant,
}

pub(super) type Start<'a, T> = &'a mut dyn FnMut(usize, Arc<Task<T>>, Memory) -> io::Result<()>;

/// Tasks at work, several at once where they may be.
pub(super) struct Floor<'a, T> {
    count: usize,
    start: Start<'a, T>,
    running: Vec<Running<T>>,
    /// Those that took more than their share of the memory, and have to be tried alone.
    crowded: VecDeque<(usize, Arc<Task<T>>)>,
    troubled: BTreeMap<Place, CellResult>,
    told: InOrder<'a, T>,
}

impl<'a, T> Floor<'a, T> {
    pub(super) fn new(
        count: usize,
        start: Start<'a, T>,
        troubled: BTreeMap<Place, CellResult>,
        told: InOrder<'a, T>,
    ) -> Self {
        Floor { count, start, running: Vec::new(), crowded: VecDeque::new(), troubled, told }
    }

    /// Begins tasks through `start` and waits for what `hear` brings, until all have ended or one was stopped, or could not
    /// be run. Those that are whole by then are told of in any case.
    pub(super) fn work_off(
        &mut self,
        tasks: impl Iterator<Item = Arc<Task<T>>>,
        hear: &mut dyn FnMut() -> (usize, News),
    ) -> Result<Completion, SuiteError> {
        let completion = self.work(tasks, hear);
        self.told.rest().and(completion)
    }

    fn work(
        &mut self,
        tasks: impl Iterator<Item = Arc<Task<T>>>,
        hear: &mut dyn FnMut() -> (usize, News),
    ) -> Result<Completion, SuiteError> {
        let mut tasks = tasks.enumerate().peekable();
        let mut completion = Completion::Whole;
        loop {
            if completion == Completion::Whole {
                self.fill(&mut tasks)?;
            }
            if self.running.is_empty() {
                return Ok(completion);
            }
            match hear() {
                (index, News::Progress(share)) => self.told.progress(index, share),
                (index, News::Ended(ending)) => match ending? {
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
    fn fill<I: Iterator<Item = Arc<Task<T>>>>(
        &mut self,
        tasks: &mut Peekable<Enumerate<I>>,
    ) -> Result<(), SuiteError> {
        if !self.crowded.is_empty() && !self.running.is_empty() {
            return Ok(());
        }
        if let Some((index, task)) = self.crowded.pop_front() {
            return self.begin(index, task, Memory::All);
        }
        while let Some((index, task)) = tasks.next_if(|(_, task)| self.admits(task)) {
            self.told.begins(index, &task);
            match self.troubled.get(&task.place).cloned() {
                Some(result) => {
                    self.told.ended(index, None, Ending::Result(Box::new(result)))?;
                }
                None => {
                    let is_alone = self.count == 1 || task.company == Company::Unwelcome;
                    self.begin(index, task, if is_alone { Memory::All } else { Memory::Share })?;
                }
            }
        }
        Ok(())
    }

    /// One at a place at a time: what it meets there decides about those that follow.
    fn admits(&self, task: &Task<T>) -> bool {
        let in_the_way = |other: &Running<T>| other.memory == Memory::All || other.task.place == task.place;
        match task.company {
            Company::Unwelcome => self.running.is_empty(),
            Company::Welcome => self.running.len() < self.count && !self.running.iter().any(in_the_way),
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
                self.crowded.push_back((index, task));
                return Ok(());
            }
            self.troubled.insert(task.place, result.as_ref().clone());
        }
        self.told.ended(index, Some(began.elapsed()), ending)
    }
}
