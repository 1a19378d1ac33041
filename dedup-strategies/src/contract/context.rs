//! What a strategy is built in, and why it may refuse to be.

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::server::Address;
use super::settings::SettingError;
use super::sizing::Sizing;

/// What a strategy is built in: everything that does not come from its own settings.
#[derive(Clone, Debug)]
pub struct Context {
    /// How many workers will judge; `Strategy::worker` is asked for `0..workers`.
    pub workers: NonZeroUsize,
    /// Seed for every hash and random choice.
    pub seed: u64,
    /// A private directory that outlives the strategy but not the run.
    pub state_dir: PathBuf,
    /// The load to expect, from which defaults are taken.
    pub sizing: Sizing,
    /// The memory, in bytes, that the strategy may plan for.
    pub memory_limit: u64,
    /// The Redis server to use, where there is one.
    pub redis: Option<RedisEndpoint>,
    /// The server beside a system, where there is one.
    pub server: Option<Address>,
    /// How many seconds of `now` pass in one second of the store's own clock: 1 unless a run squeezes a long stream
    /// through a server that keeps wall time. A store's TTL is the window divided by this.
    pub store_time_factor: f64,
}

/// A Redis server and the part of its key space that is ours.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisEndpoint {
    /// `redis://`, `rediss://` or `redis+unix://`, with credentials if it needs them. Never written to a record.
    pub url: String,
    /// Every key begins with this.
    pub prefix: String,
}

/// Without the URL, which may hold a password.
impl fmt::Debug for RedisEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisEndpoint").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Context {
    /// For a service with one worker, no bound on memory and no Redis server. It keeps files, where the strategy has
    /// some, in `dedup-state` in the current directory, and its hashes have the same seed everywhere. What differs goes
    /// before it: `Context { workers, ..Context::embedded(sizing) }`.
    pub fn embedded(sizing: Sizing) -> Context {
        Context {
            workers: NonZeroUsize::MIN,
            seed: 0,
            state_dir: PathBuf::from("dedup-state"),
            sizing,
            memory_limit: u64::MAX,
            redis: None,
            server: None,
            store_time_factor: 1.0,
        }
    }

    /// Refuses a strategy that plans for more than the memory limit, before anything is allocated.
    pub fn admit(&self, strategy: &str, estimate: Estimate) -> Result<(), BuildError> {
        let Estimate { setting, what, bytes: needed_bytes } = estimate;
        if needed_bytes <= self.memory_limit {
            return Ok(());
        }
        let (strategy, limit_bytes) = (strategy.to_string(), self.memory_limit);
        Err(BuildError::TooLarge { strategy, setting, what, needed_bytes, limit_bytes })
    }
}

/// The memory that a strategy plans for, from its settings alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Estimate {
    /// The setting to lower where it is too much.
    pub setting: &'static str,
    /// What takes it, as a part of a sentence.
    pub what: String,
    /// Bytes, of all workers together.
    pub bytes: u64,
}

/// A strategy could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A setting is unknown or has a value that is not allowed.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// It would not fit.
    #[error(
        "strategy {strategy}: {what} would need about {}, but {} are available: lower {setting}",
        bytes(*needed_bytes), bytes(*limit_bytes)
    )]
    TooLarge {
        /// The strategy's name.
        strategy: String,
        /// The setting to lower.
        setting: &'static str,
        /// What does not fit.
        what: String,
        /// Bytes that it would take.
        needed_bytes: u64,
        /// Bytes that there are.
        limit_bytes: u64,
    },
    /// The program that it needs is missing.
    #[error("{reason}: {remedy}")]
    Missing {
        /// What is missing, and where it was looked for.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The server that it needs is missing or refuses.
    #[error("{0}")]
    Server(String),
    /// Its files cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// `18.1 GiB`: a number of bytes for people.
fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    // The unit in which the number has one to four digits before the point.
    match (count.max(1).ilog2() / 10) as usize {
        0 => format!("{count} bytes"),
        power => format!("{:.1} {}", count as f64 / 1024f64.powi(power as i32), UNITS[power - 1]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_in_the_unit_that_fits() {
        let shown = [0, 1023, 1024, 3 << 29, u64::MAX].map(bytes);
        assert_eq!(shown, ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 GiB", "16.0 EiB"]);
    }
}
