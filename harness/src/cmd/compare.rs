//! `compare`: tables from records.

use std::io::Write;
use std::path::PathBuf;

use dedup_report::tables::{Format, Look, render};

use super::stored::{FilterArgs, compared, read, read_all};
use super::values::format;
use crate::compare::Comparison;
use crate::exit::{Exit, OrExit};
use crate::print::print;

/// Puts recorded runs beside each other, without running anything.
#[derive(Clone, Debug, clap::Args)]
pub struct CompareArgs {
    /// Directories with a records.jsonl, or such files
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<PathBuf>,
    /// Show below each strategy what changed against this run
    #[arg(long, value_name = "RUN")]
    pub against: Option<PathBuf>,
    /// What to show
    #[command(flatten)]
    pub filter: FilterArgs,
    /// Show the table of `talk`, whose records they are
    #[arg(long, conflicts_with_all = ["against", "strategies", "scenarios"])]
    pub talk: bool,
    /// How to show it
    #[arg(long, value_parser = format(), default_value_t)]
    pub format: Format,
}

/// Prints the comparison to `out`. Ends well also where a promise is broken: `compare` shows, `gate` judges.
pub fn run(args: &CompareArgs, out: &mut dyn Write) -> anyhow::Result<Exit> {
    let filter = args.filter.filter().or_exit(Exit::Usage)?;
    let runs = read_all(&args.runs)?;
    let against = args.against.as_deref().map(|path| read(path).or_exit(Exit::Incomparable)).transpose()?;
    let comparison = compared(Comparison::from_runs(&runs, &filter, against.as_ref()))?;
    let text = match args.talk {
        true => super::talk::drawn(&comparison, args.format).or_exit(Exit::Usage)?,
        false => render(&comparison, args.format, Look::of_stdout()),
    };
    print(out, &text)?;
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{RecordWriter, sample};

    fn recorded() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        let run = sample::run();
        let mut writer = RecordWriter::create(directory.path(), &run.run).unwrap();
        run.cells.iter().for_each(|cell| writer.append(cell).unwrap());
        directory
    }

    fn compare(words: &[&str]) -> (anyhow::Result<Exit>, String) {
        #[derive(clap::Parser)]
        struct Cli {
            #[command(flatten)]
            args: CompareArgs,
        }
        let args = <Cli as clap::Parser>::parse_from([&["compare"], words].concat()).args;
        let mut out = Vec::new();
        let exit = run(&args, &mut out);
        (exit, String::from_utf8(out).unwrap())
    }

    #[test]
    fn recorded_runs_are_shown_without_running_anything() {
        let directory = recorded();
        let path = directory.path().to_str().unwrap();
        let (exit, text) = compare(&[path, "-s", "^bloom$", "--format", "csv"]);
        assert_eq!(exit.unwrap(), Exit::Ok);
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn each_mistake_has_its_exit_code_and_prints_no_table() {
        let directory = recorded();
        let path = directory.path().to_str().unwrap();
        for (words, expected, message) in [
            (&[path, "-f", "("][..], Exit::Usage, "no regular expression"),
            (&["/nonexistent"], Exit::Usage, "no such file or directory"),
            (&[path, "-s", "nothing"], Exit::Usage, "no cell matches"),
            (&[path, "--against", "/nonexistent"], Exit::Incomparable, "no such file or directory"),
        ] {
            let (exit, text) = compare(words);
            let error = exit.unwrap_err();
            assert_eq!((Exit::of(&error), text.as_str()), (expected, ""));
            assert!(format!("{error:#}").contains(message), "{error:#}");
        }
    }
}
