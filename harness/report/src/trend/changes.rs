//! Where a series of figures changes: E-divisive (Matteson and James 2014).
//!
//! The series is cut where the energy distance between what comes before and after is largest. Whether that is more
//! than chance explains is told by a permutation test: the cut is kept if at most one of a hundred shuffles of the
//! same figures does as well. Each half is then looked at in the same way. Shuffles are drawn with a fixed seed, so
//! the same figures always give the same answer. With fewer than about eight figures no cut can pass the test.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_xoshiro::Xoshiro256PlusPlus;

/// Figures that each side of a cut has at least.
const LEAST: usize = 3;

/// Shuffles of the test.
const SHUFFLES: usize = 499;

/// The share of shuffles that may do as well as the series itself.
const ALPHA: f64 = 0.01;

/// Changes of the median by less than this are not worth a hint.
const MAGNITUDE: f64 = 0.03;

/// A place where a series seems to change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangePoint {
    /// The index of the first figure after the change.
    pub at: usize,
    /// Median before it, back to the change before.
    pub before: f64,
    /// Median after it, up to the next.
    pub after: f64,
    /// The share of shuffles that did as well.
    pub p: f64,
}

/// The change points of `values`, in order.
pub fn change_points(values: &[f64]) -> Vec<ChangePoint> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(values.len() as u64);
    let mut cuts: Vec<(usize, f64)> = Vec::new();
    search(values, 0, &mut random, &mut cuts);
    cuts.sort_by_key(|(at, _)| *at);
    let ends: Vec<usize> =
        std::iter::once(0).chain(cuts.iter().map(|(at, _)| *at)).chain([values.len()]).collect();
    let points = cuts.iter().enumerate().map(|(index, (at, p))| ChangePoint {
        at: *at,
        before: median(&values[ends[index]..*at]),
        after: median(&values[*at..ends[index + 2]]),
        p: *p,
    });
    points.filter(|point| (point.after - point.before).abs() >= MAGNITUDE * point.before.abs()).collect()
}

fn search(values: &[f64], offset: usize, random: &mut Xoshiro256PlusPlus, cuts: &mut Vec<(usize, f64)>) {
    let Some((at, distance)) = best_cut(values) else { return };
    if distance <= 0.0 {
        return;
    }
    let mut shuffled = values.to_vec();
    let as_good = (0..SHUFFLES).filter(|_| {
        shuffled.shuffle(random);
        best_cut(&shuffled).is_some_and(|(_, other)| other >= distance * (1.0 - 1e-12))
    });
    let p = (as_good.count() + 1) as f64 / (SHUFFLES + 1) as f64;
    if p > ALPHA {
        return;
    }
    cuts.push((offset + at, p));
    search(&values[..at], offset, random, cuts);
    search(&values[at..], offset + at, random, cuts);
}

/// The cut with the largest energy distance between its sides.
fn best_cut(values: &[f64]) -> Option<(usize, f64)> {
    let cuts = LEAST..(values.len() + 1).saturating_sub(LEAST);
    cuts.map(|at| (at, energy(&values[..at], &values[at..]))).max_by(|one, other| one.1.total_cmp(&other.1))
}

/// Energy distance, weighted by the sizes: mn/(m+n) (2 E|X-Y| - E|X-X'| - E|Y-Y'|).
fn energy(left: &[f64], right: &[f64]) -> f64 {
    let (m, n) = (left.len() as f64, right.len() as f64);
    let between: f64 = left.iter().flat_map(|x| right.iter().map(move |y| (x - y).abs())).sum();
    m * n / (m + n) * (2.0 * between / (m * n) - within(left) - within(right))
}

/// Mean distance of two different figures.
fn within(values: &[f64]) -> f64 {
    let n = values.len();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let sum: f64 = pairs.map(|(i, j)| (values[i] - values[j]).abs()).sum();
    2.0 * sum / (n * n.saturating_sub(1)).max(1) as f64
}

fn median(values: &[f64]) -> f64 {
    dedup_records::stats::Spread::of(values.iter().copied()).map_or(f64::NAN, |spread| spread.median)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    fn noisy(levels: &[(usize, f64)], seed: u64) -> Vec<f64> {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let figures = levels.iter().flat_map(|(count, level)| std::iter::repeat_n(*level, *count));
        figures.map(|level| level * (1.0 + 0.02 * (random.random::<f64>() - 0.5))).collect()
    }

    #[test]
    fn a_step_is_found_where_it_is() {
        for seed in 0..20 {
            let points = change_points(&noisy(&[(10, 100.0), (10, 90.0)], seed));
            assert_eq!(points.iter().map(|point| point.at).collect::<Vec<_>>(), [10], "seed {seed}");
            assert!((points[0].after / points[0].before - 0.9).abs() < 0.01);
        }
    }

    #[test]
    fn two_steps_are_two_changes() {
        let points = change_points(&noisy(&[(12, 100.0), (12, 120.0), (12, 80.0)], 1));
        assert_eq!(points.iter().map(|point| point.at).collect::<Vec<_>>(), [12, 24]);
    }

    #[test]
    fn noise_alone_is_seldom_called_a_change() {
        let called = (0..80).filter(|seed| !change_points(&noisy(&[(24, 100.0)], *seed)).is_empty()).count();
        assert!(called <= 2, "{called} of 80");
    }

    #[test]
    fn few_figures_equal_figures_and_small_steps_give_no_hint() {
        assert!(change_points(&[]).is_empty());
        assert!(change_points(&[1.0, 1.0, 9.0, 9.0]).is_empty());
        assert!(change_points(&[5.0; 30]).is_empty());
        let small: Vec<f64> = [vec![100.0; 10], vec![101.0; 10]].concat();
        assert!(change_points(&small).is_empty());
    }
}
