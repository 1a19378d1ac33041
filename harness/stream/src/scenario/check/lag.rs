//! Checks a distribution of delays.

use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use toml::Spanned;

use super::Checked;
use crate::scenario::error::Source;
use crate::scenario::file::{BackoffTable, LagTable};
use crate::scenario::lag::{Lag, Point};
use crate::scenario::units::{Cumulated, Time};

pub(super) fn lag(source: &Source, table: &LagTable, field: &str) -> Checked<Lag> {
    Ok(match table {
        LagTable::Fixed(time) => Lag::Fixed { ns: ns(time.0) },
        LagTable::Uniform(range) => {
            let (min, max) = range.get_ref();
            if min > max {
                return Err(source.refuse(
                    range.span(),
                    format!("{field}.uniform"),
                    "two times, the shorter first",
                ));
            }
            Lag::Uniform { min_ns: ns(min.0), max_ns: ns(max.0) }
        }
        LagTable::Exponential(mean) => Lag::Exponential { mean_ns: ns(mean.0) },
        LagTable::Lognormal(table) => Lag::Lognormal { median_ns: ns(table.median.0), sigma: table.sigma.0 },
        LagTable::Cdf(points) => Lag::Cdf(cdf(source, points, &format!("{field}.cdf"))?),
        LagTable::Backoff(BackoffTable { first, factor, max }) => {
            if factor.get_ref().0 < 1.0 {
                let field = format!("{field}.backoff.factor");
                return Err(source.refuse(factor.span(), field, "a factor of at least 1"));
            }
            if max.get_ref() < first {
                let field = format!("{field}.backoff.max");
                return Err(source.refuse(max.span(), field, "a time no shorter than first"));
            }
            Lag::Backoff { first_ns: ns(first.0), factor: factor.get_ref().0, max_ns: ns(max.get_ref().0) }
        }
    })
}

/// The points of a cumulative distribution: in order, and ending where all copies have arrived.
fn cdf(
    source: &Source,
    points: &Spanned<Vec<Spanned<(Time, Cumulated)>>>,
    field: &str,
) -> Checked<Vec<Point>> {
    let mut checked: Vec<Point> = Vec::with_capacity(points.get_ref().len());
    for (index, spanned) in points.get_ref().iter().enumerate() {
        let (time, share) = spanned.get_ref();
        let point = Point { ns: ns(time.0), share: share.0 };
        if checked.last().is_some_and(|last| point.ns <= last.ns || point.share < last.share) {
            let allowed = "a point that is later than the one before it, its share no smaller";
            return Err(source.refuse(spanned.span(), format!("{field}[{}]", index + 1), allowed));
        }
        checked.push(point);
    }
    match (checked.last(), points.get_ref().last()) {
        (Some(last), _) if last.share == 1.0 => Ok(checked),
        (Some(_), Some(spanned)) => {
            let allowed = "a last point with share 1.0, at which all copies have arrived";
            Err(source.refuse(spanned.span(), format!("{field}[{}]", checked.len()), allowed))
        }
        _ => Err(source.refuse(
            points.span(),
            field,
            "one point or more, such as [\"10m\", 0.33], [\"4h\", 1.0]",
        )),
    }
}

fn ns(time: Duration) -> f64 {
    saturating_nanos(time) as f64
}
