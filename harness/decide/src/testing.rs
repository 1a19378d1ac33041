//! What the tests of several modules decide about.

use std::collections::BTreeMap;

use dedup_records::curve::{Curve, CurvePoint};
use dedup_records::record::Machine;

use crate::candidate::{Candidate, Marks, Place, modelled};
use crate::measured::Measured;
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
        chosen: Vec::new(),
        window_s: Some(172_800.0),
        model_of: None,
        operates: "nothing".to_string(),
        place,
        marks: Marks::AtCheck,
        ids: 1e6,
        missed_live: nothing,
        gap_s: 0.0,
        missed_stable: None,
        because: "it says so".to_string(),
        false_positives: nothing,
        worker_bytes: nothing,
        server_bytes: nothing,
        disk_bytes: nothing,
        round_trips: 1,
        measured: None,
    }
}

/// Nanoseconds a ping at so many ids, with a rate of 0.001; a batch of 64 takes twice as long at its 99th percentile.
pub(crate) fn curve(strategy: &str, points: &[(u64, f64)]) -> Curve {
    let point = |(ids_count, steady_ns): &(u64, f64)| CurvePoint {
        ids_count: *ids_count,
        settings: BTreeMap::from([("rate".to_string(), "0.001".to_string())]),
        filling_ns: *steady_ns,
        steady_ns: *steady_ns,
        steady_p99_ns: 2.0 * 64.0 * steady_ns,
        bytes_per_id: Some(20.0),
        round_trips_per_ping: None,
        recognised_ratio: None,
    };
    Curve {
        strategy: strategy.to_string(),
        scenario: "quick".to_string(),
        window_ns: Some(600_000_000_000),
        batch_count: 64,
        machine: Machine {
            cpu: "a test".to_string(),
            cores_count: 2,
            memory_bytes: 1 << 30,
            os: "any".to_string(),
            kernel: "any".to_string(),
            virtualised: false,
        },
        profile: "release, opt-level 3".to_string(),
        points: points.iter().map(point).collect(),
        not_reached: None,
    }
}

/// The same as what was measured of a candidate with the same settings.
pub(crate) fn measured(strategy: &str, points: &[(u64, f64)]) -> Measured {
    let curve = curve(strategy, points);
    Measured {
        same_settings: true,
        machine: curve.machine.clone(),
        build: curve.profile.clone(),
        batch: curve.batch_count,
        fewest_ids: points[0].0,
        most_ids: points[points.len() - 1].0,
        curve: curve.into(),
    }
}
