//! How much later a copy arrives.

use std::time::Duration;

use dedup_files::LONGEST;
use dedup_strategies::time::saturating_nanos;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

/// A distribution of lags. All times in nanoseconds.
///
/// Each is given by its quantile function, so that the lags of several copies can be drawn in ascending order,
/// one at a time.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lag {
    /// Always the same.
    Fixed {
        /// The lag.
        ns: f64,
    },
    /// Any in a range.
    Uniform {
        /// Least lag.
        min_ns: f64,
        /// Greatest lag.
        max_ns: f64,
    },
    /// Exponential.
    Exponential {
        /// Mean lag.
        mean_ns: f64,
    },
    /// Lognormal.
    Lognormal {
        /// Median lag.
        median_ns: f64,
        /// Standard deviation of the lag's natural logarithm.
        sigma: f64,
    },
    /// As measured: straight lines between points, from no lag at share 0 to a last point at share 1.
    Cdf(Vec<Point>),
    /// A client's retries: each waits a factor longer than the one before, up to a limit.
    Backoff {
        /// The first wait.
        first_ns: f64,
        /// How much longer each further wait is.
        factor: f64,
        /// The longest wait.
        max_ns: f64,
    },
}

/// One point of an empirical distribution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// The lag.
    pub ns: f64,
    /// The share of lags that are no longer.
    pub share: f64,
}

impl Lag {
    /// The lag that a share of `u` (0 to 1) of all lags does not exceed. `step` is the number of copies before this
    /// one, on which only a backoff depends.
    pub fn quantile(&self, u: f64, step: u32) -> Duration {
        let ns = match self {
            Lag::Fixed { ns } => *ns,
            Lag::Uniform { min_ns, max_ns } => min_ns + u * (max_ns - min_ns),
            Lag::Exponential { mean_ns } => -libm::log1p(-u) * mean_ns,
            Lag::Lognormal { median_ns, sigma } => median_ns * libm::exp(sigma * standard_normal(u)),
            Lag::Cdf(points) => interpolate(points, u),
            Lag::Backoff { first_ns, factor, max_ns } => {
                (first_ns * libm::pow(*factor, f64::from(step))).min(*max_ns)
            }
        };
        // A tail without end stops at the longest time there is; a cast turns nonsense into 0.
        Duration::from_nanos((ns.round() as u64).min(saturating_nanos(LONGEST)))
    }

    /// The share of lags that exceed `limit`, to about one in a million.
    pub(crate) fn share_above(&self, limit: Duration) -> f64 {
        let (mut below, mut above) = (0.0, 1.0);
        if self.quantile(below, 0) > limit {
            return 1.0;
        }
        while above - below > 1e-6 {
            let middle = (below + above) / 2.0;
            if self.quantile(middle, 0) > limit { above = middle } else { below = middle }
        }
        1.0 - above
    }

    /// The mean lag in seconds, to about a percent.
    pub(crate) fn mean_s(&self) -> f64 {
        const SLICES: u32 = 500;
        let slice = |i: u32| self.quantile((f64::from(i) + 0.5) / f64::from(SLICES), i.min(20)).as_secs_f64();
        (0..SLICES).map(slice).sum::<f64>() / f64::from(SLICES)
    }
}

fn standard_normal(u: f64) -> f64 {
    // The quantiles of 0 and 1 are infinite.
    Normal::standard().inverse_cdf(u.clamp(1e-300, 1.0 - 1e-16))
}

fn interpolate(points: &[Point], u: f64) -> f64 {
    let next = points.partition_point(|point| point.share < u).min(points.len() - 1);
    let before = if next == 0 { Point { ns: 0.0, share: 0.0 } } else { points[next - 1] };
    let after = points[next];
    let width = after.share - before.share;
    if width <= 0.0 {
        return after.ns;
    }
    before.ns + (u - before.share) / width * (after.ns - before.ns)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: f64 = 60e9;

    #[test]
    fn quantiles_agree_with_known_values() {
        let exponential = Lag::Exponential { mean_ns: MINUTE };
        assert!((exponential.quantile(0.5, 0).as_secs_f64() - 60.0 * 2f64.ln()).abs() < 1e-6);
        let lognormal = Lag::Lognormal { median_ns: MINUTE, sigma: 1.5 };
        assert!((lognormal.quantile(0.5, 0).as_secs_f64() - 60.0).abs() < 1e-6);
        // The normal quantile of 0.975 is 1.959964.
        let expected = 60.0 * (1.5f64 * 1.959_964).exp();
        assert!((lognormal.quantile(0.975, 0).as_secs_f64() / expected - 1.0).abs() < 1e-5);
        let uniform = Lag::Uniform { min_ns: MINUTE, max_ns: 3.0 * MINUTE };
        assert_eq!(uniform.quantile(0.25, 0), Duration::from_secs(90));
    }

    #[test]
    fn an_empirical_distribution_goes_through_its_points_in_straight_lines() {
        let lag = Lag::Cdf(vec![
            Point { ns: 10.0 * MINUTE, share: 0.25 },
            Point { ns: 20.0 * MINUTE, share: 0.25 },
            Point { ns: 60.0 * MINUTE, share: 1.0 },
        ]);
        let minutes = |u| lag.quantile(u, 0).as_secs_f64() / 60.0;
        assert_eq!(minutes(0.0), 0.0);
        assert_eq!(minutes(0.125), 5.0);
        assert_eq!(minutes(0.25), 10.0);
        assert_eq!(minutes(0.625), 40.0);
        assert_eq!(minutes(1.0), 60.0);
    }

    #[test]
    fn a_backoff_grows_by_its_factor_up_to_its_limit() {
        let lag = Lag::Backoff { first_ns: MINUTE, factor: 2.0, max_ns: 120.0 * MINUTE };
        let minutes: Vec<_> = (0..9).map(|step| lag.quantile(0.5, step).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 120, 120]);
        assert_eq!(lag.quantile(0.5, u32::MAX), Duration::from_secs(7200));
    }

    #[test]
    fn tails_end_at_the_longest_time() {
        let lag = Lag::Lognormal { median_ns: MINUTE, sigma: 1000.0 };
        assert_eq!(lag.quantile(1.0, 0), LONGEST);
        assert_eq!(lag.quantile(0.0, 0), Duration::ZERO);
        assert_eq!(Lag::Exponential { mean_ns: MINUTE }.quantile(1.0, 0), LONGEST);
    }

    #[test]
    fn the_share_above_a_limit_is_one_minus_the_distribution() {
        let lag = Lag::Exponential { mean_ns: MINUTE };
        assert!((lag.share_above(Duration::from_secs(60)) - (-1f64).exp()).abs() < 1e-5);
        assert_eq!(Lag::Fixed { ns: MINUTE }.share_above(Duration::from_secs(59)), 1.0);
        assert!(Lag::Fixed { ns: MINUTE }.share_above(Duration::from_secs(60)) < 1e-5);
    }
}
