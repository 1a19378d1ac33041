//! The one list of metrics.

use super::Metric;
use super::counts::*;
use super::memory::*;
use super::speed::*;
use super::times::*;

/// Every metric, in the order in which data show them.
pub static ALL: &[&Metric] = &[
    &PINGS,
    &UNIQUES,
    &DUPLICATES,
    &MISSED,
    &DUPLICATES_IN_WINDOW,
    &MISSED_IN_WINDOW,
    &LOST,
    &LOST_SHARED_KEY,
    &DELAYED,
    &LATE,
    &STALLED,
    &ERRORS,
    &UNJUDGED,
    &REFUSED_UNIQUES,
    &REDELIVERED,
    &HELD_P50,
    &HELD_P90,
    &HELD_P99,
    &HELD_P999,
    &HELD_P9999,
    &HELD_MAX,
    &THROUGHPUT,
    &THREADS,
    &OFFERED,
    &ACHIEVED,
    &LATENCY_P50,
    &LATENCY_P90,
    &LATENCY_P99,
    &LATENCY_P999,
    &LATENCY_P9999,
    &LATENCY_MAX,
    &SERVICE_P50,
    &SERVICE_P90,
    &SERVICE_P99,
    &SERVICE_P999,
    &SERVICE_P9999,
    &SERVICE_MAX,
    &PEAK_IDS,
    &BYTES_PER_ID,
    &LIVE_BYTES,
    &EMPTIED_BYTES,
    &PEAK_RSS,
    &SERVER_BYTES,
    &ROUND_TRIPS,
    &STABLE_MISSED,
    &STABLE_LOST,
];
