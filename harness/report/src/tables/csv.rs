//! One line a strategy, every figure in base units; empty where it was not measured.

use dedup_records::compare::{
    Block, COMPARED, Compared, Comparison, Difference, PredictionSummary, Row, Skipped, Stands,
};
use dedup_records::metrics::{ALL, Metric, THROUGHPUT};
use dedup_records::record::Tables;

use super::text::one_line;
use crate::verdict::{SKIPPED, word};

/// What every row has: a name, and its value.
type About = (&'static str, fn(&Row) -> String);

/// What is said of a row before its metrics.
const ABOUT: [About; 4] = [
    ("role", |row| row.role.name().to_string()),
    ("standing", |row| word(row.standing).to_string()),
    ("rounds_count", |row| row.rounds_count.to_string()),
    ("time_factor", |row| row.time_factor.to_string()),
];

/// A column: its name, and its value in a row (none where there is none).
type Column = (&'static str, fn(&Row) -> Option<String>);

/// And what is worked out of them, or does not go into one number.
const BESIDES: [Column; 6] = [
    ("throughput_min_per_s", |row| Some(row.summary.spread(&THROUGHPUT)?.min.to_string())),
    ("throughput_max_per_s", |row| Some(row.summary.spread(&THROUGHPUT)?.max.to_string())),
    ("faults_fired_count", |row| {
        let verify = row.summary.verify.as_ref()?;
        let fired = verify.faults.iter().map(|fault| fault.fired_count.to_string());
        Some(fired.collect::<Vec<_>>().join(" "))
    }),
    ("outage_ns", |row| Some(row.summary.verify.as_ref()?.outage_ns()?.to_string())),
    ("predicted_missed_count", predicted_missed),
    ("predicted_disagrees_count", predicted_disagrees),
];

/// What identifies a line, before the figures.
const FRONT: [&str; 7] = ["run", "scenario", "scenario_digest", "seed", "window_ns", "machine", "strategy"];

pub(super) fn render(comparison: &Comparison) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write = |fields: Vec<String>| {
        let fields = fields.iter().map(|field| one_line(field));
        writer.write_record(fields.collect::<Vec<_>>()).expect("memory can be written");
    };
    write(names().map(str::to_string).collect());
    for block in &comparison.blocks {
        block.rows.iter().for_each(|row| write(line(block, row)));
        block.skipped.iter().for_each(|skipped| write(skipped_line(block, skipped)));
    }
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("text went in")
}

/// The names of all columns.
fn names() -> impl Iterator<Item = &'static str> {
    let about = ABOUT.iter().map(|(name, _)| *name);
    let figures = ALL.iter().map(|metric| metric.name);
    let besides = BESIDES.iter().map(|(name, _)| *name);
    let changes = COMPARED.iter().map(|compared| compared.column);
    FRONT
        .into_iter()
        .chain(about)
        .chain(figures)
        .chain(besides)
        .chain(["against"])
        .chain(changes)
        .chain(["findings"])
}

fn line(block: &Block, row: &Row) -> Vec<String> {
    let figure = |metric: &Metric| row.summary.value(metric).map(|value| value.to_string());
    let change = |compared: &Compared| match row.change.as_ref()?.metrics.of(compared.metric)? {
        Difference::Count(count) => Some(count.to_string()),
        Difference::Ratio(ratio) => Some(ratio.ratio.to_string()),
    };
    let mut line = front(block, &row.run, &row.strategy);
    line.extend(ABOUT.iter().map(|(_, about)| about(row)));
    line.extend(ALL.iter().map(|one| figure(one).unwrap_or_default()));
    line.extend(BESIDES.iter().map(|(_, value)| value(row).unwrap_or_default()));
    line.push(row.change.as_ref().map(|change| change.against.clone()).unwrap_or_default());
    line.extend(COMPARED.iter().map(|compared| change(compared).unwrap_or_default()));
    line.push(row.findings.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>().join("; "));
    line
}

fn front(block: &Block, run: &str, strategy: &str) -> Vec<String> {
    let stream = &block.stream;
    vec![
        run.to_string(),
        stream.scenario.clone(),
        stream.scenario_digest.clone(),
        stream.seed.to_string(),
        stream.window_ns.map(|ns| ns.to_string()).unwrap_or_default(),
        block.machine.cpu.clone(),
        strategy.to_string(),
    ]
}

fn skipped_line(block: &Block, skipped: &Skipped) -> Vec<String> {
    let field = |name: &str| match name {
        "standing" => SKIPPED.to_string(),
        "findings" => format!("{}; {}", skipped.reason, skipped.remedy),
        _ => String::new(),
    };
    let front = front(block, &skipped.run, &skipped.strategy);
    front.into_iter().chain(names().skip(FRONT.len()).map(field)).collect()
}

/// Duplicates that theory says are missed in the live tables, of all causes that it speaks of.
fn predicted_missed(row: &Row) -> Option<String> {
    let of = |summary: &PredictionSummary| {
        summary.prediction.predicted_ratio * summary.prediction.duplicate_count as f64
    };
    let live: Vec<f64> =
        predictions(row).filter(|summary| summary.prediction.tables == Tables::Live).map(of).collect();
    (!live.is_empty()).then(|| format!("{:.1}", live.iter().sum::<f64>()))
}

/// Causes of which theory and observation do not agree.
fn predicted_disagrees(row: &Row) -> Option<String> {
    let disagree = predictions(row).filter(|summary| summary.stands == Stands::Disagrees).count();
    predictions(row).next().map(|_| disagree.to_string())
}

fn predictions(row: &Row) -> impl Iterator<Item = &PredictionSummary> {
    row.summary.verify.iter().flat_map(|verify| &verify.predicted)
}
