//! Builds instances of a strategy, each with fresh state and a store of its own.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use dedup_strategies::{
    BuildError, Context, Definition, Needs, RedisEndpoint, Settings, Sizing, Strategy, Timestamp, Window,
};

use super::host::{Hosted, Rebuild};
use super::job::RedisChoice;
use crate::nightly::Choice;
use crate::pipeline::{Free, Pace, PipelineError, Wall};
use crate::record::{CellResult, Failure};
use crate::servers::{
    Launch, PrivateCluster, PrivateRedis, ServerError, SharedRedis, StoreControl, VirtualClock,
};

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
    /// Virtual seconds a real second, where a store keeps wall time.
    pub time_factor: f64,
    /// Called now and then while a pass waits for the wall's clock.
    pub alive: fn(),
    /// When the stream begins.
    pub start: Timestamp,
    /// Instances built so far.
    pub instances: u32,
}

/// A strategy with fresh state. Dropping it stops its store and removes what it kept.
pub struct Instance {
    /// The strategy; declared before its store, so that it is dropped first.
    pub strategy: Box<dyn Strategy>,
    rebuild: Rebuild,
    store: Store,
    clock: Clock,
}

enum Store {
    None,
    Private(PrivateRedis),
    Cluster(PrivateCluster),
    Shared(Box<Mutex<SharedRedis>>),
}

/// Whose time the pipeline keeps.
#[derive(Clone, Copy)]
enum Clock {
    /// Its own, and a store's whose clock can be set.
    Virtual,
    /// The wall's, this many times as fast from this time on.
    Wall { start: Timestamp, factor: f64, alive: fn() },
}

/// Shorter by a server's own clock, a window would be measured in its first and last milliseconds: those of the
/// network, and the one to which a TTL is rounded.
const SHORTEST_WINDOW: Duration = Duration::from_millis(100);

/// Why a cell did not come to its end.
#[derive(Debug)]
pub enum Trouble {
    /// A setting or size that is not allowed: the user's to mend, before anything is run.
    Refused(String),
    /// It cannot run here.
    Skipped {
        /// Why.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// It failed.
    Failed(Failure, String),
}

/// Whether the store's clock follows the pipeline's time or the wall's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timing {
    /// Virtual time, or wall time scaled by the chosen factor.
    Scenario,
    /// As fast as it goes: what the time pass wants.
    FullSpeed,
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
            redis: RedisChoice::Private,
            time_factor: 1.0,
            alive: || {},
            start: Timestamp::ZERO,
            instances: 0,
        }
    }

    /// Builds the strategy anew.
    pub fn instance(&mut self, workers: NonZeroUsize, timing: Timing) -> Result<Instance, Trouble> {
        self.instances += 1;
        let state_dir = self.directory.join(format!("state-{}", self.instances));
        std::fs::create_dir_all(&state_dir)
            .map_err(|error| Trouble::Failed(Failure::Died, format!("{}: {error}", state_dir.display())))?;
        let store = self.store()?;
        let clock = self.clock(&store, timing);
        let context = Context {
            workers,
            seed: self.seed,
            state_dir,
            sizing: self.sizing,
            memory_limit: self.memory_limit,
            redis: store.endpoint(),
            store_time_factor: clock.factor(),
        };
        let strategy = (self.definition.build)(&self.settings, &context)?;
        self.admit_window(strategy.promise().window, clock.factor())?;
        let rebuild = Rebuild::new(self.definition, self.settings.clone(), context);
        Ok(Instance { strategy, rebuild, store, clock })
    }

    /// Whether the strategy's store keeps a time of its own, which ends exact repetition.
    pub fn on_wall_time(&self) -> bool {
        self.redis.keeps_wall_time(self.definition.needs)
    }

    fn clock(&self, store: &Store, timing: Timing) -> Clock {
        match store {
            Store::None => Clock::Virtual,
            Store::Private(server) if server.clock().is_some() => Clock::Virtual,
            // Nothing is due at any time: a window on the wall is longer than such a loop.
            _ if timing == Timing::FullSpeed => Clock::Virtual,
            Store::Private(_) | Store::Cluster(_) | Store::Shared(_) => {
                Clock::Wall { start: self.start, factor: self.time_factor, alive: self.alive }
            }
        }
    }

    /// Refuses to measure a window that is too short once divided.
    fn admit_window(&self, window: Window, factor: f64) -> Result<(), Trouble> {
        let Some(window) = window.length() else { return Ok(()) };
        let real = window.div_f64(factor);
        if factor <= 1.0 || real >= SHORTEST_WINDOW {
            return Ok(());
        }
        let most = (window.as_secs_f64() / SHORTEST_WINDOW.as_secs_f64()).max(1.0);
        Err(Trouble::Refused(format!(
            "strategy {}: the server keeps wall time, and with {factor:.1} virtual seconds in each real one its \
             window of {} would be {real:.1?} long; allowed are {SHORTEST_WINDOW:?} and more: give a --time-factor of \
             at most {most}, or leave out --redis-url and --redis-cluster (a private server runs in virtual time)",
            self.definition.name,
            humantime::format_duration(window),
        )))
    }

    fn store(&self) -> Result<Store, Trouble> {
        match (self.definition.needs, &self.redis) {
            (Needs::Nothing, _) => Ok(Store::None),
            (Needs::Redis, RedisChoice::Private) => {
                let launch = Launch { start_at: self.start, ..Launch::find()? };
                Ok(Store::Private(PrivateRedis::start(&launch)?))
            }
            (Needs::Redis, RedisChoice::Cluster) => {
                Ok(Store::Cluster(PrivateCluster::start(&Launch::find()?)?))
            }
            (Needs::Redis, RedisChoice::Given { url, prefix }) => {
                let server = SharedRedis::claim_part(url, prefix, self.instances)?;
                Ok(Store::Shared(Box::new(Mutex::new(server))))
            }
        }
    }
}

impl Instance {
    /// The clock that this instance's pipeline has to run on.
    pub fn pace(&self) -> Box<dyn Pace + '_> {
        pace(&self.store, self.clock)
    }

    /// The same, and the strategy with the means to trouble it.
    pub fn stage(&mut self) -> (Box<dyn Pace + '_>, Hosted<'_>) {
        let hosted = Hosted::new(&mut self.strategy, &mut self.rebuild, self.store.control());
        (pace(&self.store, self.clock), hosted)
    }

    /// Round trips to a server since the instance was built, of every strategy that it has had.
    pub fn round_trips(&self) -> Option<u64> {
        self.strategy.round_trips().map(|trips| trips + self.rebuild.round_trips_before())
    }

    /// Whether there is a store that is ours to trouble.
    pub fn can_be_troubled(&self) -> bool {
        match &self.store {
            Store::Private(_) | Store::Cluster(_) => true,
            Store::None | Store::Shared(_) => false,
        }
    }

    /// How fast the store's clock runs against the pipeline's, as for the record.
    pub fn time_factor(&self) -> f64 {
        self.clock.factor()
    }

    /// Bytes that the store uses in all, where there is one.
    pub fn server_used_bytes(&self) -> Option<u64> {
        match &self.store {
            Store::None => None,
            Store::Private(server) => server.used_memory().ok(),
            Store::Cluster(cluster) => cluster.used_memory().ok(),
            Store::Shared(server) => locked(server).used_memory().ok(),
        }
    }

    /// The same, once it has fallen no further for a while: a server shrinks its tables by and by, in a cycle that
    /// runs ten times a real second.
    pub fn settled_server_bytes(&self) -> Option<u64> {
        let (mut least, mut unchanged, mut looks) = (self.server_used_bytes()?, 0, 0);
        while unchanged < 4 && looks < 40 {
            std::thread::sleep(Duration::from_millis(100));
            let used = self.server_used_bytes()?;
            unchanged = if used < least { 0 } else { unchanged + 1 };
            least = least.min(used);
            looks += 1;
        }
        Some(least)
    }

    /// Name and version of the store's server, where there is one.
    pub fn server_version(&self) -> Option<(&'static str, String)> {
        match &self.store {
            Store::None => None,
            Store::Private(server) => Some(("redis", server.version().to_string())),
            Store::Cluster(cluster) => Some(("redis", cluster.version().to_string())),
            Store::Shared(server) => locked(server).version().ok().map(|version| ("redis", version)),
        }
    }
}

fn pace(store: &Store, clock: Clock) -> Box<dyn Pace + '_> {
    match (store, clock) {
        (_, Clock::Wall { start, factor, alive }) => Box::new(Wall::new(start, factor, alive)),
        (Store::Private(server), Clock::Virtual) => match server.clock() {
            Some(clock) => Box::new(OnServer(clock)),
            None => Box::new(Free),
        },
        (Store::None | Store::Cluster(_) | Store::Shared(_), Clock::Virtual) => Box::new(Free),
    }
}

impl Store {
    /// What can be done to it in the middle of a run; none where it is not ours. To be asked for before the first worker is
    /// opened: connections that are made from now on can be troubled.
    fn control(&self) -> Option<Box<dyn StoreControl + '_>> {
        match self {
            Store::Private(server) => Some(Box::new(server.control())),
            Store::Cluster(cluster) => Some(Box::new(cluster.control())),
            Store::None | Store::Shared(_) => None,
        }
    }

    fn endpoint(&self) -> Option<RedisEndpoint> {
        match self {
            Store::None => None,
            Store::Private(server) => Some(server.endpoint()),
            Store::Cluster(cluster) => Some(cluster.endpoint()),
            Store::Shared(server) => Some(locked(server).endpoint().clone()),
        }
    }
}

impl Clock {
    fn factor(self) -> f64 {
        match self {
            Clock::Virtual => 1.0,
            Clock::Wall { factor, .. } => factor,
        }
    }
}

fn locked(server: &Mutex<SharedRedis>) -> MutexGuard<'_, SharedRedis> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a private server's clock along.
struct OnServer<'a>(&'a VirtualClock);

impl Pace for OnServer<'_> {
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        if at != Timestamp::END {
            // The file is ours, open and on a local disk: this fails only where nothing works any more.
            self.0.set(at).expect("the virtual clock can be written");
        }
        at
    }
}

impl Trouble {
    /// How it is written down; a refusal never gets that far.
    pub fn into_result(self) -> CellResult {
        match self {
            Trouble::Refused(reason) => CellResult::Failed { how: Failure::Died, reason },
            Trouble::Skipped { reason, remedy } => CellResult::Skipped { reason, remedy },
            Trouble::Failed(how, reason) => CellResult::Failed { how, reason },
        }
    }
}

impl From<BuildError> for Trouble {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Setting(_) | BuildError::TooLarge { .. } => Trouble::Refused(error.to_string()),
            BuildError::Server(_) => Trouble::Failed(Failure::Unavailable, error.to_string()),
            BuildError::Io(_) => Trouble::Failed(Failure::Died, error.to_string()),
        }
    }
}

impl From<PipelineError> for Trouble {
    fn from(error: PipelineError) -> Self {
        if let PipelineError::Store(ServerError::NoSuchFault { .. }) = &error {
            return Trouble::Skipped {
                reason: format!("it does not apply: {error}"),
                remedy: "nothing; it is as it should be".into(),
            };
        }
        let how = match &error {
            PipelineError::Contract(_) => Failure::Contract,
            PipelineError::Unavailable(_) | PipelineError::Store(_) => Failure::Unavailable,
            PipelineError::Source(_) => Failure::Died,
        };
        Trouble::Failed(how, error.to_string())
    }
}

impl From<dedup_strategies::Unavailable> for Trouble {
    fn from(error: dedup_strategies::Unavailable) -> Self {
        Trouble::Failed(Failure::Unavailable, error.to_string())
    }
}

impl From<crate::stream::SourceError> for Trouble {
    fn from(error: crate::stream::SourceError) -> Self {
        Trouble::Failed(Failure::Died, error.to_string())
    }
}

impl From<ServerError> for Trouble {
    fn from(error: ServerError) -> Self {
        let error_remedy = error.remedy();
        match error {
            ServerError::Missing { reason } => Trouble::Skipped { reason, remedy: error_remedy.to_string() },
            other => Trouble::Failed(Failure::Unavailable, other.to_string()),
        }
    }
}
