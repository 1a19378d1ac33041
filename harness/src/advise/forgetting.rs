//! What a definition declares of how it forgets, as advice works with it.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use dedup_decide::{Cells, Forgetting, Needs};
use dedup_strategies::time::saturating_nanos;
use dedup_strategies::{
    Bound, Context, Definition, Eviction, Forgets, Promise, Prospect, SettingDef, SettingDefault, Settings,
    Sizing, Window,
};
use dedup_stream::scenario::PipelineConfig;

use super::offer::chosen;
use crate::units;

/// Ids that a worker is sized for where it is asked how it forgets: what matters goes with them.
const REFERENCE_IDS: u64 = 1 << 20;

/// A filter that takes more unknown ids than this for known ones does so with copies that it has forgotten, too, by a share
/// of which only the bound is known.
const MOST_FALSE_POSITIVES: f64 = 0.01;

/// How it forgets with this rate of mistakes; none where theory says nothing of that.
pub(super) fn forgetting(definition: &Definition, rate: Option<f64>) -> Option<Forgetting> {
    let window = Duration::from_secs(3600);
    let (settings, context) = sized(definition, rate, window, REFERENCE_IDS, NonZeroUsize::MIN)?;
    let prospect = (definition.prospect?)(&settings, &context);
    let forgets = (definition.forgets)(&settings, &context);
    if matches!(prospect.promise.lost, Bound::AtMost(rate) if rate > MOST_FALSE_POSITIVES) {
        return None;
    }
    rule(definition, forgets, &prospect)
}

/// Settings and context with which it is sized for so many ids: whether it is told in a setting or looks at the load.
pub(super) fn sized(
    definition: &Definition,
    rate: Option<f64>,
    window: Duration,
    ids: u64,
    workers: NonZeroUsize,
) -> Option<(Settings, Context)> {
    let sizing = Sizing { window, ids_in_window: ids, ids_total: ids };
    let told = definition.settings.iter().filter(|def| follows_ids(def));
    let told = told.map(|def| (def.name.to_string(), ids.to_string()));
    let given: Vec<_> = chosen(rate).into_iter().chain(told).collect();
    let settings = definition.resolve(&given, &sizing).ok()?;
    Some((settings, Context { workers, state_dir: PathBuf::new(), ..Context::embedded(sizing) }))
}

/// Whether the default of a setting is the ids that are expected, with headroom.
pub(super) fn follows_ids(def: &SettingDef) -> bool {
    matches!(def.default, SettingDefault::IdsInWindow | SettingDefault::IdsTotal)
}

/// What that comes from, in words.
pub(super) fn because(forgetting: &Forgetting, promise: &Promise, needs: &Needs) -> String {
    let shown = |length: Duration| units::duration(saturating_nanos(length));
    let window = promise.window.length().map(shown).unwrap_or_default();
    let prolonged =
        if matches!(promise.window, Window::SinceSeen(_)) { ", prolonged by each copy" } else { "" };
    let publish = shown(needs.publish);
    match forgetting {
        Forgetting::AtOnce => "nothing is remembered".into(),
        Forgetting::Never => "everything is remembered".into(),
        Forgetting::AtWindowEnd => format!("window of {window} on the delays{prolonged}"),
        Forgetting::AfterMark => {
            format!("window of {window} on the delays, and copies within {publish} of the mark")
        }
        Forgetting::Leased { .. } => format!("window of {window} from the mark, {publish} after the verdict"),
        Forgetting::InSlices(slices) => {
            format!("window of {window} and up to 1/{slices} more on the delays{prolonged}")
        }
        Forgetting::InGenerations { kept, .. } => {
            format!("window of {window} and up to a generation more on the delays, or {kept} generations")
        }
        Forgetting::LeastRecentlySeen(_) => {
            format!("window of {window} on the delays{prolonged}, as far as there is room")
        }
        Forgetting::AtRandom(_) => "cells reset at random by the ids that come between".into(),
    }
}

fn rule(definition: &Definition, forgets: Forgets, prospect: &Prospect) -> Option<Forgetting> {
    let marked = matches!(prospect.promise.window, Window::SinceMarked(_));
    Some(match forgets {
        Forgets::Unknown | Forgets::InEventTime => return None,
        Forgets::AtOnce => Forgetting::AtOnce,
        Forgets::Never => Forgetting::Never,
        Forgets::AtWindowEnd if marked => Forgetting::AfterMark,
        Forgets::AtWindowEnd => Forgetting::AtWindowEnd,
        Forgets::AfterMark { lease } => Forgetting::Leased {
            lease_s: lease.as_secs_f64().min(1e9),
            redelivery_s: PipelineConfig::default().redelivery_delay.as_secs_f64(),
        },
        Forgets::InSlices { a_window } => Forgetting::InSlices(a_window as f64),
        Forgets::InGenerations { kept, ids } => {
            Forgetting::InGenerations { kept: f64::from(kept), ids: ids as f64 / REFERENCE_IDS as f64 }
        }
        Forgets::LeastRecentlySeen => {
            let is_own = !definition.settings.iter().any(follows_ids);
            Forgetting::LeastRecentlySeen(prospect.promise.capacity.filter(|_| is_own).map(|ids| ids as f64))
        }
        Forgets::AtRandom(eviction) => cells(eviction).forgetting(),
    })
}

/// For each id that a worker is sized for.
fn cells(eviction: Eviction) -> Cells {
    let of_one = |all: u64| all as f64 / REFERENCE_IDS as f64;
    match eviction {
        Eviction::CountDown { cells, hashes, max, decrements } => Cells {
            turn_ids: of_one(cells),
            hashes,
            max,
            sets: f64::from(hashes),
            decrements: f64::from(decrements),
        },
        Eviction::Reset { filters, bits, resets } => {
            // Far behind the time in which it fills, and from then on.
            const TURNS: usize = 64;
            let course = resets(filters, TURNS as f64, TURNS);
            let decrements = course[TURNS - 1] - course[TURNS - 2];
            Cells { turn_ids: of_one(bits), hashes: filters, max: 1, sets: 1.0, decrements }
        }
    }
}
