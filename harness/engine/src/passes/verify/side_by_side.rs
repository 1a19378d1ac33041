//! Several pipelines at once, as many as there are cores.

use std::num::{NonZeroU32, NonZeroUsize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dedup_strategies::shards::share_of;
use dedup_strategies::{Definition, Settings, Sizing};
use dedup_stream::stream::KeyShare;
use dedup_stream::workload::Workload;

use super::pipeline::{Declaration, Numbering, Own};
use crate::environment::{CellError, Environment};
use crate::passes::Pipelines;
use crate::process;
use crate::record::{Failure, VerifyFigures};

/// The code of a process whose thread panicked, as the standard library has it.
const PANICKED: i32 = 101;

/// What a pipeline came to, and what its strategy declares.
type Ended = Result<(VerifyFigures, Declaration), CellError>;

/// Runs the pipelines, and adds them up in the order of their numbers; all of their strategies declare the same.
pub(super) fn run(
    environment: &Environment,
    workload: &Workload,
    progress: &mut (dyn FnMut(f64) + Send),
    pipelines: &Pipelines,
) -> Ended {
    added_up(each(environment, workload, progress, (pipelines, Numbering::OfShare), |own| own.run())?)
}

/// Does this with each of the pipelines; what they came to, in the order of their numbers, or the first error.
pub(super) fn each<T: Send>(
    environment: &Environment,
    workload: &Workload,
    progress: &mut (dyn FnMut(f64) + Send),
    (pipelines, numbering): (&Pipelines, Numbering),
    run: impl Fn(&mut Own<'_>) -> Result<T, CellError> + Sync,
) -> Result<Vec<T>, CellError> {
    let numbers: Vec<u32> = pipelines.own.clone().collect();
    let at_once = at_once(pipelines);
    let (next, reached) = (AtomicUsize::new(0), Reached::new(numbers.len(), progress));
    let ended: Vec<Mutex<Option<Result<T, CellError>>>> = numbers.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        while let Some(place) = take(&next, numbers.len()) {
            let share = KeyShare::new(numbers[place], pipelines.of).expect("there are as many pipelines");
            let mut environment = environment.of_share(share, at_once);
            let mut progress = |share| reached.done(place, share);
            let mut own = Own {
                environment: &mut environment,
                workload,
                progress: &mut progress,
                share,
                at_once,
                numbering,
            };
            let came_to = run(&mut own);
            let failed = came_to.is_err();
            *ended[place].lock().expect("nobody panics with it") = Some(came_to);
            if failed {
                // What has not begun would be for nothing.
                next.store(usize::MAX / 2, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                // Who minds this process has heard what panicked; the others need not come to their end.
                if catch_unwind(AssertUnwindSafe(work)).is_err() {
                    std::process::exit(PANICKED);
                }
            });
        }
    });
    let ended = ended.into_iter().filter_map(|ended| ended.into_inner().expect("nobody panics with it"));
    ended.collect()
}

fn take(next: &AtomicUsize, of: usize) -> Option<usize> {
    let place = next.fetch_add(1, Ordering::Relaxed);
    (place < of).then_some(place)
}

/// The sum of all.
fn added_up(mut all: Vec<(VerifyFigures, Declaration)>) -> Ended {
    let rest = all.split_off(1);
    let (mut sum, declared) = all.remove(0);
    for (figures, _) in &rest {
        sum.add(figures).map_err(|error| CellError::Failed(Failure::Died, error.to_string()))?;
    }
    Ok((sum, declared))
}

/// How far all of them have come.
struct Reached<'a>(Mutex<Shares<'a>>);

struct Shares<'a> {
    done: Vec<f64>,
    report: &'a mut (dyn FnMut(f64) + Send),
}

impl<'a> Reached<'a> {
    fn new(pipelines: usize, report: &'a mut (dyn FnMut(f64) + Send)) -> Reached<'a> {
        Reached(Mutex::new(Shares { done: vec![0.0; pipelines], report }))
    }

    fn done(&self, place: usize, share: f64) {
        let mut shares = self.0.lock().expect("nobody panics with it");
        shares.done[place] = share;
        let all = shares.done.iter().sum::<f64>() / shares.done.len() as f64;
        (shares.report)(all);
    }
}

impl Environment {
    /// For the pipeline of this share of the keys, where several of them run at once: sized for its ids, in a directory of
    /// its own.
    pub(crate) fn of_share(&self, share: KeyShare, at_once: usize) -> Environment {
        let (settings, sizing) = shared_out(&self.definition, &self.settings, self.sizing, share.of());
        Environment {
            nightly: self.nightly,
            memory_limit: self.memory_limit / at_once as u64,
            disk_limit: self.disk_limit,
            redis: self.redis.clone(),
            between: self.between,
            time_factor: self.time_factor,
            alive: self.alive,
            routed: self.routed,
            start: self.start,
            ..Environment::new(
                self.definition,
                settings,
                self.seed,
                sizing,
                self.directory.join(format!("pipeline-{}", share.index() + 1)),
            )
        }
    }
}

/// How many of the pipelines that are run run at once: one a core.
pub(crate) fn at_once(pipelines: &Pipelines) -> usize {
    process::cores().get().min(pipelines.own.len()).max(1)
}

/// Settings and load of one of so many pipelines.
pub(crate) fn shared_out(
    definition: &Definition,
    settings: &Settings,
    sizing: Sizing,
    of: NonZeroU32,
) -> (Settings, Sizing) {
    let of = NonZeroUsize::try_from(of).unwrap_or(NonZeroUsize::MAX);
    let ids = |ids| share_of(ids, of);
    let (ids_in_window, ids_total) = (ids(sizing.ids_in_window), ids(sizing.ids_total));
    (settings.for_share(definition.settings, ids), Sizing { ids_in_window, ids_total, ..sizing })
}
