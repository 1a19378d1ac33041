//! `report`: pages, slides, Markdown and data from records.

use std::io::Write;
use std::path::{Path, PathBuf};

use dedup_files::{Folder, NEVER};
use dedup_report::{Mix, Report, hgrm, markdown, page, slides, splice, tidy};

use super::places::refuse_one_place;
use super::stored::{FilterArgs, compared, read_all};
use crate::exit::{Exit, OrExit};
use crate::print::print;
use crate::record::Run;

/// Makes a page, slides, Markdown or data of recorded runs, without running anything.
#[derive(Clone, Debug, clap::Args)]
pub struct ReportArgs {
    /// Directories with a records.jsonl, or such files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// What to show
    #[command(flatten)]
    pub filter: FilterArgs,
    /// What to make
    #[arg(long, value_enum, default_value_t)]
    pub format: ReportFormat,
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "splice")]
    pub output: Option<PathBuf>,
    /// Put the Markdown between the markers of this file: `<!-- report -->` and `<!-- /report -->`
    #[arg(long, value_name = "FILE")]
    pub splice: Option<PathBuf>,
    /// The name in the markers
    #[arg(long, value_name = "NAME", default_value = "report", requires = "splice", value_parser = marker)]
    pub marker: String,
    /// Of the Markdown only one table of at most seven columns a scenario, and what it takes to read it
    #[arg(long)]
    pub brief: bool,
    /// Write an .hgrm file for each strategy and scenario that was timed into this directory
    #[arg(long, value_name = "DIR")]
    pub hgrm: Option<PathBuf>,
    /// Write each chart as SVG and each of its tables as CSV into this directory
    #[arg(long, value_name = "DIR")]
    pub assets: Option<PathBuf>,
    /// Draw runs of unlike machines or streams in one chart, and say so
    #[arg(long)]
    pub mix: bool,
}

/// What to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ReportFormat {
    /// One page, complete and offline
    #[default]
    Html,
    /// One page of slides, with speaker notes
    Slides,
    /// Tables and claims, to paste into a page
    Markdown,
    /// One figure of one cell a line
    Csv,
    /// The claims, the runs and one figure of one cell a line
    Json,
}

fn marker(text: &str) -> Result<String, String> {
    let fine =
        !text.is_empty() && text.chars().all(|letter| letter.is_alphanumeric() || " -_".contains(letter));
    let fine = fine && text.trim() == text && !text.contains("--");
    fine.then(|| text.to_string())
        .ok_or_else(|| "allowed are letters, digits, single dashes, _ and blanks".into())
}

/// Writes the report. Ends well also where a promise is broken: `report` shows, `gate` judges.
pub fn run(args: &ReportArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let format = format(args).or_exit(Exit::Usage)?;
    let filter = args.filter.filter().or_exit(Exit::Usage)?;
    let runs = read_all(&args.runs)?;
    let written = [("--output", args.output.as_deref()), ("--splice", args.splice.as_deref())];
    refuse_one_place(runs.iter().map(|run| run.path.as_path()), &written).or_exit(Exit::Usage)?;
    let mix = if args.mix { Mix::Together } else { Mix::Apart };
    let report = compared(Report::from_runs(&runs, &filter, mix))?;
    if let Some(directory) = &args.hgrm {
        let files = hgrm::files(&report.comparison).or_exit(Exit::Usage)?;
        write_all(directory, files.iter().map(|file| (file.name.as_str(), file.text.as_str())))?;
    }
    if let Some(directory) = &args.assets {
        let files = page::assets(&report);
        write_all(directory, files.iter().map(|(name, text)| (name.as_str(), text.as_str())))?;
    }
    let text = match args.brief {
        true => markdown::brief(&report, &command_line()),
        false => text(&report, &runs, format),
    };
    match (&args.splice, &args.output) {
        (Some(path), _) => splice::splice(path, &args.marker, &text).or_exit_by_fault()?,
        (None, Some(path)) => dedup_files::write(path, text.as_bytes(), &NEVER).or_exit_by_fault()?,
        (None, None) => print(out, &text)?,
    }
    Ok(Exit::Ok)
}

/// What is to be made: always Markdown where it is to go into a page, or to be brief.
fn format(args: &ReportArgs) -> anyhow::Result<ReportFormat> {
    match (args.splice.is_some() || args.brief, args.format) {
        (true, ReportFormat::Html | ReportFormat::Markdown) => Ok(ReportFormat::Markdown),
        (true, _) if args.splice.is_some() => {
            anyhow::bail!("--splice puts Markdown into a page; --format allows html or markdown with it")
        }
        (true, _) => anyhow::bail!("--brief makes Markdown; --format allows html or markdown with it"),
        (false, format) => Ok(format),
    }
}

fn text(report: &Report, runs: &[Run], format: ReportFormat) -> String {
    let measurements = || tidy::measurements(runs, &report.comparison);
    match format {
        ReportFormat::Html => page::render(report),
        ReportFormat::Slides => slides::render(report),
        ReportFormat::Markdown => markdown::render(report, &command_line()),
        ReportFormat::Csv => tidy::csv(&measurements()),
        ReportFormat::Json => tidy::json(report, &measurements()),
    }
}

/// The command line as it would be typed, without the path of the program.
fn command_line() -> String {
    let words = std::env::args().skip(1).map(|word| match word.chars().all(is_plain) {
        true if !word.is_empty() => word,
        _ => format!("'{}'", word.replace('\'', r"'\''")),
    });
    std::iter::once("dedup-harness".to_string()).chain(words).collect::<Vec<_>>().join(" ")
}

fn is_plain(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "-_./=:,@%+".contains(letter)
}

fn write_all<'a>(directory: &Path, files: impl Iterator<Item = (&'a str, &'a str)>) -> anyhow::Result<()> {
    let folder = Folder::alone(directory).or_exit_by_fault()?;
    let files = files.map(|(name, text)| (name, text.as_bytes()));
    dedup_files::write_all(folder.path(), files, &NEVER).or_exit_by_fault()
}
