//! How long a ping waits for the rest of its batch.

use dedup_strategies::Routing;
use dedup_strategies::time::saturating_nanos;

use super::lives::Random;
use crate::scenario::Scenario;

/// A buffer opens with a ping, and is judged when it is full or after the linger.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// How long a buffer stays open.
    open_ns: f64,
    /// The chance that a ping is the one that opens it, and waits all that time.
    opens: f64,
}

impl Waits {
    /// With the scenario's mean load, copies included. A worker of its own for each key gets its part of that.
    pub(super) fn of(scenario: &Scenario, routing: Routing) -> Waits {
        let pipeline = &scenario.pipeline;
        let per_ns =
            scenario.expected_pings() as f64 / saturating_nanos(scenario.virtual_length()).max(1) as f64;
        let per_ns = match routing {
            Routing::Any => per_ns,
            Routing::ByKey => per_ns / pipeline.workers.get() as f64,
        };
        let full_ns = (pipeline.batch.get() - 1) as f64 / per_ns.max(1e-300);
        let open_ns = full_ns.min(saturating_nanos(pipeline.linger) as f64);
        Waits { open_ns, opens: 1.0 / (1.0 + per_ns * open_ns) }
    }

    /// When the batch of each ping is judged, from when each arrives. A copy that comes while the batch of the one
    /// before it is open is judged with it.
    pub(super) fn judged(self, arrivals: &[u64], random: &mut Random, judged: &mut Vec<u64>) {
        judged.clear();
        let mut batch_ends = 0;
        for arrival in arrivals {
            if *arrival > batch_ends {
                let wait = if random.uniform() < self.opens { 1.0 } else { random.uniform() };
                batch_ends = arrival + (wait * self.open_ns) as u64;
            }
            judged.push(batch_ends);
        }
    }
}
