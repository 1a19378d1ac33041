//! How a strategy forgets, and so which share of the copies it lets through: formulas over the curve of lags.
//!
//! Each looks at one copy and its first: where pings have several copies each, theory has to sample them.

mod cells;

use serde::Serialize;

pub use cells::Cells;

use crate::needs::{Needs, Nightly};
use crate::quantity::DAY_S;
use crate::traffic::{Lags, Traffic};

/// The rule by which it forgets.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgetting {
    /// It remembers nothing.
    AtOnce,
    /// It remembers everything.
    Never,
    /// When the window ends.
    AtWindowEnd,
    /// When the window ends, which begins with the mark; copies that come before the mark pass.
    AfterMark,
    /// When the window ends, which begins with the mark; copies that come before the mark wait for it.
    Leased {
        /// For so many seconds.
        lease_s: f64,
        /// And come again after so many.
        redelivery_s: f64,
    },
    /// Time is cut into so many slices a window, and whole slices are forgotten.
    InSlices(f64),
    /// A generation of ids at once.
    InGenerations {
        /// Generations that are known behind the youngest.
        kept: f64,
        /// Ids of one, for each id that a worker is sized for.
        ids: f64,
    },
    /// When the window ends, or when it has seen as many others as it has room for: so many, or those that it is sized for.
    LeastRecentlySeen(Option<f64>),
    /// By chance, with the ids that are written: how many of them, for each id that a worker is sized for, and the share that
    /// has been forgotten by then; the last is all that ever is.
    AtRandom(Vec<(f64, f64)>),
}

/// What a strategy is sized for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizedFor {
    /// How long it remembers, in seconds.
    pub window_s: f64,
    /// Ids.
    pub ids: f64,
    /// Ids of one worker.
    pub of_worker: f64,
    /// Whether all copies of an id come to one worker.
    pub by_key: bool,
}

/// Shares of all copies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Missed {
    /// Those that are let through.
    pub live: f64,
    /// Those that the nightly job leaves, where there is one.
    pub stable: Option<f64>,
}

/// Which copies pass, by how much later than their first they come.
struct Passing {
    /// All that come within so many seconds.
    before_s: f64,
    /// From then on the shares at these lags, straight in between; the last is that of all that comes later.
    after: Vec<(f64, f64)>,
}

/// Less than any lag.
const NO_LAG_S: f64 = -1.0;

/// Pieces into which a share is cut that grows with the lag.
const PIECES: u32 = 8;

/// Copies that pass are written again, so that others are forgotten sooner, and more pass: so often is that looked at anew.
const ROUNDS: usize = 3;

impl Forgetting {
    /// The shares that it lets through; none where chance decides between window and room, or theory says nothing.
    pub fn missed(&self, traffic: &Traffic, needs: &Needs, sized: SizedFor) -> Option<Missed> {
        let live = |passing: &Passing| passing.share(|lag| traffic.lags.within(lag));
        let mut passing = self.passing(traffic, needs, sized, 0.0)?;
        if matches!(self, Forgetting::InGenerations { .. } | Forgetting::AtRandom(_)) {
            for _ in 0..ROUNDS {
                passing = self.passing(traffic, needs, sized, live(&passing))?;
            }
        }
        let stable = match needs.nightly {
            Nightly::No => None,
            Nightly::Days(before) => {
                let left = Left::new(&traffic.lags, before);
                Some(passing.share(|lag| left.within(lag)))
            }
        };
        Some(Missed { live: live(&passing), stable })
    }

    /// `written` is the share of copies that are written again.
    fn passing(&self, traffic: &Traffic, needs: &Needs, sized: SizedFor, written: f64) -> Option<Passing> {
        let window_s = sized.window_s;
        let publish_s = needs.publish.as_secs_f64();
        let uniques = traffic.uniques_per_s();
        let copies = traffic.copies_per_s();
        let written_per_s = (uniques + copies * written) / f64::from(needs.workers);
        Some(match self {
            Forgetting::AtOnce => Passing::from(NO_LAG_S),
            Forgetting::Never => Passing::from(f64::INFINITY),
            Forgetting::AtWindowEnd => Passing::from(window_s),
            Forgetting::AfterMark => Passing {
                before_s: before_mark_s(traffic, needs, sized),
                ..Passing::from(window_s + publish_s)
            },
            Forgetting::Leased { lease_s, redelivery_s } => {
                let comes_again_s = redelivery_s + publish_s + 2.0 * needs.linger.as_secs_f64();
                let is_kept = *lease_s > publish_s && comes_again_s < window_s;
                return is_kept.then(|| Passing::from(window_s + publish_s));
            }
            Forgetting::InSlices(slices) => Passing::growing(window_s, window_s / slices),
            Forgetting::InGenerations { kept, ids } => {
                let generation_s = ids * sized.of_worker / written_per_s;
                Passing::growing(window_s.min(kept * generation_s), generation_s)
            }
            Forgetting::LeastRecentlySeen(room) => {
                Passing::from(least_recently_seen_s(room.unwrap_or(sized.ids), window_s, uniques, copies)?)
            }
            Forgetting::AtRandom(shares) => Passing {
                before_s: NO_LAG_S,
                after: shares
                    .iter()
                    .map(|(ids, share)| (ids * sized.of_worker / written_per_s, *share))
                    .collect(),
            },
        })
    }
}

/// A copy passes that is judged before its first is marked, and so does one that is judged in the same batch.
fn before_mark_s(traffic: &Traffic, needs: &Needs, sized: SizedFor) -> f64 {
    let workers = if sized.by_key { f64::from(needs.workers) } else { 1.0 };
    let per_s = traffic.pings_per_s / workers;
    let open_s = (f64::from(needs.batch - 1) / per_s).min(needs.linger.as_secs_f64());
    // The chance that a ping is the one that a batch begins with, so that it waits for all of it.
    let opens = 1.0 / (1.0 + per_s * open_s);
    needs.publish.as_secs_f64().max(open_s * (1.0 + opens) / 2.0)
}

/// When the window ends, or before, where there is no room for all ids that come in it.
fn least_recently_seen_s(room: f64, window_s: f64, uniques_per_s: f64, copies_per_s: f64) -> Option<f64> {
    if (uniques_per_s + copies_per_s) * window_s < room * 0.95 {
        return Some(window_s);
    }
    // Half of the copies, on the whole, belong to ids that were seen meanwhile, as long as they are few.
    let idle_s = room / (uniques_per_s + copies_per_s / 2.0);
    let is_certain = copies_per_s < 0.1 * uniques_per_s && (idle_s / window_s - 1.0).abs() >= 0.1;
    is_certain.then(|| window_s.min(idle_s))
}

impl Passing {
    /// All from this lag on.
    fn from(lag_s: f64) -> Passing {
        Passing { before_s: NO_LAG_S, after: vec![(lag_s, 1.0)] }
    }

    /// None up to a lag, and from then on more and more, until all do.
    fn growing(from_s: f64, for_s: f64) -> Passing {
        let at = |piece: u32| f64::from(piece) / f64::from(PIECES);
        let after = (0..=PIECES).map(|piece| (from_s + for_s * at(piece), at(piece)));
        Passing { before_s: NO_LAG_S, after: after.collect() }
    }

    /// Of what comes `within` each lag.
    fn share(&self, within: impl Fn(f64) -> f64) -> f64 {
        let at = |lag: f64| within(lag.max(self.before_s));
        let grown = |pair: &[(f64, f64)]| (at(pair[1].0) - at(pair[0].0)) * (pair[0].1 + pair[1].1) / 2.0;
        let later = self.after.last().map_or(0.0, |(lag, share)| (within(f64::INFINITY) - at(*lag)) * share);
        within(self.before_s) + self.after.windows(2).map(grown).sum::<f64>() + later
    }
}

/// Copies that a job does not see in one day with their first, looking back so many days, as pings come at any time of a day.
struct Left<'a> {
    lags: &'a Lags,
    before: f64,
    /// Lags between which both the share of copies and the chance of being left grow straight, and what is left up to each.
    until: Vec<(f64, f64)>,
}

impl<'a> Left<'a> {
    fn new(lags: &'a Lags, before: u32) -> Left<'a> {
        let mut left = Left { lags, before: f64::from(before), until: Vec::new() };
        let borders = [left.before * DAY_S, (left.before + 1.0) * DAY_S];
        let mut ends: Vec<f64> = lags.points().iter().map(|(lag, _)| *lag).chain(borders).collect();
        ends.sort_by(f64::total_cmp);
        let (mut from, mut sum) = (0.0, 0.0);
        for to in ends {
            sum += left.between(from, to);
            left.until.push((to, sum));
            from = to;
        }
        left
    }

    fn between(&self, from: f64, to: f64) -> f64 {
        let chance = |lag: f64| (lag / DAY_S - self.before).clamp(0.0, 1.0);
        (self.lags.within(to) - self.lags.within(from)) * (chance(from) + chance(to)) / 2.0
    }

    fn within(&self, seconds: f64) -> f64 {
        let after = self.until.partition_point(|(lag, _)| *lag <= seconds);
        let (from, sum) = after.checked_sub(1).map_or((0.0, 0.0), |before| self.until[before]);
        if after == self.until.len() { sum } else { sum + self.between(from, seconds) }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const WINDOW_S: f64 = 4.0 * 3600.0;

    fn traffic() -> Traffic {
        let lags = Lags::parse("test", "50%=10m,90%=8h,100%=3d").unwrap();
        Traffic::steady("test", 1000.0, 0.02, lags, 0)
    }

    fn missed(forgetting: &Forgetting, needs: &Needs) -> Missed {
        let sized = SizedFor { window_s: WINDOW_S, ids: 1.4e7, of_worker: 3.6e6, by_key: true };
        forgetting.missed(&traffic(), needs, sized).unwrap()
    }

    fn live(forgetting: &Forgetting) -> f64 {
        missed(forgetting, &Needs::default()).live
    }

    #[test]
    fn what_comes_after_the_window_passes_and_slices_are_forgotten_later() {
        let after = 1.0 - traffic().lags.within(WINDOW_S);
        assert_eq!((live(&Forgetting::AtOnce), live(&Forgetting::Never)), (1.0, 0.0));
        assert!((live(&Forgetting::AtWindowEnd) - after).abs() < 1e-12);
        // The lags are straight there, so that it is as if windows were half a slice longer.
        let longer = 1.0 - traffic().lags.within(WINDOW_S * 1.125);
        assert!((live(&Forgetting::InSlices(4.0)) - longer).abs() < 1e-9);
        let generations = Forgetting::InGenerations { kept: 4.0, ids: 0.25 };
        assert!((live(&generations) - longer).abs() < 0.01, "{}", live(&generations));
    }

    #[test]
    fn copies_pass_before_the_mark_or_wait_for_it() {
        let needs = Needs { publish: Duration::from_secs(60), ..Needs::default() };
        let after = 1.0 - traffic().lags.within(WINDOW_S + 60.0);
        let marked = missed(&Forgetting::AfterMark, &needs).live;
        assert!((marked - after - traffic().lags.within(60.0)).abs() < 1e-9);
        let leased = |lease_s| {
            let leased = Forgetting::Leased { lease_s, redelivery_s: 1.0 };
            let sized = SizedFor { window_s: WINDOW_S, ids: 1.0, of_worker: 1.0, by_key: true };
            leased.missed(&traffic(), &needs, sized)
        };
        assert!((leased(61.0).unwrap().live - after).abs() < 1e-9);
        assert_eq!(leased(59.0), None);
    }

    #[test]
    fn what_a_days_job_sees_together_is_not_left() {
        let nightly =
            |days| missed(&Forgetting::AtOnce, &Needs { nightly: Nightly::Days(days), ..Needs::default() });
        let lags = traffic().lags;
        let mean = |chance: fn(f64) -> f64| {
            (0..100_000)
                .map(|slice| chance(lags.quantile((f64::from(slice) + 0.5) / 1e5) / DAY_S))
                .sum::<f64>()
                / 1e5
        };
        assert!((nightly(0).stable.unwrap() - mean(|days| days.min(1.0))).abs() < 1e-5);
        assert!((nightly(1).stable.unwrap() - mean(|days| (days - 1.0).clamp(0.0, 1.0))).abs() < 1e-5);
        assert_eq!(missed(&Forgetting::AtOnce, &Needs::default()).stable, None);
    }

    #[test]
    fn room_for_fewer_ids_than_a_window_has_ends_it_and_where_both_end_at_once_nothing_is_said() {
        let lru = |room| {
            let sized = SizedFor { window_s: WINDOW_S, ids: room, of_worker: room / 4.0, by_key: false };
            Forgetting::LeastRecentlySeen(None).missed(&traffic(), &Needs::default(), sized)
        };
        assert_eq!(lru(2e7).unwrap().live, live(&Forgetting::AtWindowEnd));
        assert_eq!(lru(1.4e7), None);
        let half = 1.0 - traffic().lags.within(7e6 / 990.0);
        assert!((lru(7e6).unwrap().live - half).abs() < 1e-9);
    }

    #[test]
    fn what_forgets_by_chance_forgets_more_where_more_is_written() {
        let by_chance = Forgetting::AtRandom(vec![(0.0, 0.0), (1.0, 0.1), (10.0, 0.9), (100.0, 1.0)]);
        let (few, no) = (live(&by_chance), live(&Forgetting::AtWindowEnd));
        assert!(0.0 < few && few < no, "{few} {no}");
    }
}
