//! Reading a curve at any number of ids.
//!
//! Between two points a figure is taken to be straight in the logarithm of ids: what grows is misses of one cache after
//! the other. Beyond the last point a time goes on as steeply as between the last two, and never falls; bytes and round
//! trips of an id stay as they were. Below the first point everything is as it was there.

use super::{Curve, CurvePoint, Known, Origin};

/// What is read off a curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Time a ping while the window fills, ns.
    Filling,
    /// Time a ping in steady state, ns.
    Steady,
    /// The 99th percentile of the time of a batch in steady state, ns.
    SteadyP99,
    /// Bytes an id of the window.
    BytesPerId,
    /// Round trips a ping in steady state.
    RoundTrips,
}

impl Figure {
    fn of(self, point: &CurvePoint) -> Option<f64> {
        match self {
            Figure::Filling => Some(point.filling_ns),
            Figure::Steady => Some(point.steady_ns),
            Figure::SteadyP99 => Some(point.steady_p99_ns),
            Figure::BytesPerId => point.bytes_per_id,
            Figure::RoundTrips => point.round_trips_per_ping,
        }
    }

    /// Whether it goes on growing beyond what was measured.
    fn goes_on(self) -> bool {
        match self {
            Figure::Filling | Figure::Steady | Figure::SteadyP99 => true,
            Figure::BytesPerId | Figure::RoundTrips => false,
        }
    }
}

impl Curve {
    /// `figure` with `ids` in the window; none where it was measured nowhere.
    pub fn at(&self, figure: Figure, ids: u64) -> Option<Known> {
        let values: Vec<(u64, f64)> =
            self.points.iter().filter_map(|point| Some((point.ids_count, figure.of(point)?))).collect();
        let above = values.partition_point(|(point, _)| *point < ids);
        let known = |value, origin| Some(Known { value, origin });
        match (above.checked_sub(1).map(|below| values[below]), values.get(above)) {
            (_, Some((point, value))) if *point == ids => known(*value, Origin::Measured),
            (Some(below), Some(above)) => known(line(below, *above, ids), Origin::Measured),
            (None, Some((_, first))) => known(*first, Origin::Outside),
            (Some(last), None) => {
                let before = above.checked_sub(2).map(|before| values[before]);
                let on = before.filter(|_| figure.goes_on()).map_or(last.1, |before| line(before, last, ids));
                known(on.max(last.1), Origin::Outside)
            }
            (None, None) => None,
        }
    }

    /// The fewest and the most ids that were measured.
    pub fn measured(&self) -> Option<(u64, u64)> {
        Some((self.points.first()?.ids_count, self.points.last()?.ids_count))
    }
}

/// The straight line through two points, over the logarithm of ids.
fn line((from, low): (u64, f64), (to, high): (u64, f64), ids: u64) -> f64 {
    let along = |ids: u64| (ids.max(1) as f64).ln();
    low + (high - low) * (along(ids) - along(from)) / (along(to) - along(from))
}
