//! CSV and JSON, one measurement a line: for notebooks, which group and average by themselves.

use std::fmt::Write;

use dedup_records::compare::{Comparison, Standing};
use dedup_records::metrics::ALL;
use dedup_records::record::{CellRecord, CellResult, Run, RunRecord};
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
    for metric in ALL {
        if let Some(value) = metric.of_cell(&cell.result) {
            sink(metric.name, Some(value), metric.cases_of_cell(&cell.result), None);
        }
    }
    let said = match &cell.result {
        CellResult::Verify(figures) => ("verdict", figures.judgement.verdict.name().to_string()),
        CellResult::Skipped { reason, remedy } => (SKIPPED, format!("{reason}; {remedy}")),
        CellResult::Failed { how, reason } => (word(Standing::Failed), format!("{how:?}: {reason}")),
        CellResult::Time(_) | CellResult::Weigh(_) | CellResult::Scale(_) => return,
    };
    sink(said.0, None, None, Some(said.1));
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
