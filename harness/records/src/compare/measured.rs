//! Figures of the other passes: speed and memory as median and range of the rounds, distributions merged.

use serde::Serialize;

use crate::curve::{self, CurvePoint};
use crate::record::{HistogramError, Latency, NotReached, ScaleFigures, TimeFigures, WeighFigures, merged};
use crate::stats::Spread;

/// Speed over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeSummary {
    /// Pings a second in the closed loop.
    pub throughput_per_s: Spread,
    /// Time until the first ping could be judged, where servers or programs had to be started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_ns: Option<Spread>,
    /// Whether the closed loop was timed only once it had warmed up.
    pub is_warm: bool,
    /// Threads or connections that judged, of all clients.
    pub threads_count: u32,
    /// Clients that loaded one store at once.
    #[serde(skip_serializing_if = "is_one")]
    pub clients_count: u32,
    /// Of the time of all threads in the open loop, the share in which they ran or waited for a processor; none where there is no
    /// store beside the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads_ran_ratio: Option<f64>,
    /// Rate of the open loop.
    pub offered_per_s: Spread,
    /// Rate that it reached.
    pub achieved_per_s: Spread,
    /// From the moment at which a ping was due.
    pub latency_ns: LatencySummary,
    /// From the call.
    pub service_ns: LatencySummary,
}

/// Time and memory against ids held, over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScaleSummary {
    /// From few ids to many.
    pub points: Vec<CurvePoint>,
    /// The first number of ids that was asked for and not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_reached: Option<NotReached>,
}

/// A distribution over all rounds, and how far its percentiles differ between them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencySummary {
    /// All rounds together.
    pub merged: Latency,
    /// The medians of the rounds.
    pub p50: Spread,
    /// Their 99th percentiles.
    pub p99: Spread,
    /// Their 99.9th percentiles.
    pub p999: Spread,
}

/// Memory over all rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WeighSummary {
    /// Bytes an id of the window; an id held, where the ids of the window were not counted.
    pub bytes_per_id: Option<Spread>,
    /// Ids of the window; none in records from before they were counted.
    pub window_ids_count: Option<Spread>,
    /// What is planned for by the settings.
    pub planned_bytes: Option<Spread>,
    /// Whether in every round most of what was held is the least size, divided by few ids.
    pub is_least_size: bool,
    /// Most bytes held.
    pub live_bytes: Spread,
    /// Bytes held when the window had emptied.
    pub emptied_bytes: Spread,
    /// High-water mark of the process.
    pub peak_rss_bytes: Spread,
    /// A server's memory.
    pub server_used_bytes: Option<Spread>,
}

impl TimeSummary {
    pub(super) fn of(rounds: &[&TimeFigures]) -> Result<Option<TimeSummary>, HistogramError> {
        let spread = |figure: fn(&TimeFigures) -> f64| Spread::of(rounds.iter().map(|round| figure(round)));
        let latency_ns = LatencySummary::of(rounds.iter().map(|round| &round.latency_ns))?;
        let service_ns = LatencySummary::of(rounds.iter().map(|round| &round.service_ns))?;
        let summary = || {
            Some(TimeSummary {
                throughput_per_s: spread(|f| f.throughput_per_s)?,
                start_ns: Spread::of(rounds.iter().filter_map(|round| Some(round.start_ns? as f64))),
                is_warm: rounds.iter().any(|round| round.warm_up_count.is_some()),
                threads_count: rounds.first()?.threads_count,
                clients_count: rounds.first()?.clients_count,
                threads_ran_ratio: ran(rounds),
                offered_per_s: spread(|f| f.offered_per_s)?,
                achieved_per_s: spread(|f| f.achieved_per_s)?,
                latency_ns: latency_ns?,
                service_ns: service_ns?,
            })
        };
        Ok(summary())
    }
}

fn is_one(count: &u32) -> bool {
    *count == 1
}

fn ran(rounds: &[&TimeFigures]) -> Option<f64> {
    let sum = |figure: fn(&TimeFigures) -> Option<u64>| {
        rounds.iter().map(|round| figure(round)).sum::<Option<u64>>()
    };
    let (ran, all) = (sum(|round| round.threads_ran_ns)?, sum(|round| round.threads_ns)?);
    (all > 0).then(|| ran as f64 / all as f64)
}

impl LatencySummary {
    pub(super) fn of<'a>(
        rounds: impl Iterator<Item = &'a Latency>,
    ) -> Result<Option<LatencySummary>, HistogramError> {
        let rounds: Vec<&Latency> = rounds.collect();
        let Some(merged) = merged(rounds.iter().copied())? else { return Ok(None) };
        let spread = |percentile: fn(&Latency) -> u64| {
            Spread::of(rounds.iter().map(|round| percentile(round) as f64)).expect("there is a round")
        };
        Ok(Some(LatencySummary {
            merged,
            p50: spread(|round| round.p50),
            p99: spread(|round| round.p99),
            p999: spread(|round| round.p999),
        }))
    }
}

impl ScaleSummary {
    pub(super) fn of(rounds: &[&ScaleFigures]) -> Result<Option<ScaleSummary>, HistogramError> {
        if rounds.is_empty() {
            return Ok(None);
        }
        let (points, not_reached) = curve::points(rounds)?;
        Ok(Some(ScaleSummary { points, not_reached }))
    }
}

impl WeighSummary {
    /// Whether [`bytes_per_id`](Self::bytes_per_id) is per id held, of the window or not.
    pub fn is_per_id_held(&self) -> bool {
        self.bytes_per_id.is_some() && self.window_ids_count.is_none()
    }

    pub(super) fn of(rounds: &[&WeighFigures]) -> Option<WeighSummary> {
        let spread =
            |figure: fn(&WeighFigures) -> u64| Spread::of(rounds.iter().map(|round| figure(round) as f64));
        let some = |figure: fn(&WeighFigures) -> Option<u64>| {
            Spread::of(rounds.iter().filter_map(|round| figure(round)).map(|figure| figure as f64))
        };
        Some(WeighSummary {
            bytes_per_id: Spread::of(rounds.iter().filter_map(|round| round.bytes_per_id)),
            window_ids_count: some(|round| round.window_ids_count),
            planned_bytes: some(|round| round.planned_bytes),
            is_least_size: rounds.iter().all(|round| round.is_least_size()),
            live_bytes: spread(|f| f.live_bytes)?,
            emptied_bytes: spread(|f| f.emptied_bytes)?,
            peak_rss_bytes: spread(|f| f.peak_rss_bytes)?,
            server_used_bytes: some(|round| round.server_used_bytes),
        })
    }
}
