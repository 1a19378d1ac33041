//! What the tests of several modules decide about.

use crate::candidate::{Candidate, Marks, Place, modelled};
use crate::traffic::{Lags, Traffic};

/// 1,000 pings a second, a tenth of them copies, half of which come within an hour and the rest within a day.
pub(crate) fn traffic() -> Traffic {
    Traffic::steady("test", 1000.0, 0.1, Lags::parse("test", "50%=1h,100%=24h").unwrap(), 1000)
}

/// One that costs and misses nothing, and marks at the check.
pub(crate) fn candidate(strategy: &str, place: Place) -> Candidate {
    let nothing = modelled(0.0);
    Candidate {
        strategy: strategy.to_string(),
        spec: format!("{strategy}:window=2days"),
        window_s: Some(172_800.0),
        model_of: None,
        operates: "nothing".to_string(),
        place,
        marks: Marks::AtCheck,
        ids: 1e6,
        missed_live: nothing,
        missed_stable: None,
        because: "it says so".to_string(),
        false_positives: nothing,
        worker_bytes: nothing,
        server_bytes: nothing,
        disk_bytes: nothing,
        round_trips: 1,
        ping_ns: None,
        p99_ns: None,
    }
}
