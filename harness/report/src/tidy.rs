//! CSV and JSON, one measurement a line: for notebooks, which group and average by themselves.

use std::fmt::Write;

use dedup_records::compare::Comparison;
use dedup_records::record::{CellRecord, CellResult, Latency, Run, RunRecord};
use serde::Serialize;

use super::model::{Report, Table};
use super::verdict::SKIPPED;

const SCHEMA: &str = "dedup-harness-report/1";

/// One figure of one cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measurement<'a> {
    /// The run's label.
    pub run: &'a str,
    /// When it began.
    pub started_at: &'a str,
    /// The commit of the program.
    pub commit: &'a str,
    /// The CPU that it ran on.
    pub cpu: &'a str,
    /// The scenario.
    pub scenario: &'a str,
    /// What determines its pings but the seed.
    pub scenario_digest: &'a str,
    /// The strategy.
    pub strategy: &'a str,
    /// What it is there for.
    pub role: &'static str,
    /// The pass.
    pub pass: &'static str,
    /// The round, from 0.
    pub round: u32,
    /// The round's seed.
    pub seed: u64,
    /// What was measured, with its unit in the name.
    pub metric: String,
    /// The value; none where `text` says it.
    pub value: Option<f64>,
    /// Of how many cases a count is; none for what is no count.
    pub of_count: Option<u64>,
    /// A verdict, a finding or a reason.
    pub text: Option<String>,
}

/// Every figure of every cell of `runs` that `comparison` shows.
pub fn measurements<'a>(runs: &'a [Run], comparison: &'a Comparison) -> Vec<Measurement<'a>> {
    let mut lines = Vec::new();
    for (run, source) in runs.iter().zip(&comparison.runs) {
        for cell in run.cells.iter().filter(|cell| shown(cell, &source.label, comparison)) {
            let record = &run.run;
            figures(cell, &mut |metric, value, of_count, text| {
                lines.push(line(&source.label, record, cell, metric, value, of_count, text));
            });
        }
    }
    lines
}

fn shown(cell: &CellRecord, label: &str, comparison: &Comparison) -> bool {
    comparison.blocks.iter().filter(|block| block.stream.scenario == cell.scenario).any(|block| {
        let rows = block.rows.iter().map(|row| (&row.strategy, &row.run));
        let skipped = block.skipped.iter().map(|skipped| (&skipped.strategy, &skipped.run));
        rows.chain(skipped).any(|(strategy, run)| *strategy == cell.strategy && run == label)
    })
}

fn line<'a>(
    label: &'a str,
    run: &'a RunRecord,
    cell: &'a CellRecord,
    metric: &str,
    value: Option<f64>,
    of_count: Option<u64>,
    text: Option<String>,
) -> Measurement<'a> {
    Measurement {
        run: label,
        started_at: &run.started_at,
        commit: &run.tool.commit,
        cpu: &run.machine.cpu,
        scenario: &cell.scenario,
        scenario_digest: &cell.scenario_digest,
        strategy: &cell.strategy,
        role: cell.role.name(),
        pass: cell.pass.name(),
        round: cell.round,
        seed: cell.seed,
        metric: metric.to_string(),
        value,
        of_count,
        text,
    }
}

type Sink<'s> = &'s mut dyn FnMut(&str, Option<f64>, Option<u64>, Option<String>);

fn figures(cell: &CellRecord, sink: Sink<'_>) {
    match &cell.result {
        CellResult::Verify(f) => {
            let mut count =
                |metric: &str, count: u64, of: Option<u64>| sink(metric, Some(count as f64), of, None);
            count("pings_count", f.pings_count, None);
            count("unique_count", f.unique_count, Some(f.pings_count));
            count("duplicate_count", f.duplicate_count, Some(f.pings_count));
            count("missed_count", f.missed_count, Some(f.duplicate_count));
            count("missed_in_window_count", f.missed_in_window_count, Some(f.duplicate_in_window_count));
            count("lost_count", f.lost_count, Some(f.unique_count));
            count("delayed_count", f.delayed_count, Some(f.unique_count));
            count("refused_unique_count", f.refused_unique_count, Some(f.unique_count));
            count("late_count", f.late_count, Some(f.pings_count));
            count("stalled_count", f.stalled_count, Some(f.pings_count));
            count("error_count", f.error_count, Some(f.pings_count));
            count("redelivered_count", f.redelivered_count, Some(f.pings_count));
            if let Some(stable) = &f.stable {
                count("stable_missed_count", stable.missed_count, Some(f.duplicate_count));
                count("stable_lost_count", stable.lost_count, Some(f.unique_count));
            }
            if let Some(held) = &f.held_ns {
                latency("held", held, sink);
            }
            sink("verdict", None, None, Some(f.judgement.verdict.name().to_string()));
        }
        CellResult::Time(f) => {
            sink("throughput_per_s", Some(f.throughput_per_s), None, None);
            sink("threads_count", Some(f.threads_count.into()), None, None);
            sink("offered_per_s", Some(f.offered_per_s), None, None);
            sink("achieved_per_s", Some(f.achieved_per_s), None, None);
            latency("latency", &f.latency_ns, sink);
            latency("service", &f.service_ns, sink);
        }
        CellResult::Weigh(f) => {
            if let Some(bytes) = f.bytes_per_id {
                sink("bytes_per_id", Some(bytes), None, None);
            }
            sink("peak_ids_count", Some(f.peak_ids_count as f64), None, None);
            sink("live_bytes", Some(f.live_bytes as f64), None, None);
            sink("emptied_bytes", Some(f.emptied_bytes as f64), None, None);
            sink("peak_rss_bytes", Some(f.peak_rss_bytes as f64), None, None);
            if let Some(bytes) = f.server_used_bytes {
                sink("server_used_bytes", Some(bytes as f64), None, None);
            }
        }
        CellResult::Skipped { reason, remedy } => {
            sink(SKIPPED, None, None, Some(format!("{reason}; {remedy}")))
        }
        CellResult::Failed { how, reason } => sink("failed", None, None, Some(format!("{how:?}: {reason}"))),
    }
}

fn latency(name: &str, latency: &Latency, sink: Sink<'_>) {
    for (percentile, value) in [
        ("p50", latency.p50),
        ("p90", latency.p90),
        ("p99", latency.p99),
        ("p999", latency.p999),
        ("p9999", latency.p9999),
        ("max", latency.max),
    ] {
        sink(&format!("{name}_{percentile}_ns"), Some(value as f64), Some(latency.count), None);
    }
}

/// All measurements as CSV, with a line of names first.
pub fn csv(measurements: &[Measurement<'_>]) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for measurement in measurements {
        writer.serialize(measurement).expect("memory can be written");
    }
    text(writer)
}

/// Everything that the report says and what it was made from, as one JSON document.
pub fn json(report: &Report, measurements: &[Measurement<'_>]) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        title: &'a str,
        sentence: &'a str,
        claims: Vec<Claim<'a>>,
        notes: &'a [String],
        runs: &'a [dedup_records::compare::Source],
        measurements: &'a [Measurement<'a>],
    }
    #[derive(Serialize)]
    struct Claim<'a> {
        part: &'a str,
        scenario: &'a str,
        claim: &'a str,
    }
    let claims = report.parts.iter().flat_map(|part| {
        part.figures.iter().map(|figure| Claim {
            part: part.id,
            scenario: &figure.title,
            claim: &figure.claim,
        })
    });
    let document = Document {
        schema: SCHEMA,
        title: &report.opening.title,
        sentence: &report.opening.sentence,
        claims: claims.collect(),
        notes: &report.opening.notes,
        runs: &report.comparison.runs,
        measurements,
    };
    serde_json::to_string_pretty(&document).expect("plain data") + "\n"
}

/// A table of a report as CSV: numbers in base units where a cell has one, else its text.
pub(super) fn table_csv(table: &Table) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    writer
        .write_record(table.columns.iter().map(|column| column.title.as_str()))
        .expect("memory can be written");
    for line in &table.lines {
        let cell =
            |cell: &super::Cell| cell.value.map_or_else(|| cell.text.clone(), |value| value.to_string());
        writer.write_record(line.cells.iter().map(cell)).expect("memory can be written");
    }
    text(writer)
}

fn text(writer: ::csv::Writer<Vec<u8>>) -> String {
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("text went in")
}

/// A file within a link.
pub(super) fn data_url(kind: &str, content: &str) -> String {
    let mut url = format!("data:{kind};charset=utf-8,");
    for byte in content.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b','
            | b'.'
            | b'-'
            | b'_'
            | b'('
            | b')'
            | b':'
            | b'/' => url.push(byte.into()),
            other => {
                let _ = write!(url, "%{other:02X}");
            }
        }
    }
    url
}
