//! Ranges of lag behind the first copy.

use std::time::Duration;

use dedup_strategies::Timestamp;

use crate::stream::Event;

/// Upper ends of the ranges of lag in which duplicates are reported; those of Mozilla's published delay curve, and
/// the seconds and minutes of broker redelivery below them.
pub const LAG_BOUNDS: [Duration; 15] = [
    Duration::from_millis(10),
    Duration::from_secs(1),
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(600),
    Duration::from_secs(1800),
    Duration::from_secs(3600),
    Duration::from_secs(2 * 3600),
    Duration::from_secs(4 * 3600),
    Duration::from_secs(8 * 3600),
    Duration::from_secs(12 * 3600),
    Duration::from_secs(24 * 3600),
    Duration::from_secs(48 * 3600),
    Duration::from_secs(72 * 3600),
    Duration::from_secs(14 * 24 * 3600),
];

/// The range of the lag of a copy that came at `at`.
pub(super) fn lag_range(event: &Event, at: Timestamp) -> usize {
    let lag = at.since(event.origin.first_at);
    LAG_BOUNDS.iter().position(|bound| lag <= *bound).unwrap_or(LAG_BOUNDS.len())
}
