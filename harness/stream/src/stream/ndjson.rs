//! Pings and their truth as text, one JSON object a line.

use std::io::{self, BufWriter, Write};

use dedup_strategies::Timestamp;
use serde::Serialize;
use serde::ser::SerializeMap;

use super::event::{CauseId, Event, Id, InvalidId, Source, SourceError, Spelling};
use crate::clients::{Clients, Sender};
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
/// in the field that `key` names; who sent the ping is said where `clients` are known. Ends well when the reader of `writer` goes away.
pub fn write_ndjson(
    source: &mut dyn Source,
    writer: impl Write,
    limit: Option<u64>,
    key: KeyField,
    clients: Option<&Clients>,
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
            let sent = clients.map(|clients| Sent::new(clients, event));
            let line = Line { sent, ..Line::new(event, source.spelling(event), delivery, &causes, key) };
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
    #[serde(flatten)]
    sent: Option<Sent<'a>>,
    delivery: u64,
    truth: Truth<'a>,
}

/// Who sent a ping, in the fields that a live table has as columns.
struct Sent<'a> {
    clients: &'a Clients,
    sender: Sender,
    event_time: Timestamp,
}

impl<'a> Sent<'a> {
    fn new(clients: &'a Clients, event: &Event) -> Self {
        let sender = clients.sender(event.id.key(), event.origin.first_at);
        Sent { clients, sender, event_time: event.event_time }
    }
}

impl Serialize for Sent<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("client_id", &uuid::Uuid::from_u128(self.sender.client_id).to_string())?;
        map.serialize_entry("client_time", &rfc3339(self.sender.client_time(self.event_time)))?;
        map.serialize_entry("session_id", &self.sender.session)?;
        map.serialize_entry("type", self.clients.type_of(&self.sender))?;
        for (name, value) in self.clients.values_of(&self.sender) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
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
            sent: None,
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
        .map_or_else(|_| time.to_string(), |time| format!("{time:.9}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Scenario, find};

    fn written(name: &str, limit: Option<u64>) -> String {
        let scenario = find(name).unwrap().remove(0);
        let mut out = Vec::new();
        write_ndjson(&mut scenario.stream(1), &mut out, limit, scenario.key(), None).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn pings_are_written_with_their_truth() {
        let text = "about = 'x'\nwindow = '1m'\npings = 8\nkey = 'uri'\narrival = { process = 'constant', rate = 3 }\n\
                    event_time.skew.fixed = '1ms'\nbad_id.missing = 0.2\n\
                    [[repeat]]\ncause = 'retry'\nids = 1\ncopies = 2\nlag.fixed = '500ms'\nfrom = 'previous'\n\
                    [[repeat]]\ncause = 'clone'\nids = 1\nidentity = 'distinct'\nlag.fixed = '800ms'";
        let scenario = Scenario::from_toml("x", text).unwrap();
        let mut out = Vec::new();
        write_ndjson(&mut scenario.stream(1), &mut out, None, scenario.key(), None).unwrap();
        insta::assert_snapshot!("ndjson", String::from_utf8(out).unwrap());
    }

    #[test]
    fn who_sent_a_ping_is_written_and_copies_have_the_same_sender() {
        let text = "about = 'x'\nwindow = '1m'\npings = 6\narrival = { process = 'constant', rate = 3 }\n\
                    [clients]\ncount = 9\nwrong_clock = { share = 1, by = '1h' }\ntypes = { main = 3, crash = 1 }\n\
                    dimensions = { country = { DE = 1, US = 2 } }\n\
                    [[repeat]]\ncause = 'retry'\nids = 1\ncopies = 2\nlag.fixed = '500ms'\nfrom = 'previous'";
        let scenario = Scenario::from_toml("x", text).unwrap();
        let mut out = Vec::new();
        let clients = scenario.clients(1);
        write_ndjson(&mut scenario.stream(1), &mut out, None, scenario.key(), clients.as_ref()).unwrap();
        insta::assert_snapshot!("ndjson_of_clients", String::from_utf8(out).unwrap());
    }

    #[test]
    fn a_uri_holds_the_id_and_stands_in_its_own_field() {
        let line: serde_json::Value = serde_json::from_str(&written("nonunique-uri", Some(1))).unwrap();
        let uri = line["uri"].as_str().unwrap();
        assert!(uri.starts_with("/submit/telemetry/") && uri.contains("/main/Firefox/"), "{uri}");
        assert!(uuid::Uuid::parse_str(uri.split('/').nth(3).unwrap()).is_ok());
        assert!(line.get("document_id").is_none());
    }

    #[test]
    fn broken_and_upper_case_ids_are_written_as_they_come() {
        let mut seen = std::collections::BTreeMap::<&str, u32>::new();
        for line in written("bad-id", Some(20_000)).lines() {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            let kind = match line["document_id"].as_str() {
                None => "missing",
                Some("foo") => "foo",
                Some("1-1-1-1-1") => "short",
                Some(id) if id == id.to_uppercase() => "upper",
                Some(_) => "lower",
            };
            *seen.entry(kind).or_default() += 1;
        }
        for (kind, least, most) in [
            ("missing", 140, 260),
            ("foo", 60, 140),
            ("short", 15, 65),
            ("upper", 1800, 2150),
            ("lower", 17_000, 18_000),
        ] {
            assert!((least..=most).contains(&seen[kind]), "{seen:?}");
        }
    }

    #[test]
    fn all_pings_are_written_where_there_is_no_limit() {
        let text = "about = 'x'\nwindow = '1m'\npings = 3000\narrival = { process = 'constant', rate = 10 }";
        let scenario = Scenario::from_toml("x", text).unwrap();
        let mut out = Vec::new();
        let count =
            write_ndjson(&mut scenario.stream(1), &mut out, None, KeyField::DocumentId, None).unwrap();
        assert_eq!((count, out.iter().filter(|byte| **byte == b'\n').count()), (3000, 3000));
    }

    /// A reader that goes away, or a disk that is full.
    struct Failing(io::ErrorKind);

    impl Write for Failing {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_goes_away_is_no_error_and_a_full_disk_is() {
        for limit in [Some(1), Some(10_000)] {
            let into = |kind| {
                let scenario = find("quick").unwrap().remove(0);
                write_ndjson(&mut scenario.stream(1), Failing(kind), limit, KeyField::DocumentId, None)
            };
            assert!(into(io::ErrorKind::BrokenPipe).is_ok());
            assert!(matches!(into(io::ErrorKind::StorageFull), Err(NdjsonError::Write(_))));
        }
    }
}
