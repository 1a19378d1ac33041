//! How steep a line is where both axes are logarithmic.

use std::fmt::{Display, Formatter, Result};

use super::Row;

/// That of the least squares through all points, and that between the last two.
pub(crate) struct Slopes {
    all: f64,
    last: f64,
}

impl Slopes {
    pub(crate) fn of(rows: &[&Row], value: fn(&Row) -> f64) -> Slopes {
        let points: Vec<(f64, f64)> =
            rows.iter().map(|row| ((row.size as f64).ln(), value(row).max(1e-3).ln())).collect();
        Slopes { all: fitted(&points), last: fitted(&points[points.len().saturating_sub(2)..]) }
    }
}

impl Display for Slopes {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        write!(out, "{:.2} | {:.2}", self.all, self.last)
    }
}

fn fitted(points: &[(f64, f64)]) -> f64 {
    let mean = |pick: fn(&(f64, f64)) -> f64| points.iter().map(pick).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let with: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let alone: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    with / alone
}
