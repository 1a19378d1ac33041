//! `advise`: from requirements and traffic to a decision.

mod check;
#[cfg(test)]
mod decisions;
mod options;
mod page;
mod question;
mod sizes;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use dedup_decide::render::Style;
use dedup_decide::{Candidate, Curves, Decision, Needs, changes, decide_knowing, render};
use dedup_files::{NEVER, say};
use dedup_strategies::Definition;

use super::reading::ReadingArgs;
use super::stored;
use crate::advise::{Found, Otherwise, candidates, shipped_curves};
use crate::exit::{Exit, OrExit};
use crate::interrupt::stop_on_interrupt;
use crate::print::print;
use crate::units::parse_time;
use check::Shown;
use options::{NeedArgs, TrafficArgs};

/// Options of `advise`.
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES, mut_group("ReadingArgs", |group| group.requires("trace")))]
pub struct AdviseArgs {
    /// A TOML file with requirements and traffic, each under the name of its option: lost = "1e-6"
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    traffic: TrafficArgs,
    /// How a trace is read.
    #[command(flatten)]
    reading: ReadingArgs,
    #[command(flatten)]
    needs: NeedArgs,
    /// Only how large every strategy is for the ids of a window
    #[arg(long, conflicts_with = "format")]
    sizes: bool,
    /// With --sizes: how long ids are remembered
    #[arg(long, value_name = "TIME", requires = "sizes", default_value = "24h", value_parser = length)]
    window: std::time::Duration,
    /// With --sizes: distinct ids in a window, in the place of --rate
    #[arg(long, value_name = "N", requires = "sizes", conflicts_with = "rate", value_parser = ids)]
    ids: Option<u64>,
    /// Read times off your own record of the scale pass, in the place of those that ship
    #[arg(long, value_name = "DIR", conflicts_with = "sizes")]
    curves: Option<PathBuf>,
    /// Run what is recommended and the two runners-up on a thinned-out stream of the same traffic, with restarts and crashes, and
    /// show what was predicted beside what was seen; takes seconds a strategy, and a minute on disk
    #[arg(long, conflicts_with = "sizes")]
    check: bool,
    /// Do not show progress of --check
    #[arg(short, long, requires = "check")]
    quiet: bool,
    /// How the decision is shown
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write it to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness advise --rate 3000/s --duplicates 1% --lags 50%=10m,90%=8h,99.9%=3d --workers 12 --redis 8GiB
  dedup-harness advise --rate 16000/s --duplicates 0.1% --lags nightly --nightly --missed 0.01%
  dedup-harness advise needs.toml --format markdown
  dedup-harness advise needs.toml --format html -o decision.html
  dedup-harness advise needs.toml --check
  dedup-harness advise --profile traffic.json --lost none
  dedup-harness advise --trace pings.ndjson.gz --id-field document_id --time-field received --workers 12
  dedup-harness advise --rate 3000/s --p99 5ms --curves results/mine
  dedup-harness advise --sizes --ids 1_000_000_000 --window 24h
docs/ADVISE.md has every formula and default.";

/// How a decision is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal of 80 columns
    Text,
    /// Every figure, with where it comes from
    Json,
    /// For a review
    Markdown,
    /// A page that answers other questions, too, and loads nothing
    Html,
}

/// Decides, and prints it.
pub fn run(args: &AdviseArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let given = question::given(args).or_exit(Exit::Usage)?;
    let needs = given.needs().or_exit(Exit::Usage)?;
    let stop = stop_where_it_takes_long(args.check || given.has_trace())?;
    let text = match args.sizes {
        true => {
            let ids_in: Box<dyn Fn(Duration) -> u64> = match args.ids {
                // As many in each part of the window.
                Some(ids) => Box::new(move |own| {
                    let part = own.as_secs_f64() / args.window.as_secs_f64();
                    (ids as f64 * part).ceil().max(1.0) as u64
                }),
                None => {
                    let traffic = given.traffic(&stop)?;
                    Box::new(move |own| traffic.ids_in(own).ceil().max(1.0) as u64)
                }
            };
            sizes::table(definitions, &ids_in, args.window, &needs)
        }
        false => {
            let (decision, candidates, curves) = decided(&given, &needs, definitions, &stop)?;
            // The page works them out itself.
            let changes = || {
                let asked = (&decision.traffic, &needs);
                let otherwise = Otherwise::new(definitions, asked, &curves, &candidates);
                changes(&decision.traffic, &needs, &candidates, &otherwise)
            };
            let style = match args.format {
                Format::Text => Some(Style::Text),
                Format::Markdown => Some(Style::Markdown),
                Format::Json | Format::Html => None,
            };
            let mut text = match args.format {
                Format::Text => render::text(&decision, &changes()),
                Format::Markdown => render::markdown(&decision, &changes()),
                // Their check is a part of them.
                Format::Json | Format::Html => String::new(),
            };
            let mut checked = Vec::new();
            if args.check {
                // Who waits at a terminal reads the answer meanwhile, and each result as soon as it is there.
                let shown = match (style, &args.output) {
                    (Some(style), None) => {
                        print(out, &std::mem::take(&mut text))?;
                        Shown::At(style, out)
                    }
                    _ => Shown::AtTheEnd,
                };
                match check::check(definitions, &decision, args.quiet, &stop, shown)? {
                    Some(all) => checked = all,
                    None => {
                        say("interrupted: the check did not come to its end");
                        return Ok(Exit::Interrupted);
                    }
                }
            }
            match (args.format, style, &args.output) {
                (Format::Json, ..) => render::json(&decision, &changes(), &checked),
                (Format::Html, ..) => {
                    page::page(definitions, (&decision, &candidates), &given, args.curves.as_deref())?
                }
                (_, Some(style), Some(_)) => text + &render::checked(style, &checked),
                _ => text,
            }
        }
    };
    match &args.output {
        Some(path) => dedup_files::write(path, text.as_bytes(), &NEVER).or_exit_by_fault()?,
        None => print(out, &text)?,
    }
    Ok(Exit::Ok)
}

/// What [`run`] prints as JSON, without what would change the answer: for whoever asks many questions.
pub fn answer(args: &AdviseArgs, definitions: &[Definition]) -> anyhow::Result<String> {
    let given = question::given(args)?;
    let (decision, ..) = decided(&given, &given.needs()?, definitions, &NEVER)?;
    Ok(render::json(&decision, &[], &[]))
}

fn decided(
    given: &question::Given,
    needs: &Needs,
    definitions: &[Definition],
    stop: &AtomicBool,
) -> anyhow::Result<(Decision, Vec<Candidate>, Curves)> {
    let traffic = given.traffic(stop)?;
    let curves = curves(given.curves.as_deref()).or_exit(Exit::Usage)?;
    let Found { candidates, unsaid, left_out } = candidates(definitions, &traffic, needs, &curves);
    let decision = decide_knowing(&traffic, needs, &candidates, &unsaid).leaving_out(left_out);
    Ok((decision, candidates, curves))
}

/// A flag that Ctrl-C sets, where there is something to be stopped.
fn stop_where_it_takes_long(is_long: bool) -> anyhow::Result<Arc<AtomicBool>> {
    if is_long { stop_on_interrupt() } else { Ok(Arc::default()) }
}

/// Those that ship, and before them one's own.
fn curves(own: Option<&Path>) -> anyhow::Result<Curves> {
    let Some(path) = own else { return Ok(shipped_curves().clone()) };
    let run = stored::read(path)?;
    let curves = Curves::of_run(&run).with_context(|| format!("{}", path.display()))?;
    anyhow::ensure!(
        !curves.is_empty(),
        "{}: found no figures of the scale pass; allowed is a record made with: run -p scale -f '^quick$' -o DIR",
        path.display()
    );
    Ok(curves.before(shipped_curves()))
}

fn length(text: &str) -> Result<std::time::Duration, String> {
    let allowed = "allowed is a length of time from 1s to 10years, such as 24h";
    let (least, most) = (std::time::Duration::from_secs(1), std::time::Duration::from_secs(3653 * 86_400));
    parse_time(text).filter(|found| (least..=most).contains(found)).ok_or_else(|| allowed.to_string())
}

fn ids(text: &str) -> Result<u64, String> {
    super::values::whole(1, 1u64 << 40)(text)
}
