//! An open connection: bytes out, reader in.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;

use ::redis::{
    Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, RedisConnectionInfo, RedisError, RedisResult,
    ServerError, Value, cmd,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::patience::{Patience, Socket, Timed};
use super::refusal;
use super::reply_reader::ReplyReader;
#[cfg(feature = "tls")]
use super::tls::{Encrypted, encrypted};

/// A connection on which the server has let us in, and what was read from it.
pub(super) struct Wire {
    channel: Channel,
    reader: ReplyReader,
}

impl Wire {
    /// Connects, authenticates and selects the database.
    pub(super) fn open(server: &ConnectionInfo, patience: &Patience) -> RedisResult<Wire> {
        let at_first = patience.to_connect();
        let channel = match server.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let socket = Socket::Tcp(connect((host, *port), &at_first)?);
                Channel::Plain(Timed::new(socket, at_first))
            }
            ConnectionAddr::Unix(path) => {
                let socket = Socket::Unix(connect_local(path, &at_first)?);
                Channel::Plain(Timed::new(socket, at_first))
            }
            #[cfg(feature = "tls")]
            ConnectionAddr::TcpTls { host, port, .. } => {
                let socket = Socket::Tcp(connect((host, *port), &at_first)?);
                Channel::Tls(encrypted(Timed::new(socket, at_first), host)?)
            }
            _ => return Err((ErrorKind::InvalidClientConfig, "an address of no known kind").into()),
        };
        let mut wire = Wire { channel, reader: ReplyReader::default() };
        wire.enter(server.redis_settings())?;
        wire.channel.timed().wait_as(patience.clone());
        Ok(wire)
    }

    /// Sends commands that are encoded already.
    pub(super) fn send(&mut self, encoded: &[u8]) -> RedisResult<()> {
        self.channel.timed().begin();
        self.write(encoded)
    }

    /// The reply to `command`, unless that is an error of the server's.
    pub(super) fn ask(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.send(&command.get_packed_command())?;
        self.channel.timed().begin();
        self.reader.next(&mut self.channel)?.extract_error()
    }

    /// The next replies, which may be errors of the server's.
    pub(super) fn receive(&mut self, count: usize) -> RedisResult<Vec<Value>> {
        self.channel.timed().begin();
        (0..count).map(|_| self.reader.next(&mut self.channel)).collect()
    }

    fn write(&mut self, encoded: &[u8]) -> RedisResult<()> {
        let written = self.channel.write_all(encoded).and_then(|()| self.channel.flush());
        written.map_err(|error| self.parting_words(error))
    }

    /// Of a server that has closed the connection, which may have said why before.
    fn parting_words(&mut self, error: io::Error) -> RedisError {
        let is_closed = matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset);
        match is_closed.then(|| self.reader.next(&mut self.channel)) {
            Some(Ok(Value::ServerError(said))) => said.into(),
            _ => error.into(),
        }
    }

    fn enter(&mut self, settings: &RedisConnectionInfo) -> RedisResult<()> {
        if let Some(password) = settings.password() {
            self.authenticate(settings.username(), password)?;
        }
        match settings.db() {
            // A socket is open before anybody has taken the call. Whatever is answered, there is a server; but one that
            // knows nobody without a password answers nothing else either, nor one that has no place for another client.
            0 => match self.say(&cmd("PING"))? {
                Value::ServerError(error) if error.code() == "NOAUTH" || refusal::is_full(&error) => {
                    Err(error.into())
                }
                _ => Ok(()),
            },
            db => self.say(cmd("SELECT").arg(db))?.extract_error().map(drop),
        }
    }

    /// Servers before version 6 know no users: they count one word too many, and are asked without.
    fn authenticate(&mut self, user: Option<&str>, password: &str) -> RedisResult<()> {
        let mut answer = self.say(cmd("AUTH").arg(user).arg(password))?;
        if user.is_some() && matches!(&answer, Value::ServerError(error) if is_one_word_too_many(error)) {
            answer = self.say(cmd("AUTH").arg(password))?;
        }
        match answer {
            Value::ServerError(error) => {
                let said = error.details().unwrap_or_default().to_string();
                Err((ErrorKind::AuthenticationFailed, "password authentication failed", said).into())
            }
            _ => Ok(()),
        }
    }

    /// One command of those that let us in, which share one wait.
    fn say(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.write(&command.get_packed_command())?;
        self.reader.next(&mut self.channel)
    }
}

fn is_one_word_too_many(error: &ServerError) -> bool {
    error.details().is_some_and(|said| said.contains("wrong number of arguments"))
}

/// Bytes to the server and back.
enum Channel {
    Plain(Timed),
    #[cfg(feature = "tls")]
    Tls(Box<Encrypted>),
}

impl Channel {
    fn timed(&mut self) -> &mut Timed {
        match self {
            Channel::Plain(timed) => timed,
            #[cfg(feature = "tls")]
            Channel::Tls(encrypted) => &mut encrypted.sock,
        }
    }
}

impl Read for Channel {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(timed) => timed.read(into),
            #[cfg(feature = "tls")]
            Channel::Tls(encrypted) => encrypted.read(into),
        }
    }
}

impl Write for Channel {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match self {
            Channel::Plain(timed) => timed.write(from),
            #[cfg(feature = "tls")]
            Channel::Tls(encrypted) => encrypted.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Channel::Plain(timed) => timed.flush(),
            #[cfg(feature = "tls")]
            Channel::Tls(encrypted) => encrypted.flush(),
        }
    }
}

/// The first of a host's addresses that answers.
fn connect(host: (&str, u16), patience: &Patience) -> io::Result<TcpStream> {
    let mut refused = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in addresses(host, patience)? {
        match reach(&address, patience) {
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

/// The system looks a name up for as long as it likes, and hears nobody meanwhile: it is left to it, in a thread.
fn addresses((host, port): (&str, u16), patience: &Patience) -> io::Result<Vec<SocketAddr>> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (tell, told) = mpsc::channel();
    let host = host.to_string();
    let look_up = move || {
        // Whoever asked may have gone.
        let _ = tell.send((&host[..], port).to_socket_addrs().map(Vec::from_iter));
    };
    thread::Builder::new().spawn(look_up)?;
    patience.wait_for(|time| match told.recv_timeout(time) {
        Ok(found) => found.map(Some),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(io::Error::other("its address cannot be looked up")),
    })
}

fn reach(address: &SocketAddr, patience: &Patience) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(family, SocketType::STREAM, flags, None)?;
    match net::connect(&socket, address) {
        Ok(()) | Err(Errno::INPROGRESS) => {}
        Err(error) => return Err(error.into()),
    }
    patience.wait_for(|time| {
        let time = Timespec::try_from(time).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&socket, PollFlags::OUT)], Some(&time)) {
            Ok(0) | Err(Errno::INTR) => Ok(None),
            Ok(_) => Ok(Some(())),
            Err(error) => Err(error.into()),
        }
    })?;
    sockopt::socket_error(&socket)??;
    let socket = TcpStream::from(socket);
    socket.set_nonblocking(false)?;
    Ok(socket)
}

/// Waits where so many others wait for the server that there is no place in its queue.
fn connect_local(path: &Path, patience: &Patience) -> io::Result<UnixStream> {
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?;
    let address = SocketAddrUnix::new(path)?;
    patience.wait_for(|time| {
        // The bound on a write is the bound on waiting for that place, too (unix(7)).
        sockopt::set_socket_timeout(&socket, Timeout::Send, Some(time))?;
        match net::connect(&socket, &address) {
            Ok(()) => Ok(Some(())),
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })?;
    Ok(UnixStream::from(socket))
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::time::{Duration, Instant};

    use super::*;

    /// A queue that is soon full, of a server that accepts nobody: who comes then is not even refused.
    #[test]
    fn connecting_has_an_end_and_hears_whoever_asks_to_stop() {
        let server = net::socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
        net::bind(&server, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        net::listen(&server, 0).unwrap();
        let server = TcpListener::from(server);
        let place = server.local_addr().unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let local = net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        net::bind(&local, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        net::listen(&local, 0).unwrap();
        let short = Patience::of(Duration::from_millis(20));
        type Connect<'a> = Box<dyn Fn(&Patience) -> io::Result<Socket> + 'a>;
        let ways: [Connect<'_>; 2] = [
            Box::new(|patience| connect(("127.0.0.1", place.port()), patience).map(Socket::Tcp)),
            Box::new(|patience| connect_local(&path, patience).map(Socket::Unix)),
        ];
        for connect in ways {
            let tries: Vec<_> = (0..8).map(|_| connect(&short)).collect();
            let refused = tries.iter().find_map(|tried| tried.as_ref().err()).unwrap();
            assert_eq!(refused.kind(), io::ErrorKind::TimedOut);
            let long = Patience::of(Duration::from_secs(100_000));
            let stop = Arc::new(AtomicBool::new(false));
            let told = connect_told_to_stop(&connect, &long.clone().until_stopped(&stop), &stop);
            assert_eq!(told, "stopped");
            let over = connect(&long.until(Instant::now() + Duration::from_millis(20))).err().unwrap();
            assert!(over.to_string().contains("altogether"), "{over}");
        }
    }

    /// Asks to stop while it waits: what it says then.
    fn connect_told_to_stop(
        connect: &dyn Fn(&Patience) -> io::Result<Socket>,
        patience: &Patience,
        stop: &Arc<AtomicBool>,
    ) -> String {
        let stop = Arc::clone(stop);
        let asks = thread::spawn(move || stop.store(true, std::sync::atomic::Ordering::Relaxed));
        let said = connect(patience).err().unwrap().to_string();
        asks.join().unwrap();
        said
    }

    #[test]
    fn a_host_is_found_by_name_and_what_has_none_is_said_so() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        connect(("localhost", port), &Patience::default()).unwrap();
        drop(server);
        let refused = connect(("127.0.0.1", port), &Patience::default()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn nobody_waits_for_ever_in_the_queue_of_a_local_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let server = net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        net::bind(&server, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        net::listen(&server, 0).unwrap();
        // A server that accepts nobody, whose queue is soon full.
        let connect = || connect_local(&path, &Patience::of(Duration::from_millis(20)));
        let tries: Vec<io::Result<UnixStream>> = (0..8).map(|_| connect()).collect();
        assert!(tries[0].is_ok());
        let refused = tries.iter().filter_map(|tried| tried.as_ref().err());
        let kinds: Vec<io::ErrorKind> = refused.map(io::Error::kind).collect();
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == io::ErrorKind::TimedOut), "{kinds:?}");
    }
}
