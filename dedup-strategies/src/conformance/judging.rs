//! Laws about single verdicts and the promise.

use std::time::Duration;

use super::Subject;
use super::load::{Batch, Random, Scale};
use super::pipeline::Pipeline;
use super::truth::let_through;
use crate::contract::Bound;

/// Random streams that a law is tried with.
const SEEDS: [u64; 3] = [1, 2, 3];

pub(super) fn one_verdict_each_in_order(subject: &Subject) -> Result<(), String> {
    let mut pipeline = Pipeline::new(subject, 1, 1)?;
    let scale = Scale::of(&pipeline.promise);
    let mut random = Random::new(1);
    let now = scale.start();
    let known = random.keys((scale.ids / 4).max(1));
    for size in [1, 2, 63, known.len()] {
        pipeline.offer(&Batch { now, keys: known.iter().copied().take(size).collect() })?;
    }
    // Known and new keys in turn: the pattern must come back.
    let keys: Vec<_> = known.iter().flat_map(|key| [*key, random.key()]).collect();
    let verdicts = pipeline.offer(&Batch { now, keys })?;
    let fresh_passed = verdicts.iter().skip(1).step_by(2).filter(|verdict| let_through(**verdict)).count();
    if pipeline.promise.lost != Bound::Unbounded && fresh_passed * 2 < known.len() {
        return Err(format!(
            "of {0} known and {0} new keys in turn, {fresh_passed} of those in a new key's place were let through",
            known.len()
        ));
    }
    pipeline.check_promises()
}

pub(super) fn copies_inside_one_batch(subject: &Subject) -> Result<(), String> {
    let mut pipeline = Pipeline::new(subject, 1, 2)?;
    let scale = Scale::of(&pipeline.promise);
    let mut random = Random::new(2);
    for round in 0..(scale.ids_total / 3).clamp(1, 8) {
        let keys = random.keys(scale.ids.min(3));
        let pattern = [0, 1, 0, 0, 2, 1, 2, 2, 0].map(|at| keys[at % keys.len()]);
        let now = scale.start().plus(scale.part(round, 1));
        pipeline.offer(&Batch { now, keys: pattern.to_vec() })?;
    }
    pipeline.check_promises()
}

pub(super) fn missed(subject: &Subject) -> Result<(), String> {
    random_streams(subject, |pipeline| pipeline.check_missed())
}

pub(super) fn lost(subject: &Subject) -> Result<(), String> {
    random_streams(subject, |pipeline| pipeline.check_lost())
}

fn random_streams(subject: &Subject, check: fn(&Pipeline) -> Result<(), String>) -> Result<(), String> {
    for seed in SEEDS {
        for workers in [1, 3] {
            let mut pipeline = Pipeline::new(subject, seed, workers)?;
            let scale = Scale::of(&pipeline.promise);
            pipeline.offer_all(&scale.random(seed))?;
            check(&pipeline)?;
        }
    }
    Ok(())
}

/// As many ids as the promise covers, then all of them again, the oldest first: what an LRU one entry too small
/// fails with every single one.
pub(super) fn capacity(subject: &Subject) -> Result<(), String> {
    let mut pipeline = Pipeline::new(subject, 1, 1)?;
    let scale = Scale::of(&pipeline.promise);
    let keys = Random::new(3).keys(scale.ids);
    let once = scale.spread(&keys, scale.start(), scale.part(2, 5));
    let again = scale.spread(&keys, scale.start().plus(scale.part(2, 5)), scale.part(2, 5));
    pipeline.offer_all(&once)?;
    pipeline.offer_all(&again)?;
    pipeline.check_promises()
}

/// Copies at the very end of the window, and the same after gaps of a window, many windows, and a century.
pub(super) fn gaps(subject: &Subject) -> Result<(), String> {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);
    let mut pipeline = Pipeline::new(subject, 1, 2)?;
    let scale = Scale::of(&pipeline.promise);
    let mut random = Random::new(4);
    let mut now = scale.start();
    for gap in [Duration::ZERO, scale.window, scale.part(7, 2), scale.part(1000, 1), CENTURY] {
        now = now.plus(gap);
        let keys = random.keys((scale.ids / 8).clamp(1, 50));
        pipeline.offer(&Batch { now, keys: keys.clone() })?;
        now = now.plus(scale.window.saturating_sub(Duration::from_nanos(1)));
        pipeline.offer(&Batch { now, keys: keys.clone() })?;
        // Once more at the same time: whatever was let through just now is a copy again.
        pipeline.offer(&Batch { now, keys })?;
    }
    pipeline.check_promises()
}

pub(super) fn held(subject: &Subject) -> Result<(), String> {
    for seed in SEEDS {
        let mut pipeline = Pipeline::new(subject, seed, 2)?;
        let scale = Scale::of(&pipeline.promise);
        pipeline.offer_all(&scale.random(seed))?;
        pipeline.end()?;
    }
    Ok(())
}

/// What has one verdict for each ping cannot break this.
pub(super) fn out_once(subject: &Subject) -> Result<(), String> {
    let mut pipeline = Pipeline::new(subject, 1, 1)?;
    if pipeline.strategy.emitted_twice().is_none() {
        return Ok(());
    }
    let scale = Scale::of(&pipeline.promise);
    pipeline.offer_all(&scale.random(6))?;
    pipeline.end()?;
    match pipeline.strategy.emitted_twice() {
        None | Some(0) => Ok(()),
        Some(count) => {
            Err(format!("{count} of {} pings that came out had come out before", pipeline.log.len()))
        }
    }
}

/// Workers crash between batches, in turn: whatever a worker kept to itself is gone, and promises hold all the same.
pub(super) fn crashes(subject: &Subject) -> Result<(), String> {
    const WORKERS: usize = 3;
    let mut pipeline = Pipeline::new(subject, 1, WORKERS)?;
    let scale = Scale::of(&pipeline.promise);
    for (index, batch) in scale.random(5).iter().enumerate() {
        pipeline.offer(batch)?;
        pipeline.restart(index % WORKERS)?;
    }
    pipeline.check_promises()?;
    pipeline.end()
}
