//! How a strategy in a process of its own is spoken to, in whatever language it is written: `docs/PROTOCOL.md`.
//!
//! ```text
//! harness                                   system
//!    ── Hello, a line of JSON ─────────────►
//!    ◄────────── Welcome, a line of JSON ───     which frames, which calls
//!    ── Request: judge, settle, ... ───────►
//!    ◄──────────────────────────── Reply ───     one for each request, in order
//!    ── end of input ──────────────────────►     the system ends
//! ```
//!
//! That is the shape *judge*. A *flow* is told pings and markers, and answers with what passes, whenever it comes out; the echo of
//! a marker says that everything has come out that was put in before it.
//!
//! [`hello`] is the first line of each side, [`message`] what follows, [`binary`] and [`json`] how it is written, [`serve()`] the
//! system's side for a strategy in Rust.

pub mod binary;
pub mod hello;
pub mod json;
pub mod message;
pub mod serve;

use std::io::{self, BufRead, Read};

pub use hello::{Calls, Frames, Hello, VERSION, Welcome};
pub use message::{Reply, Request};
pub use serve::serve;

/// The longest frame or line, in bytes: 25 times what a batch of 65,536 pings takes in binary.
pub const LONGEST: usize = 64 << 20;

/// What came is not what this protocol says.
#[derive(Debug, thiserror::Error)]
pub enum ProtocolError {
    /// Nothing more could be read or written.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is no frame, or no line, of the protocol.
    #[error("{0}")]
    Form(String),
}

impl ProtocolError {
    fn form(what: impl Into<String>) -> ProtocolError {
        ProtocolError::Form(what.into())
    }
}

impl Frames {
    /// Appends `request` as a frame.
    pub fn write_request(self, request: &Request, to: &mut Vec<u8>) {
        match self {
            Frames::Binary => binary::write_request(request, to),
            Frames::Json => json::write_request(request, to),
        }
    }

    /// Appends `reply` as a frame.
    pub fn write_reply(self, reply: &Reply, to: &mut Vec<u8>) {
        match self {
            Frames::Binary => binary::write_reply(reply, to),
            Frames::Json => json::write_reply(reply, to),
        }
    }

    /// The next request; none where the input has ended.
    pub fn read_request(self, from: &mut impl BufRead) -> Result<Option<Request<'static>>, ProtocolError> {
        match self {
            Frames::Binary => binary::read_request(from),
            Frames::Json => json::read_request(from),
        }
    }

    /// The next reply; none where the input has ended.
    pub fn read_reply(self, from: &mut impl BufRead) -> Result<Option<Reply>, ProtocolError> {
        match self {
            Frames::Binary => binary::read_reply(from),
            Frames::Json => json::read_reply(from),
        }
    }
}

/// The next line without its end; none where the input has ended.
pub fn read_line(from: &mut impl BufRead) -> Result<Option<String>, ProtocolError> {
    let mut line = Vec::new();
    let length = from.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut line)?;
    match (length, line.last()) {
        (0, _) => return Ok(None),
        (_, Some(b'\n')) => drop(line.pop()),
        (length, _) if length > LONGEST => return Err(ProtocolError::form("a line without an end")),
        _ => return Err(ProtocolError::form(format!("half a line: {}", shown(&line)))),
    }
    let text = String::from_utf8(line);
    text.map(Some).map_err(|error| ProtocolError::form(format!("no UTF-8: {}", shown(error.as_bytes()))))
}

/// The beginning of what came, for an error.
fn shown(bytes: &[u8]) -> String {
    const SHOWN: usize = 60;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(SHOWN)]);
    format!("{text:?}{}", if bytes.len() > SHOWN { " ..." } else { "" })
}

#[cfg(test)]
mod tests;
