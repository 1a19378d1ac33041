//! How fast virtual time may go where a store keeps wall time.
//!
//! Such a store cannot be told what time it is, so the stream is sent at the pace of the wall, squeezed by one factor
//! that also divides the TTLs.

use std::time::Duration;

use dedup_stream::workload::Workload;

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

#[cfg(test)]
mod tests {
    use super::*;
    use dedup_stream::scenario;

    fn workloads() -> Vec<Workload> {
        let all = scenario::find(".").expect("scenarios are embedded");
        all.into_iter().map(|scenario| Workload::Scenario(Box::new(scenario))).collect()
    }

    fn seconds(time: Duration, factor: f64) -> f64 {
        time.as_secs_f64() / factor
    }

    #[test]
    fn no_window_becomes_too_short_and_no_stream_too_fast_for_its_server() {
        for workload in workloads() {
            for round_trip in [Duration::from_micros(30), Duration::from_millis(1), Duration::from_millis(30)]
            {
                let factor = Pacing { asked: None, round_trip }.factor(&workload);
                let name = workload.name();
                assert!(factor >= 1.0, "{name}");
                if factor > 1.0 {
                    let window = seconds(workload.sizing().window, factor);
                    assert!(window > 0.249, "{name}: a window of {window} s");
                    let calls = calls(&workload) / seconds(workload.length(), factor);
                    assert!(calls < 0.51 / round_trip.as_secs_f64(), "{name}: {calls} calls a second");
                }
            }
        }
    }

    #[test]
    fn a_near_server_is_done_within_minutes() {
        for workload in workloads() {
            let factor = Pacing { asked: None, round_trip: Duration::from_micros(50) }.factor(&workload);
            let took = seconds(workload.length(), factor);
            assert!(took < 600.0, "{}: {took} s", workload.name());
        }
    }

    #[test]
    fn a_short_stream_keeps_its_own_pace_and_a_factor_that_was_asked_for_is_taken() {
        let text =
            "about = 'short'\npings = 100\nwindow = '2s'\n[arrival]\nprocess = 'constant'\nrate = '20/s'\n";
        let short = scenario::Scenario::from_toml("short.toml", text).expect("a valid scenario");
        let short = Workload::Scenario(Box::new(short));
        let pacing = Pacing { asked: None, round_trip: Duration::ZERO };
        assert_eq!(pacing.factor(&short), 1.0);
        assert_eq!(Pacing { asked: Some(3.5), ..pacing }.factor(&short), 3.5);
    }
}
