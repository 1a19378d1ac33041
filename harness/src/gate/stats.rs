//! Trimmed means, and what they say of the truth behind them.
//!
//! One round gives one log ratio. Rounds are few and now and then one is far off, so a fifth is cut off at both ends,
//! and the test is the one that belongs to a trimmed mean (Tukey and McLaughlin, 1963; Yuen, 1974): its spread is that
//! of the winsorised values, its degrees of freedom those of what is left.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The share that is cut off at each end.
pub const TRIM: f64 = 0.2;

/// The fewest values of which a trimmed mean has a spread worth the name: three are left of five.
pub const FEWEST: usize = 5;

/// A trimmed mean and how sure it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The trimmed mean.
    pub mean: f64,
    /// Its standard error.
    pub se: f64,
    /// Degrees of freedom of its t distribution.
    pub df: f64,
}

/// The mean of `values` without the smallest and the largest fifth; none for no values.
pub fn trimmed_mean(values: &[f64]) -> Option<f64> {
    let sorted = sorted(values);
    let kept = &sorted[cut(sorted.len())..sorted.len() - cut(sorted.len())];
    (!kept.is_empty()).then(|| mean(kept))
}

impl Estimate {
    /// Of at least [`FEWEST`] values.
    pub fn of(values: &[f64]) -> Option<Estimate> {
        if values.len() < FEWEST {
            return None;
        }
        let sorted = sorted(values);
        let (n, cut) = (sorted.len(), cut(sorted.len()));
        let kept = &sorted[cut..n - cut];
        let (low, high) = (kept[0], kept[kept.len() - 1]);
        let winsorised: Vec<f64> = sorted.iter().map(|value| value.clamp(low, high)).collect();
        let centre = mean(&winsorised);
        let squares: f64 = winsorised.iter().map(|value| (value - centre).powi(2)).sum();
        let h = kept.len() as f64;
        Some(Estimate { mean: mean(kept), se: (squares / (h * (h - 1.0))).sqrt(), df: h - 1.0 })
    }

    /// How likely a mean this far above `bound`, or further, is where the truth is no more than `bound`.
    pub fn p_above(&self, bound: f64) -> f64 {
        self.upper_tail(self.mean - bound)
    }

    /// How likely a mean this far below `bound`, or further, is where the truth is no less than `bound`.
    pub fn p_below(&self, bound: f64) -> f64 {
        self.upper_tail(bound - self.mean)
    }

    /// The interval that holds the truth with probability `level`, from both sides.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let reach = self.quantile(f64::midpoint(1.0, level)) * self.se;
        (self.mean - reach, self.mean + reach)
    }

    /// How many standard errors the quantile `level` lies from the mean.
    pub fn quantile(&self, level: f64) -> f64 {
        self.distribution().inverse_cdf(level)
    }

    fn upper_tail(&self, distance: f64) -> f64 {
        match self.se > 0.0 {
            true => self.distribution().sf(distance / self.se),
            // No spread at all: certain, one way or the other.
            false if distance > 0.0 => 0.0,
            false => 1.0,
        }
    }

    fn distribution(&self) -> StudentsT {
        StudentsT::new(0.0, 1.0, self.df).expect("the degrees of freedom are above zero")
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted
}

fn cut(count: usize) -> usize {
    (count as f64 * TRIM) as usize
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fifth_is_cut_off_at_both_ends() {
        assert_eq!(trimmed_mean(&[1.0, 2.0, 3.0, 4.0, 1e9]), Some(3.0));
        assert_eq!(trimmed_mean(&[7.0]), Some(7.0));
        assert_eq!(trimmed_mean(&[]), None);
    }

    /// Wilcox, Introduction to Robust Estimation, gives s_w / ((1 - 2 * trim) sqrt(n)) with s_w the winsorised
    /// standard deviation, which Yuen's form equals where the trim divides n.
    #[test]
    fn the_standard_error_is_that_of_the_textbook() {
        let values: Vec<f64> = (0..20).map(|i| f64::from(i * i)).collect();
        let winsorised: Vec<f64> = values.iter().map(|v| v.clamp(16.0, 225.0)).collect();
        let centre = mean(&winsorised);
        let s_w = (winsorised.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / 19.0).sqrt();
        let estimate = Estimate::of(&values).unwrap();
        let yuen = s_w * 19f64.sqrt() / (12f64 * 11.0).sqrt();
        assert!((estimate.se - yuen).abs() < 1e-9);
        assert!((estimate.se / (s_w / (0.6 * 20f64.sqrt())) - 1.0).abs() < 0.02);
        assert_eq!(estimate.df, 11.0);
    }

    #[test]
    fn values_without_spread_are_certain() {
        let estimate = Estimate::of(&[0.125; 6]).unwrap();
        assert_eq!(
            (estimate.p_above(0.05), estimate.p_above(0.125), estimate.p_below(0.25)),
            (0.0, 1.0, 0.0)
        );
    }

    #[test]
    fn too_few_values_have_no_estimate() {
        assert_eq!(Estimate::of(&[1.0; FEWEST - 1]), None);
    }

    proptest! {
        #[test]
        fn the_mean_lies_among_the_values_and_the_tails_add_up(values in prop::collection::vec(-1.0f64..1.0, 5..60)) {
            let estimate = Estimate::of(&values).unwrap();
            let (low, high) = (sorted(&values)[0], sorted(&values)[values.len() - 1]);
            prop_assert!(low <= estimate.mean && estimate.mean <= high);
            prop_assert!((estimate.p_above(0.3) + estimate.p_below(0.3) - 1.0).abs() < 1e-9);
            let (from, to) = estimate.interval(0.95);
            prop_assert!(from <= estimate.mean && estimate.mean <= to);
            // A bound at the end of the interval is exactly at the border of the test.
            if estimate.se > 1e-6 {
                prop_assert!((estimate.p_below(to) - 0.025).abs() < 1e-6);
            }
        }
    }
}
