//! What work takes as it grows: processor time and memory over pings, ids, rows and cells, as CSV and as a chart, and the slopes of
//! both in logarithms: `cargo run --release -p dedup-benches --example growth [-- FOLDER]` (`results/scale`).
//!
//! A slope of 1 is a straight line. Each point is a process of its own, so that its memory is its own: the most that it held at
//! any moment, the program itself included. Time is the processor's, of all threads, system calls included.

mod chart;
#[path = "../live_table/mod.rs"]
mod live_table;
mod slope;
mod work;

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use slope::Slopes;
use work::{Kind, WORK, Work};

/// One measurement.
pub(crate) struct Row {
    pub(crate) work: &'static str,
    pub(crate) size: u64,
    pub(crate) seconds: f64,
    pub(crate) bytes: f64,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    match given.as_slice() {
        // The report is the command itself, which reads the arguments of its process.
        [command, ..] if command == "report" => {
            dedup_harness::main_with(&[]);
            println!("{}", work::spent()?);
        }
        [flag, name, size, folder] if flag == "--point" => {
            let work = WORK.iter().find(|work| work.name == *name).ok_or("no such work")?;
            println!("{}", work.point(size.parse()?, Path::new(folder))?);
        }
        [] => all(Path::new("results/scale"))?,
        [folder] => all(Path::new(folder))?,
        _ => {
            eprintln!("error: give one folder, or none");
            std::process::exit(2);
        }
    }
    Ok(())
}

fn all(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut rows = Vec::new();
    let mut csv = String::from("work,of,size,processor_s,ns_each,peak_rss_bytes,bytes_each\n");
    for work in &WORK {
        for size in work.sizes {
            let row = measured(work, *size)?;
            let each = *size as f64;
            let line = format!(
                "{},{},{size},{:.3},{:.1},{:.0},{:.2}\n",
                work.name,
                work.of,
                row.seconds,
                row.seconds * 1e9 / each,
                row.bytes,
                row.bytes / each
            );
            eprint!("{line}");
            csv.write_str(&line)?;
            rows.push(row);
            // After each point: a run that is ended early keeps what it has.
            std::fs::write(folder.join("growth.csv"), &csv)?;
            std::fs::write(folder.join("growth.svg"), chart::svg(&rows))?;
        }
    }
    println!(
        "| work | from, to | time: slope | last step | memory: slope | last step |\n|---|---|---|---|---|---|"
    );
    for work in &WORK {
        let of: Vec<&Row> = rows.iter().filter(|row| row.work == work.name).collect();
        let (time, memory) = (Slopes::of(&of, |row| row.seconds), Slopes::of(&of, |row| row.bytes));
        let (first, last) = (work.sizes[0], work.sizes[work.sizes.len() - 1]);
        println!("| {} | {first:e}, {last:e} {} | {time} | {memory} |", work.name, work.of);
    }
    Ok(())
}

/// In a process of its own, with a folder of its own.
fn measured(work: &Work, size: u64) -> Result<Row, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(std::env::current_exe()?);
    match work.kind {
        Kind::Command(prepare) => command.args(prepare(size, folder.path())?),
        Kind::Here(_) => command.args(["--point", work.name, &size.to_string()]).arg(folder.path()),
    };
    let output = command.output()?;
    let said = String::from_utf8(output.stdout)?;
    let words: Vec<&str> = said.split_whitespace().collect();
    let [seconds, bytes] = words[..] else {
        return Err(format!("{} of {size}: {}", work.name, String::from_utf8_lossy(&output.stderr)).into());
    };
    Ok(Row { work: work.name, size, seconds: seconds.parse()?, bytes: bytes.parse()? })
}
