//! `nightly`: the nightly job over day partitions, or the query that does it elsewhere.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, ValueEnum};
use dedup_files::say;

use super::values::{bytes, whole};
use crate::exit::{Exit, OrExit};
use crate::interrupt::stop_on_interrupt;
use crate::nightly::{
    ColumnName, Columns, Day, DayDone, Dialect, Duckdb, Keep, Layout, Live, MEMORY_BYTES, Night,
    NightlyError, Query, Stable, Table, TableName, Tables, columns_there, copy_deduplicated, ids_are_spelled,
    tables, versions_there,
};
use crate::print::print;
use crate::servers::Guarded;
use crate::units::{fixed, thousands};

/// Options of `nightly`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct NightlyArgs {
    /// The live tables: DIR/submission_date=YYYY-MM-DD/*.parquet, or DIR/TABLE/submission_date=YYYY-MM-DD/*.parquet, unless
    /// --partition says otherwise
    #[arg(value_name = "DIR", required_unless_present = "emit_sql")]
    pub dir: Option<PathBuf>,
    /// Where the stable tables go; DIR with `live` in its name replaced by `stable`, or with `_stable` added, if not given
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Only this day, such as 2026-01-31; every day if not given
    #[arg(long, value_name = "DAY")]
    pub day: Option<Day>,
    /// Days before its own at which each day looks
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole(0, 366u32))]
    pub preceding_days: u32,
    /// Parts in which a day is worked off, each from the beginning of what it looks at
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = whole(1, 2_880u32))]
    pub slices: u32,
    /// Which of the rows with one id stays
    #[arg(long, value_enum, default_value_t = Keep::First)]
    pub keep: Keep,
    /// With --keep last: the column whose greatest value is the last row's, and of equal ones the latest time; the latest time alone, if
    /// not given
    #[arg(long, value_name = "COLUMN")]
    pub version_column: Option<ColumnName>,
    /// The column with the ids [default: document_id]
    #[arg(long, value_name = "COLUMN")]
    pub id_column: Option<ColumnName>,
    /// The column with the times, which say to which day a row belongs [default: submission_timestamp]
    #[arg(long, value_name = "COLUMN")]
    pub time_column: Option<ColumnName>,
    /// How the directory of a day is called, such as date=%Y-%m-%d or year=%Y/month=%m/day=%d
    /// [default: submission_date=%Y-%m-%d]
    #[arg(long, value_name = "PATTERN")]
    pub partition: Option<Layout>,
    /// What does the work
    #[arg(long, value_enum, default_value_t = Engine::Nightly)]
    pub engine: Engine,
    /// Memory that rows may take; what goes beyond is spilled to disk [default: 1GiB]
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    pub memory_limit: Option<u64>,
    /// Threads; all processors if not given
    #[arg(long, value_name = "N", value_parser = whole(1, 256u16))]
    pub threads: Option<u16>,
    /// Print the query that does the same in this engine, and do nothing
    #[arg(long, value_name = "ENGINE", value_enum, conflicts_with_all = ["engine", "memory_limit", "threads"])]
    pub emit_sql: Option<Dialect>,
    /// The live table in the printed query, which quotes it [default: telemetry_live.main_v5; for duckdb files below DIR]
    #[arg(long, value_name = "TABLE", requires = "emit_sql")]
    pub live_table: Option<TableName>,
    /// The stable table in the printed query, which quotes it [default: telemetry_stable.main_v5; for duckdb a file]
    #[arg(long, value_name = "TABLE", requires = "emit_sql")]
    pub stable_table: Option<TableName>,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness nightly telemetry_live                         every day, into telemetry_stable
  dedup-harness nightly telemetry_live --day 2026-01-31 --preceding-days 1 --memory-limit 256MiB
  dedup-harness nightly telemetry_live --engine duckdb --out /tmp/stable
  dedup-harness nightly --emit-sql bigquery --day 2026-01-31 --live-table telemetry_live.main_v5 --stable-table telemetry_stable.main_v5";

/// What does the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The harness itself
    Nightly,
    /// The DuckDB command line, on the PATH or named in DEDUP_DUCKDB
    Duckdb,
}

/// Does the nights, or prints the query.
pub fn run(args: &NightlyArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    refuse_what_last_has_not(args).or_exit(Exit::Usage)?;
    match (args.emit_sql, &args.dir) {
        (Some(dialect), _) => emit(args, dialect, out),
        (None, Some(dir)) => work(args, dir, out),
        (None, None) => Err(anyhow!("DIR is missing")).or_exit(Exit::Usage),
    }
}

/// The last row is the day's own: no other days are looked at, and no part of a day knows it.
fn refuse_what_last_has_not(args: &NightlyArgs) -> anyhow::Result<()> {
    let refused = |option: &str, found: String, allowed: &str| {
        Err(anyhow!("{option}: found {found}; allowed with --keep {} is {allowed}", name_of(args.keep)))
    };
    match (args.keep, &args.version_column) {
        (Keep::First, Some(column)) => {
            refused("--version-column", column.to_string(), "none: give --keep last as well")
        }
        (Keep::Last, _) if args.preceding_days > 0 => refused(
            "--preceding-days",
            args.preceding_days.to_string(),
            "0: the days before are not written again, and the day's own last row stays",
        ),
        (Keep::Last, _) if args.slices > 1 => refused(
            "--slices",
            args.slices.to_string(),
            "1: which row is the last is not known before the day's end",
        ),
        _ => Ok(()),
    }
}

fn name_of(keep: Keep) -> String {
    keep.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
}

fn columns(args: &NightlyArgs) -> Columns {
    let usual = Columns::default();
    Columns {
        id: args.id_column.clone().unwrap_or(usual.id),
        time: args.time_column.clone().unwrap_or(usual.time),
        version: args.version_column.clone(),
    }
}

fn layout(args: &NightlyArgs) -> Layout {
    args.partition.clone().unwrap_or_default()
}

/// The least that the job's own buffers need.
const LEAST_MEMORY: u64 = 8 << 20;

fn work(args: &NightlyArgs, dir: &Path, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let memory_bytes = args.memory_limit.unwrap_or(MEMORY_BYTES);
    if memory_bytes < LEAST_MEMORY {
        let found = format!("--memory-limit: found {memory_bytes} bytes; allowed are 8MiB and more");
        return Err(anyhow!(found)).or_exit(Exit::Usage);
    }
    let live = tables(dir, &layout(args)).or_exit_by_fault()?;
    let stable = args.out.clone().unwrap_or_else(|| stable_beside(dir));
    if is_same(dir, &stable) {
        return Err(NightlyError::SamePlace { dir: stable }).or_exit(Exit::Usage);
    }
    let threads = args.threads.map_or_else(|| crate::process::cores().get(), usize::from);
    let duckdb = match args.engine {
        Engine::Nightly => None,
        Engine::Duckdb => Some(Duckdb::find().and_then(Duckdb::ending_with_us).or_exit_by_fault()?),
    };
    let planned = live.iter().map(|table| days(table, args.day).map(|days| (table, days)));
    let planned: Vec<_> = planned.collect::<Result<_, _>>().or_exit_by_fault()?;
    // DuckDB reads ids and times of more types than we do, but versions have the same order whatever does it.
    let fit = if duckdb.is_some() { versions_there } else { columns_there };
    let days = planned.iter().flat_map(|(table, days)| days.iter().map(move |day| (table, *day)));
    // What cannot be read for another reason says so in its turn.
    let wrong = days.map(|(table, day)| fit(table, day, &columns(args)));
    let wrong = wrong.filter_map(Result::err).find(|error| matches!(error, NightlyError::Column { .. }));
    wrong.map_or(Ok(()), Err).or_exit_by_fault()?;
    let stop = stop_on_interrupt()?;
    let scratch = Guarded::directory().or_exit_by_fault()?;
    let night = Night {
        preceding_days: args.preceding_days,
        slices: args.slices,
        columns: columns(args),
        keep: args.keep,
        memory_bytes,
        threads,
        scratch: scratch.dir().to_path_buf(),
        stop,
    };
    let (all, mut ended) = (planned.iter().map(|(_, days)| days.len()).sum::<usize>(), 0);
    let is_spelled = |(table, days): &(&Table, Vec<Day>)| {
        days.iter().any(|day| ids_are_spelled(table, *day, &night.columns).unwrap_or(false))
    };
    let are_spelled = planned.iter().any(is_spelled);
    print(out, &format!("{}\n", Line::HEAD))?;
    for (table, days) in planned {
        // One table is the directory itself; of several, each has one of its own below.
        let stable = if table.dir == dir { stable.clone() } else { stable.join(&table.name) };
        for day in days {
            let done = match &duckdb {
                Some(duckdb) => duckdb.copy_deduplicated(table, day, &stable, &night),
                None => copy_deduplicated(table, day, &stable, &night),
            };
            if matches!(done, Err(NightlyError::Stopped)) {
                say(format_args!("interrupted: {ended} of {all} days were done"));
                return Ok(Exit::Interrupted);
            }
            let done = done.or_exit_by_fault()?;
            ended += 1;
            print(out, &format!("{}\n", Line { table: &table.name, done: &done }))?;
            warn_of_rows_outside(table, &done, &night.columns);
        }
    }
    if are_spelled {
        say(format_args!(
            "ids are texts, which count as they are spelled here: an empty one is an id, and one UUID in two spellings is two; \
             `run` and `profile` take the first for none and the second for one"
        ));
    }
    say(format_args!(
        "written to {}; this process had at most {} of memory",
        crate::printable::printable(&stable.display().to_string()),
        crate::units::bytes(crate::process::peak_rss_bytes())
    ));
    Ok(Exit::Ok)
}

/// Rows that stand in another day's partition, or in none by their time, are in no stable partition.
fn warn_of_rows_outside(table: &Table, done: &DayDone, columns: &Columns) {
    if done.outside > 0 {
        say(format_args!(
            "warning: {}: {} rows in the partition of {} have no {} in that day, and do not stay",
            crate::printable::printable(&table.name),
            thousands(done.outside),
            done.day,
            columns.time
        ));
    }
}

fn days(table: &Table, asked: Option<Day>) -> Result<Vec<Day>, NightlyError> {
    match asked {
        None => table.days.keys().map(|day| table.files_of(*day).map(|_| *day)).collect(),
        Some(day) if table.days.contains_key(&day) => table.files_of(day).map(|_| vec![day]),
        Some(day) => {
            let there = match (table.days.keys().next(), table.days.keys().next_back()) {
                (Some(first), Some(last)) => format!("{} days from {first} to {last}", table.days.len()),
                _ => "none".to_string(),
            };
            Err(NightlyError::NoDay { table: table.dir.clone(), day, there })
        }
    }
}

/// `telemetry_live` has `telemetry_stable` beside it.
fn stable_beside(dir: &Path) -> PathBuf {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stable = match name.strip_suffix("live") {
        Some(front) => format!("{front}stable"),
        None => format!("{name}_stable"),
    };
    dir.with_file_name(stable)
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// A line of the summary.
struct Line<'a> {
    table: &'a str,
    done: &'a DayDone,
}

impl Line<'_> {
    const HEAD: &'static str = "table                 day            rows in      rows out    duplicates    without id      spilled       s";
}

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let DayDone { day, live_rows, stable_rows, without_id, spilled_bytes, seconds, .. } = self.done;
        write!(
            f,
            "{:<20}  {}  {:>12}  {:>12}  {:>12}  {:>12}  {:>11}  {:>6}",
            crate::printable::printable(self.table),
            day,
            thousands(*live_rows),
            thousands(*stable_rows),
            thousands(self.done.duplicates()),
            thousands(*without_id),
            spilled_bytes.map_or("?".to_string(), crate::units::bytes),
            fixed(*seconds, 2)
        )
    }
}

fn emit(args: &NightlyArgs, dialect: Dialect, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let day = args.day.unwrap_or_else(yesterday);
    let named = |given: &Option<TableName>, usual: &str| {
        given.clone().map_or_else(|| usual.parse().map_err(anyhow::Error::msg), Ok)
    };
    let live = named(&args.live_table, "telemetry_live.main_v5")?;
    let stable = named(&args.stable_table, "telemetry_stable.main_v5")?;
    let tables = match dialect {
        Dialect::Bigquery => Tables::Bigquery { live, stable },
        Dialect::Spark => Tables::Spark { live, stable },
        Dialect::Snowflake => Tables::Snowflake { live, stable },
        Dialect::Redshift => Tables::Redshift { live, stable },
        Dialect::Clickhouse => Tables::Clickhouse { live, stable },
        Dialect::Postgres => Tables::Postgres { live, stable },
        Dialect::Duckdb => Tables::Duckdb {
            live: args.live_table.clone().map_or_else(|| files(args, day), Live::Table),
            stable: args.stable_table.clone().map_or_else(|| file(args, day), Stable::Table),
        },
    };
    let query = Query {
        tables,
        columns: columns(args),
        keep: args.keep,
        day,
        preceding_days: args.preceding_days,
        slices: args.slices,
    };
    if let Some(version) = &query.columns.version {
        let kinds = "a number, a date or a timestamp: text has another order than versions, v10 before v9";
        print(out, &format!("-- {version} has to be {kinds}\n"))?;
    }
    print(out, &query.text())?;
    Ok(Exit::Ok)
}

fn live_dir(args: &NightlyArgs) -> PathBuf {
    args.dir.clone().unwrap_or_else(|| PathBuf::from("live"))
}

/// What DuckDB reads where no table is named.
fn files(args: &NightlyArgs, day: Day) -> Live {
    let files = |day: Day| {
        let partition = layout(args).partition(&live_dir(args), day);
        partition.join("*.parquet").to_string_lossy().into_owned()
    };
    let all = (0..=args.preceding_days).rev().map(|days| files(day.before(days))).collect();
    Live::Files { all, of_day: vec![files(day)] }
}

/// What DuckDB writes where no table is named.
fn file(args: &NightlyArgs, day: Day) -> Stable {
    let dir = args.out.clone().unwrap_or_else(|| live_dir(args).with_file_name("stable"));
    let file = format!("{}.parquet", layout(args).name_of(day));
    Stable::File(dir.join(file).to_string_lossy().into_owned())
}

/// The job of a night is the day before it.
fn yesterday() -> Day {
    Day::of_micros(jiff::Timestamp::now().as_microsecond()).before(1)
}
