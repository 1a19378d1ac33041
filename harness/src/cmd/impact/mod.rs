//! `impact`: what strategies do to the numbers that people read, from records; and the SQL that counts them elsewhere.

mod files;
mod sql;

use std::io::Write;
use std::path::PathBuf;

use anyhow::anyhow;
use dedup_report::tables::{Look, impact};

use super::stored::{FilterArgs, compared, read_all};
use crate::compare::Comparison;
use crate::exit::{Exit, OrExit};
use crate::print::print;

/// Shows what strategies do to the numbers that people read: users, sessions, crash rates, retention, a funnel.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ImpactArgs {
    /// Directories with a records.jsonl of the impact pass, or such files
    #[arg(required_unless_present = "emit_sql", value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// What to show
    #[command(flatten)]
    pub filter: FilterArgs,
    /// How to show it
    #[arg(long, value_enum, default_value_t)]
    pub format: ImpactFormat,
    /// Write the numbers as tables into DIR as well: over time, by dimension, a funnel and cohorts, as CSV and as Parquet, with
    /// their schema. Tables that are there are replaced
    #[arg(short, long, value_name = "DIR")]
    pub output: Option<PathBuf>,
    /// What to print for an engine of your own
    #[command(flatten)]
    pub sql: sql::SqlArgs,
}

/// How it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ImpactFormat {
    /// Aligned columns for a terminal
    #[default]
    Table,
    /// Markdown, to paste into a page
    Markdown,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness run -f '^usage$' -s pubsubio -s redis-mozilla -p impact -o results/monday
  dedup-harness impact results/monday -s pubsubio
  dedup-harness impact results/monday -o numbers
  duckdb -c \"FROM 'numbers/impact_over_time.parquet' WHERE number = 'dau'\"
  dedup-harness impact --emit-sql bigquery --day 2026-01-31 --source telemetry_stable.main_v5 --dimension country";

/// Prints the numbers to `out`, or the statements that count them.
pub fn run(args: &ImpactArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    if let Some(dialect) = args.sql.emit_sql {
        print(out, &sql::script(dialect, &args.sql).or_exit(Exit::Usage)?)?;
        return Ok(Exit::Ok);
    }
    let filter = args.filter.filter().or_exit(Exit::Usage)?;
    let runs = read_all(&args.runs)?;
    let comparison = compared(Comparison::from_runs(&runs, &filter, None))?;
    let text = match args.format {
        ImpactFormat::Table => impact::render(&comparison, Look::of_stdout()),
        ImpactFormat::Markdown => impact::render_markdown(&comparison),
    };
    if text.is_empty() {
        return Err(anyhow!(
            "no cell of these runs has figures of the impact pass: run with -p impact, on a scenario with [clients] such as usage"
        ))
        .or_exit(Exit::Usage);
    }
    if let Some(folder) = &args.output {
        files::write(folder, &comparison)?;
    }
    print(out, &text)?;
    Ok(Exit::Ok)
}
