//! Unix sockets and TCP alike.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::Duration;

/// How long reading may wait for what is there already: the shortest that the system takes.
const AT_ONCE: Duration = Duration::from_micros(1);

/// An address.
#[derive(Debug)]
pub(super) enum Place {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

/// Where connections come in.
pub(super) enum Door {
    Unix(UnixListener),
    Tcp(TcpListener),
}

/// A connection. May be read and written from two threads.
pub(super) enum Wire {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Place {
    pub(super) fn connect(&self) -> io::Result<Wire> {
        match self {
            Place::Unix(path) => UnixStream::connect(path).map(Wire::Unix),
            Place::Tcp(address) => tcp(TcpStream::connect(address)?),
        }
    }
}

impl Door {
    pub(super) fn accept(&self) -> io::Result<Wire> {
        match self {
            Door::Unix(listener) => listener.accept().map(|(stream, _)| Wire::Unix(stream)),
            Door::Tcp(listener) => tcp(listener.accept()?.0),
        }
    }
}

fn tcp(stream: TcpStream) -> io::Result<Wire> {
    stream.set_nodelay(true)?;
    Ok(Wire::Tcp(stream))
}

impl Wire {
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Wire::Unix(stream) => (&*stream).read(buffer),
            Wire::Tcp(stream) => (&*stream).read(buffer),
        }
    }

    /// Adds what can be read without waiting.
    pub(super) fn read_what_is_there(&self, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.set_read_timeout(Some(AT_ONCE))?;
        let mut more = [0; 4096];
        while let Ok(length @ 1..) = self.read(&mut more) {
            bytes.extend_from_slice(&more[..length]);
        }
        self.set_read_timeout(None)
    }

    pub(super) fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Wire::Unix(stream) => (&*stream).write_all(bytes),
            Wire::Tcp(stream) => (&*stream).write_all(bytes),
        }
    }

    /// Ends it for both sides, and for whoever is reading.
    pub(super) fn cut(&self) {
        // It may have been cut before.
        let _ = match self {
            Wire::Unix(stream) => stream.shutdown(Shutdown::Both),
            Wire::Tcp(stream) => stream.shutdown(Shutdown::Both),
        };
    }

    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Wire::Unix(stream) => stream.set_read_timeout(timeout),
            Wire::Tcp(stream) => stream.set_read_timeout(timeout),
        }
    }
}
