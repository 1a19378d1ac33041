//! CSV and JSON, one measurement a line: for notebooks, which group and average by themselves.

use std::fmt::Write;

use dedup_records::compare::{Comparison, Standing};
use dedup_records::metrics::ALL;
use dedup_records::record::{CellRecord, CellResult, NotReached, Run, RunRecord, ScalePoint};
use serde::Serialize;

use super::model::{Report, Table};
use super::verdict::{SKIPPED, word};

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
    /// Ids in a window, of a figure of the scale pass; none of others.
    pub ids_count: Option<u64>,
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
            let about = About { label: &source.label, run: record, cell };
            figures(cell, &mut |metric, value, of_count, text| {
                lines.push(Measurement { value, of_count, text, ..about.line(metric) });
            });
            if let CellResult::Scale(figures) = &cell.result {
                for point in &figures.points {
                    let ids_count = Some(point.ids_count);
                    by_ids(point, &mut |metric, value, of_count, text| {
                        lines.push(Measurement { ids_count, value, of_count, text, ..about.line(metric) });
                    });
                }
                if let Some(NotReached { ids_count, because }) = &figures.not_reached {
                    let (ids_count, text) = (Some(*ids_count), Some(because.clone()));
                    lines.push(Measurement { ids_count, text, ..about.line("not_reached") });
                }
            }
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

/// Where a measurement comes from.
struct About<'a> {
    label: &'a str,
    run: &'a RunRecord,
    cell: &'a CellRecord,
}

impl<'a> About<'a> {
    /// A line that has no value yet.
    fn line(&self, metric: &str) -> Measurement<'a> {
        Measurement {
            run: self.label,
            started_at: &self.run.started_at,
            commit: &self.run.tool.commit,
            cpu: &self.run.machine.cpu,
            scenario: &self.cell.scenario,
            scenario_digest: &self.cell.scenario_digest,
            strategy: &self.cell.strategy,
            role: self.cell.role.name(),
            pass: self.cell.pass.name(),
            round: self.cell.round,
            seed: self.cell.seed,
            ids_count: None,
            metric: metric.to_string(),
            value: None,
            of_count: None,
            text: None,
        }
    }
}

type Sink<'s> = &'s mut dyn FnMut(&str, Option<f64>, Option<u64>, Option<String>);

fn figures(cell: &CellRecord, sink: Sink<'_>) {
    for metric in ALL {
        if let Some(value) = metric.of_cell(&cell.result) {
            sink(metric.name, Some(value), metric.cases_of_cell(&cell.result), None);
        }
    }
    let said = match &cell.result {
        CellResult::Verify(figures) => ("verdict", figures.judgement.verdict.name().to_string()),
        CellResult::Skipped { reason, remedy } => (SKIPPED, format!("{reason}; {remedy}")),
        CellResult::Failed { how, reason } => (word(Standing::Failed), format!("{how:?}: {reason}")),
        CellResult::Impact(figures) => ("sentence", figures.sentence()),
        CellResult::Time(_) | CellResult::Weigh(_) | CellResult::Scale(_) => return,
    };
    sink(said.0, None, None, Some(said.1));
}

/// Every figure of a number of ids.
fn by_ids(point: &ScalePoint, sink: Sink<'_>) {
    let batches = &point.steady_batch_ns;
    let count = |count: u64| Some(count as f64);
    sink("filling_ns_per_ping", Some(point.filling_ns_per_ping()), Some(point.filling_pings_count), None);
    sink("steady_ns_per_ping", Some(point.steady_ns_per_ping()), Some(point.steady_pings_count), None);
    sink("steady_batch_p50_ns", count(batches.p50), Some(batches.count), None);
    sink("steady_batch_p99_ns", count(batches.p99), Some(batches.count), None);
    sink("steady_batch_p999_ns", count(batches.p999), Some(batches.count), None);
    sink("recognised_count", count(point.recognised_count), Some(point.copies_count), None);
    sink(
        "lost_count",
        count(point.lost_count),
        Some(point.filling_pings_count + point.steady_pings_count),
        None,
    );
    sink("peak_ids_count", count(point.peak_ids_count), None, None);
    sink("live_bytes", count(point.live_bytes), None, None);
    let there_may_be = [
        ("bytes_per_id", point.bytes_per_id()),
        ("server_used_bytes", point.server_used_bytes.and_then(count)),
        ("round_trips_per_ping", point.round_trips_per_ping()),
    ];
    for (name, value) in there_may_be.into_iter().filter(|(_, value)| value.is_some()) {
        sink(name, value, None, None);
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
        #[serde(rename = "claims")]
        headlines: Vec<Headline<'a>>,
        notes: &'a [String],
        runs: &'a [dedup_records::compare::Source],
        measurements: &'a [Measurement<'a>],
    }
    #[derive(Serialize)]
    struct Headline<'a> {
        #[serde(rename = "part")]
        section: &'a str,
        scenario: &'a str,
        #[serde(rename = "claim")]
        headline: &'a str,
    }
    let headlines = report.sections.iter().flat_map(|section| {
        section.figures.iter().map(|figure| Headline {
            section: section.id,
            scenario: &figure.title,
            headline: &figure.headline,
        })
    });
    let document = Document {
        schema: SCHEMA,
        title: &report.opening.title,
        sentence: &report.opening.sentence,
        headlines: headlines.collect(),
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
