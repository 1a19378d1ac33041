//! One figure over several rounds.

use serde::Serialize;

/// Median and range of a figure over rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle value; the mean of the middle two where their number is even.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many rounds there were.
    pub rounds_count: u32,
}

impl Spread {
    /// Of some values; none for no values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = match values.len() % 2 {
            1 => values[middle],
            _ => f64::midpoint(values[middle - 1], values[middle]),
        };
        Some(Spread { median, min, max, rounds_count: values.len() as u32 })
    }

    /// Whether the two ranges have a value in common.
    pub fn overlaps(&self, other: &Spread) -> bool {
        self.min <= other.max && other.min <= self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_middle_two() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max, spread.rounds_count), (2.5, 1.0, 4.0, 4));
        assert_eq!(Spread::of([9.0, 1.0, 5.0]).unwrap().median, 5.0);
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn ranges_that_touch_overlap() {
        let low = Spread::of([1.0, 2.0]).unwrap();
        assert!(low.overlaps(&Spread::of([2.0, 3.0]).unwrap()));
        assert!(!low.overlaps(&Spread::of([2.1, 3.0]).unwrap()));
        assert!(Spread::of([0.0, 9.0]).unwrap().overlaps(&low));
    }
}
