//! Frames as lines of JSON: a person can type them.
//!
//! ```text
//! {"judge":{"now":5000000000,"pings":[{"key":"00112233445566778899aabbccddeeff","event_time":0,"arrival":0,"delivery":1}]}}
//! {"verdicts":["new"]}
//! {"settle":{"now":5000000000,"settled":[{"key":"00112233445566778899aabbccddeeff","delivery":1,"outcome":"delivered"}]}}
//! {"done":{}}
//! {"advance":{"now":6000000000}}         {"advance":{"now":null}} where the input has ended
//! {"released":[1]}
//! {"footprint":{}}
//! {"footprint":{"ids":1,"bytes":64}}
//! {"pings":{"now":5000000000,"pings":[{"key":"00112233445566778899aabbccddeeff","event_time":0,"arrival":0,"delivery":0}]}}
//! {"passed":[0]}
//! {"marker":{"now":5000000000,"number":1}}   {"marker":{"now":null,"number":2}} where the input has ended
//! {"marker":1}
//! {"failed":"the store is away"}         {"partly":{"verdicts":["new","unjudged"],"unjudged":"node 2 is away"}}
//! ```

use std::borrow::Cow;
use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::message::{Reply, Request};
use super::{ProtocolError, read_line, shown};
use crate::contract::{DeliveryId, Footprint, Outcome, Ping, PingKey, Settled, Timestamp, Verdict};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Asked {
    Judge { now: u64, pings: Vec<PingLine> },
    Settle { now: u64, settled: Vec<SettledLine> },
    Advance { now: Option<u64> },
    Footprint {},
    Pings { now: u64, pings: Vec<PingLine> },
    Marker { now: Option<u64>, number: u64 },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PingLine {
    key: String,
    event_time: u64,
    arrival: u64,
    delivery: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettledLine {
    key: String,
    delivery: u64,
    outcome: OutcomeWord,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum OutcomeWord {
    Delivered,
    Failed,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
enum Answer {
    Verdicts(Vec<VerdictWord>),
    Partly { verdicts: Vec<VerdictWord>, unjudged: String },
    Done {},
    Released(Vec<u64>),
    Footprint { ids: u64, bytes: u64 },
    Passed(Vec<u64>),
    Marker(u64),
    Failed(String),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum VerdictWord {
    New,
    Duplicate,
    Held,
    InFlight,
    Late,
    Unjudged,
}

/// Appends `request` as a line.
pub fn write_request(request: &Request, to: &mut Vec<u8>) {
    let asked = match request {
        Request::Judge { now, pings } => {
            Asked::Judge { now: now.as_nanos(), pings: pings.iter().map(ping_line).collect() }
        }
        Request::Settle { now, settled } => {
            Asked::Settle { now: now.as_nanos(), settled: settled.iter().map(settled_line).collect() }
        }
        Request::Advance { now } => Asked::Advance { now: unless_ended(*now) },
        Request::Footprint => Asked::Footprint {},
        Request::Pings { now, pings } => {
            Asked::Pings { now: now.as_nanos(), pings: pings.iter().map(ping_line).collect() }
        }
        Request::Marker { now, number } => Asked::Marker { now: unless_ended(*now), number: *number },
    };
    line(&asked, to);
}

/// Appends `reply` as a line.
pub fn write_reply(reply: &Reply, to: &mut Vec<u8>) {
    let words = |verdicts: &[Verdict]| verdicts.iter().map(|verdict| word(*verdict)).collect();
    let answer = match reply {
        Reply::Verdicts { verdicts, unjudged: None } => Answer::Verdicts(words(verdicts)),
        Reply::Verdicts { verdicts, unjudged: Some(why) } => {
            Answer::Partly { verdicts: words(verdicts), unjudged: why.clone() }
        }
        Reply::Done => Answer::Done {},
        Reply::Released(deliveries) => Answer::Released(deliveries.iter().map(|id| id.0).collect()),
        Reply::Passed(numbers) => Answer::Passed(numbers.iter().map(|id| id.0).collect()),
        Reply::Marker(number) => Answer::Marker(*number),
        Reply::Footprint(Footprint { ids, bytes }) => Answer::Footprint { ids: *ids, bytes: *bytes },
        Reply::Failed(why) => Answer::Failed(why.clone()),
    };
    line(&answer, to);
}

/// The next request; none where the input has ended.
pub fn read_request(from: &mut impl BufRead) -> Result<Option<Request<'static>>, ProtocolError> {
    let Some(text) = read_line(from)? else { return Ok(None) };
    Ok(Some(match parsed(&text)? {
        Asked::Judge { now, pings } => {
            Request::Judge { now: Timestamp::from_nanos(now), pings: pings_of(&pings)? }
        }
        Asked::Settle { now, settled } => Request::Settle {
            now: Timestamp::from_nanos(now),
            settled: Cow::Owned(settled.iter().map(settled_of).collect::<Result<_, _>>()?),
        },
        Asked::Advance { now } => Request::Advance { now: or_end(now) },
        Asked::Footprint {} => Request::Footprint,
        Asked::Pings { now, pings } => {
            Request::Pings { now: Timestamp::from_nanos(now), pings: pings_of(&pings)? }
        }
        Asked::Marker { now, number } => Request::Marker { now: or_end(now), number },
    }))
}

/// The next reply; none where the input has ended.
pub fn read_reply(from: &mut impl BufRead) -> Result<Option<Reply>, ProtocolError> {
    let Some(text) = read_line(from)? else { return Ok(None) };
    let verdicts = |words: Vec<VerdictWord>| words.into_iter().map(verdict).collect();
    Ok(Some(match parsed(&text)? {
        Answer::Verdicts(words) => Reply::Verdicts { verdicts: verdicts(words), unjudged: None },
        Answer::Partly { verdicts: words, unjudged } => {
            Reply::Verdicts { verdicts: verdicts(words), unjudged: Some(unjudged) }
        }
        Answer::Done {} => Reply::Done,
        Answer::Released(deliveries) => Reply::Released(deliveries.into_iter().map(DeliveryId).collect()),
        Answer::Passed(numbers) => Reply::Passed(numbers.into_iter().map(DeliveryId).collect()),
        Answer::Marker(number) => Reply::Marker(number),
        Answer::Footprint { ids, bytes } => Reply::footprint(ids, bytes)?,
        Answer::Failed(why) => Reply::Failed(why),
    }))
}

fn line(value: &impl Serialize, to: &mut Vec<u8>) {
    serde_json::to_writer(&mut *to, value).expect("plain data, into memory");
    to.push(b'\n');
}

fn parsed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, ProtocolError> {
    serde_json::from_str(text).map_err(|error| not_understood(text, &error.to_string()))
}

fn not_understood(text: &str, why: &str) -> ProtocolError {
    ProtocolError::form(format!("the line {}: {why}", shown(text.as_bytes())))
}

fn ping_line(ping: &Ping) -> PingLine {
    PingLine {
        key: hex(ping.key),
        event_time: ping.event_time.as_nanos(),
        arrival: ping.arrival.as_nanos(),
        delivery: ping.delivery.0,
    }
}

fn settled_line(settled: &Settled) -> SettledLine {
    SettledLine {
        key: hex(settled.ping.key),
        delivery: settled.ping.delivery.0,
        outcome: match settled.outcome {
            Outcome::Delivered => OutcomeWord::Delivered,
            Outcome::Failed => OutcomeWord::Failed,
        },
    }
}

fn pings_of(lines: &[PingLine]) -> Result<Cow<'static, [Ping]>, ProtocolError> {
    Ok(Cow::Owned(lines.iter().map(ping_of).collect::<Result<_, _>>()?))
}

fn unless_ended(now: Timestamp) -> Option<u64> {
    (now != Timestamp::END).then_some(now.as_nanos())
}

fn or_end(now: Option<u64>) -> Timestamp {
    now.map_or(Timestamp::END, Timestamp::from_nanos)
}

fn ping_of(line: &PingLine) -> Result<Ping, ProtocolError> {
    Ok(Ping {
        key: key(&line.key)?,
        event_time: Timestamp::from_nanos(line.event_time),
        arrival: Timestamp::from_nanos(line.arrival),
        delivery: DeliveryId(line.delivery),
    })
}

fn settled_of(line: &SettledLine) -> Result<Settled, ProtocolError> {
    let (event_time, arrival) = (Timestamp::ZERO, Timestamp::ZERO);
    let ping = Ping { key: key(&line.key)?, event_time, arrival, delivery: DeliveryId(line.delivery) };
    let outcome = match line.outcome {
        OutcomeWord::Delivered => Outcome::Delivered,
        OutcomeWord::Failed => Outcome::Failed,
    };
    Ok(Settled { ping, outcome })
}

fn hex(key: PingKey) -> String {
    format!("{:032x}", key.as_u128())
}

fn key(text: &str) -> Result<PingKey, ProtocolError> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bits = is_hex.then(|| u128::from_str_radix(text, 16).ok()).flatten();
    let wrong = || {
        ProtocolError::form(format!("a key {}; allowed are 32 hexadecimal digits", shown(text.as_bytes())))
    };
    bits.map(PingKey::from_u128).ok_or_else(wrong)
}

fn word(verdict: Verdict) -> VerdictWord {
    match verdict {
        Verdict::New => VerdictWord::New,
        Verdict::Duplicate => VerdictWord::Duplicate,
        Verdict::Held => VerdictWord::Held,
        Verdict::InFlight => VerdictWord::InFlight,
        Verdict::Late => VerdictWord::Late,
        Verdict::Unjudged => VerdictWord::Unjudged,
    }
}

fn verdict(word: VerdictWord) -> Verdict {
    match word {
        VerdictWord::New => Verdict::New,
        VerdictWord::Duplicate => Verdict::Duplicate,
        VerdictWord::Held => Verdict::Held,
        VerdictWord::InFlight => Verdict::InFlight,
        VerdictWord::Late => Verdict::Late,
        VerdictWord::Unjudged => Verdict::Unjudged,
    }
}
