//! One connection to a server, opened when it is needed and opened again after an error.

use std::time::Duration;

use ::redis::{Client, Cmd, ConnectionInfo, FromRedisValue, RedisError, RedisResult, Value, cmd};

use super::address::{Address, AddressError, Topology};
use super::wire::Wire;
use crate::contract::Unavailable;

/// How long connecting may take, authentication and TLS included, and how long one write or one wait for a reply:
/// where nothing else is said. Longer than a server's usual pauses (a fork, a slow command), shorter than a broker's
/// usual acknowledgement deadline of 10 s.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Connecting never takes longer than this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection to one server. Every wait is bounded; after any error the connection is dropped, because replies
/// still under way would be taken for answers to later commands, and the next call opens a new one.
pub struct Link {
    client: Client,
    shown: String,
    timeout: Duration,
    wire: Option<Wire>,
}

impl Link {
    /// A link to the one server at `url`, not connected yet.
    pub fn to(url: &str) -> Result<Link, AddressError> {
        let address = Address::parse(url)?;
        match (address.topology(), address.nodes()) {
            (Topology::Single, [server]) => Link::open(server, address.to_string()),
            _ => Err(AddressError {
                found: address.to_string(),
                problem: "it names a cluster, not a server".into(),
            }),
        }
    }

    /// A link to a server, which errors call `shown`.
    pub(super) fn open(server: &ConnectionInfo, shown: String) -> Result<Link, AddressError> {
        match Client::open(server.clone()) {
            Ok(client) => Ok(Link { client, shown, timeout: TIMEOUT, wire: None }),
            Err(error) => Err(AddressError { found: shown, problem: error.to_string() }),
        }
    }

    /// The same, with another bound on each wait.
    pub fn with_timeout(self, timeout: Duration) -> Link {
        Link { timeout, ..self }
    }

    /// Its URL without credentials.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Connects, if it is not connected yet.
    pub fn connect(&mut self) -> Result<(), Unavailable> {
        self.attempt(|_| Ok(()))
    }

    /// Sends commands that are already encoded, in one write, and reads their `count` replies.
    pub fn send(&mut self, encoded: &[u8], count: usize) -> Result<Vec<Value>, Unavailable> {
        self.attempt(|wire| {
            wire.send(encoded)?;
            receive(wire, count)
        })
    }

    /// Sends commands without waiting for their replies. The next call must be [`receive`](Self::receive).
    pub(super) fn post(&mut self, encoded: &[u8]) -> Result<(), Unavailable> {
        self.attempt(|wire| wire.send(encoded))
    }

    /// Reads the replies to what was posted.
    pub(super) fn receive(&mut self, count: usize) -> Result<Vec<Value>, Unavailable> {
        self.attempt(|wire| receive(wire, count))
    }

    /// Runs one command.
    pub fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Unavailable> {
        self.attempt(|wire| Ok(T::from_redis_value(wire.ask(command)?)?))
    }

    /// One field of the server's `INFO`, such as `used_memory` of `memory`.
    pub fn info(&mut self, section: &str, field: &str) -> Result<String, Unavailable> {
        let text: String = self.query(cmd("INFO").arg(section))?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value
            .map(|value| value.trim().to_string())
            .ok_or_else(|| Unavailable(format!("{}: INFO {section} has no field {field}", self.shown)))
    }

    /// Bytes that the server has allocated: `used_memory`.
    pub fn used_memory(&mut self) -> Result<u64, Unavailable> {
        let text = self.info("memory", "used_memory")?;
        text.parse().map_err(|_| Unavailable(format!("{}: used_memory is {text:?}", self.shown)))
    }

    /// An error of this server's.
    pub(super) fn complaint(&self, problem: impl std::fmt::Display) -> Unavailable {
        Unavailable(format!("{}: {problem}", self.shown))
    }

    fn attempt<T>(&mut self, action: impl FnOnce(&mut Wire) -> RedisResult<T>) -> Result<T, Unavailable> {
        // Taken out and only put back after success: an error leaves no connection behind.
        let open = || Wire::open(&self.client, self.timeout.min(CONNECT_TIMEOUT), self.timeout);
        let result = self.wire.take().map_or_else(open, Ok).and_then(|mut wire| {
            let value = action(&mut wire)?;
            self.wire = Some(wire);
            Ok(value)
        });
        result.map_err(|error: RedisError| self.complaint(plain(&error)))
    }
}

/// The replies to so many commands.
fn receive(wire: &mut Wire, count: usize) -> RedisResult<Vec<Value>> {
    (0..count).map(|_| wire.receive()).collect()
}

/// The operating system words a timeout as "resource temporarily unavailable", which says nothing to a reader.
fn plain(error: &RedisError) -> String {
    match error.is_timeout() {
        true => "no answer in time".to_string(),
        false => error.to_string(),
    }
}
