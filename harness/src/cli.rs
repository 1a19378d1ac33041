//! The command line.

use std::borrow::Cow;
use std::io::Write;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use dedup_strategies::Definition;

use crate::cmd;
use crate::exit::Exit;
use crate::print::print;
use crate::printable::printable;

/// Tells you which deduplication strategy to put into an at-least-once event pipeline.
///
/// Without a command it runs the quick comparison: a dozen strategies, at least one of each kind, on a realistic stream
/// of pings whose duplicates are known, in under a minute.
#[derive(Debug, Parser)]
#[command(name = "dedup-harness", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Cli {
    /// What to do; the quick comparison if nothing is said.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  dedup-harness                                   the quick comparison
  dedup-harness advise --rate 3000/s --duplicates 1%    which strategy, how large, at what cost
  dedup-harness list                              strategies with their settings, and scenarios
  dedup-harness run -f client-retry -s '^(lru|redis-claim)$' --rounds 3 -o results/monday
  dedup-harness run -s lru:capacity=1_000_000,window=10m -s bloom-rotating:rate=0.01
  dedup-harness run --trace pings.ndjson.gz --id-field document_id --time-field received
  dedup-harness profile pings.ndjson.gz --id-field document_id --time-field received
  dedup-harness talk                              PubsubIO against Redis, as in the 2021 talk
  dedup-harness stream quick --limit 5            the pings themselves, with their truth
  dedup-harness compare results/monday --format markdown
  dedup-harness gate run --base main              has this change made anything slower?
  dedup-harness report results/monday -o monday.html
  dedup-harness report results/monday --format slides -o talk.html
  dedup-harness trend results/nightly-*

Exit codes:
    0  well
    1  the tool failed, a strategy did not come to its end, or an output had no room
    2  wrong usage, a wrong path among it
    3  a gate: slower or heavier than tolerated
    4  a promise was broken, or a gate: wrong answers that were right
    5  inconclusive
    6  a baseline is missing or not comparable
  130  interrupted";

impl Cli {
    /// Reads the command line; ends the program where it cannot be read.
    pub(crate) fn read() -> Cli {
        // A negative number is refused as a value, with what is allowed, and not taken for an unknown option.
        let numbers = |arg: clap::Arg| match arg.get_action().takes_values() {
            true => arg.allow_negative_numbers(true),
            false => arg,
        };
        let mut command = Cli::command().mut_subcommands(|command| command.mut_args(numbers));
        let matches = command.try_get_matches_from_mut(std::env::args_os());
        let found = matches.and_then(|matches| Cli::from_arg_matches(&matches));
        found.unwrap_or_else(|error| end(with_remedy(error.format(&mut command))))
    }
}

/// Prints what is to be said and ends the program. What was typed comes back in it, fit to be shown.
fn end(error: clap::Error) -> ! {
    let plain = error.render().to_string();
    // Help is ours alone; a terminal would obey, or nobody could see, what is in the other.
    if error.use_stderr() && matches!(printable(&plain), Cow::Owned(_)) {
        eprint!("{}", printable(&plain));
        std::process::exit(Exit::Usage as i32);
    }
    match error.print() {
        Err(full) if !error.use_stderr() && full.kind() != std::io::ErrorKind::BrokenPipe => {
            dedup_files::say(format_args!("error: standard output: {full}"));
            std::process::exit(Exit::ToolFailed as i32);
        }
        // Who does not listen has the exit code.
        _ => std::process::exit(error.exit_code()),
    }
}

/// Says what to do where the options of a trace are given without one.
fn with_remedy(mut error: clap::Error) -> clap::Error {
    let names = |kind, option: &str| match error.get(kind) {
        Some(ContextValue::String(name)) => name.starts_with(option),
        Some(ContextValue::Strings(names)) => names.iter().any(|name| name.starts_with(option)),
        _ => false,
    };
    let conflict = error.kind() == ErrorKind::ArgumentConflict;
    let both = |option| names(ContextKind::InvalidArg, option) || names(ContextKind::PriorArg, option);
    let lacks_trace =
        error.kind() == ErrorKind::MissingRequiredArgument && names(ContextKind::InvalidArg, "--trace");
    let of_a_trace = [
        "--trace",
        "--id-field",
        "--time-field",
        "--time-unit",
        "--time-format",
        "--time-zone",
        "--sort",
        "--records",
        "--delimiter",
        "--max-bad",
    ];
    let remedy = if lacks_trace || conflict && both("--window") && both("--scenario") {
        WINDOW_REMEDY
    } else if conflict && both("--scenario") && of_a_trace.into_iter().any(both) {
        TRACE_REMEDY
    } else {
        return error;
    };
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![remedy.into()]));
    error
}

const TRACE_REMEDY: &str =
    "a run is on scenarios (-f) or on a trace (--trace and what belongs to it): leave out one of the two";

const WINDOW_REMEDY: &str = "--window belongs to a trace (--trace FILE); a scenario has a window of its own, to be changed in a copy of its \
     file (window = \"5m\"), and a strategy takes one as a setting: -s exact:window=5m";

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run strategies on scenarios, or on your own trace, and print the comparison
    Run(Box<cmd::run::RunArgs>),
    /// Which strategy, how large, and what it will miss, lose and cost: from requirements and traffic
    Advise(Box<cmd::advise::AdviseArgs>),
    /// Tell how many duplicates your own traffic has and how late they come, and keep that in one small file
    Profile(Box<cmd::profile::ProfileArgs>),
    /// Show what there is: strategies, scenarios and faults
    List(cmd::list::ListArgs),
    /// Print a scenario's pings with their truth, as NDJSON
    Stream(cmd::stream::StreamArgs),
    /// The comparison of the 2021 talk: PubsubIO against Redis, and what else there is, with faults
    Talk(cmd::talk::TalkArgs),
    /// Compare stored runs
    Compare(cmd::compare::CompareArgs),
    /// What strategies do to the numbers that people read: users, sessions, crash rates
    Impact(cmd::impact::ImpactArgs),
    /// Make one run of the records of its shares
    Merge(cmd::merge::MergeArgs),
    /// Do the nightly job over day partitions in Parquet, or print the query that does it elsewhere
    Nightly(Box<cmd::nightly::NightlyArgs>),
    /// Make a page, slides, Markdown or data of stored runs
    Report(cmd::report::ReportArgs),
    /// Has a change made anything worse? For CI: exact figures, and speed
    Gate(Box<cmd::gate::GateArgs>),
    /// Put a strategy or a system of your own through the laws that every strategy obeys
    Conform(cmd::conform::ConformArgs),
    /// Show how figures change over many runs
    Trend(cmd::trend::TrendArgs),
    /// Print the completions for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Run one cell (for the harness's own use)
    #[command(name = crate::cell::SUB_COMMAND, hide = true)]
    Cell,
    /// Be measured by a gate (for the harness's own use)
    #[command(name = crate::gate::worker::SUB_COMMAND, hide = true)]
    GateWorker,
}

/// Does what was asked for; the quick comparison if nothing was said.
pub(crate) fn run(
    command: Option<Command>,
    definitions: &[Definition],
    out: &mut dyn Write,
) -> anyhow::Result<Exit> {
    match command {
        None => cmd::run::run_quick(definitions, out),
        Some(Command::Run(args)) => cmd::run::run(&args, definitions, out),
        Some(Command::Advise(args)) => cmd::advise::run(&args, definitions, out),
        Some(Command::Profile(args)) => cmd::profile::run(&args, definitions, out),
        Some(Command::List(args)) => cmd::list::run(&args, definitions, out),
        Some(Command::Stream(args)) => cmd::stream::run(&args, out),
        Some(Command::Talk(args)) => cmd::talk::run(&args, definitions, out),
        Some(Command::Compare(args)) => cmd::compare::run(&args, out),
        Some(Command::Impact(args)) => cmd::impact::run(&args, out),
        Some(Command::Merge(args)) => cmd::merge::run(&args, out),
        Some(Command::Nightly(args)) => cmd::nightly::run(&args, out),
        Some(Command::Report(args)) => cmd::report::run(&args, out),
        Some(Command::Gate(args)) => cmd::gate::run(&args, definitions, out),
        Some(Command::Conform(args)) => cmd::conform::run(&args, definitions, out),
        Some(Command::Trend(args)) => cmd::trend::run(&args, out),
        Some(Command::Completions { shell }) => {
            // Into memory first: the generator panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dedup-harness", &mut script);
            print(out, &String::from_utf8(script)?)?;
            Ok(Exit::Ok)
        }
        Some(Command::Cell | Command::GateWorker) => unreachable!("dispatched before"),
    }
}
