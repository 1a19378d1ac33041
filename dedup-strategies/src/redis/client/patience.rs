//! How long a server is waited for, and what ends a wait before that.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where nothing else is said. Longer than a server's usual pauses (a fork, a slow command), shorter than a broker's
/// usual acknowledgement deadline of 10 s.
const WAIT: Duration = Duration::from_secs(5);
/// Connecting never takes longer than this.
const CONNECT: Duration = Duration::from_secs(3);
/// Who may be told to stop looks up this often.
const LOOK_UP: Duration = Duration::from_millis(50);

/// The bound on each wait: for a connection with all that it takes to be let in, for a write, for all the replies to it.
#[derive(Clone, Debug)]
pub struct Patience {
    wait: Duration,
    stop: Option<Arc<AtomicBool>>,
    /// When all waits together are over.
    over: Option<Instant>,
}

impl Default for Patience {
    fn default() -> Self {
        Patience::of(WAIT)
    }
}

impl Patience {
    /// Waits as long as this, and nothing ends it before.
    pub fn of(wait: Duration) -> Patience {
        Patience { wait, stop: None, over: None }
    }

    /// The same, and a wait ends at once when `stop` is set.
    pub fn until_stopped(self, stop: &Arc<AtomicBool>) -> Patience {
        Patience { stop: Some(Arc::clone(stop)), ..self }
    }

    /// The same, and all waits together are over by then: for what consists of many, of which each would be in time.
    pub fn until(self, over: Instant) -> Patience {
        Patience { over: Some(over), ..self }
    }

    /// The same for connecting.
    pub(super) fn to_connect(&self) -> Patience {
        Patience { wait: self.wait.min(CONNECT), ..self.clone() }
    }

    /// What is left until `until` for whoever waits, and may be told to stop meanwhile: then it is not all at once.
    fn left(&self, until: Instant) -> io::Result<Duration> {
        if self.stop.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Err(io::Error::other("stopped"));
        }
        let now = Instant::now();
        if self.over.is_some_and(|over| over <= now) {
            return Err(io::Error::other("it goes on for longer than is waited for altogether"));
        }
        let left = self.over.map_or(until, |over| over.min(until)).saturating_duration_since(now);
        match left.is_zero() {
            true => Err(io::ErrorKind::TimedOut.into()),
            false if self.stop.is_some() => Ok(left.min(LOOK_UP)),
            false => Ok(left),
        }
    }

    /// Calls `act`, which waits as long as it is told, until it has something.
    pub(super) fn wait_for<T>(
        &self,
        mut act: impl FnMut(Duration) -> io::Result<Option<T>>,
    ) -> io::Result<T> {
        let until = Instant::now() + self.wait;
        loop {
            if let Some(done) = act(self.left(until)?)? {
                return Ok(done);
            }
        }
    }
}

/// A socket whose reads and writes have one deadline together, from [`begin`](Timed::begin) on: a server that sends a byte
/// now and then does not get more time for it.
pub(super) struct Timed {
    socket: Socket,
    patience: Patience,
    until: Instant,
    /// The bound that the system was told for one read or write.
    armed: Duration,
}

impl Timed {
    pub(super) fn new(socket: Socket, patience: Patience) -> Timed {
        let mut timed = Timed { socket, patience, until: Instant::now(), armed: Duration::ZERO };
        timed.begin();
        timed
    }

    /// From now on.
    pub(super) fn wait_as(&mut self, patience: Patience) {
        self.patience = patience;
        self.begin();
    }

    /// A new wait begins.
    pub(super) fn begin(&mut self) {
        self.until = Instant::now() + self.patience.wait;
    }

    /// Sees that the next read or write ends in time. The system is told only where its bound is far from what is left:
    /// of a usual reply, never.
    fn arm(&mut self) -> io::Result<()> {
        let bound = self.patience.left(self.until)?;
        if self.armed < bound / 2 || self.armed > bound + self.patience.wait / 64 {
            self.socket.wait_at_most(bound)?;
            self.armed = bound;
        }
        Ok(())
    }

    fn in_time<T>(&mut self, mut act: impl FnMut(&mut Socket) -> io::Result<T>) -> io::Result<T> {
        loop {
            self.arm()?;
            match act(&mut self.socket) {
                // Whether the time is over is for the deadline to say.
                Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }
}

impl Read for Timed {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.in_time(|socket| match socket {
            Socket::Tcp(socket) => socket.read(into),
            Socket::Unix(socket) => socket.read(into),
        })
    }
}

impl Write for Timed {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.in_time(|socket| match socket {
            Socket::Tcp(socket) => socket.write(from),
            Socket::Unix(socket) => socket.write(from),
        })
    }

    /// Sockets keep nothing back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A socket of either kind.
pub(super) enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
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
