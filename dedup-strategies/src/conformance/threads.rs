//! The law about real threads.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::thread;

use super::Subject;
use super::load::{Random, Scale};
use super::pipeline::ping;
use super::truth::let_through;
use crate::contract::driver::{Driver, Tally};
use crate::contract::{Bound, PingKey, Routing, Strategy, Timestamp, Window, Worker, worker_of};

const THREADS: usize = 4;
const KEYS_A_ROUND: usize = 32;

/// All threads judge the same keys at the same moment, round after round; where pings are routed by key, the worker of
/// a key judges as many copies of it.
pub(super) fn one_new_per_key(subject: &Subject) -> Result<(), String> {
    let strategy = subject.build(1, THREADS)?;
    let promise = strategy.promise();
    let scale = Scale::of(&promise);
    let now = scale.start();
    subject.set_clock(now);
    let keys = Random::new(6).keys(scale.ids / 2);
    let rounds: Vec<_> = keys.chunks(KEYS_A_ROUND).collect();
    let passed = race(&*strategy, &rounds, now)?;
    let (mut copies, mut twice) = (0, Vec::new());
    for key in &keys {
        let count = passed.get(key).copied().unwrap_or(0);
        copies += THREADS as u64 - 1;
        twice.extend((count > 1).then_some((key, count)));
    }
    if let Window::SinceMarked(_) | Window::Nothing = promise.window {
        // What is judged at once was not marked before, or nothing is remembered: copies may pass, and nothing else went wrong.
        return Ok(());
    }
    let allowed = match promise.missed {
        Bound::Unbounded => return Ok(()),
        Bound::Never => 0.0,
        Bound::AtMost(share) => copies as f64 * share,
    };
    match twice.first() {
        Some((key, count)) if twice.len() as f64 > allowed => Err(format!(
            "{} of {} keys that {THREADS} threads judged at once were let through more than once; \
             the first: {:032x}, {count} times",
            twice.len(),
            keys.len(),
            key.as_u128()
        )),
        _ => Ok(()),
    }
}

/// How often each key was let through.
fn race(
    strategy: &dyn Strategy,
    rounds: &[&[PingKey]],
    now: Timestamp,
) -> Result<BTreeMap<PingKey, u64>, String> {
    let barrier = Barrier::new(THREADS);
    let routing = strategy.routing();
    let workers: Vec<_> = (0..THREADS)
        .map(|index| strategy.worker(index))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("worker failed: {error}"))?;
    let outcomes: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = workers
            .into_iter()
            .enumerate()
            .map(|(index, mut worker)| {
                let barrier = &barrier;
                scope.spawn(move || {
                    let mut outcomes = Vec::new();
                    for (round, keys) in rounds.iter().enumerate() {
                        barrier.wait();
                        let keys = share(keys, index, routing);
                        // A panic must not keep the other threads waiting at the barrier.
                        outcomes.push(
                            catch_unwind(AssertUnwindSafe(|| judge(&mut *worker, index, round, &keys, now)))
                                .unwrap_or_else(|_| Err("judge panicked".into())),
                        );
                    }
                    outcomes
                })
            })
            .collect();
        running.into_iter().flat_map(|thread| thread.join().expect("panics were caught inside")).collect()
    });
    let mut passed = BTreeMap::new();
    for outcome in outcomes {
        outcome?.into_iter().for_each(|key| *passed.entry(key).or_insert(0) += 1);
    }
    Ok(passed)
}

/// What worker `index` judges of a round.
fn share(keys: &[PingKey], index: usize, routing: Routing) -> Vec<PingKey> {
    match routing {
        Routing::Any => keys.to_vec(),
        Routing::ByKey => {
            let own: Vec<_> = keys.iter().copied().filter(|key| worker_of(*key, THREADS) == index).collect();
            own.repeat(THREADS)
        }
    }
}

/// The keys that were let through.
fn judge(
    worker: &mut dyn Worker,
    index: usize,
    round: usize,
    keys: &[PingKey],
    now: Timestamp,
) -> Result<Vec<PingKey>, String> {
    let first = ((round * THREADS + index) as u64) << 16;
    let pings: Vec<_> = (first..).zip(keys).map(|(delivery, key)| ping(*key, now, delivery)).collect();
    let mut driver = Driver::default();
    let judged =
        driver.judge(worker, &pings, now, &mut Tally::default()).map_err(|error| error.to_string())?;
    let verdicts = judged.verdicts;
    Ok(keys.iter().zip(verdicts).filter(|(_, verdict)| let_through(**verdict)).map(|(key, _)| *key).collect())
}
