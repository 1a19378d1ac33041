//! What tests of predictions share.

use dedup_engine::record::Prediction;

/// Standard deviations between what was predicted and what was seen.
pub(crate) fn deviations(prediction: &Prediction) -> f64 {
    let Prediction { predicted_ratio: p, independent_count, duplicate_count, missed_count, .. } = *prediction;
    let seen = missed_count as f64 / duplicate_count as f64;
    // A thousandth is the error of the theory's own integral.
    let deviation = (p * (1.0 - p) / independent_count as f64 + 1e-6).sqrt();
    (seen - p) / deviation
}
