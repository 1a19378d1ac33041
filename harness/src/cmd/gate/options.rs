//! What the gates have in common: what to measure, how verdicts are delivered.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use clap::Args;
use dedup_files::{AtFault, Folder, Unwritable, say};
use dedup_strategies::Definition;
use dedup_stream::scenario::{self, Scenario};

use crate::exit::{Exit, OrExit};
use crate::gate::accept::{Acceptances, FILE_NAME};
use crate::gate::cells::candidates;
use crate::gate::render::{Format, github, junit, markdown, render};
use crate::gate::verdict::{Party, Strictness, Verdict};
use crate::print::print;
use crate::printable::printable;
use crate::progress::Progress;
use crate::select::{Selected, select};
use crate::systems::is_system;

/// Which strategies on which scenarios.
#[derive(Clone, Debug, Args)]
pub struct ChoiceArgs {
    /// Only scenarios whose name matches this regular expression, or the path of a scenario file (repeatable)
    #[arg(short = 'f', long = "scenario", value_name = "REGEX|FILE")]
    pub scenarios: Vec<String>,
    /// Only strategies whose name matches this regular expression, or one with settings: name:key=value,... (repeatable)
    #[arg(short = 's', long = "strategy", value_name = "REGEX|NAME:KEY=VALUE")]
    pub strategies: Vec<String>,
}

/// How a verdict is delivered.
#[derive(Clone, Debug, Args)]
pub struct OutputArgs {
    /// End with 5 where a metric is inconclusive
    #[arg(long, help_heading = "Verdict")]
    pub strict: bool,
    /// The accepted changes
    #[arg(long, value_name = "FILE", default_value = FILE_NAME, help_heading = "Verdict")]
    pub accepted: PathBuf,
    /// Write verdict.json, gate.md and junit.xml into DIR
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub output: Option<PathBuf>,
    /// How to print the verdict
    #[arg(long, value_enum, default_value_t, help_heading = "Output")]
    pub format: Format,
    /// Do not show progress
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
}

impl ChoiceArgs {
    /// The scenarios; `quick` if none was asked for.
    pub(super) fn scenarios(&self) -> anyhow::Result<Vec<Scenario>> {
        scenario::find_all(&self.scenarios).or_exit(Exit::Usage)
    }

    /// The strategies; all candidates if none was asked for. Of the two programs' own: what a system's figures would tell is
    /// nothing of either.
    pub(super) fn strategies(&self, definitions: &[Definition]) -> anyhow::Result<Vec<Selected>> {
        if let Some(system) = self.strategies.iter().find(|pattern| is_system(pattern)) {
            let error = anyhow::anyhow!(
                "--strategy {system}: found a system, which is in neither of the programs; allowed is a strategy that both have \
                 (`gate check` compares the decisions of systems)"
            );
            return Err(error).or_exit(Exit::Usage);
        }
        match self.strategies.is_empty() {
            true => Ok(candidates(definitions)),
            false => select(definitions, &self.strategies).or_exit(Exit::Usage),
        }
    }
}

impl OutputArgs {
    /// Reads what is accepted, before anything is measured.
    pub(super) fn acceptances(&self) -> anyhow::Result<Acceptances> {
        Acceptances::read(&self.accepted).or_exit(Exit::Usage)
    }

    /// The directory for the files, taken before anything is measured.
    pub(super) fn folder(&self) -> anyhow::Result<Option<Folder>> {
        self.output.as_deref().map(|directory| Folder::alone(directory).or_exit_by_fault()).transpose()
    }

    /// Applies what is accepted, concludes, and delivers: to standard output, to files, and to the CI server that runs
    /// this, where there is one. `stop` ends the wait for somebody who takes a file, where it is a pipe.
    pub(super) fn deliver(
        &self,
        mut verdict: Verdict,
        accepted: &Acceptances,
        folder: Option<&Folder>,
        stop: &AtomicBool,
        out: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        accepted.apply(&mut verdict, jiff::Zoned::now().date());
        let strictness = if self.strict { Strictness::Strict } else { Strictness::Lenient };
        let verdict = verdict.concluded(strictness);
        // What was measured is printed, whatever becomes of the files, and with the code with which that ends.
        let kept = folder.map_or(Ok(()), |folder| keep(&verdict, folder, stop));
        let verdict = match &kept {
            Ok(()) => verdict,
            Err(error) => verdict.not_kept(error.fault().into()),
        };
        print(out, &render(&verdict, self.format))?;
        self.tell_github(&verdict);
        kept.or_exit_by_fault()?;
        Ok(exit(&verdict))
    }

    /// The verdict is what the step ends with, whatever becomes of what is shown beside it.
    fn tell_github(&self, verdict: &Verdict) {
        if std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
            return;
        }
        // To standard error, which the runner reads as well: standard output may be a file or a pipe.
        let _ = dedup_files::stderr().write_all(github::annotations(verdict).as_bytes());
        if let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty())
            && let Err(error) = github::step_summary(verdict, Path::new(&path))
        {
            say(format_args!("warning: step summary: {}", printable(&error.to_string())));
        }
    }
}

/// Writes the verdict's files, all of them or none.
fn keep(verdict: &Verdict, folder: &Folder, stop: &AtomicBool) -> Result<(), Unwritable> {
    let files = [
        ("verdict.json", crate::gate::render::json(verdict)),
        ("gate.md", markdown(verdict)),
        ("junit.xml", junit(verdict)),
    ];
    let files = files.iter().map(|(name, text)| (*name, text.as_bytes()));
    dedup_files::write_all(folder.path(), files, stop)
}

fn exit(verdict: &Verdict) -> Exit {
    match verdict.exit_code {
        0 => Exit::Ok,
        3 => Exit::Slower,
        4 => Exit::Broken,
        5 => Exit::Inconclusive,
        _ => Exit::ToolFailed,
    }
}

/// This program, as one of the two.
pub(super) fn this_program() -> Party {
    Party { name: "this program".to_string(), tool: crate::machine::tool() }
}

/// Now, as records write it.
pub(super) fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Shows how far a gate has come.
pub(super) struct Shown {
    progress: Progress,
    began: Instant,
}

impl Shown {
    pub(super) fn new(stages: usize, quiet: bool) -> Shown {
        Shown { progress: Progress::new(stages, quiet), began: Instant::now() }
    }
}

impl crate::gate::speed::Watcher for Shown {
    fn begins(&mut self, stage: &str) {
        self.began = Instant::now();
        self.progress.start(stage);
    }

    fn progress(&mut self, share: f64) {
        self.progress.update(share);
    }

    fn ended(&mut self, summary: &str) {
        self.progress.finish(self.began.elapsed(), summary);
    }
}
