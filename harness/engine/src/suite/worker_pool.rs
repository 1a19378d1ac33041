//! Runs tasks, each in a process that a thread of ours minds.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use dedup_files::named;

use super::error::SuiteError;
use super::in_order::InOrder;
use super::observer::Completion;
use super::scheduler::{Event, Memory, Scheduler};
use super::task::{Place, Task, TaskObserver};
use crate::cell::{Ending, Job, Limits, Reached, Work, run_parent};
use crate::record::{CellResult, Pass};
use crate::servers::guard;

/// What runs tasks.
pub(super) struct WorkerPool<'a> {
    /// How many tasks may run at once.
    pub(super) workers: NonZeroUsize,
    /// When a task's process is ended. Of the memory, one that is not alone may take its worker's share.
    pub(super) limits: Limits,
    /// Set by whoever wants the work to end.
    pub(super) stop: &'a AtomicBool,
}

impl WorkerPool<'_> {
    /// Runs `tasks`. Those at places that are `known` are not begun: what is known there is their result; a place
    /// where a task fails is one from then on.
    pub(super) fn run<T: Send + Sync>(
        &self,
        tasks: impl Iterator<Item = Task<T>>,
        known: BTreeMap<Place, CellResult>,
        observer: &mut dyn TaskObserver<T>,
    ) -> Result<Completion, SuiteError> {
        let abandoned = AtomicBool::new(false);
        thread::scope(|scope| {
            // Whatever ends this, no process of ours goes on behind it.
            let _abandons = Abandons(&abandoned);
            let (sender, events) = mpsc::channel();
            let stop = || self.stop.load(Ordering::Relaxed) || abandoned.load(Ordering::Relaxed);
            let mut start = |index: usize, task: Arc<Task<T>>, memory| {
                let (sender, limits) = (sender.clone(), self.limits(&task.job, memory));
                // Nobody listens any more where all of it was abandoned.
                let report = move |event| drop(sender.send((index, event)));
                let work = move || {
                    let mut progress = |reached| report(Event::Progress(reached));
                    let mind = AssertUnwindSafe(|| process(&task.job, &limits, &stop, &mut progress));
                    // Whatever becomes of this thread, its end is reported: somebody waits for it.
                    let ending = panic::catch_unwind(mind);
                    report(Event::Ended(ending.unwrap_or_else(|_| Err(io::Error::other(PANICKED)))));
                };
                let minds = thread::Builder::new().spawn_scoped(scope, work);
                minds.map(drop).map_err(|error| named("starting a thread", error))
            };
            let mut scheduler = Scheduler::new(self.workers.get(), &mut start, known, InOrder::new(observer));
            let mut next_event = || events.recv().expect("this side has a sender of its own");
            scheduler.run(tasks.map(Arc::new), &mut next_event)
        })
    }

    fn limits(&self, job: &Job, memory: Memory) -> Limits {
        let memory_bytes = match memory {
            Memory::All => self.limits.memory_bytes,
            Memory::Share => self.limits.memory_bytes / self.workers.get() as u64,
        };
        let stall = match job.work {
            // Its loops say nothing, so as not to disturb what they measure.
            Work::Measure(Pass::Time, options) => {
                self.limits.stall + Duration::from_secs_f64(options.time.seconds)
            }
            _ => self.limits.stall,
        };
        Limits { stall, memory_bytes }
    }
}

const PANICKED: &str = "the thread that minds a cell's process panicked";

/// Says when it is dropped that the work was abandoned.
struct Abandons<'a>(&'a AtomicBool);

impl Drop for Abandons<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Runs a job in a directory that is gone afterwards.
fn process(
    job: &Job,
    limits: &Limits,
    stop: &dyn Fn() -> bool,
    progress: &mut dyn FnMut(Reached),
) -> io::Result<Ending> {
    let of_directory = |error| named(job.directory.display(), error);
    std::fs::create_dir_all(&job.directory).map_err(of_directory)?;
    let ending = run_parent(job, limits, stop, progress);
    // What a cell that was ended has started may write until it ends, too. What cannot be removed stays in the run's directory,
    // which goes at the end: it is no reason to lose what the other cells came to.
    let _ = guard::remove(&job.directory);
    ending
}
