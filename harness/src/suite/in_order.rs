//! Tells of tasks in their order, whichever ends first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::SuiteError;
use super::task::{Task, Teller};
use crate::cell::Ending;

/// Tells of tasks in their order.
pub(super) struct InOrder<'a, T> {
    teller: &'a mut dyn Teller<T>,
    /// The task that is told of now.
    turn: usize,
    open: BTreeMap<usize, Open<T>>,
}

/// A task that has begun and of whose end nobody has been told.
struct Open<T> {
    task: Arc<Task<T>>,
    end: Option<(Option<Duration>, Ending)>,
}

impl<'a, T> InOrder<'a, T> {
    pub(super) fn new(teller: &'a mut dyn Teller<T>) -> Self {
        InOrder { teller, turn: 0, open: BTreeMap::new() }
    }

    pub(super) fn begins(&mut self, index: usize, task: &Arc<Task<T>>) {
        self.open.insert(index, Open { task: Arc::clone(task), end: None });
        if index == self.turn {
            self.teller.begins(task);
        }
    }

    pub(super) fn progress(&mut self, index: usize, share: f64) {
        if index == self.turn {
            self.teller.progress(share);
        }
    }

    pub(super) fn ended(
        &mut self,
        index: usize,
        took: Option<Duration>,
        ending: Ending,
    ) -> Result<(), SuiteError> {
        self.open.get_mut(&index).expect("it has begun").end = Some((took, ending));
        while let Some(open) = self.open.get_mut(&self.turn)
            && let Some((took, ending)) = open.end.take()
        {
            self.teller.ended(&open.task, took, ending)?;
            self.open.remove(&self.turn);
            self.turn += 1;
            if let Some(next) = self.open.get(&self.turn) {
                self.teller.begins(&next.task);
            }
        }
        Ok(())
    }

    /// Tells of those that ended while one before them did not: it was stopped, and they are whole.
    pub(super) fn rest(&mut self) -> Result<(), SuiteError> {
        for (index, open) in std::mem::take(&mut self.open) {
            let Some((took, ending)) = open.end else { continue };
            if index != self.turn {
                self.teller.begins(&open.task);
            }
            self.teller.ended(&open.task, took, ending)?;
        }
        Ok(())
    }
}
