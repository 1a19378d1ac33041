//! The lags of a scenario: from copy to copy, without those of ids whose pings are spread over the traffic.

use super::heavy::{Class, Heavy};
use crate::lags::{LAG_BINS, LagHistogram, SHORTEST_US, lag_floor_us};
use crate::profile::Profile;

/// A lag in microseconds, and the share of copies that are no later.
pub(super) type Point = (u64, f64);

/// The points of the distribution, and the share of copies that come within the traffic at all; none where there are no
/// copies.
///
/// A copy that would come after the last ping was not seen, and will not be in a stream of the same length either. Of
/// lags of length `L` in traffic of length `T`, those are seen whose ping before came in the first `T - L`: so each
/// that was seen stands for `T / (T - L)`.
pub(super) fn points(profile: &Profile, heavy: &Heavy) -> Option<(Vec<Point>, f64)> {
    let span = profile.span().as_micros() as f64;
    let mut bins = vec![(0, SHORTEST_US, profile.lag_from_previous.below_1ms_count as f64)];
    let floors = |bin: u16| (lag_floor_us(usize::from(bin)), lag_floor_us(usize::from(bin) + 1));
    bins.extend(profile.lag_from_previous.bins.iter().map(|(bin, count)| {
        let (from, to) = floors(*bin);
        (from, to, *count as f64)
    }));
    for (from, to, count) in &mut bins {
        *count = (*count - of_heavy(heavy, span, *from, *to)).max(0.0);
    }
    let seen: f64 = bins.iter().map(|(.., count)| count).sum();
    for (from, to, count) in &mut bins {
        // The last copies of all are few, and stand for no more than a hundred each.
        *count *= (span / (span - (*from + *to) as f64 / 2.0)).clamp(1.0, 100.0);
        if *count < 0.0 || span < *from as f64 {
            *count = 0.0;
        }
    }
    let total: f64 = bins.iter().map(|(.., count)| count).sum();
    (total > 0.0).then(|| (joined(&bins, total), seen / total))
}

/// The points of the distribution of lags from the first ping with an id; none where there are no copies.
pub(super) fn points_from_first(profile: &Profile) -> Vec<Point> {
    points_of(&profile.lag_from_first, 1.0)
}

/// The points of the distribution of lags from ping to ping, made longer or shorter so that so many take the whole traffic.
pub(super) fn points_of_pace(profile: &Profile, copies: u64) -> Vec<Point> {
    let longer = profile.span().as_micros() as f64 / copies.max(1) as f64 / mean_lag_us(profile);
    // Less is within the width of a bin.
    points_of(&profile.lag_from_previous, if (longer - 1.0).abs() < 0.02 { 1.0 } else { longer })
}

/// The mean lag from ping to ping, as far as bins tell.
pub(super) fn mean_lag_us(profile: &Profile) -> f64 {
    let bins = bins_of(&profile.lag_from_previous);
    let sum: f64 = bins.iter().map(|(from, to, count)| (*from + *to) as f64 / 2.0 * count).sum();
    (sum / profile.lag_from_previous.total().max(1) as f64).max(1.0)
}

fn points_of(lags: &LagHistogram, longer: f64) -> Vec<Point> {
    let mut points = joined(&bins_of(lags), lags.total() as f64);
    // Two bins of the shortest lags may become one.
    points.iter_mut().for_each(|(lag_us, _)| *lag_us = (*lag_us as f64 * longer).round() as u64);
    points.dedup_by(|later, before| {
        let is_same = later.0 <= before.0;
        before.1 = if is_same { later.1 } else { before.1 };
        is_same
    });
    points.retain(|(lag_us, share)| *lag_us > 0 || *share > 0.0);
    points
}

fn bins_of(lags: &LagHistogram) -> Vec<(u64, u64, f64)> {
    let bins = lags.bins.iter().map(|(bin, count)| {
        (lag_floor_us(usize::from(*bin)), lag_floor_us(usize::from(*bin) + 1), *count as f64)
    });
    std::iter::once((0, SHORTEST_US, lags.below_1ms_count as f64)).chain(bins).collect()
}

/// Lags from ping to ping of ids whose pings are spread evenly: exponential.
fn of_heavy(heavy: &Heavy, span: f64, from_us: u64, to_us: u64) -> f64 {
    let of_class = |class: &Class| {
        let mean = span / class.copies as f64;
        let copies = (class.copies * class.ids) as f64;
        copies * (libm::exp(-(from_us as f64) / mean) - libm::exp(-(to_us as f64) / mean))
    };
    heavy.spread().map(of_class).sum()
}

/// Points at the ends of bins that have copies, and where such bins begin after a gap.
fn joined(bins: &[(u64, u64, f64)], total: f64) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::with_capacity(LAG_BINS);
    let mut below = 0.0;
    for (from, to, count) in bins.iter().filter(|(.., count)| *count > 0.0) {
        if *from > points.last().map_or(0, |(last, _)| *last) {
            points.push((*from, below / total));
        }
        below += count;
        points.push((*to, (below / total).min(1.0)));
    }
    if let Some((_, share)) = points.last_mut() {
        *share = 1.0;
    }
    points
}
