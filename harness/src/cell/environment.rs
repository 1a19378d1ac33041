//! Builds instances of a strategy, each with fresh state and a store of its own.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use dedup_strategies::{
    BuildError, Context, Definition, Needs, RedisEndpoint, Settings, Sizing, Strategy, Timestamp,
};

use super::job::RedisChoice;
use crate::pipeline::{Free, Pace, PipelineError, Wall};
use crate::record::{CellResult, Failure};
use crate::servers::{Launch, PrivateRedis, ServerError, SharedRedis, VirtualClock};

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
    /// Bytes that may be planned for.
    pub memory_limit: u64,
    /// The cell's own directory.
    pub directory: PathBuf,
    /// Where Redis is.
    pub redis: RedisChoice,
    /// When the stream begins.
    pub start: Timestamp,
    /// Instances built so far.
    pub instances: u32,
}

/// A strategy with fresh state. Dropping it stops its store and removes what it kept.
pub struct Instance {
    /// The strategy; declared before its store, so that it is dropped first.
    pub strategy: Box<dyn Strategy>,
    store: Store,
    start: Timestamp,
}

enum Store {
    None,
    Private(PrivateRedis),
    Shared { server: Box<Mutex<SharedRedis>>, time_factor: f64 },
}

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
    /// Builds the strategy anew.
    pub fn instance(&mut self, workers: NonZeroUsize, timing: Timing) -> Result<Instance, Trouble> {
        self.instances += 1;
        let state_dir = self.directory.join(format!("state-{}", self.instances));
        std::fs::create_dir_all(&state_dir)
            .map_err(|error| Trouble::Failed(Failure::Died, format!("{}: {error}", state_dir.display())))?;
        let store = self.store(timing)?;
        let context = Context {
            workers,
            seed: self.seed,
            state_dir,
            sizing: self.sizing,
            memory_limit: self.memory_limit,
            redis: store.endpoint(),
            store_time_factor: store.time_factor(),
        };
        let strategy = (self.definition.build)(&self.settings, &context)?;
        Ok(Instance { strategy, store, start: self.start })
    }

    /// Whether the strategy's store keeps a time of its own, which ends exact repetition.
    pub fn on_wall_time(&self) -> bool {
        self.definition.needs == Needs::Redis
            && (matches!(self.redis, RedisChoice::Given { .. }) || !VirtualClock::is_supported())
    }

    fn store(&self, timing: Timing) -> Result<Store, Trouble> {
        match (self.definition.needs, &self.redis) {
            (Needs::Nothing, _) => Ok(Store::None),
            (Needs::Redis, RedisChoice::Private) => {
                let launch = Launch { start_at: self.start, ..Launch::find()? };
                Ok(Store::Private(PrivateRedis::start(&launch)?))
            }
            (Needs::Redis, RedisChoice::Given { url, prefix, time_factor }) => {
                let prefix = format!("{prefix}{}:", self.instances);
                // A server that was named has to work: what is wrong with it is the user's to mend.
                let server = SharedRedis::claim(url, &prefix)
                    .map_err(|error| Trouble::Refused(format!("--redis-url: {error}")))?;
                let time_factor = if timing == Timing::FullSpeed { 1.0 } else { *time_factor };
                Ok(Store::Shared { server: Box::new(Mutex::new(server)), time_factor })
            }
        }
    }
}

impl Instance {
    /// The clock that this instance's pipeline has to run on.
    pub fn pace(&self) -> Box<dyn Pace + '_> {
        match &self.store {
            Store::None => Box::new(Free),
            Store::Private(server) => match server.clock() {
                Some(clock) => Box::new(OnServer(clock)),
                None => Box::new(Wall::new(self.start, 1.0)),
            },
            Store::Shared { time_factor, .. } => Box::new(Wall::new(self.start, *time_factor)),
        }
    }

    /// How fast the store's clock runs against the pipeline's, as for the record.
    pub fn time_factor(&self) -> f64 {
        self.store.time_factor()
    }

    /// Bytes that the store uses in all, where there is one.
    pub fn server_used_bytes(&self) -> Option<u64> {
        match &self.store {
            Store::None => None,
            Store::Private(server) => server.used_memory().ok(),
            Store::Shared { server, .. } => locked(server).used_memory().ok(),
        }
    }

    /// Has a store of our own give back what has expired. One that was given does so in its own time, which is the
    /// time that it runs on.
    pub fn remove_expired(&self) -> Result<(), Trouble> {
        match &self.store {
            Store::Private(server) => Ok(server.remove_expired()?),
            Store::None | Store::Shared { .. } => Ok(()),
        }
    }

    /// Name and version of the store's server, where there is one.
    pub fn server_version(&self) -> Option<(&'static str, String)> {
        match &self.store {
            Store::None => None,
            Store::Private(server) => Some(("redis", server.version().to_string())),
            Store::Shared { server, .. } => locked(server).version().ok().map(|version| ("redis", version)),
        }
    }
}

impl Store {
    fn endpoint(&self) -> Option<RedisEndpoint> {
        match self {
            Store::None => None,
            Store::Private(server) => Some(server.endpoint()),
            Store::Shared { server, .. } => Some(locked(server).endpoint().clone()),
        }
    }

    fn time_factor(&self) -> f64 {
        match self {
            Store::None | Store::Private(_) => 1.0,
            Store::Shared { time_factor, .. } => *time_factor,
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
        let how = match &error {
            PipelineError::Contract(_) => Failure::Contract,
            PipelineError::Unavailable(_) => Failure::Unavailable,
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
