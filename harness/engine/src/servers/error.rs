//! What can go wrong with a server.

use std::io;
use std::time::Duration;

use dedup_strategies::Unavailable;
use dedup_strategies::redis::{AddressError, keyspace};

use super::private::LEAST_FILES;
use super::store_fault::StoreFault;

/// What to do where no redis-server is found.
const INSTALL: &str =
    "apt-get install redis-server, or name one in DEDUP_REDIS_SERVER, or give a running one with --redis-url";

/// A server could not be started, reached or cleaned up.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// There is none to start.
    #[error("{reason}: {INSTALL}")]
    Missing {
        /// Where it was looked for.
        reason: String,
    },
    /// It would have no room for connections.
    #[error(
        "a private server needs {LEAST_FILES} open files at least, and may have {found} here: allow more with ulimit -n 1024"
    )]
    FewFiles {
        /// How many files a process may have open.
        found: u64,
    },
    /// A server beside a system is not there, or something that it needs.
    #[error("{what}: {install}")]
    MissingBeside {
        /// What is missing.
        what: String,
        /// What to do about it.
        install: String,
    },
    /// A server beside a system does not come up, or is not what it was.
    #[error("{file}: server.command: {error}")]
    Beside {
        /// The name of the system's file.
        file: String,
        /// Why.
        error: Box<ServerError>,
    },
    /// A server beside a system runs and does not listen.
    #[error(
        "{command} does not listen at {address} within {within:?} (server.within in the system's file): {last}{log}"
    )]
    Deaf {
        /// Its command.
        command: String,
        /// Where it should.
        address: String,
        /// How long it was waited for.
        within: Duration,
        /// What the last try said.
        last: String,
        /// The last lines of its log.
        log: String,
    },
    /// A server beside a system was killed, and something still answers there.
    #[error(
        "{command} was killed, and something still listens at {address}: what it had started is not in its process group"
    )]
    Outlived {
        /// Its command.
        command: String,
        /// Where.
        address: String,
    },
    /// It ended by itself.
    #[error("{how}; the end of its log:\n{log}")]
    Ended {
        /// Which program, and in which way.
        how: String,
        /// The last lines of its log.
        log: String,
    },
    /// It runs but does not answer.
    #[error("redis-server did not answer PING within {waited:?}: {last}; the end of its log:\n{log}")]
    NotReady {
        /// How long it was tried.
        waited: Duration,
        /// What the last try said.
        last: String,
        /// The last lines of its log.
        log: String,
    },
    /// The nodes of a cluster run but do not agree.
    #[error("{what} did not come about within {waited:?}: {last}; the end of the nodes' log:\n{log}")]
    NotWhole {
        /// What was waited for.
        what: &'static str,
        /// How long.
        waited: Duration,
        /// What was seen last.
        last: String,
        /// The last lines of their log.
        log: String,
    },
    /// It answers but tells another time than it was given.
    #[error(
        "{program} does not follow the virtual clock (it says {found}, not {expected}): it is linked statically, runs \
         with raised privileges, or {dir} is mounted noexec (set TMPDIR to a directory that is not)"
    )]
    OffClock {
        /// The server's program.
        program: String,
        /// Seconds since the epoch by its own account.
        found: u64,
        /// What its clock was set to.
        expected: u64,
        /// The private directory.
        dir: String,
    },
    /// A file, a directory or a process could not be made.
    #[error("{what}: {source}")]
    Io {
        /// What was being done to what.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The URL cannot be used.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The prefix cannot be used.
    #[error(
        "key prefix {found:?}: allowed are 1 to 100 printable ASCII characters without spaces and without '"
    )]
    Prefix {
        /// What was given.
        found: String,
    },
    /// Somebody's keys are there.
    #[error(
        "{server} already holds keys that begin with {prefix:?}, such as {example:?}: another run may be using them; \
         choose another prefix, or delete them{} (with a password in REDISCLI_AUTH)",
        clearing(redis_cli, prefix)
    )]
    PrefixTaken {
        /// The server, without credentials.
        server: String,
        /// The prefix.
        prefix: String,
        /// One of the keys.
        example: String,
        /// How `redis-cli` gets there, for each node that was named.
        redis_cli: Vec<String>,
    },
    /// What was asked cannot be done to this server.
    #[error("{fault:?} cannot happen to {store}: {reason}")]
    NoSuchFault {
        /// The fault.
        fault: StoreFault,
        /// The kind of server.
        store: &'static str,
        /// Why not.
        reason: &'static str,
    },
    /// The server lets us in, and refuses what has to be done there.
    #[error(transparent)]
    Refused(Unavailable),
    /// The server refused or was lost.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Commands that delete all keys under a prefix. Keys may hold any bytes: they are printed and read back quoted. A prefix
/// holds no single quote.
fn clearing(redis_cli: &[String], prefix: &str) -> String {
    let pattern = keyspace::pattern(prefix);
    let clear =
        |cli: &String| format!("{cli} --no-raw --scan --pattern '{pattern}' | sed 's/^/UNLINK /' | {cli}");
    let node_by_node = if redis_cli.len() > 1 { ", on each primary," } else { "" };
    format!("{node_by_node} with {}", redis_cli.iter().map(clear).collect::<Vec<_>>().join("; "))
}

impl ServerError {
    /// What to do about it, for a table's row that says why a strategy was skipped; empty where only the message helps.
    pub fn remedy(&self) -> &str {
        match self {
            ServerError::Missing { .. } => INSTALL,
            ServerError::MissingBeside { install, .. } => install,
            _ => "",
        }
    }

    /// Wraps an error of the operating system with what was being done.
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> ServerError {
        let what = what.into();
        |source| ServerError::Io { what, source }
    }
}
