//! The survey of a CSV file beside DuckDB, which counts the distinct ids of the same file, in turns, each on one core.
//!
//! `DEDUP_DUCKDB=duckdb cargo run --release -p dedup-benches --example csv_speed [ROWS] [ROUNDS]`: by default 10 M rows of a UUID, a
//! time and a channel (574 MB), one in ten a copy of an earlier one, five rounds. Seconds are those of the processor, so that
//! other work on the machine counts for little.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Command;

use dedup_harness::nightly::Duckdb;
use dedup_stream::stream::KeyCipher;
use dedup_stream::trace::{IdFields, TraceOptions, TraceSurvey};

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let argument = |n: usize, default: u64| std::env::args().nth(n).map_or(Ok(default), |text| text.parse());
    let (rows, rounds) = (argument(1, 10_000_000)?, argument(2, 5)?);
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("pings.csv");
    write(&path, rows)?;
    let bytes = path.metadata()?.len();
    println!("{rows} rows, {} MB; DuckDB {}", bytes / 1_000_000, Duckdb::find()?.version);
    let mut ratios = Vec::new();
    for round in 0..rounds {
        let (ours, ids) = timed(|| survey(&path))?;
        let (theirs, their_ids) = timed(|| distinct(&path))?;
        assert_eq!(ids, their_ids, "distinct ids");
        ratios.push(ours / theirs);
        println!("round {round}: survey {ours:.2} s   DuckDB {theirs:.2} s   {ids} distinct ids in both");
    }
    ratios.sort_by(f64::total_cmp);
    println!("the survey takes {:.2} times as long (median)", ratios[ratios.len() / 2]);
    Ok(())
}

/// All that `run --trace` and `profile` are told before they begin: distinct ids, times, order, doubts.
fn survey(path: &Path) -> Result<u64, Failed> {
    let options = TraceOptions {
        id: IdFields::Named(vec!["document_id".to_string()]),
        time_field: Some("received_ms".to_string()),
        ..TraceOptions::new(path)
    };
    Ok(TraceSurvey::scan(&options)?.sizing.ids_total)
}

fn distinct(path: &Path) -> Result<u64, Failed> {
    let program = std::env::var_os("DEDUP_DUCKDB").unwrap_or_else(|| "duckdb".into());
    let query = format!(
        "SET threads = 1; SELECT count(DISTINCT document_id) FROM read_csv('{}', header = true);",
        path.display()
    );
    let output = Command::new(program).args(["-no-init", "-noheader", "-list", "-c", &query]).output()?;
    let said = String::from_utf8(output.stdout)?;
    Ok(said.trim().parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())?)
}

/// Processor seconds that `work` takes, with those of the processes that it waits for.
fn timed(work: impl FnOnce() -> Result<u64, Failed>) -> Result<(f64, u64), Failed> {
    let before = processor_s()?;
    let found = work()?;
    Ok((processor_s()? - before, found))
}

/// User and system time of this process and of those that it waited for, in hundredths of a second (proc(5)).
fn processor_s() -> Result<f64, Failed> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, after_name) = stat.rsplit_once(')').ok_or("/proc/self/stat has no name")?;
    let ticks = after_name.split_whitespace().skip(11).take(4).map(str::parse::<u64>);
    Ok(ticks.sum::<Result<u64, _>>()? as f64 / 100.0)
}

fn write(path: &Path, rows: u64) -> Result<(), Failed> {
    let cipher = KeyCipher::new(1);
    let mut file = BufWriter::new(File::create(path)?);
    writeln!(file, "document_id,received_ms,channel")?;
    for row in 0..rows {
        let drawn = row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        let source = if drawn % 10 == 0 { row - ((drawn * (rows / 4)) >> 32).min(row) } else { row };
        let id = uuid(cipher.key(source).0);
        let channel = ["release", "beta", "nightly"][(source % 3) as usize];
        writeln!(file, "{id},{},{channel}", 1_767_225_600_000 + row * 3)?;
    }
    Ok(file.flush()?)
}

fn uuid(bytes: [u8; 16]) -> String {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}
