//! What every command that reads recorded runs shares: the options that choose among them, and how its errors end it.

use std::path::{Path, PathBuf};

use anyhow::anyhow;

use crate::compare::CompareError;
use crate::exit::{Exit, OrExit};
use crate::filter::{Filter, FilterError};
use crate::passes::verify::whole;
use crate::print::note;
use crate::printable::printable;
use crate::record::{Joined, Run, joined, read_run};

/// The options of every command that chooses among what there is.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct FilterArgs {
    /// Only scenarios whose name matches this regular expression (repeatable)
    #[arg(short = 'f', long = "scenario", value_name = "REGEX")]
    pub scenarios: Vec<String>,
    /// Only strategies whose name matches this regular expression (repeatable)
    #[arg(short = 's', long = "strategy", value_name = "REGEX")]
    pub strategies: Vec<String>,
}

impl FilterArgs {
    /// Whether nothing is chosen by them.
    pub fn is_empty(&self) -> bool {
        self.scenarios.is_empty() && self.strategies.is_empty()
    }

    /// The filter that these options describe.
    pub fn filter(&self) -> Result<Filter, FilterError> {
        Filter::new(&self.scenarios, &self.strategies)
    }
}

/// Reads the runs that were named; shares of one run are one. What is missing of a run is said.
pub(super) fn read_all(paths: &[PathBuf]) -> anyhow::Result<Vec<Run>> {
    let Joined { runs, missing, notes, .. } = read_shares(paths)?;
    [missing, notes].concat().iter().for_each(|said| note(said));
    Ok(runs)
}

/// The same, where nothing may be missing of any run.
pub(super) fn read_whole(paths: &[PathBuf]) -> anyhow::Result<Vec<Run>> {
    let Joined { runs, missing, unlike, notes } = read_shares(paths)?;
    if let Some(missing) = missing.first() {
        let unlike = unlike.first().map_or(String::new(), |unlike| format!("; {unlike}"));
        return Err(anyhow!("{missing}: give the records of every share{unlike}")).or_exit(Exit::Usage);
    }
    notes.iter().for_each(|said| note(said));
    Ok(runs)
}

fn read_shares(paths: &[PathBuf]) -> anyhow::Result<Joined> {
    let runs = paths.iter().map(|path| read(path).or_exit(Exit::Usage)).collect::<anyhow::Result<_>>()?;
    joined(runs, whole).or_exit(Exit::Usage)
}

/// Reads a run, and warns where its last line was cut off.
pub(super) fn read(path: &Path) -> anyhow::Result<Run> {
    let run = read_run(path)?;
    if let Some(line) = run.truncated {
        dedup_files::say(format_args!(
            "warning: {}: line {line} breaks off and is left out; the run was killed while it wrote",
            printable(&run.path.display().to_string())
        ));
    }
    Ok(run)
}

/// What was made of runs, or the error with the code that it ends the program with.
pub(super) fn compared<T>(made: Result<T, CompareError>) -> anyhow::Result<T> {
    let exit = made.as_ref().err().map_or(Exit::Ok, exit);
    made.or_exit(exit)
}

fn exit(error: &CompareError) -> Exit {
    match error {
        CompareError::Nothing { .. } | CompareError::Histogram { .. } => Exit::Usage,
        CompareError::Unlike { .. } | CompareError::Baseline { .. } | CompareError::NoBaseline { .. } => {
            Exit::Incomparable
        }
    }
}
