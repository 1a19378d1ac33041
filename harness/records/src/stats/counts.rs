//! Shares of counts, and intervals for them.
//!
//! All treat cases as independent. Duplicates of one ping are not quite: read them as a guide.

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
    wilson_of_share(share, n, 1.959_963_984_540_054)
}

/// The same for an interval of `z` standard deviations to either side.
pub fn wilson_of_share(share: f64, n: u64, z: f64) -> (f64, f64) {
    if n == 0 {
        return (0.0, 1.0);
    }
    let n = n as f64;
    let centre = share + z * z / (2.0 * n);
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    // The ends are exact where nothing or everything was seen; rounding must not move them.
    let low = if share == 0.0 { 0.0 } else { (centre - half) / scale };
    let high = if share == 1.0 { 1.0 } else { (centre + half) / scale };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
