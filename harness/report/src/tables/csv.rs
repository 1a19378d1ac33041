//! One line a strategy, every figure in base units; empty where it was not measured.

use dedup_records::compare::{
    Block, Change, Comparison, LatencySummary, PredictionSummary, Row, Skipped, StableSummary, Stands,
    TimeSummary, VerifySummary, WeighSummary,
};
use dedup_records::record::Tables;
use dedup_records::stats::Spread;

use super::text::one_line;
use crate::verdict::{SKIPPED, word};

/// A column: its name, and its value in a row (none where it was not measured).
type Column = (&'static str, fn(&Row) -> Option<String>);

const COLUMNS: &[Column] = &[
    ("role", |row| Some(row.role.name().to_string())),
    ("standing", |row| Some(word(row.standing).to_string())),
    ("rounds_count", |row| Some(row.rounds_count.to_string())),
    ("time_factor", |row| Some(row.time_factor.to_string())),
    ("pings_count", |row| verify(row, |v| v.pings_count)),
    ("unique_count", |row| verify(row, |v| v.unique_count)),
    ("duplicate_count", |row| verify(row, |v| v.duplicate_count)),
    ("missed_count", |row| verify(row, |v| v.missed_count)),
    ("duplicate_in_window_count", |row| verify(row, |v| v.duplicate_in_window_count)),
    ("missed_in_window_count", |row| verify(row, |v| v.missed_in_window_count)),
    ("lost_count", |row| verify(row, |v| v.lost_count)),
    ("lost_shared_key_count", |row| verify(row, |v| v.lost_shared_key_count)),
    ("delayed_count", |row| verify(row, |v| v.delayed_count)),
    ("late_count", |row| verify(row, |v| v.late_count)),
    ("stalled_count", |row| verify(row, |v| v.stalled_count)),
    ("error_count", |row| verify(row, |v| v.error_count)),
    ("unjudged_count", |row| verify(row, |v| v.unjudged_count)),
    ("refused_unique_count", |row| verify(row, |v| v.refused_unique_count)),
    ("redelivered_count", |row| verify(row, |v| v.redelivered_count)),
    ("faults_fired_count", |row| {
        let verify = row.summary.verify.as_ref()?;
        let fired = verify.faults.iter().map(|fault| fault.fired_count.to_string());
        Some(fired.collect::<Vec<_>>().join(" "))
    }),
    ("held_p50_ns", |row| held(row, |h| h.merged.p50)),
    ("held_p99_ns", |row| held(row, |h| h.merged.p99)),
    ("held_p999_ns", |row| held(row, |h| h.merged.p999)),
    ("throughput_per_s", |row| time(row, |t| t.throughput_per_s.median)),
    ("throughput_min_per_s", |row| time(row, |t| t.throughput_per_s.min)),
    ("throughput_max_per_s", |row| time(row, |t| t.throughput_per_s.max)),
    ("threads_count", |row| time(row, |t| f64::from(t.threads_count))),
    ("offered_per_s", |row| time(row, |t| t.offered_per_s.median)),
    ("achieved_per_s", |row| time(row, |t| t.achieved_per_s.median)),
    ("latency_p50_ns", |row| time(row, |t| t.latency_ns.merged.p50 as f64)),
    ("latency_p99_ns", |row| time(row, |t| t.latency_ns.merged.p99 as f64)),
    ("latency_p999_ns", |row| time(row, |t| t.latency_ns.merged.p999 as f64)),
    ("latency_max_ns", |row| time(row, |t| t.latency_ns.merged.max as f64)),
    ("service_p50_ns", |row| time(row, |t| t.service_ns.merged.p50 as f64)),
    ("service_p99_ns", |row| time(row, |t| t.service_ns.merged.p99 as f64)),
    ("service_p999_ns", |row| time(row, |t| t.service_ns.merged.p999 as f64)),
    ("bytes_per_id", |row| weigh(row, |w| w.bytes_per_id)),
    ("live_bytes", |row| weigh(row, |w| Some(w.live_bytes))),
    ("emptied_bytes", |row| weigh(row, |w| Some(w.emptied_bytes))),
    ("peak_rss_bytes", |row| weigh(row, |w| Some(w.peak_rss_bytes))),
    ("server_used_bytes", |row| weigh(row, |w| w.server_used_bytes)),
    ("round_trips_count", |row| {
        row.summary.verify.as_ref()?.round_trips_count.map(|count| count.to_string())
    }),
    ("predicted_missed_count", predicted_missed),
    ("predicted_disagrees_count", predicted_disagrees),
    ("stable_missed_count", |row| stable(row, |stable| stable.missed_count)),
    ("stable_lost_count", |row| stable(row, |stable| stable.lost_count)),
    ("against", |row| row.change.as_ref().map(|change| change.against.clone())),
    ("missed_change_count", |row| change(row, |c| c.missed_count)),
    ("lost_change_count", |row| change(row, |c| c.lost_count)),
    ("throughput_change_ratio", |row| change(row, |c| c.throughput.map(|t| t.ratio))),
    ("latency_p99_change_ratio", |row| change(row, |c| c.p99.map(|p| p.ratio))),
    ("bytes_per_id_change_ratio", |row| change(row, |c| c.bytes_per_id.map(|b| b.ratio))),
    ("findings", |row| {
        Some(row.findings.iter().map(|finding| finding.text.as_str()).collect::<Vec<_>>().join("; "))
    }),
];

/// What identifies a line, before the figures.
const FRONT: [&str; 7] = ["run", "scenario", "scenario_digest", "seed", "window_ns", "machine", "strategy"];

pub(super) fn render(comparison: &Comparison) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let mut write = |fields: Vec<String>| {
        let fields = fields.iter().map(|field| one_line(field));
        writer.write_record(fields.collect::<Vec<_>>()).expect("memory can be written");
    };
    write(FRONT.iter().chain(COLUMNS.iter().map(|(name, _)| name)).map(|name| name.to_string()).collect());
    for block in &comparison.blocks {
        for row in &block.rows {
            let figures = COLUMNS.iter().map(|(_, value)| value(row).unwrap_or_default());
            write(front(block, &row.run, &row.strategy).into_iter().chain(figures).collect());
        }
        for skipped in &block.skipped {
            write(skipped_line(block, skipped));
        }
    }
    let bytes = writer.into_inner().expect("memory can be flushed");
    String::from_utf8(bytes).expect("text went in")
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
    let figures = COLUMNS.iter().map(|(name, _)| field(name));
    front(block, &skipped.run, &skipped.strategy).into_iter().chain(figures).collect()
}

fn verify(row: &Row, count: fn(&VerifySummary) -> u64) -> Option<String> {
    row.summary.verify.as_ref().map(|verify| count(verify).to_string())
}

fn stable(row: &Row, count: fn(&StableSummary) -> u64) -> Option<String> {
    row.summary.verify.as_ref()?.stable.as_ref().map(|stable| count(stable).to_string())
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

fn held(row: &Row, value: fn(&LatencySummary) -> u64) -> Option<String> {
    row.summary.verify.as_ref()?.held_ns.as_ref().map(|held| value(held).to_string())
}

fn time(row: &Row, value: fn(&TimeSummary) -> f64) -> Option<String> {
    row.summary.time.as_ref().map(|time| value(time).to_string())
}

fn weigh(row: &Row, value: fn(&WeighSummary) -> Option<Spread>) -> Option<String> {
    value(row.summary.weigh.as_ref()?).map(|spread| spread.median.to_string())
}

fn change<T: ToString>(row: &Row, value: fn(&Change) -> Option<T>) -> Option<String> {
    value(row.change.as_ref()?).map(|value| value.to_string())
}
