//! The metrics.

use super::{Better, Metric, Quantity, Reading, Times, Tolerance};

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

/// The times that matter to whoever waits for a ping, each a view of two metrics above.
pub static WAITING: [&Metric; 3] = [&WAITING_P50, &WAITING_P99, &WAITING_P999];

/// Bytes of this process: a few dozen, or this share, come and go with the harness's own buffers.
const OWN_BYTES: Tolerance = Tolerance::OwnBytes { ppm: 100, bytes: 256 };

/// Pings.
pub static PINGS: Metric = Metric {
    name: "pings_count",
    title: "Pings",
    quantity: Quantity::Count,
    of: None,
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.pings_count)),
};

/// Distinct pings.
pub static UNIQUES: Metric = Metric {
    name: "unique_count",
    title: "Distinct pings",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.unique_count)),
};

/// Copies beyond the first.
pub static DUPLICATES: Metric = Metric {
    name: "duplicate_count",
    title: "Copies beyond the first",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.duplicate_count)),
};

/// Duplicates missed.
pub static MISSED: Metric = Metric {
    name: "missed_count",
    title: "Duplicates missed",
    quantity: Quantity::Count,
    of: Some(&DUPLICATES),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.missed_count)),
};

/// Copies that the promise covers.
pub static DUPLICATES_IN_WINDOW: Metric = Metric {
    name: "duplicate_in_window_count",
    title: "Copies that the promise covers",
    quantity: Quantity::Count,
    of: Some(&DUPLICATES),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.duplicate_in_window_count)),
};

/// Duplicates missed that the promise covers.
pub static MISSED_IN_WINDOW: Metric = Metric {
    name: "missed_in_window_count",
    title: "Duplicates missed that the promise covers",
    quantity: Quantity::Count,
    of: Some(&DUPLICATES_IN_WINDOW),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.missed_in_window_count)),
};

/// Uniques lost.
pub static LOST: Metric = Metric {
    name: "lost_count",
    title: "Uniques lost",
    quantity: Quantity::Count,
    of: Some(&UNIQUES),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.lost_count)),
};

/// Uniques lost that share their key with another ping.
pub static LOST_SHARED_KEY: Metric = Metric {
    name: "lost_shared_key_count",
    title: "Uniques lost that share their key with another ping",
    quantity: Quantity::Count,
    of: Some(&UNIQUES),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.lost_shared_key_count)),
};

/// Uniques of which a later copy was delivered.
pub static DELAYED: Metric = Metric {
    name: "delayed_count",
    title: "Uniques of which a later copy was delivered",
    quantity: Quantity::Count,
    of: Some(&UNIQUES),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.delayed_count)),
};

/// Pings refused because their window had closed.
pub static LATE: Metric = Metric {
    name: "late_count",
    title: "Pings refused because their window had closed",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.late_count)),
};

/// Pings given up after too many redeliveries.
pub static STALLED: Metric = Metric {
    name: "stalled_count",
    title: "Pings given up after too many redeliveries",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.stalled_count)),
};

/// Pings with a broken id.
pub static ERRORS: Metric = Metric {
    name: "error_count",
    title: "Pings with a broken id",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.error_count)),
};

/// Pings without an id, passed unjudged.
pub static UNJUDGED: Metric = Metric {
    name: "unjudged_count",
    title: "Pings without an id, passed unjudged",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.unjudged_count)),
};

/// Uniques never delivered for another reason than being taken for duplicates.
pub static REFUSED_UNIQUES: Metric = Metric {
    name: "refused_unique_count",
    title: "Uniques never delivered for another reason than being taken for duplicates",
    quantity: Quantity::Count,
    of: Some(&UNIQUES),
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Count(|f| Some(f.refused_unique_count)),
};

/// Deliveries by the source beyond the first.
pub static REDELIVERED: Metric = Metric {
    name: "redelivered_count",
    title: "Deliveries by the source beyond the first",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.redelivered_count)),
};

/// Median of the time for which pings are held.
pub static HELD_P50: Metric = Metric {
    name: "held_p50_ns",
    title: "Median of the time for which pings are held",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Held, |times| times.p50),
};

/// 90th percentile of the time for which pings are held.
pub static HELD_P90: Metric = Metric {
    name: "held_p90_ns",
    title: "90th percentile of the time for which pings are held",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Held, |times| times.p90),
};

/// 99th percentile of the time for which pings are held.
pub static HELD_P99: Metric = Metric {
    name: "held_p99_ns",
    title: "99th percentile of the time for which pings are held",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Held, |times| times.p99),
};

/// 99.9th percentile of the time for which pings are held.
pub static HELD_P999: Metric = Metric {
    name: "held_p999_ns",
    title: "99.9th percentile of the time for which pings are held",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Held, |times| times.p999),
};

/// 99.99th percentile of the time for which pings are held.
pub static HELD_P9999: Metric = Metric {
    name: "held_p9999_ns",
    title: "99.99th percentile of the time for which pings are held",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Held, |times| times.p9999),
};

/// Longest of the time for which pings are held.
pub static HELD_MAX: Metric = Metric {
    name: "held_max_ns",
    title: "Longest of the time for which pings are held",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Held, |times| times.max),
};

/// Pings a second.
pub static THROUGHPUT: Metric = Metric {
    name: "throughput_per_s",
    title: "Pings a second",
    quantity: Quantity::Rate,
    of: None,
    better: Better::More,
    tolerance: None,
    reading: Reading::Speed(|f| f.throughput_per_s),
};

/// Threads that judged.
pub static THREADS: Metric = Metric {
    name: "threads_count",
    title: "Threads that judged",
    quantity: Quantity::Count,
    of: None,
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Speed(|f| f64::from(f.threads_count)),
};

/// Rate of the open loop.
pub static OFFERED: Metric = Metric {
    name: "offered_per_s",
    title: "Rate of the open loop",
    quantity: Quantity::Rate,
    of: None,
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Speed(|f| f.offered_per_s),
};

/// Rate that the open loop reached.
pub static ACHIEVED: Metric = Metric {
    name: "achieved_per_s",
    title: "Rate that the open loop reached",
    quantity: Quantity::Rate,
    of: None,
    better: Better::More,
    tolerance: None,
    reading: Reading::Speed(|f| f.achieved_per_s),
};

/// Median of latency.
pub static LATENCY_P50: Metric = Metric {
    name: "latency_p50_ns",
    title: "Median of latency",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Latency, |times| times.p50),
};

/// 90th percentile of latency.
pub static LATENCY_P90: Metric = Metric {
    name: "latency_p90_ns",
    title: "90th percentile of latency",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Latency, |times| times.p90),
};

/// 99th percentile of latency.
pub static LATENCY_P99: Metric = Metric {
    name: "latency_p99_ns",
    title: "99th percentile of latency",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Latency, |times| times.p99),
};

/// 99.9th percentile of latency.
pub static LATENCY_P999: Metric = Metric {
    name: "latency_p999_ns",
    title: "99.9th percentile of latency",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Latency, |times| times.p999),
};

/// 99.99th percentile of latency.
pub static LATENCY_P9999: Metric = Metric {
    name: "latency_p9999_ns",
    title: "99.99th percentile of latency",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Latency, |times| times.p9999),
};

/// Longest of latency.
pub static LATENCY_MAX: Metric = Metric {
    name: "latency_max_ns",
    title: "Longest of latency",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Latency, |times| times.max),
};

/// Median of the time for a call.
pub static SERVICE_P50: Metric = Metric {
    name: "service_p50_ns",
    title: "Median of the time for a call",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Service, |times| times.p50),
};

/// 90th percentile of the time for a call.
pub static SERVICE_P90: Metric = Metric {
    name: "service_p90_ns",
    title: "90th percentile of the time for a call",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Service, |times| times.p90),
};

/// 99th percentile of the time for a call.
pub static SERVICE_P99: Metric = Metric {
    name: "service_p99_ns",
    title: "99th percentile of the time for a call",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Service, |times| times.p99),
};

/// 99.9th percentile of the time for a call.
pub static SERVICE_P999: Metric = Metric {
    name: "service_p999_ns",
    title: "99.9th percentile of the time for a call",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Service, |times| times.p999),
};

/// 99.99th percentile of the time for a call.
pub static SERVICE_P9999: Metric = Metric {
    name: "service_p9999_ns",
    title: "99.99th percentile of the time for a call",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Service, |times| times.p9999),
};

/// Longest of the time for a call.
pub static SERVICE_MAX: Metric = Metric {
    name: "service_max_ns",
    title: "Longest of the time for a call",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Service, |times| times.max),
};

/// Most ids tracked at once.
pub static PEAK_IDS: Metric = Metric {
    name: "peak_ids_count",
    title: "Most ids tracked at once",
    quantity: Quantity::Count,
    of: None,
    better: Better::Less,
    tolerance: Some(Tolerance::Exact),
    reading: Reading::Memory(|f| Some(f.peak_ids_count as f64)),
};

/// Bytes an id.
pub static BYTES_PER_ID: Metric = Metric {
    name: "bytes_per_id",
    title: "Bytes an id",
    quantity: Quantity::BytesPerId,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Memory(|f| f.bytes_per_id),
};

/// Most bytes held.
pub static LIVE_BYTES: Metric = Metric {
    name: "live_bytes",
    title: "Most bytes held",
    quantity: Quantity::Bytes,
    of: None,
    better: Better::Less,
    tolerance: Some(OWN_BYTES),
    reading: Reading::Memory(|f| Some(f.live_bytes as f64)),
};

/// Bytes held when the window had emptied.
pub static EMPTIED_BYTES: Metric = Metric {
    name: "emptied_bytes",
    title: "Bytes held when the window had emptied",
    quantity: Quantity::Bytes,
    of: None,
    better: Better::Less,
    tolerance: Some(OWN_BYTES),
    reading: Reading::Memory(|f| Some(f.emptied_bytes as f64)),
};

/// High-water mark of the process.
pub static PEAK_RSS: Metric = Metric {
    name: "peak_rss_bytes",
    title: "High-water mark of the process",
    quantity: Quantity::Bytes,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Memory(|f| Some(f.peak_rss_bytes as f64)),
};

/// Memory of a server.
pub static SERVER_BYTES: Metric = Metric {
    name: "server_used_bytes",
    title: "Memory of a server",
    quantity: Quantity::Bytes,
    of: None,
    better: Better::Less,
    tolerance: Some(Tolerance::Share { ppm: 20_000 }),
    reading: Reading::Memory(|f| f.server_used_bytes.map(|bytes| bytes as f64)),
};

/// Round trips to a server.
pub static ROUND_TRIPS: Metric = Metric {
    name: "round_trips_count",
    title: "Round trips to a server",
    quantity: Quantity::Count,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Count(|f| f.round_trips_count),
};

/// Duplicates left in the stable tables.
pub static STABLE_MISSED: Metric = Metric {
    name: "stable_missed_count",
    title: "Duplicates left in the stable tables",
    quantity: Quantity::Count,
    of: Some(&DUPLICATES),
    better: Better::Less,
    tolerance: None,
    reading: Reading::Count(|f| f.stable.as_ref().map(|stable| stable.missed_count)),
};

/// Uniques lost in the stable tables.
pub static STABLE_LOST: Metric = Metric {
    name: "stable_lost_count",
    title: "Uniques lost in the stable tables",
    quantity: Quantity::Count,
    of: Some(&UNIQUES),
    better: Better::Less,
    tolerance: None,
    reading: Reading::Count(|f| f.stable.as_ref().map(|stable| stable.lost_count)),
};

/// Median of the time that a ping waits.
pub static WAITING_P50: Metric = Metric {
    name: "waiting_p50_ns",
    title: "Median of the time that a ping waits",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Waiting, |times| times.p50),
};

/// 99th percentile of the time that a ping waits.
pub static WAITING_P99: Metric = Metric {
    name: "waiting_p99_ns",
    title: "99th percentile of the time that a ping waits",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Waiting, |times| times.p99),
};

/// 99.9th percentile of the time that a ping waits.
pub static WAITING_P999: Metric = Metric {
    name: "waiting_p999_ns",
    title: "99.9th percentile of the time that a ping waits",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Times(Times::Waiting, |times| times.p999),
};
