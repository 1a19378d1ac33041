//! One connection to a server, opened when it is needed and opened again after an error.

use std::time::Duration;

use ::redis::{Client, Cmd, Connection, ConnectionLike, FromRedisValue, RedisError, RedisResult, Value, cmd};

use super::address::{Address, AddressError};
use crate::contract::Unavailable;

/// How long connecting may take, authentication and TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one write or one wait for a reply may take. Longer than a server's usual pauses (a fork, a slow command),
/// shorter than a broker's usual acknowledgement deadline of 10 s.
const REPLY_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection to one server. Every wait is bounded; after any error the connection is dropped, because replies
/// still under way would be taken for answers to later commands, and the next call opens a new one.
pub struct Link {
    client: Client,
    address: Address,
    connection: Option<Connection>,
}

impl Link {
    /// A link to the server at `url`, not connected yet.
    pub fn to(url: &str) -> Result<Link, AddressError> {
        let address = Address::parse(url)?;
        let client = Client::open(address.connection().clone())
            .map_err(|error| AddressError { found: address.to_string(), problem: error.to_string() })?;
        Ok(Link { client, address, connection: None })
    }

    /// Connects, if it is not connected yet.
    pub fn connect(&mut self) -> Result<(), Unavailable> {
        self.attempt(|_| Ok(()))
    }

    /// Sends commands that are already encoded, in one write, and reads their `count` replies.
    pub fn send(&mut self, encoded: &[u8], count: usize) -> Result<Vec<Value>, Unavailable> {
        self.attempt(|connection| connection.req_packed_commands(encoded, 0, count))
    }

    /// Runs one command.
    pub fn query<T: FromRedisValue>(&mut self, command: &Cmd) -> Result<T, Unavailable> {
        self.attempt(|connection| command.query(connection))
    }

    /// One field of the server's `INFO`, such as `used_memory` of `memory`.
    pub fn info(&mut self, section: &str, field: &str) -> Result<String, Unavailable> {
        let text: String = self.query(cmd("INFO").arg(section))?;
        let value = text.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
        value
            .map(|value| value.trim().to_string())
            .ok_or_else(|| Unavailable(format!("{}: INFO {section} has no field {field}", self.address)))
    }

    /// Bytes that the server has allocated: `used_memory`.
    pub fn used_memory(&mut self) -> Result<u64, Unavailable> {
        let text = self.info("memory", "used_memory")?;
        text.parse().map_err(|_| Unavailable(format!("{}: used_memory is {text:?}", self.address)))
    }

    /// An error of this server's.
    pub(super) fn complaint(&self, problem: impl std::fmt::Display) -> Unavailable {
        Unavailable(format!("{}: {problem}", self.address))
    }

    fn attempt<T>(
        &mut self,
        action: impl FnOnce(&mut Connection) -> RedisResult<T>,
    ) -> Result<T, Unavailable> {
        // Taken out and only put back after success: an error leaves no connection behind.
        let result = self.connected().and_then(|mut connection| {
            let value = action(&mut connection)?;
            self.connection = Some(connection);
            Ok(value)
        });
        result.map_err(|error: RedisError| self.complaint(plain(&error)))
    }

    fn connected(&mut self) -> RedisResult<Connection> {
        if let Some(connection) = self.connection.take() {
            return Ok(connection);
        }
        if self.address.is_tls() {
            // rustls refuses to choose where a program links more than one provider; if one was installed before,
            // that one stays, which is what the Err of a second installation says.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let connection = self.client.get_connection_with_timeout(CONNECT_TIMEOUT)?;
        connection.set_read_timeout(Some(REPLY_TIMEOUT))?;
        connection.set_write_timeout(Some(REPLY_TIMEOUT))?;
        Ok(connection)
    }
}

/// The operating system words a timeout as "resource temporarily unavailable", which says nothing to a reader.
fn plain(error: &RedisError) -> String {
    match error.is_timeout() {
        true => "no answer in time".to_string(),
        false => error.to_string(),
    }
}
