//! How long a ping is held, waits or is judged: percentiles of distributions.

use super::{Better, Metric, Quantity, Reading, Times};
use crate::record::Latency;

/// A percentile of a distribution: shorter is better, and no machine gives another's.
const fn times(
    name: &'static str,
    title: &'static str,
    times: Times,
    percentile: fn(&Latency) -> u64,
) -> Metric {
    Metric {
        name,
        title,
        quantity: Quantity::Time,
        of: None,
        better: Better::Less,
        tolerance: None,
        reading: Reading::Times(times, percentile),
    }
}

/// Median of the time for which pings are held.
pub static HELD_P50: Metric =
    times("held_p50_ns", "Median of the time for which pings are held", Times::Held, |times| times.p50);

/// 90th percentile of the time for which pings are held.
pub static HELD_P90: Metric =
    times("held_p90_ns", "90th percentile of the time for which pings are held", Times::Held, |times| {
        times.p90
    });

/// 99th percentile of the time for which pings are held.
pub static HELD_P99: Metric =
    times("held_p99_ns", "99th percentile of the time for which pings are held", Times::Held, |times| {
        times.p99
    });

/// 99.9th percentile of the time for which pings are held.
pub static HELD_P999: Metric =
    times("held_p999_ns", "99.9th percentile of the time for which pings are held", Times::Held, |times| {
        times.p999
    });

/// 99.99th percentile of the time for which pings are held.
pub static HELD_P9999: Metric =
    times("held_p9999_ns", "99.99th percentile of the time for which pings are held", Times::Held, |times| {
        times.p9999
    });

/// Longest of the time for which pings are held.
pub static HELD_MAX: Metric =
    times("held_max_ns", "Longest of the time for which pings are held", Times::Held, |times| times.max);

/// Median of the time for which pings waited that came again.
pub static WAITED_P50: Metric = times(
    "waited_p50_ns",
    "Median of the time for which pings waited that came again",
    Times::Waited,
    |times| times.p50,
);

/// 99th percentile of the time for which pings waited that came again.
pub static WAITED_P99: Metric = times(
    "waited_p99_ns",
    "99th percentile of the time for which pings waited that came again",
    Times::Waited,
    |times| times.p99,
);

/// Longest of the time for which pings waited that came again.
pub static WAITED_MAX: Metric = times(
    "waited_max_ns",
    "Longest of the time for which pings waited that came again",
    Times::Waited,
    |times| times.max,
);

/// Median of latency.
pub static LATENCY_P50: Metric =
    times("latency_p50_ns", "Median of latency", Times::Latency, |times| times.p50);

/// 90th percentile of latency.
pub static LATENCY_P90: Metric =
    times("latency_p90_ns", "90th percentile of latency", Times::Latency, |times| times.p90);

/// 99th percentile of latency.
pub static LATENCY_P99: Metric =
    times("latency_p99_ns", "99th percentile of latency", Times::Latency, |times| times.p99);

/// 99.9th percentile of latency.
pub static LATENCY_P999: Metric =
    times("latency_p999_ns", "99.9th percentile of latency", Times::Latency, |times| times.p999);

/// 99.99th percentile of latency.
pub static LATENCY_P9999: Metric =
    times("latency_p9999_ns", "99.99th percentile of latency", Times::Latency, |times| times.p9999);

/// Longest of latency.
pub static LATENCY_MAX: Metric =
    times("latency_max_ns", "Longest of latency", Times::Latency, |times| times.max);

/// Median of the time for a call.
pub static SERVICE_P50: Metric =
    times("service_p50_ns", "Median of the time for a call", Times::Service, |times| times.p50);

/// 90th percentile of the time for a call.
pub static SERVICE_P90: Metric =
    times("service_p90_ns", "90th percentile of the time for a call", Times::Service, |times| times.p90);

/// 99th percentile of the time for a call.
pub static SERVICE_P99: Metric =
    times("service_p99_ns", "99th percentile of the time for a call", Times::Service, |times| times.p99);

/// 99.9th percentile of the time for a call.
pub static SERVICE_P999: Metric =
    times("service_p999_ns", "99.9th percentile of the time for a call", Times::Service, |times| times.p999);

/// 99.99th percentile of the time for a call.
pub static SERVICE_P9999: Metric =
    times("service_p9999_ns", "99.99th percentile of the time for a call", Times::Service, |times| {
        times.p9999
    });

/// Longest of the time for a call.
pub static SERVICE_MAX: Metric =
    times("service_max_ns", "Longest of the time for a call", Times::Service, |times| times.max);

/// Median of the time that a ping waits.
pub static WAITING_P50: Metric =
    times("waiting_p50_ns", "Median of the time that a ping waits", Times::Waiting, |times| times.p50);

/// 99th percentile of the time that a ping waits.
pub static WAITING_P99: Metric =
    times("waiting_p99_ns", "99th percentile of the time that a ping waits", Times::Waiting, |times| {
        times.p99
    });

/// 99.9th percentile of the time that a ping waits.
pub static WAITING_P999: Metric =
    times("waiting_p999_ns", "99.9th percentile of the time that a ping waits", Times::Waiting, |times| {
        times.p999
    });

/// The times that matter to whoever waits for a ping, each a view of two metrics of the list.
pub static WAITING: [&Metric; 3] = [&WAITING_P50, &WAITING_P99, &WAITING_P999];
