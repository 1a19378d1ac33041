//! The same job on a real engine: the DuckDB command line.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use dedup_files::{AtFault, Fault, NEVER};
use rustix::io::Errno;
use rustix::process::Signal;
use serde::Deserialize;

use super::columns::Columns;
use super::day::Day;
use super::error::NightlyError;
use super::partitions::{Staged, Table};
use super::sql::{Live, Query, Stable, Tables, quoted, read_parquet};
use super::{DayDone, Night};
use crate::answer::answer;
use crate::servers::guard;

/// Names the program where it is not on the PATH.
pub const DUCKDB_VARIABLE: &str = "DEDUP_DUCKDB";

/// The longest that a day may take, and that a version may. DuckDB takes less than ten minutes for the rows of a day at
/// Mozilla's full rate, by what it takes for fewer of them.
const PATIENCE: Duration = Duration::from_secs(3600);
const PATIENCE_FOR_ITS_NAME: Duration = Duration::from_secs(30);

/// A DuckDB command line that works.
#[derive(Clone, Debug)]
pub struct Duckdb {
    program: OsString,
    guard: Option<PathBuf>,
    /// What it calls itself.
    pub version: String,
}

impl Duckdb {
    /// The program named in the environment, else the one on the PATH.
    pub fn find() -> Result<Duckdb, NightlyError> {
        let named = std::env::var_os(DUCKDB_VARIABLE).filter(|name| !name.is_empty());
        let program = named.clone().unwrap_or_else(|| "duckdb".into());
        let shown = match &named {
            Some(name) => format!("{DUCKDB_VARIABLE}={}", name.display()),
            None => "PATH".to_string(),
        };
        let missing = |reason: String| NightlyError::NoDuckdb { reason: format!("{shown}: {reason}") };
        let mut command = Command::new(&program);
        command.args(["-no-init", "-version"]);
        let said = answer(command, "", PATIENCE_FOR_ITS_NAME, &NEVER);
        let said = said.map_err(|error| match error.fault() {
            Fault::Path => missing(error.to_string()),
            _ => NightlyError::Duckdb { reason: format!("{shown}: cannot be started: {error}") },
        })?;
        if !said.status.success() {
            return Err(missing(format!("it ended with {}", said.status)));
        }
        Ok(Duckdb { program, guard: None, version: said.stdout.trim().to_string() })
    }

    /// The same, whose queries end when we do, even by SIGKILL. Only for a program whose `main` begins with
    /// [`guard::dispatch`].
    pub fn ending_with_us(self) -> Result<Duckdb, NightlyError> {
        let own = guard::own_executable();
        let own = own.map_err(|error| NightlyError::Duckdb { reason: format!("own program: {error}") })?;
        Ok(Duckdb { guard: Some(own), ..self })
    }

    /// Does one day of a live table into the stable table in the directory `stable`.
    pub fn copy_deduplicated(
        &self,
        table: &Table,
        day: Day,
        stable: &Path,
        night: &Night,
    ) -> Result<DayDone, NightlyError> {
        let began = Instant::now();
        let staged = Staged::alone(&table.layout.partition(stable, day))?;
        let named = |files: Vec<&Path>| -> Vec<String> {
            files.iter().map(|path| path.to_string_lossy().into_owned()).collect()
        };
        let of_day = named(table.files_of(day)?);
        let before = named(table.files_before(day, day.before(night.preceding_days)));
        let all = before.into_iter().chain(of_day.iter().cloned()).collect();
        let stable = staged.unfinished().to_string_lossy().into_owned();
        let counting = counting(&night.columns, &of_day, day, &stable);
        let tables = Tables::Duckdb { live: Live::Files { all, of_day }, stable: Stable::File(stable) };
        let (columns, keep) = (night.columns.clone(), night.keep);
        let (preceding_days, slices) = (night.preceding_days, night.slices);
        let query = Query { tables, columns, keep, day, preceding_days, slices };
        let counts = self.counts(&(settings(night) + &query.text() + &counting), &night.stop);
        let counts = counts.map_err(|error| about(&staged, error))?;
        staged.finish()?;
        Ok(DayDone {
            day,
            live_rows: counts.live,
            stable_rows: counts.stable,
            outside: counts.read - counts.live,
            without_id: counts.without_id,
            spilled_bytes: None,
            seconds: began.elapsed().as_secs_f64(),
        })
    }

    fn counts(&self, sql: &str, stop: &AtomicBool) -> Result<Counts, NightlyError> {
        let answer = self.run(sql, stop)?;
        let last = answer.lines().rfind(|line| line.starts_with('{')).unwrap_or_default();
        serde_json::from_str(last).map_err(|_| {
            let start: String = answer.chars().take(80).collect();
            NightlyError::Duckdb { reason: format!("answered {start:?}, which is no count") }
        })
    }

    fn command(&self) -> Command {
        match &self.guard {
            None => Command::new(&self.program),
            Some(guard) => {
                let mut command = guard::ending_with_us(guard);
                command.arg(&self.program);
                command
            }
        }
    }

    /// Runs statements, unless somebody wants it to `stop`; what it printed.
    pub(super) fn run(&self, sql: &str, stop: &AtomicBool) -> Result<String, NightlyError> {
        let mut command = self.command();
        command.args(["-no-init", "-batch", "-bail", "-jsonlines", ":memory:"]);
        let answer = answer(command, sql, PATIENCE, stop).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => NightlyError::Stopped,
            _ => NightlyError::Duckdb { reason: error.to_string() },
        })?;
        match answer.status.success() && answer.stderr.trim().is_empty() {
            true => Ok(answer.stdout),
            false => {
                let reason = complaint(&answer.stderr, answer.status);
                Err(NightlyError::Duckdb { reason })
            }
        }
    }
}

/// What is said of a day: the file has another name while it is written, and of an engine that was killed there are no words.
fn about(staged: &Staged, error: NightlyError) -> NightlyError {
    let NightlyError::Duckdb { reason } = error else { return error };
    let [unfinished, place] = [staged.unfinished(), staged.place()].map(|path| path.display().to_string());
    let reason = reason.replace(&unfinished, &place);
    let reason = if reason.contains(&place) { reason } else { format!("{place}: cannot be made: {reason}") };
    NightlyError::Duckdb { reason }
}

/// The query that counts what was read of `day` and what was written.
fn counting(columns: &Columns, live: &[String], day: Day, stable: &str) -> String {
    let (live, stable, start, end) = (read_parquet(live), quoted(stable), day.start_us(), day.end_us());
    let (id, time) = (columns.id.within('"'), columns.time.within('"'));
    let of_day = format!("epoch_us({time}) >= {start} AND epoch_us({time}) < {end}");
    format!(
        "SELECT read, live, live - with_id AS without_id, stable FROM (\n  SELECT COUNT(*) AS read, \
         COUNT(*) FILTER (WHERE {of_day}) AS live, COUNT({id}) FILTER (WHERE {of_day}) AS with_id \
         FROM {live}\n),\n(SELECT COUNT(*) AS stable FROM read_parquet({stable}, hive_partitioning = false));\n"
    )
}

fn complaint(said: &str, status: ExitStatus) -> String {
    let lines: Vec<&str> = said.lines().filter(|line| !line.trim().is_empty()).take(3).collect();
    match lines.is_empty() {
        // What ends it there is an error of a write to those who survive it.
        true if status.signal() == Some(Signal::XFSZ.as_raw()) => Errno::FBIG.to_string(),
        true => format!("ended with {status}"),
        false => lines.join(" "),
    }
}

fn settings(night: &Night) -> String {
    let (threads, memory) = (night.threads, night.memory_bytes);
    let scratch: PathBuf = night.scratch.join("duckdb");
    let scratch = quoted(&scratch.to_string_lossy());
    // Without the last, it keeps rows back to write them in the order in which it read them.
    format!(
        "SET threads = {threads};\nSET memory_limit = '{memory} B';\nSET temp_directory = {scratch};\n\
         SET preserve_insertion_order = false;\n"
    )
}

#[derive(Deserialize)]
struct Counts {
    read: u64,
    live: u64,
    without_id: u64,
    stable: u64,
}
