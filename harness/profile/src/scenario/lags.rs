//! The lags of a scenario: from copy to copy, without those of the heaviest ids.

use super::heavy::Heavy;
use crate::lags::{LAG_BINS, SHORTEST_US, lag_floor_us};
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

/// Lags from ping to ping of ids whose pings are spread evenly: exponential.
fn of_heavy(heavy: &Heavy, span: f64, from_us: u64, to_us: u64) -> f64 {
    let of_id = |copies: &u64| {
        let mean = span / *copies as f64;
        *copies as f64 * (libm::exp(-(from_us as f64) / mean) - libm::exp(-(to_us as f64) / mean))
    };
    heavy.copies.iter().map(of_id).sum()
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
