//! An open connection: bytes out, reader in.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use ::redis::{
    Client, Cmd, Connection, ConnectionAddr, ErrorKind, RedisConnectionInfo, RedisResult, ServerError, Value,
    cmd,
};
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::reply_reader::ReplyReader;

/// A connection on which the server has let us in.
pub(super) enum Wire {
    /// Read by our own parser.
    Plain(Plain),
    /// Encrypted, and read by the crate.
    Tls(Box<Connection>),
}

impl Wire {
    /// Connects, authenticates and selects the database, waiting for no step of it longer than `timeout`; from then on no
    /// longer than `wait`.
    pub(super) fn open(client: &Client, timeout: Duration, wait: Duration) -> RedisResult<Wire> {
        let info = client.get_connection_info();
        let socket = match info.addr() {
            ConnectionAddr::Tcp(host, port) => Socket::Tcp(connect((host, *port), timeout)?),
            ConnectionAddr::Unix(path) => Socket::Unix(connect_local(path, timeout)?),
            ConnectionAddr::TcpTls { .. } => return encrypted(client, timeout, wait),
            _ => return Err((ErrorKind::InvalidClientConfig, "an address of no known kind").into()),
        };
        socket.wait_at_most(timeout)?;
        let mut plain = Plain { socket, reader: ReplyReader::default() };
        plain.enter(info.redis_settings())?;
        plain.socket.wait_at_most(wait)?;
        Ok(Wire::Plain(plain))
    }

    /// Sends commands that are encoded already.
    pub(super) fn send(&mut self, encoded: &[u8]) -> RedisResult<()> {
        match self {
            Wire::Plain(plain) => Ok(plain.socket.write_all(encoded)?),
            Wire::Tls(connection) => connection.send_packed_command(encoded),
        }
    }

    /// The reply to `command`, unless that is an error of the server's.
    pub(super) fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.send(&command.get_packed_command())?;
        self.receive()?.extract_error()
    }

    /// The next reply, which may be an error of the server's.
    pub(super) fn receive(&mut self) -> RedisResult<Value> {
        match self {
            Wire::Plain(plain) => plain.reader.next(&mut plain.socket),
            Wire::Tls(connection) => connection.recv_response(),
        }
    }
}

/// A socket, and what was read from it.
pub(super) struct Plain {
    socket: Socket,
    reader: ReplyReader,
}

impl Plain {
    fn enter(&mut self, settings: &RedisConnectionInfo) -> RedisResult<()> {
        if let Some(password) = settings.password() {
            self.authenticate(settings.username(), password)?;
        }
        match settings.db() {
            // A socket is open before anybody has taken the call. Whatever is answered, there is a server.
            0 => self.ask(&cmd("PING")).map(drop),
            db => self.ask(cmd("SELECT").arg(db))?.extract_error().map(drop),
        }
    }

    /// Servers before version 6 know no users: they count one word too many, and are asked without.
    fn authenticate(&mut self, user: Option<&str>, password: &str) -> RedisResult<()> {
        let mut answer = self.ask(cmd("AUTH").arg(user).arg(password))?;
        if user.is_some() && matches!(&answer, Value::ServerError(error) if is_one_word_too_many(error)) {
            answer = self.ask(cmd("AUTH").arg(password))?;
        }
        match answer {
            Value::ServerError(error) => {
                let said = error.details().unwrap_or_default().to_string();
                Err((ErrorKind::AuthenticationFailed, "password authentication failed", said).into())
            }
            _ => Ok(()),
        }
    }

    fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.socket.write_all(&command.get_packed_command())?;
        self.reader.next(&mut self.socket)
    }
}

fn is_one_word_too_many(error: &ServerError) -> bool {
    error.details().is_some_and(|said| said.contains("wrong number of arguments"))
}

enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    /// Bounds each read and each write.
    fn wait_at_most(&self, time: Duration) -> io::Result<()> {
        match self {
            Socket::Tcp(socket) => {
                socket.set_read_timeout(Some(time))?;
                socket.set_write_timeout(Some(time))
            }
            Socket::Unix(socket) => {
                socket.set_read_timeout(Some(time))?;
                socket.set_write_timeout(Some(time))
            }
        }
    }
}

impl Read for Socket {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.read(into),
            Socket::Unix(socket) => socket.read(into),
        }
    }
}

impl Write for Socket {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Socket::Tcp(socket) => socket.write(from),
            Socket::Unix(socket) => socket.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Socket::Tcp(socket) => socket.flush(),
            Socket::Unix(socket) => socket.flush(),
        }
    }
}

/// The first of a host's addresses that answers.
fn connect(host: (&str, u16), timeout: Duration) -> io::Result<TcpStream> {
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in host.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(socket) => {
                // A batch is written at once; there is nothing to wait for.
                socket.set_nodelay(true)?;
                return Ok(socket);
            }
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

/// Waits where so many others wait for the server that there is no place in its queue.
fn connect_local(path: &Path, timeout: Duration) -> io::Result<UnixStream> {
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    // The bound on a write is the bound on waiting for that place, too (unix(7)).
    sockopt::set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
    net::connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(UnixStream::from(socket))
}

fn encrypted(client: &Client, timeout: Duration, wait: Duration) -> RedisResult<Wire> {
    // rustls refuses to choose where a program links more than one provider; if one was installed before, that one stays,
    // which is what the Err of a second installation says.
    #[cfg(feature = "tls")]
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connection = client.get_connection_with_timeout(timeout)?;
    connection.set_read_timeout(Some(wait))?;
    connection.set_write_timeout(Some(wait))?;
    Ok(Wire::Tls(Box::new(connection)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_waits_for_ever_in_the_queue_of_a_local_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let server = net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        net::bind(&server, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        net::listen(&server, 0).unwrap();
        // A server that accepts nobody, whose queue is soon full.
        let connect = || connect_local(&path, Duration::from_millis(20));
        let tries: Vec<io::Result<UnixStream>> = (0..8).map(|_| connect()).collect();
        assert!(tries[0].is_ok());
        let refused = tries.iter().filter_map(|tried| tried.as_ref().err());
        let kinds: Vec<io::ErrorKind> = refused.map(io::Error::kind).collect();
        assert!(
            !kinds.is_empty() && kinds.iter().all(|kind| *kind == io::ErrorKind::WouldBlock),
            "{kinds:?}"
        );
    }
}
