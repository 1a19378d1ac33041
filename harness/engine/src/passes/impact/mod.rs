//! Impact: what becomes of the numbers that people read, with the strategy in the pipeline and the nightly job behind it.
//!
//! ```text
//! stream -> pipeline -> live tables -> nightly job -> stable tables
//!    |                       |                             |
//! unique pings: who        counts                        counts
//!    `-> truth: counts ------+---------- compared ---------'
//! ```
//!
//! Who sent the pings is found out beside the pipeline, from a stream of its own. Where there are several pipelines, each has
//! tables and a nightly job of its own for its share of the keys, and their tables are counted as one.
//!
//! A row carries the number of its unique ping, by which it is known who sent it: nothing of that is read from the tables. A row
//! counts on the day of its submission, as tables that are partitioned by it have it, and a unique ping on that of its first copy.
//! All unique pings that arrived are the truth, those with a broken id or none among them: whatever keeps them out of a table is
//! an error of its numbers.

mod figures;
mod rows;
mod sent;
mod shape;
#[cfg(test)]
mod tests;
mod types;
mod who;

use std::sync::atomic::{AtomicBool, Ordering};

use dedup_impact::Counts;
use dedup_stream::trace::TraceSenders;
use dedup_stream::workload::Workload;

use crate::environment::{CellError, Environment};
use crate::nightly::Choice;
use crate::passes::verify::{self, Tabled};
use crate::passes::{Bench, stable};
use crate::record::ImpactFigures;
use rows::Counted;
use sent::Sent;
use who::Who;

pub use who::admit_pings;

/// The share of the progress that pipelines are; the nights and the counting are the rest.
const PIPELINES: f64 = 0.6;

/// Sees that the clients, days and values of a stream can be counted in so much memory, as the pass does once more. `senders` are those of a
/// trace, where it names them. What does not say who sends its pings is left to the pass, which is skipped.
pub fn admit(
    workload: &Workload,
    seed: u64,
    senders: Option<TraceSenders>,
    memory_bytes: u64,
) -> Result<(), CellError> {
    match Who::known(workload, seed, senders) {
        Ok(who) => shape::shape(workload, &who, memory_bytes).map(drop),
        Err(CellError::Skipped { .. }) => Ok(()),
        Err(other) => Err(other),
    }
}

/// Runs the pass.
pub fn run(bench: Bench<'_>) -> Result<ImpactFigures, CellError> {
    let Bench { environment, workload, progress, pipelines } = bench;
    let who = Who::of(workload, environment.seed, environment.memory_limit)?;
    let shape = shape::shape(workload, &who, environment.memory_limit)?;
    let (alive, seed) = (environment.alive, environment.seed);
    let stop = AtomicBool::new(false);
    let who_sent = || Sent::of(workload, seed, &who, shape, (alive, &stop));
    let mut piped = |environment: &mut Environment| {
        let mut progress = |share| progress(PIPELINES * share);
        let piped = verify::into_tables(environment, workload, &mut progress, &pipelines);
        stop.store(piped.is_err(), Ordering::Relaxed);
        piped
    };
    // Where a store keeps the wall's time, nothing else is to take time from the pipeline.
    let (sent, tabled) = match environment.on_wall_time() {
        true => {
            let tabled = piped(environment)?;
            (who_sent()?, tabled)
        }
        false => beside(who_sent, || piped(environment))?,
    };
    progress(0.9);
    let truth = sent.truth();
    let counted = both(&tabled, &sent, &truth)?;
    progress(1.0);
    Ok(figures::figures(&who, &sent, &truth, counted, &tabled))
}

/// Sees that there is a nightly job behind it.
pub fn admit_job(choice: Choice) -> Result<(), CellError> {
    if choice == Choice::None { Err(stable::no_job()) } else { Ok(()) }
}

/// Does both at once; what they come to, if both succeed.
fn beside<T: Send, U>(
    one: impl FnOnce() -> Result<T, CellError> + Send,
    other: impl FnOnce() -> Result<U, CellError>,
) -> Result<(T, U), CellError> {
    std::thread::scope(|scope| {
        let one = scope.spawn(one);
        let other = other();
        let one = one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let other = other?;
        Ok((one?, other))
    })
}

/// Counts live and stable tables, each on a thread.
fn both(tabled: &[Tabled], sent: &Sent, truth: &Counts) -> Result<[Counted; 2], CellError> {
    std::thread::scope(|scope| {
        let stable = scope.spawn(|| rows::count(tabled.iter().map(|of| &of.copied.stable), sent, truth));
        let live = rows::count(tabled.iter().map(|of| &of.copied.live), sent, truth);
        let stable = stable.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok([live?, stable?])
    })
}
