//! Traffic as a scenario that nobody runs, for the theory of what is missed; and a scenario as traffic.

use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_decide::{Lags, Needs, Traffic};
use dedup_strategies::Timestamp;
use dedup_stream::scenario::{
    Arrival, BadIds, Copies, EventTime, Identity, KeyField, Lag, LagFrom, Length, Pick, PipelineConfig,
    Point, Process, Repeat, Scenario, Shape, Submission,
};

/// Lags of this many equal shares of the copies describe those of a scenario.
const SLICES: u32 = 200;

/// A stream of this traffic through the pipeline of these needs, so long that what its end cuts off does not matter.
pub fn scenario_of(traffic: &Traffic, needs: &Needs, window: Duration) -> Scenario {
    let uniques = traffic.uniques_per_s();
    let copied = traffic.copies_per_s() / uniques.max(1e-9) / traffic.copies;
    let points =
        traffic.lags.points().iter().map(|(seconds, share)| Point { ns: seconds * 1e9, share: *share });
    let repeat = Repeat {
        cause: "copies".to_string(),
        pick: Pick::Share(copied.min(1.0)),
        between_ns: None,
        copies: match traffic.copies > 1.0 {
            true => Copies::Geometric { mean: traffic.copies },
            false => Copies::Exactly(1),
        },
        lag: Lag::Cdf(points.collect()),
        from: LagFrom::First,
        event_time: EventTime::Same,
        submission: Submission::Fresh,
        identity: Identity::Same,
        only: None,
    };
    let longest = Duration::from_secs_f64(traffic.lags.longest()).max(window);
    let length = (longest * 100).clamp(Duration::from_secs(100 * 86_400), Duration::from_secs(4000 * 86_400));
    let template = PipelineConfig::default();
    let count = |count: u32| NonZeroUsize::new(count as usize).unwrap_or(NonZeroUsize::MIN);
    Scenario {
        text: String::new(),
        name: traffic.name.clone(),
        about: String::new(),
        seed: 1,
        window,
        payload_bytes: traffic.payload_bytes,
        pipeline: PipelineConfig {
            workers: count(needs.workers),
            batch: count(needs.batch),
            linger: needs.linger,
            publish_latency: needs.publish,
            ..template
        },
        nightly: None,
        faults: Vec::new(),
        shape: Shape {
            key: KeyField::default(),
            start: Timestamp::from_secs(19_700 * 86_400),
            length: Length::Duration(length),
            arrival: Arrival { process: Process::Constant, rate_per_s: uniques, ramp: None, at_start: 0 },
            repeats: if traffic.duplicates > 0.0 { vec![repeat] } else { Vec::new() },
            bad_ids: BadIds::default(),
            skew: None,
            thin: None,
            clients: None,
        },
    }
}

/// The traffic of a scenario, all causes together, at its mean rate and at its busiest.
pub fn traffic_of(scenario: &Scenario) -> Traffic {
    let length_s = scenario.virtual_length().as_secs_f64();
    let pings = scenario.expected_pings() as f64;
    let duplicates = scenario.expected_duplicates() as f64;
    let repeats: Vec<&Repeat> =
        scenario.shape.repeats.iter().filter(|repeat| repeat.identity == Identity::Same).collect();
    let weight = |repeat: &Repeat| match repeat.pick {
        Pick::Share(share) => share * repeat.share_that_meets() * repeat.copies.mean(),
        Pick::First(ids) => ids as f64 / pings.max(1.0) * repeat.copies.mean(),
    };
    let all: f64 = repeats.iter().map(|repeat| weight(repeat)).sum();
    let mut lags: Vec<(f64, f64)> = Vec::new();
    for repeat in &repeats {
        for slice in 0..SLICES {
            let share = (f64::from(slice) + 0.5) / f64::from(SLICES);
            let lag = repeat.lag.quantile(share, 0).as_secs_f64();
            lags.push((lag, weight(repeat) / all / f64::from(SLICES)));
        }
    }
    lags.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut sum = 0.0;
    let mut points: Vec<(f64, f64)> = lags
        .iter()
        .map(|(lag, share)| {
            sum += share;
            (*lag, sum.min(1.0))
        })
        .collect();
    match points.last_mut() {
        Some(last) => last.1 = 1.0,
        None => points.push((1.0, 1.0)),
    }
    let rate = pings / length_s.max(1e-9);
    let busiest =
        scenario.shape.arrival.busiest_per_s(length_s.min(60.0)) / scenario.shape.arrival.rate_per_s;
    let copied: f64 = repeats.iter().map(|repeat| weight(repeat) / repeat.copies.mean()).sum();
    Traffic {
        name: scenario.name.clone(),
        pings_per_s: rate,
        busiest_per_s: rate * busiest.max(1.0),
        duplicates: duplicates / pings.max(1.0),
        copies: if copied > 0.0 { all / copied } else { 1.0 },
        lags: Lags::new(points).expect("lags were sorted, and the last share is one"),
        payload_bytes: scenario.payload_bytes,
        counted_ids: Vec::new(),
    }
}
