//! `profile`: what traffic is like, from a trace, standard input or a stored profile.

mod curve;
mod from_trace;
#[cfg(test)]
mod round_trip;
mod text;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use dedup_files::NEVER;
use dedup_profile::{Memory, NOT_CARRIED, Profile, Wanted};
use dedup_stream::trace::{TraceOptions, find_files, spool_stdin};

pub(super) use from_trace::profile as profile_of_trace;

use super::reading::{ReadingArgs, taken};
use super::run::stop_on_interrupt;
use super::values::{bytes, scale, time, whole};
use crate::exit::{Exit, OrExit};
use crate::printable::printable;
use crate::servers::Guarded;

/// Options of `profile`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ProfileArgs {
    /// Your pings: NDJSON, CSV or Parquet, also compressed; `-` for standard input; or a profile that was stored
    #[arg(value_name = "TRACE")]
    pub trace: PathBuf,
    /// How the trace is read
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// What the profile calls the traffic; the file's name if not given
    #[arg(long, value_name = "TEXT", help_heading = "Profile")]
    pub name: Option<String>,
    /// Memory that ids may take; beyond it a part of the ids is looked at, and the error is stated. As much as they need if
    /// not given
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
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness profile pings.ndjson.gz --id-field document_id --time-field received
  zcat pings-*.csv.gz | dedup-harness profile - --time-field received_ms -o pings.profile.json
  dedup-harness profile pings.profile.json
  dedup-harness profile pings.profile.json --scenario mine.toml --pings 1_000_000 && dedup-harness run -f mine.toml";

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
pub fn run(args: &ProfileArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    refuse_one_place(args).or_exit(Exit::Usage)?;
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().context("temporary directory")?;
    let profile = profile(args, directory.dir(), &stop)?;
    let scenario =
        args.scenario.as_ref().map(|_| scenario(args, &profile)).transpose().or_exit(Exit::Usage)?;
    let text = match args.format {
        ProfileFormat::Json => profile.to_json(),
        ProfileFormat::Text => printable(&text::text(&profile, curve::Marks::of_locale())).into_owned(),
    };
    // What was read for an hour is shown, whatever becomes of the files.
    out.write_all(text.as_bytes()).context("standard output")?;
    if let Some(path) = &args.output {
        dedup_files::write(path, profile.to_json().as_bytes(), &NEVER).or_exit(Exit::Usage)?;
    }
    if let (Some(path), Some(toml)) = (&args.scenario, scenario) {
        dedup_files::write(path, toml.as_bytes(), &NEVER).or_exit(Exit::Usage)?;
        let not_carried = NOT_CARRIED.map(|what| format!("\n  {what}")).concat();
        anstream::eprintln!("{} does not carry:{not_carried}", printable(&path.display().to_string()));
    }
    Ok(Exit::Ok)
}

/// Refuses to write over what is read, and one file over the other.
fn refuse_one_place(args: &ProfileArgs) -> anyhow::Result<()> {
    let place = |path: &PathBuf| path.canonicalize().unwrap_or_else(|_| path.clone());
    let written = [("--output", &args.output), ("--scenario", &args.scenario)];
    let mut taken = vec![("what is read", place(&args.trace))];
    for (option, path) in written.into_iter().filter_map(|(option, path)| Some((option, path.as_ref()?))) {
        let place = place(path);
        if let Some((what, _)) = taken.iter().find(|(_, other)| *other == place) {
            anyhow::bail!("{option}: found {}, which is {what}; allowed is another file", path.display());
        }
        taken.push((option, place));
    }
    Ok(())
}

fn scenario(args: &ProfileArgs, profile: &Profile) -> anyhow::Result<String> {
    let scale = args.pings.map_or(args.scale, |pings| pings as f64 / profile.pings_count.max(1) as f64);
    let wanted = Wanted { scale, window: args.window };
    profile.scenario(wanted).map_err(|error| anyhow!("{}: {error}", args.trace.display()))
}

fn profile(args: &ProfileArgs, directory: &Path, stop: &AtomicBool) -> anyhow::Result<Profile> {
    let files = taken(find_files(std::slice::from_ref(&args.trace)))?;
    let scratch = Some(directory.to_path_buf());
    let mut options = TraceOptions { scratch, ..args.reading.options(&files) };
    if options.is_stdin() {
        let spooled = taken(spool_stdin(directory, stop))?;
        options = options.spooled(spooled);
    }
    let named = |profile| Profile { name: args.name.clone().unwrap_or(options.name.clone()), ..profile };
    if let Some(bytes) = stored(&options.path) {
        let name = if args.trace == Path::new("-") {
            options.name.clone()
        } else {
            args.trace.display().to_string()
        };
        let profile = Profile::parse(&name, &bytes).or_exit(Exit::Usage)?;
        return Ok(if args.name.is_some() { named(profile) } else { profile });
    }
    let memory = args.memory.map_or(Memory::Unbounded, Memory::Bytes);
    taken(from_trace::profile(&options, memory, stop)).map(named)
}

/// What a file holds that says that it is a profile: no larger than one is, with room for another's spaces.
fn stored(path: &Path) -> Option<Vec<u8>> {
    let most = 4 * dedup_profile::MOST_BYTES as u64;
    let small = std::fs::metadata(path).is_ok_and(|file| file.is_file() && file.len() <= most);
    let bytes = small.then(|| dedup_files::read(path).ok())??;
    Profile::is_one(&bytes).then_some(bytes)
}
