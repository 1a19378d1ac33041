//! Frames in binary: as fast as a pipe goes.
//!
//! ```text
//!  0        4     5        8
//! ┌────────┬─────┬────────┬──────────────────────────────┐      all numbers little-endian,
//! │ length │kind │ zeros  │ body, `length` bytes         │      times in nanoseconds since 1970
//! └────────┴─────┴────────┴──────────────────────────────┘
//! J judge      now u64, then for each ping  key [16], event_time u64, arrival u64, delivery u64
//! S settle     now u64, then for each ping  key [16], delivery u64, outcome u64 (0 delivered, 1 failed)
//! A advance    now u64                                     (all bits set: the input has ended)
//! F footprint  nothing
//! P pings      as J                                        (delivery: the number of the ping)
//! M marker     now u64, number u64                         (all bits of `now` set: the input has ended)
//! v verdicts   count u32, then a byte for each ping: 0 new, 1 duplicate, 2 held, 3 in flight, 4 late, 5 unjudged;
//!              what is left says in UTF-8 why some are unjudged
//! d done       nothing
//! r released   for each ping  delivery u64
//! f footprint  ids u64, bytes u64
//! p passed     for each ping  its number u64
//! m marker     number u64
//! e failed     why, in UTF-8
//! ```

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use super::message::{Reply, Request, VERDICTS};
use super::{LONGEST, ProtocolError};
use crate::contract::{DeliveryId, Footprint, Outcome, Ping, PingKey, Settled, Timestamp};

const HEADER: usize = 8;
const PING: usize = 40;
const SETTLED: usize = 32;

/// Appends `request` as a frame.
pub fn write_request(request: &Request, to: &mut Vec<u8>) {
    let begin = begun(to);
    let kind = match request {
        Request::Judge { now, pings } => {
            timed_pings(*now, pings, to);
            b'J'
        }
        Request::Pings { now, pings } => {
            timed_pings(*now, pings, to);
            b'P'
        }
        Request::Marker { now, number: marker } => {
            number(now.as_nanos(), to);
            number(*marker, to);
            b'M'
        }
        Request::Settle { now, settled } => {
            number(now.as_nanos(), to);
            for Settled { ping, outcome } in settled.iter() {
                to.extend_from_slice(&ping.key.0);
                number(ping.delivery.0, to);
                number(u64::from(*outcome == Outcome::Failed), to);
            }
            b'S'
        }
        Request::Advance { now } => {
            number(now.as_nanos(), to);
            b'A'
        }
        Request::Footprint => b'F',
    };
    ended(begin, kind, to);
}

/// Appends `reply` as a frame.
pub fn write_reply(reply: &Reply, to: &mut Vec<u8>) {
    let begin = begun(to);
    let kind = match reply {
        Reply::Verdicts { verdicts, unjudged } => {
            to.extend_from_slice(&(verdicts.len() as u32).to_le_bytes());
            to.extend(verdicts.iter().map(|verdict| *verdict as u8));
            to.extend_from_slice(unjudged.as_deref().unwrap_or_default().as_bytes());
            b'v'
        }
        Reply::Done => b'd',
        Reply::Released(deliveries) => {
            deliveries.iter().for_each(|delivery| number(delivery.0, to));
            b'r'
        }
        Reply::Passed(numbers) => {
            numbers.iter().for_each(|delivery| number(delivery.0, to));
            b'p'
        }
        Reply::Marker(marker) => {
            number(*marker, to);
            b'm'
        }
        Reply::Footprint(Footprint { ids, bytes }) => {
            number(*ids, to);
            number(*bytes, to);
            b'f'
        }
        Reply::Failed(why) => {
            to.extend_from_slice(why.as_bytes());
            b'e'
        }
    };
    ended(begin, kind, to);
}

/// The next request; none where the input has ended.
pub fn read_request(from: &mut impl BufRead) -> Result<Option<Request<'static>>, ProtocolError> {
    let Some((kind, body)) = frame(from)? else { return Ok(None) };
    Ok(Some(match kind {
        b'J' => {
            let (now, pings) = timed(&body)?;
            Request::Judge { now, pings: Cow::Owned(records(pings, ping)?) }
        }
        b'S' => {
            let (now, settled) = timed(&body)?;
            let settled = records(settled, settled_of)?.into_iter().collect::<Result<_, _>>()?;
            Request::Settle { now, settled: Cow::Owned(settled) }
        }
        b'A' => match timed(&body)? {
            (now, []) => Request::Advance { now },
            _ => return Err(ProtocolError::form("a frame `advance` of more than 8 bytes")),
        },
        b'F' if body.is_empty() => Request::Footprint,
        b'P' => {
            let (now, pings) = timed(&body)?;
            Request::Pings { now, pings: Cow::Owned(records(pings, ping)?) }
        }
        b'M' => match timed(&body)? {
            (now, number) if number.len() == 8 => Request::Marker { now, number: u64_at(number, 0) },
            _ => return Err(ProtocolError::form("a frame `marker` that is not 16 bytes long")),
        },
        _ => return Err(unknown(kind, &body)),
    }))
}

/// The next reply; none where the input has ended.
pub fn read_reply(from: &mut impl BufRead) -> Result<Option<Reply>, ProtocolError> {
    let Some((kind, body)) = frame(from)? else { return Ok(None) };
    Ok(Some(match kind {
        b'v' => verdicts(&body)?,
        b'd' if body.is_empty() => Reply::Done,
        b'r' => Reply::Released(records(&body, delivery)?),
        b'p' => Reply::Passed(records(&body, delivery)?),
        b'm' => match records(&body, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes))?[..] {
            [number] => Reply::Marker(number),
            _ => return Err(ProtocolError::form("a frame `marker` that is not 8 bytes long")),
        },
        b'f' => match records(&body, |bytes: &[u8; 8]| u64::from_le_bytes(*bytes))?[..] {
            [ids, bytes] => Reply::footprint(ids, bytes)?,
            _ => return Err(ProtocolError::form("a frame `footprint` that is not 16 bytes long")),
        },
        b'e' => Reply::Failed(String::from_utf8_lossy(&body).into_owned()),
        _ => return Err(unknown(kind, &body)),
    }))
}

fn begun(to: &mut Vec<u8>) -> usize {
    let begin = to.len();
    to.extend_from_slice(&[0; HEADER]);
    begin
}

fn ended(begin: usize, kind: u8, to: &mut [u8]) {
    let length = (to.len() - begin - HEADER) as u32;
    to[begin..begin + 4].copy_from_slice(&length.to_le_bytes());
    to[begin + 4] = kind;
}

fn number(value: u64, to: &mut Vec<u8>) {
    to.extend_from_slice(&value.to_le_bytes());
}

fn timed_pings(now: Timestamp, pings: &[Ping], to: &mut Vec<u8>) {
    number(now.as_nanos(), to);
    to.reserve(pings.len() * PING);
    for ping in pings {
        to.extend_from_slice(&ping_bytes(ping));
    }
}

/// In one piece: this is done five million times a second.
#[inline]
fn ping_bytes(ping: &Ping) -> [u8; PING] {
    let mut bytes = [0; PING];
    bytes[..16].copy_from_slice(&ping.key.0);
    bytes[16..24].copy_from_slice(&ping.event_time.as_nanos().to_le_bytes());
    bytes[24..32].copy_from_slice(&ping.arrival.as_nanos().to_le_bytes());
    bytes[32..].copy_from_slice(&ping.delivery.0.to_le_bytes());
    bytes
}

#[inline]
fn ping(bytes: &[u8; PING]) -> Ping {
    Ping {
        key: key(bytes),
        event_time: Timestamp::from_nanos(u64_at(bytes, 16)),
        arrival: Timestamp::from_nanos(u64_at(bytes, 24)),
        delivery: DeliveryId(u64_at(bytes, 32)),
    }
}

fn delivery(bytes: &[u8; 8]) -> DeliveryId {
    DeliveryId(u64::from_le_bytes(*bytes))
}

fn settled_of(bytes: &[u8; SETTLED]) -> Result<Settled, ProtocolError> {
    let outcome = match u64_at(bytes, 24) {
        0 => Outcome::Delivered,
        1 => Outcome::Failed,
        other => return Err(ProtocolError::form(format!("an outcome {other}; allowed are 0 and 1"))),
    };
    let (event_time, arrival) = (Timestamp::ZERO, Timestamp::ZERO);
    let ping = Ping { key: key(bytes), event_time, arrival, delivery: DeliveryId(u64_at(bytes, 16)) };
    Ok(Settled { ping, outcome })
}

fn key(bytes: &[u8]) -> PingKey {
    PingKey(bytes[..16].try_into().expect("records are longer"))
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("records are longer"))
}

fn timed(body: &[u8]) -> Result<(Timestamp, &[u8]), ProtocolError> {
    let (now, rest) =
        body.split_first_chunk().ok_or_else(|| ProtocolError::form("a frame without its time, 8 bytes"))?;
    Ok((Timestamp::from_nanos(u64::from_le_bytes(*now)), rest))
}

/// `body` as records of `N` bytes.
fn records<const N: usize, T>(body: &[u8], read: impl Fn(&[u8; N]) -> T) -> Result<Vec<T>, ProtocolError> {
    match body.as_chunks() {
        (records, []) => Ok(records.iter().map(read).collect()),
        _ => Err(ProtocolError::form(format!("a frame of {} bytes, no multiple of {N}", body.len()))),
    }
}

fn verdicts(body: &[u8]) -> Result<Reply, ProtocolError> {
    let short = || ProtocolError::form("a frame `verdicts` that is shorter than it says");
    let (count, rest) = body.split_first_chunk().ok_or_else(short)?;
    let (numbers, why) = rest.split_at_checked(u32::from_le_bytes(*count) as usize).ok_or_else(short)?;
    let verdict = |number: &u8| match VERDICTS.get(usize::from(*number)) {
        Some(verdict) => Ok(*verdict),
        None => {
            Err(ProtocolError::form(format!("a verdict {number}; allowed are 0 to {}", VERDICTS.len() - 1)))
        }
    };
    let unjudged = (!why.is_empty()).then(|| String::from_utf8_lossy(why).into_owned());
    Ok(Reply::Verdicts { verdicts: numbers.iter().map(verdict).collect::<Result<_, _>>()?, unjudged })
}

fn unknown(kind: u8, body: &[u8]) -> ProtocolError {
    ProtocolError::form(format!("an unknown frame: kind {:?}, {} bytes", char::from(kind), body.len()))
}

/// The kind and the body of the next frame; none where the input has ended.
fn frame(from: &mut impl BufRead) -> Result<Option<(u8, Vec<u8>)>, ProtocolError> {
    if from.fill_buf()?.is_empty() {
        return Ok(None);
    }
    let mut header = [0; HEADER];
    from.read_exact(&mut header).map_err(cut_off)?;
    let [a, b, c, d, kind, zeros @ ..] = header;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if zeros != [0; 3] || length > LONGEST {
        return Err(ProtocolError::form(format!("no frame: it begins with {}", super::shown(&header))));
    }
    let mut body = Vec::with_capacity(length.min(1 << 20));
    if from.take(length as u64).read_to_end(&mut body)? < length {
        return Err(cut_off(io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(Some((kind, body)))
}

fn cut_off(error: io::Error) -> ProtocolError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ProtocolError::form("half a frame"),
        _ => error.into(),
    }
}
