//! What is measured, and how large it gets.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use dedup_benches::judge::{Judge, judge};
use dedup_benches::stream::Stream;
use dedup_harness::nightly::{Columns, Keep, Night, copy_deduplicated};
use dedup_harness::pipeline::{Free, Pipeline};
use dedup_harness::process::peak_rss_bytes;
use dedup_harness::strategies::Window;
use dedup_harness::strategies::strategies::noop::Noop;
use dedup_stream::scenario::{self, Length, Scenario};
use dedup_stream::stream::{KeyCipher, Source};
use dedup_stream::trace::{IdFields, TraceOptions, TraceSurvey};
use dedup_stream::truth::Truth;

use super::live_table;

pub(crate) type Failed = Box<dyn std::error::Error>;

/// One kind of work.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    /// What it is counted in.
    pub(crate) of: &'static str,
    pub(crate) sizes: &'static [u64],
    pub(crate) kind: Kind,
}

/// Where it is done.
pub(crate) enum Kind {
    /// In the process of the point: it prepares, and gives what was spent before the work began.
    Here(fn(u64, &Path) -> Result<f64, Failed>),
    /// By a command of the harness, with these arguments.
    Command(fn(u64, &Path) -> Result<Vec<String>, Failed>),
}

const PINGS: &[u64] = &[1_000_000, 10_000_000, 100_000_000, 1_000_000_000];
const IDS: &[u64] = &[100_000, 1_000_000, 10_000_000, 100_000_000];
const ROWS: &[u64] = &[100_000, 1_000_000, 10_000_000, 30_000_000];

pub(crate) const WORK: [Work; 8] = [
    Work { name: "stream", of: "pings", sizes: PINGS, kind: Kind::Here(stream) },
    Work { name: "pipeline and truth", of: "pings", sizes: PINGS, kind: Kind::Here(pipeline) },
    Work { name: "exact-compact", of: "ids", sizes: IDS, kind: Kind::Here(exact_compact) },
    Work { name: "fingerprint-64", of: "ids", sizes: IDS, kind: Kind::Here(fingerprint) },
    Work { name: "split-block", of: "ids", sizes: IDS, kind: Kind::Here(split_block) },
    Work { name: "trace survey", of: "rows", sizes: ROWS, kind: Kind::Here(survey) },
    Work { name: "nightly", of: "rows", sizes: ROWS, kind: Kind::Here(nightly) },
    Work { name: "report", of: "cells", sizes: &[125, 500, 1000, 2000, 4000], kind: Kind::Command(report) },
];

impl Work {
    /// Does it in this process: processor seconds, and bytes at the peak.
    pub(crate) fn point(&self, size: u64, folder: &Path) -> Result<String, Failed> {
        let Kind::Here(work) = self.kind else { return Err("a command of its own".into()) };
        let before = work(size, folder)?;
        Ok(format!("{:.3} {}", processor_s() - before, peak_rss_bytes()))
    }
}

/// What this process took in all.
pub(crate) fn spent() -> Result<String, Failed> {
    Ok(format!("{:.3} {}", processor_s(), peak_rss_bytes()))
}

/// Of all threads of this process.
fn processor_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The scenario of the floor, so long that it has so many pings.
fn scenario(pings: u64) -> Result<Scenario, Failed> {
    let mut scenario = scenario::find("mozilla-client-retry")?.remove(0);
    scenario.shape.length = Length::Pings(pings);
    Ok(scenario)
}

fn stream(pings: u64, _: &Path) -> Result<f64, Failed> {
    let scenario = scenario(pings)?;
    let before = processor_s();
    let (mut stream, mut events, mut left) = (scenario.stream(1), Vec::new(), pings as usize);
    while left > 0 {
        events.clear();
        stream.fill(left.min(1024), &mut events)?;
        if events.is_empty() {
            break;
        }
        left -= events.len();
        std::hint::black_box(&events);
    }
    Ok(before)
}

fn pipeline(pings: u64, _: &Path) -> Result<f64, Failed> {
    let scenario = scenario(pings)?;
    let before = processor_s();
    let mut stream = scenario.stream(1);
    let truth =
        Truth::new(Window::Nothing, stream.causes().len(), scenario.start(), scenario.virtual_length());
    let mut pipeline = Pipeline::new(&scenario.pipeline, &Noop, truth, Box::new(Free), scenario.start())?;
    while pipeline.run(&mut stream, 1 << 20)? {}
    std::hint::black_box(pipeline.finish()?.truth.counts().pings);
    Ok(before)
}

fn exact_compact(ids: u64, _: &Path) -> Result<f64, Failed> {
    Ok(window("exact-compact", ids))
}

fn fingerprint(ids: u64, _: &Path) -> Result<f64, Failed> {
    Ok(window("fingerprint-64", ids))
}

fn split_block(ids: u64, _: &Path) -> Result<f64, Failed> {
    Ok(window("split-block", ids))
}

/// A window of ids, one ping in ten a copy, into a strategy made for them; making the pings is not counted.
fn window(name: &str, ids: u64) -> f64 {
    let start = processor_s();
    let mut subject = Judge::new(name, &[], ids, 1);
    let (mut stream, mut pings, mut left) = (Stream::new(1, ids), Vec::new(), ids);
    let mut spent = processor_s() - start;
    while left > 0 {
        let some = left.min(1 << 16);
        stream.take_fresh(some, &mut pings);
        let start = processor_s();
        std::hint::black_box(judge(&mut subject, &pings));
        spent += processor_s() - start;
        left -= some;
    }
    processor_s() - spent
}

/// A file of so many rows, one in ten a copy of an earlier one, and all that a trace is asked before it is used.
fn survey(rows: u64, folder: &Path) -> Result<f64, Failed> {
    let path = folder.join("pings.csv");
    let cipher = KeyCipher::new(1);
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "document_id,received_ms,channel")?;
    for row in 0..rows {
        let hex: String = cipher.key(source(row, rows)).0.iter().map(|byte| format!("{byte:02x}")).collect();
        let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
        writeln!(file, "{id},{},release", 1_767_225_600_000 + row * 3)?;
    }
    file.flush()?;
    let options = TraceOptions {
        id: IdFields::Named(vec!["document_id".to_string()]),
        time_field: Some("received_ms".to_string()),
        ..TraceOptions::new(&path)
    };
    let before = processor_s();
    std::hint::black_box(TraceSurvey::scan(&options)?.sizing.ids_total);
    Ok(before)
}

/// The row that this one is a copy of: itself, or in one of ten one up to a quarter of the file before.
fn source(row: u64, rows: u64) -> u64 {
    let drawn = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    if drawn.is_multiple_of(10) { row - ((drawn * (rows / 4)) >> 32).min(row) } else { row }
}

/// Two days of Parquet, three rows in ten copies, within a gibibyte.
fn nightly(rows: u64, folder: &Path) -> Result<f64, Failed> {
    let live = live_table::write(&folder.join("live"), rows)?;
    let night = Night {
        columns: Columns::default(),
        keep: Keep::First,
        preceding_days: 0,
        slices: 1,
        memory_bytes: 1 << 30,
        threads: 2,
        scratch: folder.to_path_buf(),
        stop: Default::default(),
    };
    let (before, stable) = (processor_s(), folder.join("stable"));
    for day in live.days.keys() {
        copy_deduplicated(&live, *day, &stable, &night)?;
    }
    Ok(before)
}

/// So many cells of a real run, one round of it again and again, each time under another name.
fn report(cells: u64, folder: &Path) -> Result<Vec<String>, Failed> {
    let text = std::fs::read_to_string("results/quick/records.jsonl")?;
    let (run, rest) = text.split_once('\n').ok_or("no cells")?;
    let round: Vec<&str> = rest.lines().filter(|line| line.contains(r#""round":0,"#)).collect();
    let path = folder.join("records.jsonl");
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "{run}")?;
    for (at, line) in round.iter().cycle().take(cells as usize).enumerate() {
        let copy = at / round.len();
        let name = format!(r#""scenario":"quick-{copy}""#);
        writeln!(file, "{}", line.replacen(r#""scenario":"quick""#, &name, 1))?;
    }
    file.flush()?;
    let out = folder.join("page.html");
    Ok(vec!["report".into(), path.display().to_string(), "-o".into(), out.display().to_string()])
}
