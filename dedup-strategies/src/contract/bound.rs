//! Bounds on how often something goes wrong, and when one is broken.

use std::fmt;

/// The error that [`Bound::is_broken`] allows itself: it calls a bound broken although it holds in at most one of a
/// million runs. Small, because a gate over thousands of cells must not cry wolf.
pub const SIGNIFICANCE: f64 = 1e-6;

/// The share of cases in which something may go wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No claim is made.
    Unbounded,
    /// It does not happen: one case breaks the promise.
    Never,
    /// It happens in at most this share (0..1) of cases. Judged statistically: broken when the share seen is larger
    /// than chance explains.
    AtMost(f64),
}

impl Bound {
    /// Whether `wrong` cases of `cases` break it: runs and the laws of `conformance` judge alike.
    ///
    /// A share is put to a one-sided binomial test at [`SIGNIFICANCE`], by the bound P(X >= k) <= exp(-n D(k/n || p)) of
    /// Chernoff (1952) and Hoeffding (1963), where D is the relative entropy of the two shares. It errs on the
    /// strategy's side (the true probability is smaller by a factor that grows like the square root of the count) and
    /// needs no series that fails to converge for a billion pings. A share of 0 is broken by a single case.
    pub fn is_broken(self, wrong: u64, cases: u64) -> bool {
        match self {
            Bound::Unbounded => false,
            Bound::Never => wrong > 0,
            Bound::AtMost(share) => exceeds(wrong, cases, share),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Bound::Unbounded => f.write_str("nothing"),
            Bound::Never => f.write_str("none"),
            Bound::AtMost(share) => write!(f, "at most {} %", share * 100.0),
        }
    }
}

/// Whether `count` cases of `n` are more than chance explains if the true share is at most `share`.
fn exceeds(count: u64, n: u64, share: f64) -> bool {
    if count == 0 || n == 0 || share >= 1.0 {
        return false;
    }
    if share <= 0.0 {
        return true;
    }
    let seen = (count as f64 / n as f64).min(1.0);
    seen > share && n as f64 * relative_entropy(seen, share) > -SIGNIFICANCE.ln()
}

/// Relative entropy, in nats, of a coin that falls heads with share `seen` from one with share `bound` (0..1).
fn relative_entropy(seen: f64, bound: f64) -> f64 {
    let heads = seen * (seen / bound).ln();
    let tails = match seen < 1.0 {
        true => (1.0 - seen) * ((-seen).ln_1p() - (-bound).ln_1p()),
        false => 0.0,
    };
    heads + tails
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relative_entropies_are_those_of_the_formula() {
        // 3/4 ln(3/4 : 1/2) + 1/4 ln(1/4 : 1/2) is 3/4 ln 3 - ln 2.
        assert!((relative_entropy(0.75, 0.5) - (0.75 * 3f64.ln() - 2f64.ln())).abs() < 1e-15);
        // Of a coin that always falls heads, -ln p.
        assert!((relative_entropy(1.0, 0.1) - 10f64.ln()).abs() < 1e-15);
        assert_eq!(relative_entropy(0.3, 0.3), 0.0);
    }

    #[test]
    fn one_case_breaks_a_bound_of_zero_and_none_a_bound_that_is_not_there() {
        for bound in [Bound::Never, Bound::AtMost(0.0)] {
            assert!(bound.is_broken(1, 1_000_000_000), "{bound}");
            assert!(!bound.is_broken(0, 1_000_000_000), "{bound}");
        }
        assert!(!Bound::Unbounded.is_broken(5, 5));
    }

    #[test]
    fn a_share_just_above_the_bound_is_chance_in_a_small_sample_and_broken_in_a_large_one() {
        // 1.1 times the bound: 10 of 9,091 expected 9.1; a thousand times that is 31 standard deviations out.
        assert!(!Bound::AtMost(0.001).is_broken(10, 9_091));
        assert!(Bound::AtMost(0.001).is_broken(100_000, 90_910_000));
    }

    #[test]
    fn a_share_at_the_bound_or_below_is_never_broken() {
        assert!(!Bound::AtMost(0.001).is_broken(1_000_000, 1_000_000_000));
        assert!(!Bound::AtMost(0.001).is_broken(999_999, 1_000_000_000));
        assert!(!Bound::AtMost(1.0).is_broken(5, 5));
    }

    /// P(X >= count) of a binomial, summed term by term.
    fn exact_tail(count: u64, n: u64, p: f64) -> f64 {
        let mut term = (n as f64 * (-p).ln_1p()).exp();
        let mut below = 0.0;
        let mut tail = 0.0;
        for k in 0..=n {
            if k < count {
                below += term
            } else {
                tail += term
            }
            term *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
        }
        assert!((below + tail - 1.0).abs() < 1e-9);
        tail
    }

    proptest! {
        #[test]
        fn what_breaks_a_bound_is_rarer_than_the_significance(n in 1_u64..600, p in 0.001_f64..0.6, share in 0.0_f64..1.0) {
            let count = (share * n as f64) as u64;
            if Bound::AtMost(p).is_broken(count, n) {
                prop_assert!(exact_tail(count, n, p) <= SIGNIFICANCE);
            }
        }

        #[test]
        fn what_is_rarer_than_a_hundredth_of_the_significance_breaks_the_bound(n in 1_u64..600, p in 0.001_f64..0.6, share in 0.0_f64..1.0) {
            let count = (share * n as f64) as u64;
            // The bound is loose by less than the square root of 8 n, which is 70 here.
            if count as f64 > p * n as f64 && exact_tail(count, n, p) < SIGNIFICANCE / 100.0 {
                prop_assert!(Bound::AtMost(p).is_broken(count, n));
            }
        }
    }
}
