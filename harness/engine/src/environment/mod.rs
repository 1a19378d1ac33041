//! What surrounds a strategy while it is measured: builds instances of it, each with fresh state and a store of its own.

mod beside_server;
mod error;
mod host;
mod instance;
mod obituaries;
mod options;
mod replicas;
mod store;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use dedup_strategies::{Context, Definition, Needs, Settings, Sizing, Timestamp, Window};
use dedup_stream::scenario::Routed;

use crate::nightly::Choice;
use crate::record::Failure;
use crate::servers::{Beside, Between, Launch, PrivateCluster, PrivateRedis, SharedRedis};
use host::Rebuild;
use obituaries::Watched;
use store::{Clock, Store};

pub use error::CellError;
pub use host::Hosted;
pub use instance::Instance;
pub use obituaries::Obituaries;
pub use options::{PassOptions, RedisChoice, ScaleOptions, TimeOptions};

/// Where and with what a cell's strategy is built.
pub struct Environment {
    /// What to build.
    pub definition: Definition,
    /// Its settings.
    pub settings: Settings,
    /// Seed of hashes and of the stream.
    pub seed: u64,
    /// Load to expect.
    pub sizing: Sizing,
    /// The nightly job behind the verify pass, and the days before its own at which it looks, where not the scenario's.
    pub nightly: (Choice, Option<u32>),
    /// Bytes that may be planned for.
    pub memory_limit: u64,
    /// Bytes of disk for the tables of the nightly job.
    pub disk_limit: u64,
    /// The cell's own directory.
    pub directory: PathBuf,
    /// Where Redis is.
    pub redis: RedisChoice,
    /// What stands between a system's server and its clients.
    pub between: Between,
    /// Virtual seconds a real second, where a store keeps wall time.
    pub time_factor: f64,
    /// Called now and then while a pass waits for the wall's clock.
    pub alive: fn(),
    /// Whether workers are threads of one process, or replicas that get any ping.
    pub routed: Routed,
    /// When the stream begins.
    pub start: Timestamp,
    /// Instances built so far.
    pub instances: u32,
    /// Of the servers beside them.
    pub obituaries: Obituaries,
}

/// Shorter by a server's own clock, a window would be measured in its first and last milliseconds: those of the
/// network, and the one to which a TTL is rounded.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// Whether the store's clock follows the pipeline's time or the wall's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Virtual time, or wall time scaled by the chosen factor.
    Scenario,
    /// As fast as it goes: what the time pass wants.
    FullSpeed,
}

/// The strategy of that name.
pub fn named<'a>(definitions: &'a [Definition], name: &str) -> Result<&'a Definition, CellError> {
    let found = definitions.iter().find(|definition| definition.name == name);
    found.ok_or_else(|| CellError::Refused(format!("unknown strategy {name:?}")))
}

impl Environment {
    /// A strategy by itself: a private store where it needs one, no nightly job, all the memory and disk there is, and a stream that
    /// begins at 0.
    pub fn new(
        definition: Definition,
        settings: Settings,
        seed: u64,
        sizing: Sizing,
        directory: PathBuf,
    ) -> Environment {
        Environment {
            definition,
            settings,
            seed,
            sizing,
            directory,
            nightly: (Choice::None, None),
            memory_limit: u64::MAX,
            disk_limit: u64::MAX,
            redis: RedisChoice::default(),
            time_factor: 1.0,
            alive: || {},
            routed: Routed::ByKey,
            between: Between::Nothing,
            start: Timestamp::ZERO,
            instances: 0,
            obituaries: Obituaries::default(),
        }
    }

    /// Builds the strategy anew.
    pub fn instance(&mut self, workers: NonZeroUsize, timing: Timing) -> Result<Instance, CellError> {
        self.instances += 1;
        let state_dir = self.directory.join(format!("state-{}", self.instances));
        std::fs::create_dir_all(&state_dir)
            .map_err(|error| CellError::Failed(Failure::Died, format!("{}: {error}", state_dir.display())))?;
        let store = self.store()?;
        let clock = self.clock(&store, timing);
        let context = Context {
            state_dir,
            redis: store.endpoint(),
            server: store.address(),
            store_time_factor: clock.factor(),
            ..self.context(workers)
        };
        let rebuild =
            Rebuild::new(self.definition, self.settings.clone(), context, self.routed, store.notes());
        let strategy = rebuild.build()?;
        self.admit_window(strategy.promise().window, clock.factor())?;
        Ok(Instance { strategy, rebuild, store, clock })
    }

    /// What the strategy plans for by its settings, of all workers together; none where it does not plan.
    pub fn planned_bytes(&self, workers: NonZeroUsize) -> Option<u64> {
        let context = self.context(workers);
        self.definition.estimate.map(|estimate| estimate(&self.settings, &context).bytes)
    }

    /// What the strategy is told, before it has a store: enough to plan, and to say what does not fit.
    pub fn context(&self, workers: NonZeroUsize) -> Context {
        Context {
            workers,
            seed: self.seed,
            state_dir: self.directory.clone(),
            sizing: self.sizing,
            memory_limit: self.memory_limit,
            redis: None,
            server: None,
            store_time_factor: self.time_factor,
        }
    }

    /// Whether the strategy's store keeps a time of its own, which ends exact repetition.
    pub fn on_wall_time(&self) -> bool {
        self.redis.keeps_wall_time(self.definition.needs)
    }

    fn clock(&self, store: &Store, timing: Timing) -> Clock {
        match store {
            Store::None | Store::Beside(_) if !self.on_wall_time() => Clock::Virtual,
            Store::Private(server) if server.clock().is_some() => Clock::Virtual,
            // Nothing is due at any time: a window on the wall is longer than such a loop.
            _ if timing == Timing::FullSpeed => Clock::Virtual,
            Store::None | Store::Private(_) | Store::Cluster(_) | Store::Shared(_) | Store::Beside(_) => {
                Clock::Wall { start: self.start, factor: self.time_factor, alive: self.alive }
            }
        }
    }

    /// Refuses to measure a window that is too short once divided.
    fn admit_window(&self, window: Window, factor: f64) -> Result<(), CellError> {
        let Some(window) = window.length() else { return Ok(()) };
        let real = window.div_f64(factor);
        if factor <= 1.0 || real >= SHORTEST_WINDOW {
            return Ok(());
        }
        let most = (window.as_secs_f64() / SHORTEST_WINDOW.as_secs_f64()).max(1.0);
        Err(CellError::Refused(format!(
            "strategy {}: the server keeps wall time, and with {factor:.1} virtual seconds in each real one its \
             window of {} would be {real:.1?} long; allowed are {SHORTEST_WINDOW:?} and more: give a --time-factor of \
             at most {most}, or leave out --redis-url and --redis-cluster (a private server runs in virtual time)",
            self.definition.name,
            humantime::format_duration(window),
        )))
    }

    fn store(&self) -> Result<Store, CellError> {
        match (self.definition.needs, &self.redis) {
            (Needs::Nothing | Needs::System { server: None, .. }, _) => Ok(Store::None),
            (Needs::System { server: Some(server), file, .. }, _) => {
                let server = Beside::start(server, Path::new(file), self.between)?;
                Ok(Store::Beside(Watched::new(server, &self.obituaries)))
            }
            (Needs::Redis, RedisChoice::Private(program)) => {
                let launch = Launch { start_at: self.start, ..Launch::of(program)? };
                Ok(Store::Private(PrivateRedis::start(&launch)?))
            }
            (Needs::Redis, RedisChoice::Cluster(program)) => {
                Ok(Store::Cluster(PrivateCluster::start(&Launch::of(program)?)?))
            }
            (Needs::Redis, RedisChoice::Given { url, prefix }) => {
                let server = SharedRedis::claim_part(url, prefix, self.instances)?;
                Ok(Store::Shared(Box::new(Mutex::new(server))))
            }
        }
    }
}
