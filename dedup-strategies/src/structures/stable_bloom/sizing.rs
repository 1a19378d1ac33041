//! The shape of a Stable Bloom filter for bounds on both of its errors.

use super::filter::Shape;
use crate::structures::decay::elements;

/// The shape of least memory that loses at most a share of `rate`, and misses at most a share of `missed` of
/// duplicates that come `ids` ids later.
pub fn shape_for(ids: u64, rate: f64, missed: f64) -> Shape {
    let gap = elements(ids, missed).max(1);
    let shapes = [1, 3, 15].into_iter().flat_map(|max| (1..=24).map(move |hashes| (hashes, max)));
    let least = shapes
        .filter_map(|(hashes, max)| least_cells(gap, rate, missed, hashes, max))
        .min_by_key(Shape::bytes);
    // Rates that no shape reaches: more than any machine has, which is refused.
    least.unwrap_or(Shape { cells: u64::MAX / 64, hashes: 1, max: 1, decrements: 1 })
}

/// The fewest cells for the bounds with so many hashes and such a maximum.
fn least_cells(gap: u64, rate: f64, missed: f64, hashes: u32, max: u32) -> Option<Shape> {
    let with = |cells: u64| {
        // One more than the formula's, which rounds down: the rate is a bound.
        let decrements = Shape::decrements_for(rate, cells, hashes, max).saturating_add(1);
        Shape { cells, hashes, max, decrements }
    };
    let enough = |cells: u64| {
        let shape = with(cells);
        u64::from(shape.decrements) * 4 < cells && shape.false_negative_rate(gap) <= missed
    };
    let mut cells = 64;
    while !enough(cells) {
        cells *= 2;
        if cells > 1 << 52 {
            return None;
        }
    }
    let (mut few, mut many) = (cells / 2, cells);
    while many - few > (many / 1000).max(1) {
        let middle = few + (many - few) / 2;
        match enough(middle) {
            true => many = middle,
            false => few = middle,
        }
    }
    Some(with(many))
}

/// Bytes for `ids` ids in a window, at most a share of `rate` lost, and at most a share of `missed` missed.
pub fn bytes_for(ids: u64, rate: f64, missed: f64) -> u64 {
    shape_for(ids, rate, missed).bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_keeps_both_bounds_by_the_formulas() {
        for (ids, rate, missed) in
            [(1000, 0.001, 0.1), (1_000_000, 0.01, 0.3), (50_000, 0.2, 0.01), (1, 0.5, 0.5)]
        {
            let shape = shape_for(ids, rate, missed);
            assert!(shape.stable_false_positive_rate() <= rate * 1.000_001, "{shape:?}");
            assert!(shape.false_negative_rate(ids) <= missed, "{shape:?}");
        }
    }
}
