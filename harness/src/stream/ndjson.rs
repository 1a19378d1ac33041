//! Pings and their truth as text, one JSON object a line.

use std::io::{self, BufWriter, Write};

use dedup_strategies::Timestamp;
use serde::Serialize;

use super::event::{CauseId, Event, Id, InvalidId, Source, SourceError, Spelling};
use crate::scenario::KeyField;

/// Events fetched at a time.
const BATCH: usize = 1024;

/// Why not all pings were written.
#[derive(Debug, thiserror::Error)]
pub enum NdjsonError {
    /// The source cannot go on.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The output cannot be written. A reader that has gone away (`head`) is no error.
    #[error("the pings cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// Writes the pings of `source`, at most `limit`, one JSON object a line, and returns how many it wrote. The id stands
/// in the field that `key` names. Ends well when the reader of `writer` goes away.
pub fn write_ndjson(
    source: &mut dyn Source,
    writer: impl Write,
    limit: Option<u64>,
    key: KeyField,
) -> Result<u64, NdjsonError> {
    let mut writer = BufWriter::with_capacity(1 << 16, writer);
    let causes = source.causes().to_vec();
    let limit = limit.unwrap_or(u64::MAX);
    let mut events = Vec::with_capacity(BATCH);
    let mut delivery = 0;
    while delivery < limit {
        events.clear();
        source.fill(BATCH.min(usize::try_from(limit - delivery).unwrap_or(BATCH)), &mut events)?;
        if events.is_empty() {
            break;
        }
        for event in &events {
            let line = Line::new(event, source.spelling(event), delivery, &causes, key);
            if !still_read(line.write_to(&mut writer))? {
                return Ok(delivery);
            }
            delivery += 1;
        }
    }
    still_read(writer.flush())?;
    Ok(delivery)
}

fn still_read(written: io::Result<()>) -> io::Result<bool> {
    match written {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    event_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri: Option<Option<String>>,
    delivery: u64,
    truth: Truth<'a>,
}

#[derive(Serialize)]
struct Truth<'a> {
    unique: u64,
    cause: &'a str,
    lag_ns: u64,
    first: bool,
    shares_key: bool,
}

impl<'a> Line<'a> {
    fn new(event: &Event, spelling: Spelling, delivery: u64, causes: &'a [String], key: KeyField) -> Self {
        let text = id_text(event.id, spelling);
        let (document_id, uri) = match key {
            KeyField::DocumentId => (Some(text), None),
            KeyField::Uri => (None, Some(text.map(|id| uri(&id)))),
        };
        let origin = &event.origin;
        Line {
            time: rfc3339(event.at),
            event_time: rfc3339(event.event_time),
            document_id,
            uri,
            delivery,
            truth: Truth {
                unique: origin.unique,
                cause: causes.get(usize::from(origin.cause.0)).map_or("", String::as_str),
                lag_ns: event.at.as_nanos() - origin.first_at.as_nanos(),
                first: origin.cause == CauseId::FIRST,
                shares_key: origin.shares_key,
            },
        }
    }

    fn write_to(&self, writer: &mut impl Write) -> io::Result<()> {
        // A failed write comes back as the I/O error that it was.
        serde_json::to_writer(&mut *writer, self)?;
        writer.write_all(b"\n")
    }
}

/// An id as a client would have sent it; nothing where it sent none.
fn id_text(id: Id, spelling: Spelling) -> Option<String> {
    match id {
        Id::Missing => None,
        Id::Invalid(InvalidId::NotAnId) => Some("foo".into()),
        Id::Invalid(InvalidId::Short) => Some("1-1-1-1-1".into()),
        Id::Key(key) => {
            let uuid = uuid::Uuid::from_bytes(key.0).to_string();
            Some(if spelling == Spelling::UpperCase { uuid.to_uppercase() } else { uuid })
        }
    }
}

fn uri(id: &str) -> String {
    format!("/submit/telemetry/{id}/main/Firefox/140.0/release/20260101000000")
}

fn rfc3339(time: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(i128::from(time.as_nanos()))
        .map_or_else(|_| time.to_string(), |time| time.to_string())
}
