//! How many pings a second: metrics of the time pass.

use super::{Better, Metric, Quantity, Reading};

/// Pings a second.
pub static THROUGHPUT: Metric = Metric {
    name: "throughput_per_s",
    title: "Pings a second",
    quantity: Quantity::Rate,
    of: None,
    better: Better::More,
    tolerance: None,
    reading: Reading::Speed(|f| Some(f.throughput_per_s)),
};

/// Threads that judged.
pub static THREADS: Metric = Metric {
    name: "threads_count",
    title: "Threads that judged",
    quantity: Quantity::Count,
    of: None,
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Speed(|f| Some(f64::from(f.threads_count))),
};

/// Rate of the open loop.
pub static OFFERED: Metric = Metric {
    name: "offered_per_s",
    title: "Rate of the open loop",
    quantity: Quantity::Rate,
    of: None,
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Speed(|f| Some(f.offered_per_s)),
};

/// Rate that the open loop reached.
pub static ACHIEVED: Metric = Metric {
    name: "achieved_per_s",
    title: "Rate that the open loop reached",
    quantity: Quantity::Rate,
    of: None,
    better: Better::More,
    tolerance: None,
    reading: Reading::Speed(|f| Some(f.achieved_per_s)),
};

/// How long it took until the first ping could be judged.
pub static START: Metric = Metric {
    name: "start_ns",
    title: "Time until the first ping could be judged",
    quantity: Quantity::Time,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Speed(|f| f.start_ns.map(|nanos| nanos as f64)),
};
