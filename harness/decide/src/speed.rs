//! How long judging takes, and whether the rate fits: read off a curve, with the network added that was not measured.

use dedup_records::curve::{Figure, Known, Origin};
use serde::Serialize;

use crate::candidate::Candidate;
use crate::needs::Needs;
use crate::traffic::Traffic;

/// How long judging takes on one worker.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// Ids in the table that is asked: of one worker, or of the server.
    pub ids: f64,
    /// Pings a batch when it is busiest.
    pub batch: f64,
    /// Nanoseconds a ping in steady state.
    pub ping_ns: Known,
    /// The 99th percentile of a batch, in nanoseconds.
    pub p99_ns: Known,
    /// The share of a worker's time that the busiest rate takes.
    pub busy: Known,
}

/// What was measured at so many ids; round trips are added as long as they are said to be. None where nothing was measured.
pub(crate) fn speed(candidate: &Candidate, traffic: &Traffic, needs: &Needs) -> Option<Speed> {
    let measured = candidate.measured.as_ref()?;
    let workers = f64::from(needs.workers);
    let ids = if candidate.place.is_server() { candidate.ids } else { candidate.ids / workers };
    let per_s = traffic.busiest_per_s / workers;
    // A batch waits for no more pings than come while it lingers.
    let batch = (per_s * needs.linger.as_secs_f64()).clamp(1.0, f64::from(needs.batch));
    let trips_ns = f64::from(candidate.round_trips) * needs.round_trip.as_secs_f64() * 1e9;
    let with_trips = |known: Known, factor: f64, trips_ns: f64| Known {
        value: known.value * factor + trips_ns,
        origin: match factor > 1.0 || trips_ns > 0.0 {
            true => known.origin.and(Origin::Modelled),
            false => known.origin,
        },
    };
    let larger = (batch / f64::from(measured.batch.max(1))).max(1.0);
    let ping_ns = with_trips(measured.at(Figure::Steady, ids)?, 1.0, trips_ns / batch);
    Some(Speed {
        ids,
        batch,
        ping_ns,
        p99_ns: with_trips(measured.at(Figure::SteadyP99, ids)?, larger, trips_ns),
        busy: Known { value: ping_ns.value * 1e-9 * per_s, ..ping_ns },
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::candidate::Place;
    use crate::testing::{candidate, measured, traffic};

    fn needs() -> Needs {
        let linger = Duration::from_millis(40);
        Needs { workers: 10, batch: 20, linger, round_trip: Duration::from_millis(2), ..Needs::default() }
    }

    #[test]
    fn a_worker_asks_its_own_part_of_the_ids_and_a_server_all_of_them() {
        let mut embedded = candidate("set", Place::Worker);
        embedded.round_trips = 0;
        embedded.ids = 1e5;
        embedded.measured = Some(measured("set", &[(10_000, 50.0), (1_000_000, 150.0)]));
        let found = speed(&embedded, &traffic(), &needs()).unwrap();
        assert_eq!((found.ids, found.batch), (1e4, 4.0));
        assert_eq!(found.ping_ns, Known { value: 50.0, origin: Origin::Measured });
        // 100 pings a second of 50 ns.
        assert!((found.busy.value - 5e-6).abs() < 1e-12, "{:?}", found.busy);
        let mut server = Candidate { place: Place::Server, ..embedded };
        server.round_trips = 1;
        let found = speed(&server, &traffic(), &needs()).unwrap();
        // 100 ns, and 2 ms for the four pings that come within 40 ms.
        assert_eq!(found.ping_ns, Known { value: 100.0 + 5e5, origin: Origin::Modelled });
        assert_eq!(found.p99_ns, Known { value: 2.0 * 64.0 * 100.0 + 2e6, origin: Origin::Modelled });
    }

    #[test]
    fn a_batch_larger_than_was_measured_takes_as_much_longer() {
        let mut embedded = candidate("set", Place::Worker);
        embedded.round_trips = 0;
        embedded.measured = Some(measured("set", &[(10_000, 50.0), (1_000_000, 50.0)]));
        let p99 = |needs: &Needs| speed(&embedded, &traffic(), needs).unwrap().p99_ns;
        let (small, large) = (needs(), Needs { batch: 128, linger: Duration::from_secs(10), ..needs() });
        assert_eq!(p99(&small), Known { value: 6400.0, origin: Origin::Measured });
        assert_eq!(p99(&large), Known { value: 12_800.0, origin: Origin::Modelled });
        assert_eq!(speed(&candidate("set", Place::Worker), &traffic(), &small), None);
    }
}
