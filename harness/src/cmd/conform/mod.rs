//! `conform`: puts a strategy through the laws, above all one of somebody's own, or beside another on the same pings.

mod against;
mod waited;

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use dedup_files::say;
use dedup_report::tables::{Look, paragraph};
use dedup_strategies::conformance::{LAWS, Law, Subject, Violation};
use dedup_strategies::{Batching, BuildError, Context, Definition, Needs, Sizing};
use dedup_stream::workload::Workload;

use against::Pair;
use waited::see_all;

use super::stream::one_scenario;
use crate::environment::CellError;
use crate::exit::{Exit, OrExit};
use crate::interrupt::stop_on_interrupt;
use crate::print::print;
use crate::select::{Selected, select};
use crate::servers::{Beside, Between, Guarded, ServerError};
use crate::systems::{SystemsArgs, with_systems};

/// Which strategy to put through the laws.
#[derive(Debug, Args)]
pub struct ConformArgs {
    /// The file of a system (./mine.toml), or the name of a strategy; settings after a colon: ./mine.toml:window=1m
    #[arg(value_name = "SYSTEM")]
    system: String,
    /// Systems beside the strategies.
    #[command(flatten)]
    systems: SystemsArgs,
    /// Only laws whose names contain this
    #[arg(long, value_name = "TEXT")]
    law: Option<String>,
    /// No laws: give this strategy, or system, the same pings, and compare their verdicts one by one
    #[arg(long, value_name = "STRATEGY", conflicts_with = "law")]
    against: Option<String>,
    /// The scenario of these pings: a name, or a .toml file
    #[arg(short = 'f', long, value_name = "NAME|FILE", requires = "against", default_value = "quick")]
    scenario: String,
}

/// What laws expect: a window of a minute, and a few hundred ids. Where time goes by the wall, a day: laws then end before anything
/// is forgotten, whatever they say the time is.
fn sizing(needs: Needs) -> Sizing {
    let window = match needs {
        Needs::System { wall_clock: true, .. } => Duration::from_secs(86_400),
        _ => Duration::from_secs(60),
    };
    Sizing { window, ids_in_window: 600, ids_total: 4_096 }
}

/// Puts it through the laws, and says in a sentence which it breaks.
pub fn run(args: &ConformArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let definitions = &args.systems.with(definitions)?[..];
    let selected = &meant(definitions, &args.system)?;
    if let Some(other) = &args.against {
        return compare(selected, &meant(definitions, other)?, &args.scenario, out);
    }
    admit(&selected.definition).or_exit(Exit::Usage)?;
    let is_on_the_wall = on_the_wall(&selected.definition).is_some();
    let laws = laws(args.law.as_deref(), is_on_the_wall).or_exit(Exit::Usage)?;
    selected.settings(&sizing(selected.definition.needs)).or_exit(Exit::Usage)?;
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let (label, count) = (selected.label(), laws.len());
    let is_system = matches!(selected.definition.needs, Needs::System { .. });
    let (tell, told) = channel();
    let examined = Examined { selected: selected.clone(), directory };
    let laws = thread::Builder::new().name("laws".into()).spawn(move || examined.examine(&laws, &tell))?;
    let look = Look::of_stdout();
    let mut seen = Seen::default();
    let mut failed = None;
    let is_whole = see_all(laws, told, &stop, |told| match told {
        Ok((law, outcome)) => print(out, &seen.lines(law, outcome, look)),
        Err(error) => {
            failed = Some(error);
            Ok(())
        }
    })?;
    if !is_whole {
        say(format_args!("interrupted: {} of {count} laws were asked", seen.all()));
        return Ok(Exit::Interrupted);
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let askable = asked_of(is_on_the_wall).count();
    let said = match seen {
        Seen { broken: 0, failed: 0, holds } if holds == askable => format!("obeys all {count} laws"),
        Seen { broken: 0, failed: 0, holds } if holds == count => {
            let asked = if count == 1 { "the one law".to_string() } else { format!("the {count} laws") };
            format!("obeys {asked} asked for, of {askable}")
        }
        Seen { broken: 0, failed, .. } => {
            format!("failed {failed} of {count} times, so nothing is known of these laws")
        }
        Seen { broken, failed: 0, .. } => format!("breaks {broken} of {count} laws"),
        Seen { broken, failed, .. } => format!("breaks {broken} of {count} laws, and failed {failed} times"),
    };
    print(out, &format!("\n{}", paragraph("", &format!("{label} {said}."), look)))?;
    if is_on_the_wall {
        print(out, &paragraph("", ON_THE_WALL, look))?;
    }
    if is_system {
        print(out, &paragraph("", UNDER_FAULTS, look))?;
    }
    Ok(match seen {
        Seen { broken: 1.., .. } => Exit::Broken,
        Seen { failed: 1.., .. } => Exit::ToolFailed,
        _ => Exit::Ok,
    })
}

/// What no law tells of a system that cannot be told the time.
const ON_THE_WALL: &str = "Its clock is the wall's, which no law moves: the law about what is forgotten was not asked, and how long it \
                           remembers is judged by run.";

/// What no law tells of a system.
const UNDER_FAULTS: &str =
    "What it does when things break is no law: run -f '^faults/' -p verify -s FILE shows it.";

/// How many laws ended how.
#[derive(Default)]
struct Seen {
    holds: usize,
    broken: usize,
    failed: usize,
}

impl Seen {
    fn all(&self) -> usize {
        self.holds + self.broken + self.failed
    }

    /// Counts a law, and says how it ended.
    fn lines(&mut self, law: &Law, outcome: Result<(), Violation>, look: Look) -> String {
        let Err(violation) = outcome else {
            self.holds += 1;
            return paragraph("holds   ", law.name, look);
        };
        let (word, count) = match violation.is_failure() {
            true => ("FAILED", &mut self.failed),
            false => ("BROKEN", &mut self.broken),
        };
        *count += 1;
        let why: String = violation.what.lines().map(|line| paragraph("        ", line, look)).collect();
        paragraph(&format!("{word}  "), law.name, look) + &why
    }
}

/// What is put through the laws, and where.
struct Examined {
    selected: Selected,
    directory: Guarded,
}

/// A law and how it ended, or why nothing could be put through it.
type Told = anyhow::Result<(&'static Law, Result<(), Violation>)>;

impl Examined {
    fn examine(&self, laws: &[&'static Law], tell: &Sender<Told>) {
        let given = self.selected.given.iter();
        let given: Vec<(&str, &str)> = given.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let fresh = Fresh::within(self.directory.dir(), self.selected.definition);
        // Whether it can be started at all is no law.
        if let Err(error) = self.open(&given, &fresh) {
            let _ = tell.send(Err(error));
            return;
        }
        fresh.clear();
        let context = |seed, workers| fresh.context(seed, workers);
        let subject = Subject::new(&self.selected.definition, &given, &context);
        for law in laws {
            let outcome = fresh.or_obituary(law, law.check(&subject));
            fresh.clear();
            if tell.send(Ok((law, outcome))).is_err() {
                return;
            }
        }
    }

    fn open(&self, given: &[(&str, &str)], fresh: &Fresh) -> anyhow::Result<()> {
        let context = fresh.in_full(0, 1)?;
        let opened = self.selected.definition.open(given, &context).map(drop);
        opened.or_else(|error| match error {
            BuildError::Setting(_) | BuildError::TooLarge { .. } => Err(error).or_exit(Exit::Usage),
            // Where it is a row, its name stands before it.
            BuildError::Missing { .. } => {
                Err(anyhow::anyhow!("{}: {error}", self.selected.definition.name)).or_exit(Exit::ToolFailed)
            }
            BuildError::Server(_) | BuildError::Io(_) => Err(error).or_exit(Exit::ToolFailed),
        })
    }
}

/// The one strategy that is meant: what is a name means that one, and not all whose names hold it.
fn meant(definitions: &[Definition], typed: &str) -> anyhow::Result<Selected> {
    let is_name = definitions.iter().any(|definition| definition.name == typed);
    let pattern = if is_name { format!("^{typed}$") } else { typed.to_string() };
    let (definitions, patterns) = with_systems(definitions, &[pattern])?;
    let selected = select(&definitions, &patterns).or_exit(Exit::Usage)?;
    one_of(&selected, typed).or_exit(Exit::Usage).cloned()
}

fn compare(one: &Selected, other: &Selected, scenario: &str, out: &mut dyn Write) -> anyhow::Result<Exit> {
    for selected in [one, other] {
        admit(&selected.definition).and_then(|()| admit_beside(&selected.definition)).or_exit(Exit::Usage)?;
    }
    let workload = Workload::Scenario(Box::new(one_scenario(scenario)?)).without_faults();
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let pair = Pair { one: one.clone(), other: other.clone(), workload, directory };
    let Batching { pings, linger } = pair.batching();
    let names = [one.label(), other.label()];
    let look = Look::of_stdout();
    let compared = format!(
        "{} and {} on the pings of {}, seed {}, one worker, batches of up to {pings} and {}",
        names[0],
        names[1],
        pair.workload.name(),
        pair.workload.seed(),
        humantime::format_duration(linger)
    );
    print(out, &paragraph("", &compared, look))?;
    let (tell, told) = channel();
    let compares = thread::Builder::new().name("compares".into());
    let compares = compares.spawn(move || drop(tell.send(pair.compare())))?;
    let mut compared = None;
    let seen = see_all(compares, told, &stop, |agreement| {
        compared = Some(agreement);
        Ok(())
    });
    let Some(agreement) = seen.map(|is_whole| compared.filter(|_| is_whole))? else {
        say("interrupted: nothing was compared");
        return Ok(Exit::Interrupted);
    };
    let agreement = agreement.or_else(not_compared)?;
    let told = agreement.told(names.each_ref().map(String::as_str));
    let told = told.lines().map(|line| {
        let text = line.trim_start();
        paragraph(&line[..line.len() - text.len()], text, look)
    });
    print(out, &told.collect::<String>())?;
    Ok(if agreement.apart() == 0 { Exit::Ok } else { Exit::Broken })
}

fn not_compared<T>(error: CellError) -> anyhow::Result<T> {
    let (exit, why) = match error {
        CellError::Refused(why) => (Exit::Usage, why),
        CellError::Skipped { reason, remedy } => (Exit::ToolFailed, format!("{reason}: {remedy}")),
        CellError::Failed(_, why) => (Exit::ToolFailed, why),
    };
    Err(anyhow::anyhow!(why)).or_exit(exit)
}

fn one_of<'a>(selected: &'a [Selected], typed: &str) -> anyhow::Result<&'a Selected> {
    match selected {
        [one] => Ok(one),
        many => {
            let names: Vec<&str> = many.iter().map(|one| one.definition.name).collect();
            bail!(
                "{typed:?} names {} strategies ({}); allowed is one: ^{}$",
                many.len(),
                names.join(", "),
                names[0]
            )
        }
    }
}

/// The file of a system that cannot be told the time.
fn on_the_wall(definition: &Definition) -> Option<&'static str> {
    match definition.needs {
        Needs::System { file, wall_clock: true, .. } => Some(file),
        _ => None,
    }
}

/// Two can be compared where both go by one time.
fn admit_beside(definition: &Definition) -> anyhow::Result<()> {
    match on_the_wall(definition) {
        Some(file) => bail!(
            "{file}: clock: found \"wall\"; verdicts are compared at the times of the pings, so allowed is \"given\": a system \
             that keeps wall time is judged by run"
        ),
        None => Ok(()),
    }
}

/// What needs a server of the harness's own is put through them by other means.
fn admit(definition: &Definition) -> anyhow::Result<()> {
    match definition.needs {
        Needs::Nothing | Needs::System { .. } => Ok(()),
        Needs::Redis => bail!(
            "{}: the laws are for strategies without a server of the harness's own; its tests hold it to them",
            definition.name
        ),
    }
}

/// The laws that can be asked of it.
fn asked_of(is_on_the_wall: bool) -> impl Iterator<Item = &'static Law> {
    LAWS.iter().filter(move |law| !(is_on_the_wall && law.forgets))
}

fn laws(text: Option<&str>, is_on_the_wall: bool) -> anyhow::Result<Vec<&'static Law>> {
    let text = text.unwrap_or_default();
    let laws: Vec<&Law> = asked_of(is_on_the_wall).filter(|law| law.name.contains(text)).collect();
    if laws.is_empty() {
        let names: Vec<&str> = asked_of(is_on_the_wall).map(|law| law.name).collect();
        bail!("--law {text:?} is in no law's name; allowed are parts of: {}", names.join("; "));
    }
    Ok(laws)
}

/// A directory, and a server where there is one beside it, for each strategy that is built.
struct Fresh<'a> {
    directory: &'a Path,
    name: &'static str,
    needs: Needs,
    built: Cell<u64>,
    servers: RefCell<Vec<Beside>>,
}

impl<'a> Fresh<'a> {
    fn within(directory: &'a Path, Definition { name, needs, .. }: Definition) -> Fresh<'a> {
        Fresh { directory, name, needs, built: Cell::default(), servers: RefCell::default() }
    }

    fn context(&self, seed: u64, workers: usize) -> Context {
        // One that cannot be started any more is missed by the program, which says so.
        self.in_full(seed, workers).unwrap_or_else(|_| self.plain(seed, workers))
    }

    fn in_full(&self, seed: u64, workers: usize) -> Result<Context, ServerError> {
        let plain = self.plain(seed, workers);
        let Needs::System { server: Some(server), file, .. } = self.needs else { return Ok(plain) };
        let server = Beside::start(server, Path::new(file), Between::Nothing)?;
        let address = server.address();
        self.servers.borrow_mut().push(server);
        Ok(Context { server: Some(address), ..plain })
    }

    fn plain(&self, seed: u64, workers: usize) -> Context {
        self.built.set(self.built.get() + 1);
        Context {
            workers: workers.try_into().unwrap_or(NonZeroUsize::MIN),
            seed,
            state_dir: self.directory.join(self.built.get().to_string()),
            ..Context::embedded(sizing(self.needs))
        }
    }

    /// How a law ended, unless a server ended by itself meanwhile: then nothing is known of the law.
    fn or_obituary(&self, law: &Law, outcome: Result<(), Violation>) -> Result<(), Violation> {
        match self.servers.borrow().iter().find_map(Beside::ended_by_itself) {
            Some(error) => {
                Err(Violation { strategy: self.name, law: law.name, what: format!("judge failed: {error}") })
            }
            None => outcome,
        }
    }

    /// Stops the servers of strategies that are gone.
    fn clear(&self) {
        self.servers.borrow_mut().clear();
    }
}
