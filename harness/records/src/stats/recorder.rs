//! The histogram that times are recorded into.

use hdrhistogram::Histogram;

/// An empty histogram for nanoseconds up to any value, exact to three digits.
pub fn recorder() -> Histogram<u64> {
    Histogram::new(3).expect("three digits are allowed")
}
