//! A server that we are merely given: we borrow a prefix of its keys, and leave nothing behind.

use dedup_strategies::redis::{Address, Link, keyspace};
use dedup_strategies::{RedisEndpoint, Unavailable};
use redis::cmd;

use super::error::ServerError;

/// Longest prefix: it is part of every key, and of every command.
const LONGEST_PREFIX: usize = 100;

/// A claim on the keys under one prefix of somebody's server. Keys elsewhere are never written or deleted, and the
/// server is never flushed. Dropping it deletes the keys under the prefix; if this process is killed they stay until
/// their window ends.
pub struct SharedRedis {
    link: Link,
    shown: String,
    endpoint: RedisEndpoint,
    released: bool,
}

impl SharedRedis {
    /// Connects to the server at `url`, and refuses if keys under `prefix` exist already.
    pub fn claim(url: &str, prefix: &str) -> Result<SharedRedis, ServerError> {
        if !is_usable(prefix) {
            return Err(ServerError::Prefix { found: prefix.to_string() });
        }
        let shown = Address::parse(url)?.to_string();
        let mut link = Link::to(url)?;
        if let Some(example) = first_key(&mut link, prefix)? {
            let prefix = prefix.to_string();
            return Err(ServerError::PrefixTaken { server: shown, prefix, example });
        }
        let endpoint = RedisEndpoint { url: url.to_string(), prefix: prefix.to_string() };
        Ok(SharedRedis { link, shown, endpoint, released: false })
    }

    /// The server as a strategy is given it.
    pub fn endpoint(&self) -> &RedisEndpoint {
        &self.endpoint
    }

    /// Its URL without credentials, for messages and records.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Its version, such as `7.0.15`.
    pub fn version(&mut self) -> Result<String, Unavailable> {
        self.link.info("server", "redis_version")
    }

    /// Bytes that it has allocated (`used_memory`), for all that it holds.
    pub fn used_memory(&mut self) -> Result<u64, Unavailable> {
        self.link.used_memory()
    }

    /// Deletes every key under the prefix, and says how many there were. Between cells, so that each starts fresh.
    pub fn clear(&mut self) -> Result<u64, Unavailable> {
        let mut deleted = 0;
        keyspace::visit(&mut self.link, &self.endpoint.prefix, |link, keys| {
            // Frees memory in a thread of the server's, so that others who use it do not wait.
            deleted += link.query::<u64>(cmd("UNLINK").arg(keys))?;
            Ok(true)
        })?;
        Ok(deleted)
    }

    /// Deletes every key under the prefix and gives the prefix up.
    pub fn release(mut self) -> Result<u64, Unavailable> {
        self.released = true;
        self.clear()
    }
}

impl Drop for SharedRedis {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        if let Err(error) = self.clear() {
            eprintln!(
                "keys that begin with {:?} are left on the server until they expire: {error}",
                self.endpoint.prefix
            );
        }
    }
}

/// Not empty, or the whole database would be deleted; plain, so that it can be typed in a shell.
fn is_usable(prefix: &str) -> bool {
    !prefix.is_empty()
        && prefix.len() <= LONGEST_PREFIX
        && prefix.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'')
}

fn first_key(link: &mut Link, prefix: &str) -> Result<Option<String>, Unavailable> {
    let mut first = None;
    keyspace::visit(link, prefix, |_, keys| {
        first = keys.first().map(|key| String::from_utf8_lossy(key).into_owned());
        Ok(false)
    })?;
    Ok(first)
}
