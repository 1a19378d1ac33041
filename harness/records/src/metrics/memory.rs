//! Memory: metrics of the weigh pass.

use super::{Better, Metric, Quantity, Reading, Tolerance};

/// Bytes of this process: a few dozen, or this share, come and go with the harness's own buffers.
const OWN_BYTES: Tolerance = Tolerance::OwnBytes { ppm: 100, bytes: 256 };

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

/// Bytes an id of the window; an id held, in records that say no [`WINDOW_IDS`].
pub static BYTES_PER_ID: Metric = Metric {
    name: "bytes_per_id",
    title: "Bytes an id of the window",
    quantity: Quantity::BytesPerId,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Memory(|f| f.bytes_per_id),
};

/// Ids of the window while the most ids were tracked.
pub static WINDOW_IDS: Metric = Metric {
    name: "window_ids_count",
    title: "Ids of the window then",
    quantity: Quantity::Count,
    of: None,
    better: Better::Neither,
    tolerance: None,
    reading: Reading::Memory(|f| f.window_ids_count.map(|ids| ids as f64)),
};

/// Held once half as many pings were judged as the window has ids.
pub static LEAST_BYTES: Metric = Metric {
    name: "least_bytes",
    title: "Bytes held with half of the ids",
    quantity: Quantity::Bytes,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Memory(|f| f.least_bytes.map(|bytes| bytes as f64)),
};

/// What is planned for by the settings.
pub static PLANNED_BYTES: Metric = Metric {
    name: "planned_bytes",
    title: "Bytes planned for by the settings",
    quantity: Quantity::Bytes,
    of: None,
    better: Better::Less,
    tolerance: None,
    reading: Reading::Memory(|f| f.planned_bytes.map(|bytes| bytes as f64)),
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
