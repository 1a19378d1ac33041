//! `merge`: the records that several machines kept of one run, made one.

use std::io::Write;
use std::path::PathBuf;

use anyhow::anyhow;

use super::places::refuse_one_place;
use super::stored::read_whole;
use crate::exit::{Exit, OrExit};
use crate::print::print;
use crate::printable::printable;
use crate::record::{FILE_NAME, RecordWriter};

/// Makes one run of its shares, without running anything.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct MergeArgs {
    /// The records of every share: directories with a records.jsonl, or such files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Keep the run in DIR/records.jsonl
    #[arg(short, long, value_name = "DIR")]
    pub output: PathBuf,
    /// Replace the records that DIR already holds
    #[arg(long)]
    pub force: bool,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness run -f . -s exact -s lru -p verify --partition 1/2 -o parts/1      on one machine
  dedup-harness run -f . -s exact -s lru -p verify --partition 2/2 -o parts/2      on another
  dedup-harness merge parts/1 parts/2 -o whole
  dedup-harness compare whole --against results/monday";

/// Writes the run, and says what is in it.
pub fn run(args: &MergeArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let runs = read_whole(&args.runs)?;
    let [run] = &runs[..] else {
        return Err(anyhow!(
            "these records are of {} runs, by what was run or by the program that ran it: give the shares of one",
            runs.len()
        ))
        .or_exit(Exit::Usage);
    };
    let file = args.output.join(FILE_NAME);
    let read: Vec<PathBuf> = args
        .runs
        .iter()
        .map(|path| if path.is_dir() { path.join(FILE_NAME) } else { path.clone() })
        .collect();
    refuse_one_place(read.iter().map(PathBuf::as_path), &[("--output", Some(&file))]).or_exit(Exit::Usage)?;
    RecordWriter::whole(&args.output, &run.run, &run.cells, args.force).or_exit_by_fault()?;
    let file = file.display().to_string();
    print(out, &format!("{}: {} cells of {} shares\n", printable(&file), run.cells.len(), args.runs.len()))?;
    Ok(Exit::Ok)
}
