//! A proxy on the loopback, or between two Unix sockets, that troubles the traffic between clients and a server: cuts
//! connections, delays replies, swallows replies to what was applied. In between it only copies.

mod frames;
mod wire;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use frames::Frames;
use wire::{Door, Place, Wire};

/// What is spoken through a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// The protocol of Redis: it is known which answer is to which command.
    Redis,
    /// Something that is not looked into.
    Anything,
}

/// Bytes that are copied at once.
const BUFFER: usize = 64 << 10;

/// Commands that change something; the reply to one of these can be swallowed.
const WRITES: [&[u8]; 10] =
    [b"SET", b"SETEX", b"PSETEX", b"DEL", b"UNLINK", b"EXPIRE", b"PEXPIRE", b"EVAL", b"EVALSHA", b"GETDEL"];

/// Passes connections on to one server. Dropping it cuts them all.
pub struct Proxy {
    at: Place,
    shared: Arc<Shared>,
}

/// How often the traffic was interfered with, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrafficCounts {
    /// Connections that were cut because the server was to be unreachable.
    pub cut: u64,
    /// Connections that were refused for the same reason.
    pub refused: u64,
    /// How often replies were held back: those to one batch, as a rule.
    pub delayed: u64,
    /// Replies to writes that were swallowed.
    pub swallowed: u64,
}

#[derive(Default)]
struct Shared {
    unreachable: AtomicBool,
    delay_ns: AtomicU64,
    to_swallow: AtomicU64,
    cut: AtomicU64,
    refused: AtomicU64,
    delayed: AtomicU64,
    swallowed: AtomicU64,
    closed: AtomicBool,
    connections: Mutex<Vec<Arc<Connection>>>,
}

struct Connection {
    client: Wire,
    server: Wire,
    /// For each request that is not answered yet, in order: whether it changes something.
    asked: Mutex<VecDeque<bool>>,
    /// Whether it speaks no requests and replies, or none any more: a replica's stream, or what is not known.
    raw: AtomicBool,
    /// Whether an answer that is not known is one that can be swallowed.
    speaks: Speaks,
    open: AtomicBool,
}

impl Proxy {
    /// Between a new Unix socket at `path` and the server's at `server`.
    pub fn unix(path: &Path, server: &Path, speaks: Speaks) -> io::Result<Proxy> {
        let at = Place::Unix(path.to_path_buf());
        Proxy::open(Door::Unix(UnixListener::bind(path)?), at, Place::Unix(server.to_path_buf()), speaks)
    }

    /// Between a new port of the loopback and the server at `server`.
    pub fn tcp(server: SocketAddr, speaks: Speaks) -> io::Result<Proxy> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let at = Place::Tcp(listener.local_addr()?);
        Proxy::open(Door::Tcp(listener), at, Place::Tcp(server), speaks)
    }

    fn open(door: Door, at: Place, server: Place, speaks: Speaks) -> io::Result<Proxy> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        thread::Builder::new().name("proxy".into()).spawn(move || accept(&door, &server, &theirs, speaks))?;
        Ok(Proxy { at, shared })
    }

    /// Its port, where it has one.
    pub fn port(&self) -> Option<u16> {
        match &self.at {
            Place::Tcp(address) => Some(address.port()),
            Place::Unix(_) => None,
        }
    }

    /// Cuts every connection and refuses new ones, or takes them again.
    pub fn set_unreachable(&self, unreachable: bool) {
        self.shared.unreachable.store(unreachable, SeqCst);
        if unreachable {
            let cut = self.shared.cut_all();
            self.shared.cut.fetch_add(cut, SeqCst);
        }
    }

    /// Holds every reply back for this long.
    pub fn set_delay(&self, delay: Duration) {
        self.shared.delay_ns.store(saturating_nanos(delay), SeqCst);
    }

    /// Swallows the replies to the next `count` writes: each connection on which one falls due is cut once the server
    /// has answered everything that it was sent, and the replies to what was sent with it are lost too. Where it is not known
    /// what is spoken, the next `count` times that the server says something, and each of these connections is cut at once.
    pub fn set_swallow(&self, count: u64) {
        self.shared.to_swallow.store(count, SeqCst);
    }

    /// How often the traffic was interfered with so far.
    pub fn traffic(&self) -> TrafficCounts {
        let Shared { cut, refused, delayed, swallowed, .. } = &*self.shared;
        TrafficCounts {
            cut: cut.load(SeqCst),
            refused: refused.load(SeqCst),
            delayed: delayed.load(SeqCst),
            swallowed: swallowed.load(SeqCst),
        }
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("at", &self.at)
            .field("traffic", &self.traffic())
            .finish_non_exhaustive()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.closed.store(true, SeqCst);
        // Wakes the thread that waits for connections, which then closes the door.
        let _ = self.at.connect();
        self.shared.cut_all();
    }
}

impl Shared {
    fn connections(&self) -> MutexGuard<'_, Vec<Arc<Connection>>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut_all(&self) -> u64 {
        let mut connections = self.connections();
        connections.drain(..).map(|connection| u64::from(connection.cut())).sum()
    }

    /// Takes one of the replies that are to be swallowed.
    fn swallows(&self) -> bool {
        self.to_swallow.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

impl Connection {
    /// Ends it; whether it was open.
    fn cut(&self) -> bool {
        // First: the threads that copy wake up from what follows, and are not to be the ones who cut it.
        let was_open = self.open.swap(false, SeqCst);
        self.client.cut();
        self.server.cut();
        was_open
    }

    fn asked(&self) -> MutexGuard<'_, VecDeque<bool>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn accept(door: &Door, server: &Place, shared: &Arc<Shared>, speaks: Speaks) {
    loop {
        let client = door.accept();
        if shared.closed.load(SeqCst) {
            return;
        }
        let Ok(client) = client else {
            // A client that is gone again, or no file handle left: neither ends the proxy, nor may it spin.
            thread::sleep(Duration::from_millis(1));
            continue;
        };
        if shared.unreachable.load(SeqCst) {
            shared.refused.fetch_add(1, SeqCst);
            client.cut();
            continue;
        }
        // A server that does not listen is one that a client cannot reach: its connection ends at once.
        if let Ok(server) = server.connect() {
            let _ = copy_both_ways(client, server, shared, speaks);
        }
    }
}

fn copy_both_ways(client: Wire, server: Wire, shared: &Arc<Shared>, speaks: Speaks) -> io::Result<()> {
    let connection = Arc::new(Connection {
        client,
        server,
        asked: Mutex::default(),
        raw: AtomicBool::new(speaks == Speaks::Anything),
        speaks,
        open: AtomicBool::new(true),
    });
    {
        let mut connections = shared.connections();
        connections.retain(|connection| connection.open.load(SeqCst));
        connections.push(Arc::clone(&connection));
    }
    // Where it became unreachable meanwhile, it may have missed this one.
    if shared.unreachable.load(SeqCst) && connection.cut() {
        shared.cut.fetch_add(1, SeqCst);
    }
    let requests = Arc::clone(&connection);
    thread::Builder::new().spawn(move || {
        let _ = copy_requests(&requests);
        requests.cut();
    })?;
    let shared = Arc::clone(shared);
    thread::Builder::new().spawn(move || {
        let _ = copy_replies(&connection, &shared);
        connection.cut();
    })?;
    Ok(())
}

fn copy_requests(connection: &Connection) -> io::Result<()> {
    let (mut buffer, mut frames) = (vec![0; BUFFER], Frames::new());
    loop {
        let length = connection.client.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        // Before the server has them, so that no reply comes earlier.
        if !connection.raw.load(SeqCst) {
            let mut asked = connection.asked();
            frames.feed(&buffer[..length], |_, word| {
                asked.push_back(WRITES.iter().any(|write| write.eq_ignore_ascii_case(word)));
                if word.eq_ignore_ascii_case(b"PSYNC") || word.eq_ignore_ascii_case(b"SYNC") {
                    connection.raw.store(true, SeqCst);
                }
            });
        }
        connection.server.write_all(&buffer[..length])?;
    }
}

fn copy_replies(connection: &Connection, shared: &Shared) -> io::Result<()> {
    let (mut bytes, mut frames, mut doomed) = (vec![0; BUFFER], Frames::new(), false);
    loop {
        bytes.resize(BUFFER, 0);
        let length = connection.server.read(&mut bytes)?;
        if length == 0 {
            return Ok(());
        }
        bytes.truncate(length);
        let delay = Duration::from_nanos(shared.delay_ns.load(SeqCst));
        if !delay.is_zero() {
            shared.delayed.fetch_add(1, SeqCst);
            thread::sleep(delay);
            // What came meanwhile has waited already.
            connection.server.read_what_is_there(&mut bytes)?;
        }
        if connection.raw.load(SeqCst) {
            if connection.speaks == Speaks::Anything && shared.swallows() {
                shared.swallowed.fetch_add(1, SeqCst);
                return Ok(());
            }
            connection.client.write_all(&bytes)?;
            continue;
        }
        let was_doomed = doomed;
        let mut passed = 0;
        let mut asked = connection.asked();
        frames.feed(&bytes, |end, _| {
            let is_write = asked.pop_front().unwrap_or(false);
            doomed = doomed || is_write && shared.to_swallow.load(SeqCst) > 0;
            if doomed && is_write {
                shared.swallows();
                shared.swallowed.fetch_add(1, SeqCst);
            }
            passed = if doomed { passed } else { end };
        });
        let all_answered = asked.is_empty();
        drop(asked);
        match (was_doomed, doomed) {
            (true, _) => {}
            (false, true) => connection.client.write_all(&bytes[..passed])?,
            (false, false) => connection.client.write_all(&bytes)?,
        }
        if doomed && all_answered {
            return Ok(());
        }
    }
}
