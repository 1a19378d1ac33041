//! Laws about the footprint that a strategy reports.

use super::Subject;
use super::load::{Batch, Random, Scale};
use super::pipeline::Pipeline;
use crate::contract::{Bound, Footprint, Memory, Window};

/// It tracks as many ids as it recognises: all of half a window's but for what it may lose, and never more.
pub(super) fn plausible(subject: &Subject) -> Result<(), String> {
    let mut pipeline = Pipeline::new(subject, 1, 2)?;
    let scale = Scale::of(&pipeline.promise);
    let empty = pipeline.strategy.footprint().ids;
    if empty != 0 {
        return Err(format!("it tracks {empty} ids before it was given any"));
    }
    let keys = Random::new(7).keys(scale.ids);
    pipeline.offer_all(&scale.spread(&keys, scale.start(), scale.part(1, 2)))?;
    let Footprint { ids, bytes } = pipeline.strategy.footprint();
    let given = scale.ids;
    let least = if remembers_all(&pipeline) { given - pipeline.truth.lost.wrong } else { 0 };
    if !(least..=given).contains(&ids) {
        return Err(format!(
            "given {given} ids within half a window, it tracks {ids} (that is what its footprint says)"
        ));
    }
    if ids > 0 && bytes == 0 {
        return Err(format!("it tracks {ids} ids in no memory"));
    }
    Ok(())
}

fn remembers_all(pipeline: &Pipeline) -> bool {
    pipeline.promise.window != Window::Nothing && pipeline.promise.missed == Bound::Never
}

/// After 24 windows it holds little more than after 6, and after a long silence no more than a full window.
pub(super) fn bounded(subject: &Subject) -> Result<(), String> {
    /// Filling up and reorganising may double a table; growth without bound would quadruple it.
    const TOLERANCE: f64 = 2.5;
    let mut pipeline = Pipeline::new(subject, 1, 2)?;
    if pipeline.promise.memory == Memory::Grows {
        return Ok(());
    }
    let scale = Scale::of(&pipeline.promise);
    let mut random = Random::new(8);
    let mut early = Footprint::default();
    for window in 0..24 {
        if window == 6 {
            early = pipeline.strategy.footprint();
        }
        let keys = random.keys(scale.ids.min(600));
        let from = scale.start().plus(scale.part(window, 1));
        pipeline.offer_all(&scale.spread(&keys, from, scale.window))?;
    }
    let late = pipeline.strategy.footprint();
    for (what, early, late) in [("ids", early.ids, late.ids), ("bytes", early.bytes, late.bytes)] {
        // A filter that never forgets tracks ever more ids in the same memory.
        let bounded = what == "bytes" || pipeline.promise.window != Window::Forever;
        if bounded && late as f64 > early as f64 * TOLERANCE {
            return Err(format!("it held {early} {what} after 6 windows and {late} after 24"));
        }
    }
    after_silence(&mut pipeline, &scale, &mut random)
}

/// Strategies with a capacity may keep what fits; the others have to forget. A few pings show each worker the time.
fn after_silence(pipeline: &mut Pipeline, scale: &Scale, random: &mut Random) -> Result<(), String> {
    const FEW: u64 = 64;
    let keys = random.keys(FEW.min(scale.ids));
    let now = scale.start().plus(scale.part(1000, 1));
    pipeline.offer(&Batch { now, keys })?;
    let most = match (pipeline.promise.window, pipeline.promise.capacity) {
        (Window::Forever, _) => return Ok(()),
        (_, Some(capacity)) => capacity,
        (_, None) => FEW,
    };
    let ids = pipeline.strategy.footprint().ids;
    if ids > most {
        return Err(format!("a thousand windows later it still tracks {ids} ids; {most} are allowed"));
    }
    Ok(())
}
