//! `profile --live`: what traffic is like, as it comes.

mod line;
mod metrics;
mod on_server;
mod serving;
mod shadow;
#[cfg(test)]
mod tests;
mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use dedup_files::Live;
use dedup_profile::{Memory, Profile, ProfileBuilder, Times};
use dedup_strategies::{Definition, Needs};
use dedup_stream::trace::{TraceError, TraceOptions, TracePings};
use parking_lot::Mutex;

use crate::cmd::given_redis::{GivenRedis, claim};
use crate::cmd::reading::ReadingArgs;
use crate::cmd::values::time;
use crate::environment::RedisChoice;
use crate::exit::{Exit, OrExit};
use crate::select::{Selected, select_by};
use crate::systems::with_systems;
use serving::Listener;
use watch::{Clock, Watch};

pub(super) use line::say;

const STDIN: &str = "-";
/// Memory that it may take where nothing is said.
const USUAL_MEMORY: u64 = 256 << 20;
/// What everything else but the ids takes of it, or half of it where that is less; a quarter of that is for comparing copies with
/// their firsts.
const BESIDE_IDS: u64 = 80 << 20;
/// So many lines are read before they are judged as a whole: of fewer, one bad line would be a large share.
const FEW_LINES: u64 = 1_000;

/// Options of `profile --live`.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Live")]
pub struct LiveArgs {
    /// Read standard input as it comes, for days if need be, in bounded memory; Ctrl-C ends it and gives the profile.
    /// Without --time-field, pings count from when they are read
    #[arg(long, conflicts_with = "sort")]
    pub live: bool,
    /// Print a line to standard error each time this has passed
    #[arg(long, value_name = "TIME", value_parser = time, default_value = "10s", requires = "live")]
    pub every: Duration,
    /// Show what this strategy would have dropped, wrongly dropped and missed: a regular expression, or one with settings:
    /// name:key=value,..., or the file of a system: ./mine.toml. Without settings it expects a million ids in ten minutes. One that needs a Redis server gets a private
    /// one, or --redis-url
    #[arg(long = "shadow", value_name = "STRATEGY", num_args = 1.., requires = "live")]
    pub shadows: Vec<String>,
    /// Serve the figures to Prometheus at this address, such as 127.0.0.1:9184, under /metrics
    #[arg(long, value_name = "ADDRESS", requires = "live")]
    pub metrics: Option<String>,
    /// Where shadows on Redis keep their ids
    #[command(flatten)]
    pub redis: GivenRedis,
}

impl LiveArgs {
    /// The strategies that run beside the traffic.
    fn shadows(&self, definitions: &[Definition]) -> anyhow::Result<Vec<Selected>> {
        match self.shadows.as_slice() {
            [] => Ok(Vec::new()),
            patterns => {
                let (definitions, patterns) = with_systems(definitions, patterns)?;
                Ok(select_by("--shadow", &definitions, &patterns)?)
            }
        }
    }
}

/// Refuses a server that nobody would use.
pub(super) fn refuse_idle_server(args: &LiveArgs, definitions: &[Definition]) -> anyhow::Result<()> {
    let is_on_server = |selected: &Selected| selected.definition.needs == Needs::Redis;
    if args.redis.redis_url.is_some() && !args.shadows(definitions)?.iter().any(is_on_server) {
        bail!(
            "--redis-url: nothing here uses it; allowed beside it is --live with a --shadow on Redis, such as redis-claim"
        );
    }
    Ok(())
}

/// What is to be watched, and how.
pub(super) struct Asked<'a> {
    pub(super) live: &'a LiveArgs,
    /// What was named to be read: nothing, or standard input.
    pub(super) traces: &'a [PathBuf],
    pub(super) reading: &'a ReadingArgs,
    /// What the profile calls the traffic.
    pub(super) name: Option<&'a str>,
    /// Memory that it may take, in bytes.
    pub(super) memory: Option<u64>,
}

/// What was seen of the traffic until it ended, or somebody asked to stop.
pub(super) struct Seen {
    pub(super) profile: Profile,
    /// What the shadows did, as text; none without shadows.
    pub(super) shadows: Option<String>,
}

/// Watches standard input to its end, or until `stop` is set.
pub(super) fn watch(
    asked: &Asked,
    definitions: &[Definition],
    directory: &Path,
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<Seen> {
    refuse_files(asked.traces).or_exit(Exit::Usage)?;
    let options = asked.reading.options(&[PathBuf::from(STDIN)]);
    let selected = asked.live.shadows(definitions).or_exit(Exit::Usage)?;
    let redis = asked.live.redis.choice(RedisChoice::Private, stop)?;
    // Held for as long as there are shadows, and cleared then.
    let mut claim = claim(&redis, &selected, stop)?;
    let shadows = shadow::all(&selected, &redis, directory).or_exit(Exit::Usage)?;
    let is_on_server = selected.iter().any(|selected| selected.definition.needs == Needs::Redis);
    if is_on_server {
        say(&on_server::said(&redis, claim.as_ref(), options.time_field.as_deref()));
    }
    let listener = asked.live.metrics.as_deref().map(Listener::open).transpose().or_exit(Exit::Usage)?;
    listener.iter().for_each(|listener| say(&format!("figures are at {}", listener.url())));
    let input = Live::stdin(Arc::clone(stop)).context("standard input")?;
    let times = if options.time_field.is_some() { Times::Given } else { Times::Clock };
    let name = asked.name.unwrap_or("standard input");
    let memory = asked.memory.unwrap_or(USUAL_MEMORY);
    let beside = BESIDE_IDS.min(memory / 2);
    let ids = Memory::Bytes(memory - beside);
    let watch = Mutex::new(Watch::new(ProfileBuilder::new(name, times, ids), shadows));
    let read = thread::scope(|scope| {
        // Whatever becomes of the reading, these end when it does.
        let _printed = line::print(scope, &watch, asked.live.every);
        let _kept = is_on_server.then(|| on_server::keep(scope, &watch, &mut claim));
        let _served = listener.as_ref().map(|listener| listener.serve(scope, &watch));
        let mut pings = TracePings::open_live(&options, input, directory, beside / 4, stop)?;
        say(&line::begins(&options, &pings, &watch.lock()));
        read(&mut pings, &options, &watch, stop)
    });
    read.or_exit_by_fault()?;
    let mut watch = watch.into_inner();
    watch.end();
    Ok(Seen { shadows: shadow::table(watch.shadows()), profile: watch.profile() })
}

fn refuse_files(traces: &[PathBuf]) -> anyhow::Result<()> {
    match traces.iter().find(|path| *path != Path::new(STDIN)) {
        None => Ok(()),
        Some(path) => bail!(
            "--live: found {path}; allowed is nothing, or -, for it reads standard input: leave out --live, or put < before {path}",
            path = path.display()
        ),
    }
}

/// Counts lines until they end, somebody asks to stop, or they make no sense.
fn read(
    pings: &mut TracePings,
    options: &TraceOptions,
    watch: &Mutex<Watch>,
    stop: &AtomicBool,
) -> Result<(), TraceError> {
    let clock = options.time_field.is_none().then(Clock::new);
    let (mut lines, mut judged_at) = (0u64, FEW_LINES);
    loop {
        let step = match pings.next_line(stop) {
            Ok(Some(step)) => step,
            Ok(None) => break,
            Err(TraceError::Stopped) if lines > 0 => break,
            Err(error) => return Err(error),
        };
        let bad = pings.tally().bad;
        watch.lock().see(step, bad, clock.as_ref());
        lines += 1;
        let too_many = bad as f64 > options.max_bad * lines.max(FEW_LINES) as f64;
        if too_many || lines == judged_at {
            pings.check()?;
            watch.lock().doubt(pings);
            judged_at = judged_at.saturating_mul(10).max(lines + 1);
        }
    }
    pings.check_at_end()?;
    watch.lock().doubt(pings);
    Ok(())
}
