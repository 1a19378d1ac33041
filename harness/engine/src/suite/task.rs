//! What is to be run, and who observes it.

use std::time::Duration;

use super::error::SuiteError;
use crate::cell::{Ending, Job, Reached};

/// A workload and a strategy of the plan, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) workload: usize,
    pub(super) strategy: usize,
}

/// What a process is to do, and `tag`: what its result is for.
pub(super) struct Task<T> {
    pub(super) place: Place,
    pub(super) tag: T,
    pub(super) job: Job,
    pub(super) sharing: Sharing,
}

/// Whether a task may share the machine with others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    Shared,
    Alone,
}

/// Observes tasks, one after the other.
pub(super) trait TaskObserver<T> {
    /// A task has begun, and all before it have ended.
    fn begins(&mut self, task: &Task<T>);
    /// It has come so far.
    fn progress(&mut self, reached: &Reached);
    /// It has ended, and took so long; none where it was not begun, because of what is known of its place. An error ends
    /// all others too.
    fn ended(&mut self, task: &Task<T>, took: Option<Duration>, ending: Ending) -> Result<(), SuiteError>;
}
