//! Shares of counts, and what chance explains.
//!
//! All three treat cases as independent. Duplicates of one ping are not quite: read the bounds as a guide.

/// The error that [`exceeds`] allows itself: it calls a bound broken although it holds in at most one of a million
/// runs. Small, because a gate over thousands of cells must not cry wolf.
pub const SIGNIFICANCE: f64 = 1e-6;

/// Upper 95 % bound of a share of which no case was seen in `n`: 3/n, at most 1 (Hanley and Lippman-Hand 1983).
pub fn rule_of_three(n: u64) -> f64 {
    match n {
        0 => 1.0,
        n => (3.0 / n as f64).min(1.0),
    }
}

/// Two-sided 95 % interval of a share of which `count` cases were seen in `n`: Wilson's score interval without
/// continuity correction (Wilson 1927). In closed form, so it holds for any `n`; `(0, 1)` where `n` is 0.
pub fn wilson_95(count: u64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    wilson_95_of_share(count as f64 / n as f64, n)
}

/// The same for a share of `n` cases that need not be a whole number of them: where copies are not independent of each
/// other, `n` is how many independent ones would say as much.
pub fn wilson_95_of_share(share: f64, n: u64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    const Z: f64 = 1.959_963_984_540_054;
    let n = n as f64;
    let centre = share + Z * Z / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // The ends are exact where nothing or everything was seen; rounding must not move them.
    let low = if share == 0.0 { 0.0 } else { (centre - half) / scale };
    let high = if share == 1.0 { 1.0 } else { (centre + half) / scale };
    (low, high)
}

/// Whether `count` cases of `n` are more than chance explains if the true share is at most `bound`.
///
/// A one-sided binomial test at [`SIGNIFICANCE`], by the bound P(X >= k) <= exp(-n D(k/n || p)) of Chernoff (1952)
/// and Hoeffding (1963), where D is the relative entropy of the two shares. The bound errs on the strategy's side
/// (the true probability is smaller by a factor that grows like the square root of the count) and needs no series
/// that fails to converge for a billion pings. A `bound` of 0 is exceeded by a single case.
pub fn exceeds(count: u64, n: u64, bound: f64) -> bool {
    if count == 0 || n == 0 || bound >= 1.0 {
        return false;
    }
    if bound <= 0.0 {
        return true;
    }
    let seen = (count as f64 / n as f64).min(1.0);
    seen > bound && n as f64 * relative_entropy(seen, bound) > -SIGNIFICANCE.ln()
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
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wilson_gives_the_intervals_that_newcombe_published() {
        // Newcombe 1998, Statistics in Medicine 17, table I, method 3.
        for (count, n, low, high) in [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ] {
            let found = wilson_95(count, n);
            assert!((found.0 - low).abs() < 5e-5, "{count} of {n}: {found:?}");
            assert!((found.1 - high).abs() < 5e-5, "{count} of {n}: {found:?}");
        }
    }

    #[test]
    fn wilson_of_everything_ends_at_one_and_of_nothing_tried_says_nothing() {
        assert_eq!(wilson_95(7, 7).1, 1.0);
        assert_eq!(wilson_95(0, 0), (0.0, 1.0));
    }

    #[test]
    fn the_rule_of_three_is_close_to_the_exact_bound() {
        for n in [50_u64, 1_000, 412_907] {
            let exact = 1.0 - 0.05_f64.powf(1.0 / n as f64);
            assert!((rule_of_three(n) / exact - 1.0).abs() < 0.04, "{n}");
        }
        assert_eq!(rule_of_three(0), 1.0);
        assert_eq!(rule_of_three(2), 1.0);
    }

    #[test]
    fn one_case_breaks_a_bound_of_zero() {
        assert!(exceeds(1, 1_000_000_000, 0.0));
        assert!(!exceeds(0, 1_000_000_000, 0.0));
    }

    #[test]
    fn a_share_just_above_the_bound_is_chance_in_a_small_sample_and_broken_in_a_large_one() {
        // 1.1 times the bound: 10 of 9,091 expected 9.1; a thousand times that is 31 standard deviations out.
        assert!(!exceeds(10, 9_091, 0.001));
        assert!(exceeds(100_000, 90_910_000, 0.001));
    }

    #[test]
    fn a_share_at_the_bound_or_below_is_never_broken() {
        assert!(!exceeds(1_000_000, 1_000_000_000, 0.001));
        assert!(!exceeds(999_999, 1_000_000_000, 0.001));
        assert!(!exceeds(5, 5, 1.0));
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
        fn whatever_exceeds_is_rarer_than_the_significance(n in 1_u64..600, p in 0.001_f64..0.6, share in 0.0_f64..1.0) {
            let count = (share * n as f64) as u64;
            if exceeds(count, n, p) {
                prop_assert!(exact_tail(count, n, p) <= SIGNIFICANCE);
            }
        }

        #[test]
        fn what_is_rarer_than_a_hundredth_of_the_significance_exceeds(n in 1_u64..600, p in 0.001_f64..0.6, share in 0.0_f64..1.0) {
            let count = (share * n as f64) as u64;
            // The bound is loose by less than the square root of 8 n, which is 70 here.
            if count as f64 > p * n as f64 && exact_tail(count, n, p) < SIGNIFICANCE / 100.0 {
                prop_assert!(exceeds(count, n, p));
            }
        }
    }
}
