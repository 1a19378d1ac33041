//! `trend`: figures of many runs over time.

use std::io::Write;
use std::path::PathBuf;

use dedup_files::NEVER;
use dedup_report::page;
use dedup_report::tables::Look;
use dedup_report::trend::{Trend, render_text, report};

use super::places::refuse_one_place;
use super::stored::{FilterArgs, compared, read_all};
use crate::exit::{Exit, OrExit};
use crate::print::print;

/// Shows how figures change over many runs of the same scenarios. Hints, never a gate.
#[derive(Clone, Debug, clap::Args)]
pub struct TrendArgs {
    /// Directories with a records.jsonl, or such files; sorted by the time at which each run began
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// What to show
    #[command(flatten)]
    pub filter: FilterArgs,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    pub format: TrendFormat,
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How a trend is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum TrendFormat {
    /// One line a strategy and figure
    #[default]
    Table,
    /// One page with charts, complete and offline
    Html,
}

/// Writes the trend. Ends well whatever it shows.
pub fn run(args: &TrendArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let filter = args.filter.filter().or_exit(Exit::Usage)?;
    let runs = read_all(&args.runs)?;
    let written = [("--output", args.output.as_deref())];
    refuse_one_place(runs.iter().map(|run| run.path.as_path()), &written).or_exit(Exit::Usage)?;
    let trend = compared(Trend::from_runs(&runs, &filter))?;
    // A file has no width.
    let look = if args.output.is_some() { Look::PLAIN } else { Look::of_stdout() };
    let text = match args.format {
        TrendFormat::Table => render_text(&trend, look),
        TrendFormat::Html => page::render(&report(&trend)),
    };
    match &args.output {
        Some(path) => dedup_files::write(path, text.as_bytes(), &NEVER).or_exit_by_fault()?,
        None => print(out, &text)?,
    }
    Ok(Exit::Ok)
}
