//! What is to be worked off, and who is told.

use std::time::Duration;

use super::SuiteError;
use crate::cell::{Ending, Job};

/// Workload and strategy, by index.
pub(super) type Place = (usize, usize);

/// What a process is to do, and `turn`: what its result is for.
pub(super) struct Task<T> {
    pub(super) place: Place,
    pub(super) turn: T,
    pub(super) job: Job,
    pub(super) company: Company,
}

/// Whether a task may have others beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Company {
    Welcome,
    Unwelcome,
}

/// Hears of tasks, of one after the other.
pub(super) trait Teller<T> {
    /// A task has begun, and all before it have ended.
    fn begins(&mut self, task: &Task<T>);
    /// It has done this share of its work.
    fn progress(&mut self, share: f64);
    /// It has ended, and took so long; none where it was not begun, because of what is known of its place. An error ends
    /// all others too.
    fn ended(&mut self, task: &Task<T>, took: Option<Duration>, ending: Ending) -> Result<(), SuiteError>;
}
