//! `profile`: what traffic is like, from a trace, standard input as it comes, or a stored profile.

mod comes_back;
mod curve;
mod emit_sql;
mod from_trace;
mod live;
#[cfg(test)]
mod round_trip;
mod text;
mod words;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{anyhow, bail};
use clap::{Args, ValueEnum};
use dedup_profile::sql::Dialect;
use dedup_profile::{Memory, NOT_CARRIED, Profile, Wanted};
use dedup_strategies::Definition;
use dedup_stream::trace::{TraceOptions, find_files, spool_stdin};

pub(super) use from_trace::profile as profile_of_trace;

use super::places::refuse_one_place;
use super::reading::ReadingArgs;
use super::values::{bytes, scale, time, whole};
use crate::exit::{Exit, OrExit};
use crate::interrupt::{interrupts, stop_on_interrupt};
use crate::nightly::TableName;
use crate::print::print;
use crate::printable::printable;
use crate::servers::Guarded;
use live::{Asked, LiveArgs, Seen};

/// Options of `profile`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProfileArgs {
    /// Your pings: files, patterns such as 'part-*.parquet' or folders, which are merged by time: NDJSON, CSV, Parquet and
    /// more, also compressed; `-` for standard input; or a profile that was stored
    #[arg(value_name = "TRACE", required_unless_present_any = ["live", "emit_sql"])]
    pub traces: Vec<PathBuf>,
    /// How the trace is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What becomes of standard input as it comes
    #[command(flatten)]
    pub live: LiveArgs,
    /// What the profile calls the traffic; the file's name if not given
    #[arg(long, value_name = "TEXT", help_heading = "Profile")]
    pub name: Option<String>,
    /// Memory that ids may take; beyond it a part of the ids is looked at, and the error is stated. As much as they need if
    /// not given. With --live the memory of the whole, but for shadows: 256MiB if not given
    #[arg(long, value_name = "BYTES", value_parser = bytes, help_heading = "Profile")]
    pub memory: Option<u64>,
    /// Write the profile to this file
    #[arg(short, long, value_name = "FILE", help_heading = "Profile")]
    pub output: Option<PathBuf>,
    /// Write a scenario whose stream has this profile to this file
    #[arg(long, value_name = "FILE", help_heading = "Scenario")]
    pub scenario: Option<PathBuf>,
    /// Multiply the scenario's rate; windows, lags and the length of time stay
    #[arg(long, value_name = "FACTOR", value_parser = scale, default_value_t = 1.0, requires = "scenario", help_heading = "Scenario")]
    pub scale: f64,
    /// Choose the scale so that the scenario has about so many pings
    #[arg(long, value_name = "N", value_parser = whole(1u64, 1_000_000_000_000), requires = "scenario", conflicts_with = "scale", help_heading = "Scenario")]
    pub pings: Option<u64>,
    /// The scenario's window; what catches 99 % of the duplicates if not given
    #[arg(long, value_name = "TIME", value_parser = time, requires = "scenario", help_heading = "Scenario")]
    pub window: Option<Duration>,
    /// What to print
    #[arg(long, value_enum, default_value_t, help_heading = "Profile")]
    pub format: ProfileFormat,
    /// Print the query that makes the same profile of a table in this engine, and read nothing. Columns are named with --id-field
    /// and --time-field; --time-unit says what numbers are, and without it the times are timestamps
    #[arg(long, value_name = "ENGINE", value_parser = emit_sql::dialect(), requires = "table", conflicts_with_all = NOT_IN_SQL, help_heading = "Where the data is")]
    pub emit_sql: Option<&'static dyn Dialect>,
    /// The table, which the query quotes: parts joined by dots, each as it is or in quotes of its own
    #[arg(long, value_name = "TABLE", requires = "emit_sql", help_heading = "Where the data is")]
    pub table: Option<TableName>,
}

/// Options that say how files are read, or what becomes of a profile that was made.
const NOT_IN_SQL: [&str; 14] = [
    "traces",
    "live",
    "records",
    "delimiter",
    "id_all_but",
    "time_format",
    "time_zone",
    "sort",
    "max_bad",
    "memory",
    "output",
    "scenario",
    "window",
    "format",
];

const EXAMPLES: &str = "\
Examples:
  dedup-harness profile pings.ndjson.gz --id-field document_id --time-field received
  zcat pings-*.csv.gz | dedup-harness profile - --time-field received_ms -o pings.profile.json
  dedup-harness profile 'day-*/part-*.parquet' --id-field event_id --time-field received
  kcat -C -b broker -t pings | dedup-harness profile --live --id-field document_id --shadow exact -o pings.profile.json
  dedup-harness profile pings.profile.json
  dedup-harness profile pings.profile.json --scenario mine.toml --pings 1_000_000 && dedup-harness run -f mine.toml
  dedup-harness profile --emit-sql bigquery --table live.pings --id-field document_id --time-field received > q.sql";

/// What to print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ProfileFormat {
    /// Answers, and the curve of lags
    #[default]
    Text,
    /// The profile itself
    Json,
}

/// Makes or reads the profile, prints it, and keeps it.
pub fn run(args: &ProfileArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    if let Some(dialect) = args.emit_sql {
        return emit_sql::emit(args, dialect, out);
    }
    live::refuse_idle_server(&args.live, definitions).or_exit(Exit::Usage)?;
    let files = if args.live.live { Vec::new() } else { find_files(&args.traces).or_exit_by_fault()? };
    let written = [("--output", args.output.as_deref()), ("--scenario", args.scenario.as_deref())];
    refuse_one_place(files.iter().map(PathBuf::as_path), &written).or_exit(Exit::Usage)?;
    // What is found out at the end of a day would be lost.
    args.output.iter().try_for_each(|path| dedup_files::admit(path)).or_exit_by_fault()?;
    let [enough, stop] = requests(args.live.live)?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let Seen { profile, shadows } = match args.live.live {
        true => live::watch(&asked(args), definitions, directory.dir(), &enough)?,
        false => Seen { profile: profile(args, &files, directory.dir(), &stop)?, shadows: None },
    };
    // What was read for hours is shown, whatever becomes of the files, and kept, whether it is shown or not.
    let shown = show(args.format, &profile, shadows.as_deref(), out);
    if let Some(path) = &args.output {
        dedup_files::write(path, profile.to_json().as_bytes(), &stop).or_exit_by_fault()?;
    }
    shown?;
    if let Some(path) = &args.scenario {
        let (toml, lacks) = scenario(args, &files, &profile).or_exit(Exit::Usage)?;
        dedup_files::write(path, toml.as_bytes(), &stop).or_exit_by_fault()?;
        let not_carried = NOT_CARRIED.map(|what| format!("\n  {what}")).concat();
        let path = path.display().to_string();
        let path = printable(&path);
        dedup_files::say(format_args!("{path} does not carry:{not_carried}"));
        if let Some(lacks) = lacks {
            dedup_files::say(format_args!("the stream of {path} {}", lacks.replace("\n- ", "\n  ")));
        }
    }
    Ok(Exit::Ok)
}

/// What is to be watched as it comes.
fn asked(args: &ProfileArgs) -> Asked<'_> {
    Asked {
        live: &args.live,
        traces: &args.traces,
        reading: &args.reading,
        name: args.name.as_deref(),
        memory: args.memory,
    }
}

/// What says that enough was seen, and what says to stop: who watches what comes asks for the profile first.
fn requests(is_live: bool) -> anyhow::Result<[Arc<AtomicBool>; 2]> {
    if is_live { interrupts() } else { stop_on_interrupt().map(|stop| [Arc::clone(&stop), stop]) }
}

fn show(
    format: ProfileFormat,
    profile: &Profile,
    shadows: Option<&str>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let said = text::text(profile, curve::Marks::of_locale());
    let text = match (format, shadows) {
        (ProfileFormat::Text, None) => printable(&said).into_owned(),
        (ProfileFormat::Text, Some(shadows)) => printable(&format!("{said}\n{shadows}")).into_owned(),
        (ProfileFormat::Json, shadows) => {
            // Who wants JSON wants nothing else.
            shadows.into_iter().for_each(live::say);
            profile.to_json()
        }
    };
    print(out, &text)
}

/// The text of the scenario, and what its stream lacks.
fn scenario(
    args: &ProfileArgs,
    files: &[PathBuf],
    profile: &Profile,
) -> anyhow::Result<(String, Option<String>)> {
    let from = if let [file] = files { file.display().to_string() } else { profile.name.clone() };
    let scale = args.pings.map_or(args.scale, |pings| pings as f64 / profile.pings_count.max(1) as f64);
    let wanted = Wanted { scale, window: args.window };
    comes_back::scenario(profile, wanted).map_err(|error| anyhow!("{from}: {error}"))
}

/// The profile of `files`, or the one that was stored in the only one of them.
fn profile(
    args: &ProfileArgs,
    files: &[PathBuf],
    directory: &Path,
    stop: &AtomicBool,
) -> anyhow::Result<Profile> {
    let scratch = Some(directory.to_path_buf());
    let mut options = TraceOptions { scratch, ..args.reading.options(files) };
    if options.is_stdin() {
        let spooled = spool_stdin(directory, stop).or_exit_by_fault()?;
        options = options.spooled(spooled);
    }
    let named = |profile| Profile { name: args.name.clone().unwrap_or(options.name.clone()), ..profile };
    let mut stored = options.files().into_iter().filter_map(|path| Some((path, stored(path)?)));
    if let Some((path, bytes)) = stored.next() {
        let name = if files == [Path::new("-")] { options.name.clone() } else { path.display().to_string() };
        refuse_stored_among(&name, files).or_exit(Exit::Usage)?;
        let profile = Profile::parse(&name, &bytes).or_exit(Exit::Usage)?;
        return Ok(if args.name.is_some() { named(profile) } else { profile });
    }
    let memory = args.memory.map_or(Memory::Unbounded, Memory::Bytes);
    from_trace::profile(&options, memory, stop).or_exit_by_fault().map(named)
}

fn refuse_stored_among(name: &str, files: &[PathBuf]) -> anyhow::Result<()> {
    match files {
        [_] => Ok(()),
        _ => {
            bail!("{name}: is a stored profile among other files; allowed is one by itself, or traces alone")
        }
    }
}

/// What a file holds that says that it is a profile: no larger than one is, with room for another's spaces.
fn stored(path: &Path) -> Option<Vec<u8>> {
    let most = 4 * dedup_profile::MOST_BYTES as u64;
    let small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= most);
    let bytes = small.then(|| dedup_files::read(path).ok())??;
    Profile::is_one(&bytes).then_some(bytes)
}
