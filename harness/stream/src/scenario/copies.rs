//! How often a ping is repeated.

use serde::Serialize;

/// A distribution of the number of copies beyond the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Copies {
    /// Always as many.
    Exactly(u32),
    /// As measured: numbers of copies, each with the share of pings that have that many or fewer; the last is 1.
    Weighted(Vec<(u32, f64)>),
    /// Geometric: after each copy another follows with the same probability.
    Geometric {
        /// The mean number of copies, at least 1.
        mean: f64,
    },
}

impl Copies {
    /// Numbers of copies with weights that need not sum to anything.
    pub(crate) fn weighted(weights: &[(u32, f64)]) -> Copies {
        let total: f64 = weights.iter().map(|(_, weight)| weight).sum();
        let mut sum = 0.0;
        let mut cumulated: Vec<_> = weights
            .iter()
            .map(|(copies, weight)| {
                sum += weight;
                (*copies, sum / total)
            })
            .collect();
        if let Some(last) = cumulated.last_mut() {
            last.1 = 1.0;
        }
        Copies::Weighted(cumulated)
    }

    /// The number of copies that a share of `u` (0 to 1) of pings does not exceed; at least 1.
    pub fn quantile(&self, u: f64) -> u32 {
        match self {
            Copies::Exactly(copies) => *copies,
            Copies::Weighted(weights) => {
                let index = weights.partition_point(|(_, share)| *share < u).min(weights.len() - 1);
                weights[index].0
            }
            Copies::Geometric { mean } if *mean <= 1.0 => 1,
            Copies::Geometric { mean } => {
                let more = libm::log1p(-u) / libm::log(1.0 - 1.0 / mean);
                // A cast stops at the largest number there is.
                (more as u32).saturating_add(1)
            }
        }
    }

    /// The mean number of copies.
    pub fn mean(&self) -> f64 {
        match self {
            Copies::Exactly(copies) => f64::from(*copies),
            Copies::Weighted(weights) => {
                let mut below = 0.0;
                weights
                    .iter()
                    .map(|(copies, share)| {
                        let weight = share - below;
                        below = *share;
                        f64::from(*copies) * weight
                    })
                    .sum()
            }
            Copies::Geometric { mean } => *mean,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean_of_quantiles(copies: &Copies) -> f64 {
        const SLICES: u32 = 200_000;
        let slice = |i: u32| f64::from(copies.quantile((f64::from(i) + 0.5) / f64::from(SLICES)));
        (0..SLICES).map(slice).sum::<f64>() / f64::from(SLICES)
    }

    #[test]
    fn numbers_of_copies_have_the_mean_they_promise() {
        let measured = Copies::weighted(&[(1, 2243.0), (2, 38.0), (3, 10.0), (4, 3.0), (6, 1.0)]);
        let by_hand = (2243.0 + 76.0 + 30.0 + 12.0 + 6.0) / 2295.0;
        assert!((measured.mean() - by_hand).abs() < 1e-12);
        for copies in
            [measured, Copies::Exactly(7), Copies::Geometric { mean: 1.0 }, Copies::Geometric { mean: 4.5 }]
        {
            let seen = mean_of_quantiles(&copies);
            assert!((seen / copies.mean() - 1.0).abs() < 1e-3, "{copies:?}: {seen}");
        }
    }

    #[test]
    fn there_is_always_at_least_one_copy() {
        for copies in [Copies::weighted(&[(3, 1.0)]), Copies::Geometric { mean: 2.0 }, Copies::Exactly(1)] {
            assert!(copies.quantile(0.0) >= 1);
        }
    }
}
