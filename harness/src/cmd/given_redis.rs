//! A Redis server that a user names.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::anyhow;
use clap::Args;
use dedup_strategies::Needs;

use crate::environment::RedisChoice;
use crate::exit::{Exit, OrExit};
use crate::process::leave_no_core;
use crate::select::Selected;
use crate::servers::password::{self, PasswordError};
use crate::servers::{ServerError, ServerProgram, SharedRedis};

/// Options that name a Redis server.
#[derive(Clone, Debug, Args)]
pub struct GivenRedis {
    /// Use this Redis server instead of a private one: redis://USER:PASSWORD@HOST:PORT/DB, rediss://, redis+unix://,
    /// or redis+cluster://USER:PASSWORD@HOST:PORT,HOST:PORT for a cluster
    #[arg(long, value_name = "URL", help_heading = "Redis")]
    pub redis_url: Option<String>,
    /// Take the password of that server from the first line of this file or pipe; else from the URL, where lists of processes
    /// show it, or from DEDUP_REDIS_PASSWORD
    #[arg(long, value_name = "FILE", requires = "redis_url", help_heading = "Redis")]
    pub redis_password_file: Option<PathBuf>,
    /// Start this program as the private server, such as a valkey-server: its path, its name where it is on the PATH, or
    /// valkey or redis-8 where systems/install.sh has installed it; else the one that DEDUP_REDIS_SERVER names, or redis-server
    #[arg(long, value_name = "PROGRAM", conflicts_with = "redis_url", help_heading = "Redis")]
    pub redis_server: Option<PathBuf>,
    /// Every key of ours begins with this; keys under it must not exist yet, and are removed afterwards
    #[arg(
        long,
        value_name = "PREFIX",
        default_value = "dedup-harness:",
        requires = "redis_url",
        help_heading = "Redis"
    )]
    pub redis_prefix: String,
}

impl GivenRedis {
    /// The server that is given, with its password; where none is, what `own` makes of the program to start.
    pub(super) fn choice(
        &self,
        own: fn(ServerProgram) -> RedisChoice,
        stop: &AtomicBool,
    ) -> anyhow::Result<RedisChoice> {
        let Some(url) = &self.redis_url else {
            let program = self
                .redis_server
                .as_deref()
                .map_or_else(|| Ok(ServerProgram::default()), ServerProgram::named);
            return Ok(own(program
                .map_err(|error| anyhow!("--redis-server: {error}"))
                .or_exit(Exit::Usage)?));
        };
        leave_no_core();
        let url = password::completed(url, self.redis_password_file.as_deref(), stop);
        let exit = if let Err(PasswordError::Stopped) = &url { Exit::Interrupted } else { Exit::Usage };
        let url = url.or_exit(exit)?;
        Ok(RedisChoice::Given { url, prefix: self.redis_prefix.clone() })
    }
}

/// Claims the prefix on a server that was given, for as long as it is held: what is wrong with either is found before
/// anything else is done.
pub(super) fn claim(
    redis: &RedisChoice,
    strategies: &[Selected],
    stop: &Arc<AtomicBool>,
) -> anyhow::Result<Option<SharedRedis>> {
    let RedisChoice::Given { url, prefix } = redis else { return Ok(None) };
    if strategies.iter().all(|strategy| strategy.definition.needs != Needs::Redis) {
        return Ok(None);
    }
    SharedRedis::claim(url, prefix, stop).map(Some).or_else(|error| refused(error, stop))
}

/// What is to be said of a server that was given, and how the program ends: what it refuses is not the user's mistake.
pub(super) fn refused<T>(error: ServerError, stop: &AtomicBool) -> anyhow::Result<T> {
    match error {
        _ if stop.load(Ordering::Relaxed) => Err(anyhow!("interrupted")).or_exit(Exit::Interrupted),
        ServerError::Refused(error) => Err(anyhow!("--redis-url {error}")).or_exit(Exit::ToolFailed),
        ServerError::Unavailable(error) => {
            Err(anyhow!("--redis-url {error}; {REACHING}")).or_exit(Exit::Usage)
        }
        error => Err(error).or_exit(Exit::Usage),
    }
}

const REACHING: &str = "see that the server runs, can be reached from here and takes this user and password \
     (redis-cli -u URL ping), or leave out --redis-url, and a private server is started";
