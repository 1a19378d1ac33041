//! How long a ping waits for the rest of its batch.

use dedup_strategies::Routing;
use dedup_strategies::time::saturating_nanos;
use dedup_stream::scenario::Scenario;

use super::random::Random;

/// A buffer opens with a ping, and is judged when it is full or after the linger.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchDelay {
    /// How long a buffer stays open.
    open_ns: f64,
    /// The chance that a ping is the one that opens it, and waits all that time.
    opens: f64,
    /// Pings a nanosecond that come to it.
    per_ns: f64,
}

/// After so many batches it no longer matters when one of them began.
const FORGOTTEN: f64 = 8.0;

impl BatchDelay {
    /// With the scenario's mean load, copies included. A worker of its own for each key gets its part of that.
    pub(super) fn of(scenario: &Scenario, routing: Routing) -> BatchDelay {
        let pipeline = &scenario.pipeline;
        let per_ns =
            scenario.expected_pings() as f64 / saturating_nanos(scenario.virtual_length()).max(1) as f64;
        let per_ns = match routing {
            Routing::Any => per_ns,
            Routing::ByKey => per_ns / pipeline.workers.get() as f64,
        };
        let full_ns = (pipeline.batch.get() - 1) as f64 / per_ns.max(1e-300);
        let open_ns = full_ns.min(saturating_nanos(pipeline.linger) as f64);
        BatchDelay { open_ns, opens: 1.0 / (1.0 + per_ns * open_ns), per_ns }
    }

    /// When the batch of each ping is judged, from when each arrives. A copy that comes while the batch of the one
    /// before it is open is judged with it, and one that comes soon after that with one of the next batches, which
    /// follow each other.
    pub(super) fn judged(self, arrivals: &[u64], random: &mut Random, judged: &mut Vec<u64>) {
        judged.clear();
        let mut last: Option<f64> = None;
        for arrival in arrivals.iter().map(|arrival| *arrival as f64) {
            let ends = match last {
                Some(ends) if arrival <= ends => ends,
                Some(ends) if arrival - ends < FORGOTTEN * self.cycle_ns() => {
                    self.next(ends, arrival, random)
                }
                _ => self.any(arrival, random),
            };
            last = Some(ends);
            judged.push(ends as u64);
        }
    }

    /// From one batch to the next, on average.
    fn cycle_ns(self) -> f64 {
        self.open_ns + 1.0 / self.per_ns.max(1e-300)
    }

    /// The end of a batch that holds a ping, where nothing is known of the batches before it.
    fn any(self, arrival: f64, random: &mut Random) -> f64 {
        let wait = if random.uniform() < self.opens { 1.0 } else { random.uniform() };
        arrival + wait * self.open_ns
    }

    /// The end of the batch of a ping that came after a batch had ended: batch after batch, each opened by some ping,
    /// at the latest by this one.
    fn next(self, mut ended: f64, arrival: f64, random: &mut Random) -> f64 {
        loop {
            let idle = random.exponential() / self.per_ns.max(1e-300);
            let ends = (ended + idle).min(arrival) + self.open_ns;
            if arrival <= ends {
                return ends;
            }
            ended = ends;
        }
    }
}
