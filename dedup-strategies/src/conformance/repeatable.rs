//! Laws about doing the same thing twice.

use super::Subject;
use super::load::{Batch, Scale};
use super::pipeline::{Decision, Pipeline};

pub(super) fn same_seed(subject: &Subject) -> Result<(), String> {
    for seed in [1, 2] {
        let first = decisions(subject, seed, |_, _| Ok(()))?;
        let second = decisions(subject, seed, |_, _| Ok(()))?;
        same(&first, &second).map_err(|what| format!("run twice with seed {seed}, {what}"))?;
    }
    Ok(())
}

pub(super) fn empty_batches(subject: &Subject) -> Result<(), String> {
    let without = decisions(subject, 1, |_, _| Ok(()))?;
    let with = decisions(subject, 1, |pipeline, batch| {
        let verdicts = pipeline.offer(&Batch { now: batch.now, keys: Vec::new() })?;
        if verdicts.is_empty() { Ok(()) } else { Err(format!("no pings were judged {verdicts:?}")) }
    })?;
    same(&without, &with).map_err(|what| format!("with empty batches in between, {what}"))
}

/// Everything that is decided over a stream that brings twice as many ids as promised for: what is forgotten under
/// pressure must be the same, too. `before` is called before each batch.
fn decisions<'a>(
    subject: &Subject<'a>,
    seed: u64,
    mut before: impl FnMut(&mut Pipeline<'a>, &Batch) -> Result<(), String>,
) -> Result<Vec<Decision>, String> {
    let mut pipeline = Pipeline::new(subject, seed, 3)?;
    let scale = Scale::of(&pipeline.promise);
    let pressed = Scale { ids: scale.ids * 2, ..scale };
    for batch in pressed.random(seed) {
        before(&mut pipeline, &batch)?;
        pipeline.offer(&batch)?;
    }
    pipeline.end()?;
    Ok(pipeline.log)
}

fn same(first: &[Decision], second: &[Decision]) -> Result<(), String> {
    match first.iter().zip(second).position(|(a, b)| a != b) {
        Some(at) => Err(format!("decision {at} was {:?} first and {:?} then", first[at], second[at])),
        None if first.len() != second.len() => {
            Err(format!("there were {} decisions first and {} then", first.len(), second.len()))
        }
        None => Ok(()),
    }
}
