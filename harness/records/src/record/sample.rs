//! Records made by hand, for tests: one strategy for each way in which a row can end.

use std::collections::BTreeMap;

use super::*;
use crate::stats::recorder;

/// Rounds in the sample.
pub const ROUNDS: u32 = 3;

/// The first line of the sample.
pub fn run_record() -> RunRecord {
    RunRecord {
        schema: SCHEMA.into(),
        started_at: "2026-03-01T12:00:00Z".into(),
        seed: 7,
        rounds_count: ROUNDS,
        tool: Tool {
            version: "0.1.0".into(),
            commit: "1aed8e9c0ffe".into(),
            dirty: false,
            rustc: "rustc 1.95.0".into(),
            profile: "release, opt-level 3".into(),
        },
        machine: Machine {
            cpu: "Example CPU 3000".into(),
            cores_count: 2,
            memory_bytes: 8 << 30,
            os: "Linux (Debian GNU/Linux 12)".into(),
            kernel: "6.1.0".into(),
            virtualised: true,
        },
        servers: BTreeMap::from([("redis".into(), "7.0.15".into())]),
        doubts: Vec::new(),
        share: None,
    }
}

/// A run with a strategy of every kind.
pub fn run() -> Run {
    let cells = [noop(), exact(), bloom(), window_batch(), lru(), tinylfu(), small(), sleeper(), redis()];
    Run {
        path: "results/sample/records.jsonl".into(),
        run: run_record(),
        cells: cells.into_iter().flatten().collect(),
        truncated: None,
        sha256: None,
    }
}

/// Two strategies with more and more ids held, the second of which does not hold them.
pub fn scale() -> Vec<CellRecord> {
    let exact = ScaleFigures {
        points: vec![scale_point(1 << 14, 100, 1), scale_point(1 << 16, 140, 1)],
        not_reached: Some(NotReached {
            ids_count: 1 << 18,
            because: "262,144 ids would take about 9 MiB of the 8 MiB that they may (--budget)".into(),
        }),
    };
    let small = ScaleFigures { points: vec![scale_point(1 << 14, 50, 2)], not_reached: None };
    let cell = |strategy, figures| {
        Sample { strategy, ..GOOD }.cell(0, Pass::Scale, CellResult::Scale(Box::new(figures)))
    };
    vec![cell("exact", exact), cell("lru-exact:capacity=1000", small)]
}

/// Two strategies and what they do to the numbers of four weeks: one adds copies, the other loses on the tenth day.
pub fn impact() -> Vec<CellRecord> {
    let cell = |strategy, figures| {
        Sample { strategy, ..GOOD }.cell(0, Pass::Impact, CellResult::Impact(Box::new(figures)))
    };
    vec![
        cell("exact", numbers(|_| 8, |_| 0)),
        cell("lru-exact:capacity=1000", numbers(|_| 0, |day| 40 * u64::from(day == 9))),
    ]
}

/// Numbers of which so much is too much, or missing, on each day.
fn numbers(extra: fn(u32) -> u64, missing: fn(u32) -> u64) -> ImpactFigures {
    const DAYS: u32 = 28;
    let series = |number: &str, value: Option<&str>, truth: u64, of: Option<u64>, from_day: u32| {
        let days = || from_day..DAYS;
        let listed = |each: fn(u32) -> u64| match days().any(|day| each(day) > 0) {
            true => days().map(each).collect(),
            false => Vec::new(),
        };
        let live = DifferenceFigures {
            extra_count: listed(extra),
            missing_count: listed(missing),
            ..DifferenceFigures::default()
        };
        NumberFigures {
            number: number.to_string(),
            dimension: value.map(|_| "country".to_string()),
            value: value.map(str::to_string),
            from_day,
            truth_count: days().map(|_| truth).collect(),
            truth_of_count: of.map(|of| days().map(|_| of).collect()),
            stable: DifferenceFigures { extra_count: Vec::new(), ..live.clone() },
            live,
            counted_times: 1,
        }
    };
    let of_all = [
        ("pings", 1_000, None, 0),
        ("crash-rate", 50, Some(400), 0),
        ("dau", 400, None, 0),
        ("mau", 600, None, 0),
    ];
    let retention = [(1, 13), (2, 20), (3, 27)]
        .map(|(week, from)| series(&format!("retention-week-{week}"), None, 60, Some(100), from));
    let cells = |(number, truth, of, from): (&str, u64, Option<u64>, u32)| {
        [None, Some("DE"), Some("US")].map(|value| series(number, value, truth, of, from))
    };
    let rows = RowsFigures { rows_count: 28_000, again_count: 0, outside_count: 3 };
    ImpactFigures {
        first_day: "2026-01-31".into(),
        days_count: DAYS,
        clients_count: 700,
        unique_count: 28_000,
        lost_on_the_way_count: 0,
        job: "nightly".into(),
        pipelines_count: 1,
        faults: Vec::new(),
        live: rows,
        stable: rows,
        dimensions: vec![DimensionFigures { name: "country".into(), values: vec!["DE".into(), "US".into()] }],
        steps: Vec::new(),
        numbers: of_all.into_iter().flat_map(cells).chain(retention).collect(),
        predicted: vec![ImpactPrediction {
            number: "pings".into(),
            tables: Tables::Live,
            error_ratio: 0.008,
        }],
    }
}

/// So many ids, at so many nanoseconds a ping, one copy of so many recognised.
fn scale_point(ids: u64, nanos: u64, one_of: u64) -> ScalePoint {
    let mut batches = recorder();
    batches.record_n(64 * nanos, ids / 64).expect("any number fits");
    ScalePoint {
        ids_count: ids,
        settings: BTreeMap::from([("window".into(), "10m".into())]),
        filling_pings_count: ids,
        filling_ns: 2 * ids * nanos,
        steady_pings_count: ids,
        steady_ns: ids * nanos,
        steady_batch_ns: Latency::from_histogram(&batches),
        steady_round_trips_count: None,
        copies_count: ids / 16,
        recognised_count: ids / 16 / one_of,
        lost_count: 0,
        held_bytes: Some(32 * ids),
        peak_ids_count: ids,
        live_bytes: 40 * ids,
        server_used_bytes: None,
    }
}

/// What one strategy of the sample measures; made into nine cells.
pub struct Sample {
    /// Its name.
    pub strategy: &'static str,
    /// What it is there for.
    pub role: Role,
    /// Duplicates missed in each round.
    pub missed: u64,
    /// Of these, in the window.
    pub missed_in_window: u64,
    /// Uniques lost.
    pub lost: u64,
    /// Uniques delayed.
    pub delayed: u64,
    /// The verdict of its verify pass.
    pub verdict: Verdict,
    /// What was found against it.
    pub findings: &'static [&'static str],
    /// Pings a second.
    pub per_s: f64,
    /// Median latency.
    pub nanos: u64,
    /// For how long it holds pings, if it does.
    pub held_s: Option<u64>,
    /// Bytes an id, if it tracks ids.
    pub bytes_per_id: Option<f64>,
}

/// An exact set that keeps its promise.
pub const GOOD: Sample = Sample {
    strategy: "exact",
    role: Role::Candidate,
    missed: 31,
    missed_in_window: 0,
    lost: 0,
    delayed: 0,
    verdict: Verdict::Kept,
    findings: &[],
    per_s: 8.91e6,
    nanos: 92,
    held_s: None,
    bytes_per_id: Some(48.04),
};

fn noop() -> Vec<CellRecord> {
    Sample {
        strategy: "noop",
        role: Role::Floor,
        missed: 41_290,
        per_s: 1.502e8,
        nanos: 6,
        bytes_per_id: None,
        ..GOOD
    }
    .cells()
}

/// The cells of [`GOOD`].
pub fn exact() -> Vec<CellRecord> {
    GOOD.cells()
}

fn bloom() -> Vec<CellRecord> {
    Sample {
        strategy: "bloom",
        missed: 0,
        lost: 45,
        delayed: 2,
        per_s: 1.42e7,
        nanos: 61,
        bytes_per_id: Some(1.83),
        ..GOOD
    }
    .cells()
}

fn window_batch() -> Vec<CellRecord> {
    Sample {
        strategy: "window-batch",
        missed: 4_129,
        per_s: 4.4e6,
        nanos: 210,
        held_s: Some(294),
        bytes_per_id: Some(212.5),
        ..GOOD
    }
    .cells()
}

fn lru() -> Vec<CellRecord> {
    Sample {
        strategy: "lru",
        missed: 1_288,
        missed_in_window: 1_257,
        verdict: Verdict::Broken,
        findings: &[
            "missed 1,257 of 41,259 in window, promised none",
            "memory grew by 31 % after the window had filled",
        ],
        per_s: 0.91e6,
        nanos: 990,
        bytes_per_id: Some(95.2),
        ..GOOD
    }
    .cells()
}

fn tinylfu() -> Vec<CellRecord> {
    Sample {
        strategy: "lru-tinylfu",
        role: Role::NegativeControl,
        missed: 37_986,
        missed_in_window: 37_955,
        verdict: Verdict::Broken,
        findings: &["missed 37,955 of 41,259 in window, promised none"],
        per_s: 1.1e6,
        nanos: 820,
        bytes_per_id: Some(91.0),
        ..GOOD
    }
    .cells()
}

fn small() -> Vec<CellRecord> {
    Sample {
        strategy: "lru-exact:capacity=1000",
        missed: 40_010,
        missed_in_window: 39_979,
        verdict: Verdict::Void,
        findings: &["458,709 ids in window, built for 1,000"],
        per_s: 3.3e6,
        nanos: 280,
        bytes_per_id: Some(64.0),
        ..GOOD
    }
    .cells()
}

fn sleeper() -> Vec<CellRecord> {
    let how = Failure::Hung;
    Sample { strategy: "sleeper", ..GOOD }
        .ending(CellResult::Failed { how, reason: "no progress for 30 s after 1,024 pings".into() })
}

fn redis() -> Vec<CellRecord> {
    Sample { strategy: "redis-claim", ..GOOD }.ending(CellResult::Skipped {
        reason: "no redis-server found".into(),
        remedy: "apt-get install redis-server, or give --redis-url".into(),
    })
}

impl Sample {
    /// Nine cells: three rounds of the three passes.
    pub fn cells(&self) -> Vec<CellRecord> {
        (0..ROUNDS).flat_map(|round| self.round(round)).collect()
    }

    /// One cell, the first of the verify pass.
    fn ending(&self, result: CellResult) -> Vec<CellRecord> {
        vec![self.cell(0, Pass::Verify, result)]
    }

    fn round(&self, round: u32) -> [CellRecord; 3] {
        [
            self.cell(round, Pass::Verify, CellResult::Verify(Box::new(self.verify()))),
            self.cell(round, Pass::Time, CellResult::Time(Box::new(self.time(round)))),
            self.cell(round, Pass::Weigh, CellResult::Weigh(Box::new(self.weigh()))),
        ]
    }

    fn cell(&self, round: u32, pass: Pass, result: CellResult) -> CellRecord {
        CellRecord {
            scenario: "quick".into(),
            scenario_digest: "9f3c51ab77de0123".into(),
            window_ns: Some(600_000_000_000),
            strategy: self.strategy.into(),
            role: self.role,
            operation: None,
            settings: BTreeMap::from([("window".into(), "10m".into())]),
            pass,
            round,
            seed: 7_000 + u64::from(round),
            faults: Vec::new(),
            workers_count: 4,
            batch_count: 64,
            deadlines: Deadlines::Extended,
            routed: Routed::ByKey,
            time_factor: 1.0,
            clock: None,
            elapsed_ns: 912_000_000,
            position: None,
            result,
        }
    }

    fn verify(&self) -> VerifyFigures {
        let judgement = Judgement {
            verdict: self.verdict,
            findings: self.findings.first().iter().map(|finding| finding.to_string()).collect(),
        };
        VerifyFigures {
            pings_count: 500_000,
            unique_count: 458_710,
            duplicate_count: 41_290,
            missed_count: self.missed,
            duplicate_in_window_count: if self.role == Role::Floor { 0 } else { 41_259 },
            missed_in_window_count: self.missed_in_window,
            lost_count: self.lost,
            lost_shared_key_count: self.lost / 15,
            delayed_count: self.delayed,
            late_count: 0,
            stalled_count: 0,
            error_count: 12,
            unjudged_count: 0,
            refused_unique_count: 0,
            ids_in_window_count: 458_709,
            virtual_ns: 3_600_000_000_000,
            by_cause: vec![CauseFigures {
                cause: "client retry".into(),
                duplicate_count: 41_290,
                missed_count: self.missed,
            }],
            by_lag: vec![
                LagFigures {
                    up_to_ns: Some(600_000_000_000),
                    duplicate_count: 41_259,
                    missed_count: self.missed_in_window,
                },
                LagFigures {
                    up_to_ns: None,
                    duplicate_count: 31,
                    missed_count: self.missed - self.missed_in_window,
                },
            ],
            over_time: OverTime {
                slice_ns: 1_800_000_000_000,
                pings_count: vec![250_000, 250_000],
                missed_count: vec![0, self.missed],
                dropped_first_count: vec![self.lost, self.delayed],
            },
            held_ns: self.held_s.map(|s| latency(s * 1_000_000_000)),
            faults: Vec::new(),
            faultless: None,
            waited_ns: None,
            redelivered_count: 0,
            stable: None,
            predicted: self.predicted(),
            round_trips_count: None,
            emitted_twice_count: None,
            output_digest: "5b0c".into(),
            judgement,
            pipelines_count: 1,
            part: None,
        }
    }

    /// A strategy that misses more than a hundredth of the copies misses more than theory says.
    fn predicted(&self) -> Vec<Prediction> {
        if self.role != Role::Candidate || self.verdict != Verdict::Kept {
            return Vec::new();
        }
        vec![Prediction {
            cause: "client retry".into(),
            tables: Tables::Live,
            because: "window of 10 min on the delays".into(),
            duplicate_count: 41_290,
            missed_count: self.missed,
            predicted_ratio: if self.missed > 413 { 0.09 } else { self.missed as f64 / 41_290.0 },
            independent_count: 41_290,
        }]
    }

    fn time(&self, round: u32) -> TimeFigures {
        let per_s = self.per_s * (1.0 + 0.02 * f64::from(round));
        TimeFigures {
            judged_count: 500_000,
            warm_up_count: None,
            start_ns: Some(1_200_000),
            throughput_per_s: per_s,
            threads_count: 1,
            offered_per_s: per_s / 2.0,
            achieved_per_s: per_s / 2.0,
            latency_ns: latency(self.nanos + u64::from(round)),
            service_ns: latency(self.nanos),
            clients_count: 1,
            clients: Vec::new(),
            threads_ns: None,
            threads_ran_ns: None,
        }
    }

    fn weigh(&self) -> WeighFigures {
        let second = self.findings.get(1).map(|finding| finding.to_string());
        let ids = 458_709.0;
        WeighFigures {
            bytes_per_id: self.bytes_per_id,
            window_ids_count: self.bytes_per_id.map(|_| ids as u64),
            // A filter plans for its load.
            planned_bytes: self
                .bytes_per_id
                .filter(|bytes| *bytes < 10.0)
                .map(|bytes| (2.0 * bytes * ids) as u64),
            least_bytes: self.bytes_per_id.map(|_| 4_096),
            peak_ids_count: if self.bytes_per_id.is_some() { ids as u64 } else { 0 },
            live_bytes: (self.bytes_per_id.unwrap_or(0.0) * ids) as u64,
            emptied_bytes: 4_096,
            peak_rss_bytes: 64 << 20,
            server_used_bytes: None,
            programs_bytes: None,
            over_time: MemoryOverTime::default(),
            judgement: Judgement {
                verdict: if second.is_some() { Verdict::Broken } else { Verdict::Kept },
                findings: second.into_iter().collect(),
            },
        }
    }
}

/// A distribution whose median is about `middle` and whose tail is ten times that.
pub fn latency(middle: u64) -> Latency {
    let mut histogram = recorder();
    for step in 0..1_000 {
        let value = match step {
            0..500 => middle,
            500..988 => middle * 12 / 10,
            988..998 => middle * 5,
            _ => middle * 10,
        };
        histogram.record(value.max(1)).expect("the histogram resizes itself");
    }
    Latency::from_histogram(&histogram)
}
