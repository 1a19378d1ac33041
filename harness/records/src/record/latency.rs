//! A distribution of times in a record: its percentiles, and the whole of it as an HdrHistogram, V2 deflated, in base64.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A distribution of times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Latency {
    /// Values recorded.
    pub count: u64,
    /// Median.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 99th percentile.
    pub p99: u64,
    /// 99.9th percentile.
    pub p999: u64,
    /// 99.99th percentile.
    pub p9999: u64,
    /// Largest value.
    pub max: u64,
    /// The whole distribution: HdrHistogram V2, deflated, base64.
    pub hdr_v2_deflate_b64: String,
}

/// A distribution in a record that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("hdr_v2_deflate_b64 is no HdrHistogram: {0}")]
pub struct HistogramError(String);

impl HistogramError {
    fn because(cause: impl std::fmt::Display) -> Self {
        HistogramError(cause.to_string())
    }
}

impl Latency {
    /// The percentiles of `histogram` (in its own unit, nanoseconds in records) and the whole of it.
    pub fn from_histogram(histogram: &Histogram<u64>) -> Latency {
        let mut deflated = Vec::new();
        V2DeflateSerializer::new()
            .serialize(histogram, &mut deflated)
            .expect("writing to memory fails only for counts that no run reaches");
        let at = |quantile| histogram.value_at_quantile(quantile);
        Latency {
            count: histogram.len(),
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            p9999: at(0.9999),
            max: histogram.max(),
            hdr_v2_deflate_b64: STANDARD.encode(deflated),
        }
    }

    /// The whole distribution.
    pub fn histogram(&self) -> Result<Histogram<u64>, HistogramError> {
        let deflated = STANDARD.decode(&self.hdr_v2_deflate_b64).map_err(HistogramError::because)?;
        Deserializer::new().deserialize(&mut Cursor::new(deflated)).map_err(HistogramError::because)
    }
}

/// The distribution of all values of some rounds together; none for no rounds.
pub fn merged<'a>(rounds: impl IntoIterator<Item = &'a Latency>) -> Result<Option<Latency>, HistogramError> {
    let mut sum: Option<Histogram<u64>> = None;
    for round in rounds {
        let histogram = round.histogram()?;
        match &mut sum {
            None => sum = Some(histogram),
            Some(sum) => {
                sum.auto(true);
                sum.add(&histogram).map_err(HistogramError::because)?;
            }
        }
    }
    Ok(sum.as_ref().map(Latency::from_histogram))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::recorder;
    use proptest::prelude::*;

    fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = recorder();
        for value in values {
            histogram.record(value).unwrap();
        }
        histogram
    }

    #[test]
    fn a_histogram_comes_back_as_it_went_in() {
        let original = histogram((1..=10_000).map(|i| i * 37));
        let latency = Latency::from_histogram(&original);
        assert_eq!(latency.histogram().unwrap(), original);
        assert_eq!(latency.count, 10_000);
        assert!((latency.p50 as f64 / (5_000.0 * 37.0) - 1.0).abs() < 1e-3);
        assert!((latency.p999 as f64 / (9_990.0 * 37.0) - 1.0).abs() < 1e-3);
    }

    #[test]
    fn rounds_merge_to_what_one_long_round_would_have_been() {
        let (short, long) = (histogram(1..1_000), histogram((1..1_000).map(|i| i * 1_000_000_000)));
        let both = histogram((1..1_000).chain((1..1_000).map(|i| i * 1_000_000_000)));
        let rounds = [Latency::from_histogram(&short), Latency::from_histogram(&long)];
        let sum = merged(&rounds).unwrap().unwrap();
        assert_eq!(sum.histogram().unwrap(), both);
        assert_eq!((sum.count, sum.p99), (1_998, Latency::from_histogram(&both).p99));
        assert!(merged([]).unwrap().is_none());
    }

    #[test]
    fn an_empty_histogram_is_all_zero() {
        let latency = Latency::from_histogram(&recorder());
        assert_eq!((latency.count, latency.p50, latency.max), (0, 0, 0));
    }

    proptest! {
        #[test]
        fn rubbish_is_an_error_and_never_a_panic(text in "[A-Za-z0-9+/=]{0,80}") {
            let latency = Latency { hdr_v2_deflate_b64: text, ..Latency::from_histogram(&recorder()) };
            let _ = latency.histogram();
        }
    }
}
