//! Reports tasks in their order, whichever ends first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::error::SuiteError;
use super::task::{Task, TaskObserver};
use crate::cell::{Ending, Reached};

/// Reports tasks in their order.
pub(super) struct InOrder<'a, T> {
    observer: &'a mut dyn TaskObserver<T>,
    /// The task that is reported now.
    next: usize,
    open: BTreeMap<usize, Open<T>>,
}

/// A task that has begun and whose end was not reported yet.
struct Open<T> {
    task: Arc<Task<T>>,
    end: Option<(Option<Duration>, Ending)>,
}

impl<'a, T> InOrder<'a, T> {
    pub(super) fn new(observer: &'a mut dyn TaskObserver<T>) -> Self {
        InOrder { observer, next: 0, open: BTreeMap::new() }
    }

    pub(super) fn begins(&mut self, index: usize, task: &Arc<Task<T>>) {
        self.open.insert(index, Open { task: Arc::clone(task), end: None });
        if index == self.next {
            self.observer.begins(task);
        }
    }

    pub(super) fn progress(&mut self, index: usize, reached: &Reached) {
        if index == self.next {
            self.observer.progress(reached);
        }
    }

    pub(super) fn ended(
        &mut self,
        index: usize,
        took: Option<Duration>,
        ending: Ending,
    ) -> Result<(), SuiteError> {
        self.open.get_mut(&index).expect("it has begun").end = Some((took, ending));
        while let Some(open) = self.open.get_mut(&self.next)
            && let Some((took, ending)) = open.end.take()
        {
            self.observer.ended(&open.task, took, ending)?;
            self.open.remove(&self.next);
            self.next += 1;
            if let Some(next) = self.open.get(&self.next) {
                self.observer.begins(&next.task);
            }
        }
        Ok(())
    }

    /// Reports those that ended while one before them did not: it was stopped, and they are whole.
    pub(super) fn rest(&mut self) -> Result<(), SuiteError> {
        for (index, open) in std::mem::take(&mut self.open) {
            let Some((took, ending)) = open.end else { continue };
            if index != self.next {
                self.observer.begins(&open.task);
            }
            self.observer.ended(&open.task, took, ending)?;
        }
        Ok(())
    }
}
