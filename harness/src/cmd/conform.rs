//! `conform`: puts a strategy through the laws, above all one of somebody's own.

use std::cell::{Cell, RefCell};
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use dedup_strategies::conformance::{LAWS, Law, Subject};
use dedup_strategies::{BuildError, Context, Definition, Needs, Sizing};

use crate::exit::{Exit, OrExit};
use crate::interrupt::stop_on_interrupt;
use crate::printable::printable;
use crate::select::{Selected, select};
use crate::servers::{Beside, Guarded, ServerError};
use crate::systems::with_systems;

/// Which strategy to put through the laws.
#[derive(Debug, Args)]
pub struct ConformArgs {
    /// The file of a system (./mine.toml), or the name of a strategy; settings after a colon: ./mine.toml:window=1m
    #[arg(value_name = "SYSTEM")]
    system: String,
    /// Only laws whose names contain this
    #[arg(long, value_name = "TEXT")]
    law: Option<String>,
}

/// What laws expect: a window of a minute, and a few hundred ids.
const SIZING: Sizing = Sizing { window: Duration::from_secs(60), ids_in_window: 600, ids_total: 4_096 };

/// Puts it through the laws, and says in a sentence which it breaks.
pub fn run(args: &ConformArgs, definitions: &[Definition], out: &mut dyn Write) -> anyhow::Result<Exit> {
    let (definitions, patterns) = with_systems(definitions, std::slice::from_ref(&args.system))?;
    let selected = select(&definitions, &patterns).or_exit(Exit::Usage)?;
    let selected = one_of(&selected, &args.system).or_exit(Exit::Usage)?;
    admit(&selected.definition).or_exit(Exit::Usage)?;
    let laws = laws(args.law.as_deref()).or_exit(Exit::Usage)?;
    selected.settings(&SIZING).or_exit(Exit::Usage)?;
    let stop = stop_on_interrupt()?;
    let directory = Guarded::directory().or_exit_by_fault()?;
    let given: Vec<(&str, &str)> =
        selected.given.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let fresh = Fresh::within(directory.dir(), selected.definition.needs);
    let context = |seed, workers| fresh.context(seed, workers);
    let subject = Subject::new(&selected.definition, &given, &context);
    // Whether it can be started at all is no law.
    let opened = selected.definition.open(&given, &fresh.in_full(0, 1)?);
    let opened = opened.map_err(|error| match error {
        BuildError::Setting(_) | BuildError::TooLarge { .. } => (Exit::Usage, error),
        BuildError::Missing { .. } | BuildError::Server(_) | BuildError::Io(_) => (Exit::ToolFailed, error),
    });
    drop(opened.or_else(|(exit, error)| Err(error).or_exit(exit))?);
    let mut broken = 0;
    for law in &laws {
        if stop.load(Ordering::Relaxed) {
            return Ok(Exit::Interrupted);
        }
        fresh.clear();
        match law.check(&subject) {
            Ok(()) => writeln!(out, "holds   {}", law.name)?,
            Err(violation) => {
                broken += 1;
                writeln!(out, "BROKEN  {}\n        {}", law.name, printable(&violation.what))?;
            }
        }
        out.flush()?;
    }
    let (label, count) = (selected.label(), laws.len());
    match broken {
        0 => writeln!(out, "\n{label} obeys all {count} laws.")?,
        _ => writeln!(out, "\n{label} breaks {broken} of {count} laws.")?,
    }
    Ok(if broken == 0 { Exit::Ok } else { Exit::Broken })
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

/// What cannot be told the time, or needs a server of the harness's own, is put through them by other means.
fn admit(definition: &Definition) -> anyhow::Result<()> {
    match definition.needs {
        Needs::Nothing | Needs::System { wall_clock: false, .. } => Ok(()),
        Needs::System { file, wall_clock: true, .. } => bail!(
            "{file}: clock: found \"wall\"; the laws move time, so allowed is \"given\": a system that keeps wall time is \
             judged by run"
        ),
        Needs::Redis => bail!(
            "{}: the laws are for strategies without a server of the harness's own; its tests hold it to them",
            definition.name
        ),
    }
}

fn laws(text: Option<&str>) -> anyhow::Result<Vec<&'static Law>> {
    let text = text.unwrap_or_default();
    let laws: Vec<&Law> = LAWS.iter().filter(|law| law.name.contains(text)).collect();
    if laws.is_empty() {
        let names: Vec<&str> = LAWS.iter().map(|law| law.name).collect();
        bail!("--law {text:?} is in no law's name; allowed are parts of: {}", names.join("; "));
    }
    Ok(laws)
}

/// A directory, and a server where there is one beside it, for each strategy that is built.
struct Fresh<'a> {
    directory: &'a Path,
    needs: Needs,
    built: Cell<u64>,
    servers: RefCell<Vec<Beside>>,
}

impl<'a> Fresh<'a> {
    fn within(directory: &'a Path, needs: Needs) -> Fresh<'a> {
        Fresh { directory, needs, built: Cell::default(), servers: RefCell::default() }
    }

    fn context(&self, seed: u64, workers: usize) -> Context {
        // One that cannot be started any more is missed by the program, which says so.
        self.in_full(seed, workers).unwrap_or_else(|_| self.plain(seed, workers))
    }

    fn in_full(&self, seed: u64, workers: usize) -> Result<Context, ServerError> {
        let plain = self.plain(seed, workers);
        let Needs::System { server: Some(server), file, .. } = self.needs else { return Ok(plain) };
        let server = Beside::start(server, Path::new(file))?;
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
            ..Context::embedded(SIZING)
        }
    }

    /// Stops the servers of strategies that are gone.
    fn clear(&self) {
        self.servers.borrow_mut().clear();
    }
}
