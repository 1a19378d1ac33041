//! A server that we are merely given: we borrow a prefix of its keys, and leave nothing behind.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dedup_strategies::redis::{Address, Patience, Servers, keyspace};
use dedup_strategies::{RedisEndpoint, Unavailable};
use redis::cmd;

use super::error::ServerError;
use super::product::Product;

/// Longest prefix: it is part of every key, and of every command.
const LONGEST_PREFIX: usize = 100;

/// Follows the prefix in the name of the key that stands for a claim.
const MARK: &str = "in-use";
/// How long a claim outlives a holder that was killed.
const MARK_LASTS: Duration = Duration::from_secs(3600);
/// What walks over all keys of a server may take this long altogether. One thousand keys take less than a millisecond;
/// what is still not at its end by then has none.
const WALK: Duration = Duration::from_secs(120);
/// Pings that are sent to learn how long one takes.
const TRIES: usize = 15;

/// A claim on the keys under one prefix of somebody's server. Keys elsewhere are never written or deleted, and the
/// server is never flushed. Dropping it deletes the keys under the prefix; if this process is killed they stay until
/// their window ends.
pub struct SharedRedis {
    servers: Servers,
    address: Address,
    shown: String,
    endpoint: RedisEndpoint,
    hold: Hold,
    /// How long clearing up may take.
    walk: Duration,
    /// Set by whoever wants no more of it.
    stop: Arc<AtomicBool>,
}

/// Whether the keys under the prefix are ours to delete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Not, or not any more.
    None,
    Claimed,
}

impl SharedRedis {
    /// Connects to the server or cluster at `url`, and refuses if keys under `prefix` exist already. A key of its own stands for
    /// the claim even while there are no others, so that of two runs with the same prefix one is refused.
    ///
    /// `stop` ends every wait until then. Who asks to stop later has the keys removed all the same; who asks while they are
    /// being removed does not wait for that either.
    pub fn claim(url: &str, prefix: &str, stop: &Arc<AtomicBool>) -> Result<SharedRedis, ServerError> {
        if !is_usable(prefix) {
            return Err(ServerError::Prefix { found: prefix.to_string() });
        }
        let patience = Patience::default().until_stopped(stop).until(Instant::now() + WALK);
        let mut servers = Servers::with_patience(url, patience)?;
        servers.connect()?;
        let mut shared = SharedRedis::look(url, prefix, servers)?;
        match shared.mark().map_err(ServerError::Refused)? {
            true => {
                shared.servers = Servers::at(url)?;
                shared.stop = Arc::clone(stop);
                Ok(shared.owner())
            }
            // Somebody was faster, just now.
            false => Err(shared.taken(shared.mark_key())),
        }
    }

    /// Part number `part` of a prefix that another process has claimed, with no keys in it yet.
    pub fn claim_part(url: &str, prefix: &str, part: u32) -> Result<SharedRedis, ServerError> {
        let servers = Servers::with_patience(url, Patience::default().until(Instant::now() + WALK))?;
        let mut shared = SharedRedis::look(url, &format!("{prefix}{part}:"), servers)?;
        shared.servers = Servers::at(url)?;
        Ok(shared.owner())
    }

    /// Sees that nothing is there; nothing is ours yet.
    fn look(url: &str, prefix: &str, mut servers: Servers) -> Result<SharedRedis, ServerError> {
        let address = Address::parse(url)?;
        let shown = address.to_string();
        let found = first_key(&mut servers, prefix).map_err(ServerError::Refused)?;
        let endpoint = RedisEndpoint { url: url.to_string(), prefix: prefix.to_string() };
        let (hold, stop) = (Hold::None, Arc::default());
        let shared = SharedRedis { servers, address, shown, endpoint, hold, walk: WALK, stop };
        match found {
            None => Ok(shared),
            Some(example) => Err(shared.taken(example)),
        }
    }

    fn owner(mut self) -> SharedRedis {
        self.hold = Hold::Claimed;
        self
    }

    fn taken(&self, example: String) -> ServerError {
        let (server, prefix) = (self.shown.clone(), self.endpoint.prefix.clone());
        ServerError::PrefixTaken { server, prefix, example, redis_cli: self.address.redis_cli() }
    }

    /// The server as a strategy is given it.
    pub fn endpoint(&self) -> &RedisEndpoint {
        &self.endpoint
    }

    /// Its URL without credentials, for messages and records.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// What it is.
    pub fn product(&mut self) -> Result<Product, Unavailable> {
        Product::of(|field| self.servers.info("server", field))
    }

    /// Bytes that it has allocated (`used_memory`), for all that it holds.
    pub fn used_memory(&mut self) -> Result<u64, Unavailable> {
        self.servers.used_memory()
    }

    /// How long a command takes, there and back.
    pub fn round_trip(&self, stop: &Arc<AtomicBool>) -> Result<Duration, ServerError> {
        let mut servers =
            Servers::with_patience(&self.endpoint.url, Patience::default().until_stopped(stop))?;
        servers.connect()?;
        let mut tries = Vec::new();
        for _ in 0..TRIES {
            let began = Instant::now();
            servers.query::<i64>(self.mark_key().as_bytes(), cmd("EXISTS").arg(self.mark_key()))?;
            tries.push(began.elapsed());
        }
        tries.sort_unstable();
        Ok(tries[TRIES / 2])
    }

    /// Deletes what was left under the prefix by somebody who could not, and renews the claim.
    pub fn sweep(&mut self) -> Result<(), Unavailable> {
        self.clear()?;
        self.mark().map(drop)
    }

    /// Deletes every key under the prefix, and says how many there were.
    pub fn clear(&mut self) -> Result<u64, Unavailable> {
        let mut servers =
            Servers::with_patience(&self.endpoint.url, self.patience()).map_err(Unavailable::because)?;
        let mut all = 0;
        loop {
            // Once more: commands of a client that was killed may have been on their way still.
            match unlink_all(&mut servers, &self.endpoint.prefix)? {
                0 => return Ok(all),
                deleted => all += deleted,
            }
        }
    }

    /// How long a walk over the keys is waited for. Who had asked to stop before wants no keys left.
    fn patience(&self) -> Patience {
        let patience = Patience::default().until(Instant::now() + self.walk);
        match self.stop.load(Ordering::Relaxed) {
            true => patience,
            false => patience.until_stopped(&self.stop),
        }
    }

    /// Makes the claim last for an hour from now on.
    pub fn renew(&mut self) -> Result<(), Unavailable> {
        let mut set = cmd("SET");
        set.arg(self.mark_key()).arg("dedup-harness").arg("EX").arg(MARK_LASTS.as_secs());
        self.servers.query(self.mark_key().as_bytes(), &set)
    }

    /// Sets the key that stands for the claim, unless it exists. Whether it did not.
    fn mark(&mut self) -> Result<bool, Unavailable> {
        let mut set = cmd("SET");
        set.arg(self.mark_key()).arg("dedup-harness").arg("NX").arg("EX").arg(MARK_LASTS.as_secs());
        self.servers.query::<Option<String>>(self.mark_key().as_bytes(), &set).map(|reply| reply.is_some())
    }

    fn mark_key(&self) -> String {
        format!("{}{MARK}", self.endpoint.prefix)
    }

    /// Deletes every key under the prefix and gives the prefix up.
    pub fn release(mut self) -> Result<u64, Unavailable> {
        self.hold = Hold::None;
        self.clear()
    }
}

impl fmt::Debug for SharedRedis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedRedis({}, {:?})", self.shown, self.endpoint.prefix)
    }
}

impl Drop for SharedRedis {
    fn drop(&mut self) {
        if self.hold == Hold::None {
            return;
        }
        if let Err(error) = self.clear() {
            dedup_files::say(format_args!(
                "keys that begin with {:?} are left on the server until they expire: {error}",
                self.endpoint.prefix
            ));
        }
    }
}

fn unlink_all(servers: &mut Servers, prefix: &str) -> Result<u64, Unavailable> {
    let mut deleted = 0;
    keyspace::visit(servers, prefix, |link, keys| {
        deleted += keyspace::unlink(link, keys)?;
        Ok(true)
    })?;
    Ok(deleted)
}

/// Not empty, or the whole database would be deleted; plain, so that it can be typed in a shell.
fn is_usable(prefix: &str) -> bool {
    !prefix.is_empty()
        && prefix.len() <= LONGEST_PREFIX
        && prefix.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\'')
}

fn first_key(servers: &mut Servers, prefix: &str) -> Result<Option<String>, Unavailable> {
    let mut first = None;
    keyspace::visit(servers, prefix, |_, keys| {
        first = keys.first().map(|key| String::from_utf8_lossy(key).into_owned());
        Ok(false)
    })?;
    Ok(first)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::thread;

    use super::*;

    /// A server of which every walk over keys goes on for ever, and which does `asked` whenever it is asked.
    fn without_an_end(asked: impl Fn() + Clone + Send + 'static) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = |mut caller: TcpStream, asked: &dyn Fn()| {
            while caller.read(&mut [0; 4096]).is_ok_and(|read| read > 0) {
                asked();
                if caller.write_all(b"*2\r\n$1\r\n7\r\n*0\r\n").is_err() {
                    break;
                }
            }
        };
        thread::spawn(move || {
            listener.incoming().map_while(Result::ok).for_each(|caller| {
                let asked = asked.clone();
                drop(thread::spawn(move || serve(caller, &asked)));
            });
        });
        format!("redis://127.0.0.1:{port}")
    }

    fn shared(url: &str, walk: Duration, stop: &Arc<AtomicBool>) -> SharedRedis {
        SharedRedis {
            servers: Servers::at(url).unwrap(),
            address: Address::parse(url).unwrap(),
            shown: url.to_string(),
            endpoint: RedisEndpoint { url: url.to_string(), prefix: "t:".to_string() },
            hold: Hold::None,
            walk,
            stop: Arc::clone(stop),
        }
    }

    #[test]
    fn a_walk_over_keys_that_has_no_end_is_given_up() {
        let url = without_an_end(|| {});
        // Who asked to stop before wants no keys left.
        for stopped in [false, true] {
            let mut shared = shared(&url, Duration::from_millis(50), &Arc::new(stopped.into()));
            for cleared in [shared.clear().map(drop), shared.sweep(), shared.release().map(drop)] {
                let error = cleared.unwrap_err().to_string();
                assert!(error.starts_with(&url) && error.contains("longer than is waited for"), "{error}");
            }
        }
    }

    #[test]
    fn who_asks_to_stop_while_keys_are_removed_does_not_wait_for_the_rest() {
        let stop = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&stop);
        let url = without_an_end(move || tell.store(true, Ordering::Relaxed));
        let error = shared(&url, Duration::from_secs(100_000), &stop).clear().unwrap_err().to_string();
        assert!(error.ends_with("stopped"), "{error}");
    }
}
