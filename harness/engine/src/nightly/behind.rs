//! The nightly job behind a pipeline: a sink that writes live tables, the job over them, and the score.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use dedup_stream::clients::Clients;
use dedup_stream::scenario::{NightlyConfig, Submission};
use dedup_stream::workload::Workload;
use serde::{Deserialize, Serialize};

use super::columns::{Columns, Keep};
use super::day::{Day, day_of};
use super::duckdb::Duckdb;
use super::error::NightlyError;
use super::layout::Layout;
use super::partitions::{Table, table};
use super::score::{Score, score};
use super::sink::{DaySink, Written};
use super::{DayDone, Night, copy_deduplicated};
use crate::record::{CauseFigures, StableFigures};

/// Bytes of disk that have to be free for each ping: its row, live and stable together, with room to spare.
pub const DISK_BYTES_PER_PING: u64 = 64;

/// The same where who sent it stands in the row.
const DISK_BYTES_PER_SENT_PING: u64 = 160;

/// How often a sign of life is given.
const SAID_EVERY: Duration = Duration::from_secs(1);

/// Bytes that the job may take for rows.
pub const MEMORY_BYTES: u64 = 1 << 30;

/// Which job follows a verify pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
pub enum Choice {
    /// Ours, where the stream goes past midnight, has faults, or its scenario has a table of that name
    #[default]
    Auto,
    /// None
    None,
    /// Ours
    Nightly,
    /// DuckDB's
    Duckdb,
    /// Ours and DuckDB's, which have to agree
    Both,
}

impl Choice {
    /// What is to be done after a pass over `workload`, with `disk_bytes` for its tables.
    pub fn jobs(self, workload: &Workload, disk_bytes: u64) -> Result<Jobs, NotEnough> {
        let jobs = match self {
            Choice::None => return Ok(Jobs::NONE),
            Choice::Auto if !is_worth_it(workload) => return Ok(Jobs::NONE),
            Choice::Auto | Choice::Nightly => Jobs { nightly: true, duckdb: false },
            Choice::Duckdb => Jobs { nightly: false, duckdb: true },
            Choice::Both => Jobs { nightly: true, duckdb: true },
        };
        let bytes = if workload.names_clients() { DISK_BYTES_PER_SENT_PING } else { DISK_BYTES_PER_PING };
        let needed = workload.expected_pings().saturating_mul(bytes);
        match needed < disk_bytes {
            true => Ok(jobs),
            // Nobody asked for it.
            false if self == Choice::Auto => Ok(Jobs::NONE),
            false => Err(NotEnough { needed: needed >> 20, free: disk_bytes >> 20 }),
        }
    }
}

/// Too little disk for the tables.
#[derive(Debug, thiserror::Error)]
#[error(
    "--nightly: the tables would take about {needed} MiB, and {free} MiB are free for a cell where temporary files go; set \
     TMPDIR to another place, or give --jobs 1, or --nightly none"
)]
pub struct NotEnough {
    needed: u64,
    free: u64,
}

/// Which jobs are to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs {
    /// Ours.
    pub nightly: bool,
    /// DuckDB's.
    pub duckdb: bool,
}

impl Jobs {
    const NONE: Jobs = Jobs { nightly: false, duckdb: false };

    /// Whether there is anything to do.
    pub fn any(self) -> bool {
        self.nightly || self.duckdb
    }
}

/// Behind a stream of one day in which nothing goes wrong, the job repairs everything and there is nothing to see.
fn is_worth_it(workload: &Workload) -> bool {
    let is_of_one_day = day_of(workload.start()) == day_of(workload.last());
    workload.nightly().is_some() || !workload.faults().is_empty() || !is_of_one_day
}

/// A nightly job that waits for its pipeline to end.
pub struct Behind {
    written: Written,
    todo: Todo,
}

/// What there is to do.
struct Todo {
    live: PathBuf,
    ours: PathBuf,
    theirs: PathBuf,
    jobs: Jobs,
    duckdb: Option<Duckdb>,
    night: Night,
}

/// What the nights leave, as long as the cell's directory is there.
pub struct Copied {
    /// The job's name, or both.
    pub job: String,
    /// What reached the sink.
    pub live: Table,
    /// What the job made of it.
    pub stable: Table,
}

/// What is known of the pings without the tables.
pub struct Arrived<'a> {
    /// Unique pings that the sink could have got: all but those refused.
    pub uniques: u64,
    /// Names of the causes, by number.
    pub causes: &'a [String],
    /// The live figures, for the number of duplicates of each.
    pub by_cause: &'a [CauseFigures],
}

impl Behind {
    /// Opens the live tables in the directory `dir`, for a stream whose copies are stamped as `submissions` says, and whose pings
    /// are sent by `clients`.
    pub fn new(
        jobs: Jobs,
        config: NightlyConfig,
        (submissions, clients): (Vec<Submission>, Option<Clients>),
        dir: PathBuf,
        memory_bytes: u64,
    ) -> Result<(DaySink, Behind), NightlyError> {
        let duckdb = jobs.duckdb.then(|| Duckdb::find()?.ending_with_us()).transpose()?;
        let [live, ours, theirs] = ["live", "stable", "stable-duckdb"].map(|name| dir.join(name));
        std::fs::create_dir_all(&live).map_err(|error| NightlyError::unwritable(&live, error))?;
        let (sink, written) = DaySink::new(&live, submissions, clients);
        let night = Night {
            preceding_days: config.preceding_days,
            slices: config.slices,
            columns: Columns::default(),
            keep: Keep::First,
            memory_bytes: memory_bytes.min(MEMORY_BYTES),
            threads: 2,
            scratch: dir,
            // A cell is ended from outside.
            stop: Arc::default(),
        };
        Ok((sink, Behind { written, todo: Todo { live, ours, theirs, jobs, duckdb, night } }))
    }

    /// Does the nights, once the sink is gone, and scores what they leave. Calls `alive` now and then: a night says
    /// nothing until it is over.
    pub fn finish(self, arrived: &Arrived<'_>, alive: fn()) -> Result<StableFigures, NightlyError> {
        let Behind { written, todo } = self;
        with_signs_of_life(alive, || {
            written.finish()?;
            let (_, done) = todo.do_nights()?;
            let scored = scored(&done)?;
            let job = names(&done);
            let Some((Done { days, .. }, score)) = done.iter().zip(&scored).next() else {
                return Err(todo.no_job());
            };
            Ok(figures(job, &todo.night, days, score, arrived))
        })
    }

    /// Does the nights, once the sink is gone, for somebody who reads the tables. They are scored only where two jobs have to
    /// agree.
    pub fn copy(self, alive: fn()) -> Result<Copied, NightlyError> {
        let Behind { written, todo } = self;
        with_signs_of_life(alive, || {
            written.finish()?;
            let (live, done) = todo.do_nights()?;
            if done.len() > 1 {
                scored(&done)?;
            }
            let job = names(&done);
            let first = done.into_iter().next().ok_or_else(|| todo.no_job())?;
            Ok(Copied { job, live, stable: first.stable })
        })
    }
}

impl Todo {
    fn no_job(&self) -> NightlyError {
        NightlyError::file(&self.live, "no job was asked for")
    }

    /// The live table, and what each job made of it.
    fn do_nights(&self) -> Result<(Table, Vec<Done>), NightlyError> {
        let live = table(&self.live, &Layout::default())?;
        let mut done = Vec::new();
        if self.jobs.nightly {
            let night = |day| copy_deduplicated(&live, day, &self.ours, &self.night);
            done.push(Done::of("nightly", &live, &self.ours, night)?);
        }
        if let Some(duckdb) = &self.duckdb {
            let night = |day| duckdb.copy_deduplicated(&live, day, &self.theirs, &self.night);
            done.push(Done::of("nightly-duckdb", &live, &self.theirs, night)?);
        }
        Ok((live, done))
    }
}

/// Does something that takes long, and calls `alive` now and then meanwhile.
fn with_signs_of_life<T>(alive: fn(), work: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        let (done, waiting) = channel::<()>();
        scope.spawn(move || {
            while let Err(RecvTimeoutError::Timeout) = waiting.recv_timeout(SAID_EVERY) {
                alive();
            }
        });
        let came_to = work();
        drop(done);
        came_to
    })
}

/// What a job's nights made.
struct Done {
    job: &'static str,
    days: Vec<DayDone>,
    stable: Table,
}

impl Done {
    /// Does the night of each day of `live`, which writes into the directory `dir`.
    fn of(
        job: &'static str,
        live: &Table,
        dir: &Path,
        night: impl Fn(Day) -> Result<DayDone, NightlyError>,
    ) -> Result<Done, NightlyError> {
        // Where nothing was delivered no night makes it.
        std::fs::create_dir_all(dir).map_err(|error| NightlyError::unwritable(dir, error))?;
        let days = live.days.keys().map(|day| night(*day)).collect::<Result<_, _>>()?;
        Ok(Done { job, days, stable: table(dir, &Layout::default())? })
    }
}

fn names(done: &[Done]) -> String {
    done.iter().map(|done| done.job).collect::<Vec<_>>().join(", ")
}

/// The score of each, if all agree.
fn scored(done: &[Done]) -> Result<Vec<Score>, NightlyError> {
    let scores = done.iter().map(|done| score(&done.stable)).collect::<Result<Vec<_>, _>>()?;
    scores.windows(2).try_for_each(|pair| agree(&pair[0], &pair[1]))?;
    Ok(scores)
}

fn agree(ours: &Score, theirs: &Score) -> Result<(), NightlyError> {
    for (one, other) in ours.digests.iter().zip(&theirs.digests) {
        let difference = match (one, other) {
            (one, other) if one == other => continue,
            ((_, rows, _), (_, others, _)) if rows != others => format!("{rows} rows here, {others} there"),
            _ => "as many rows, but not the same ones".to_string(),
        };
        return Err(NightlyError::Disagree { day: one.0, difference });
    }
    Ok(())
}

fn figures(
    job: String,
    night: &Night,
    done: &[DayDone],
    score: &Score,
    arrived: &Arrived<'_>,
) -> StableFigures {
    let missed = |cause: &str| {
        let number = arrived.causes.iter().position(|name| name == cause);
        number.and_then(|number| score.missed_by_cause.get(number)).copied().unwrap_or(0)
    };
    StableFigures {
        job,
        preceding_days: night.preceding_days,
        days_count: done.len() as u64,
        live_rows_count: done.iter().map(|day| day.live_rows).sum(),
        stable_rows_count: score.rows,
        missed_count: score.missed,
        lost_count: arrived.uniques.saturating_sub(score.uniques),
        dropped_without_id_count: done.iter().map(|day| day.without_id).sum(),
        by_cause: arrived
            .by_cause
            .iter()
            .map(|live| CauseFigures { missed_count: missed(&live.cause), ..live.clone() })
            .collect(),
    }
}
