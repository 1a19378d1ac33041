//! A server that has to run beside a system.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// How the server is started whose clients the workers' programs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server {
    /// The program and its arguments. `{dir}` in one of them is the server's private directory, `{port}` a free port of the
    /// loopback.
    pub command: &'static [&'static str],
    /// Where it listens.
    pub listens: Listens,
    /// How long it may take until it does.
    pub within: Duration,
    /// What to do where its program is missing.
    pub install: &'static str,
}

/// Where a server listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listens {
    /// On a Unix socket at this path from its private directory on.
    Socket(&'static str),
    /// On the port that its command has as `{port}`.
    Port,
}

/// Where the workers' programs find it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Socket(PathBuf),
    /// A port of the loopback.
    Port(u16),
}

/// The path of the socket, or `127.0.0.1:PORT`: what programs are told, and errors say.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Socket(path) => path.display().fmt(f),
            Address::Port(port) => write!(f, "127.0.0.1:{port}"),
        }
    }
}
