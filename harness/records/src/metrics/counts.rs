//! Right and wrong answers, and what was asked of a server: counts of the verify pass.

use super::{Better, Metric, Quantity, Reading, Tolerance};

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

/// Duplicates missed on the same stream without its faults.
pub static FAULTLESS_MISSED: Metric = Metric {
    name: "faultless_missed_count",
    title: "Duplicates missed on the same stream without its faults",
    quantity: Quantity::Count,
    of: Some(&DUPLICATES),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| f.faultless.map(|one| one.missed_count)),
};

/// Uniques lost on the same stream without its faults.
pub static FAULTLESS_LOST: Metric = Metric {
    name: "faultless_lost_count",
    title: "Uniques lost on the same stream without its faults",
    quantity: Quantity::Count,
    of: Some(&UNIQUES),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| f.faultless.map(|one| one.lost_count)),
};

/// Pings that came again before they were decided.
pub static WAITED: Metric = Metric {
    name: "waited_count",
    title: "Pings that came again before they were decided",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Count(|f| Some(f.waited_ns.as_ref().map_or(0, |waited| waited.count))),
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

/// Pings that came out again.
pub static EMITTED_TWICE: Metric = Metric {
    name: "emitted_twice_count",
    title: "Pings that came out again",
    quantity: Quantity::Count,
    of: Some(&PINGS),
    better: Better::Less,
    tolerance: None,
    reading: Reading::Count(|f| f.emitted_twice_count),
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
