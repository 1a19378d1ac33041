//! How fast virtual time may go where a store keeps wall time.
//!
//! Such a store cannot be told what time it is, so the stream is sent at the pace of the wall, squeezed by one factor
//! that also divides the TTLs.

use std::time::Duration;

use crate::workload::Workload;

/// Real time that a stream, or four of its windows, should take.
const COMFORTABLE: Duration = Duration::from_secs(20);

/// Windows are not squeezed below this where it can be avoided: a window should be long beside a reply of the store's.
const SHORTEST_WINDOW: Duration = Duration::from_millis(250);

/// What a call costs beside the two ways through the network: waking up in time, encoding, scoring.
const OVERHEAD: Duration = Duration::from_micros(100);

/// How a factor is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pacing {
    /// The factor that was asked for.
    pub asked: Option<f64>,
    /// How long the store takes to answer.
    pub round_trip: Duration,
}

impl Pacing {
    /// Virtual seconds a real second for `workload`; each has its own, as a short stream needs no squeezing.
    ///
    /// The stream should take about 20 s; longer where the store could not answer that fast (half of the time is left
    /// for its slower answers) or windows would become too short; and time is never stretched.
    pub fn factor(&self, workload: &Workload) -> f64 {
        if let Some(factor) = self.asked {
            return factor;
        }
        let length = workload.length().as_secs_f64();
        let window = workload.sizing().window.as_secs_f64();
        let wanted = length.max(4.0 * window) / COMFORTABLE.as_secs_f64();
        let answered = length / (calls(workload) * (self.round_trip * 2 + OVERHEAD).as_secs_f64());
        let long_enough = window / SHORTEST_WINDOW.as_secs_f64();
        wanted.min(answered).min(long_enough).max(1.0)
    }
}

/// About how many batches a pipeline makes of the stream: a batch goes off when it is full or has waited long enough.
fn calls(workload: &Workload) -> f64 {
    let (pings, pipeline) = (workload.expected_pings().max(1) as f64, workload.pipeline());
    let per_s = pings / workload.length().as_secs_f64().max(1e-9);
    pings / (1.0 + per_s * pipeline.linger.as_secs_f64()).min(pipeline.batch.get() as f64)
}
