//! A trace as a stream with exact truth.

use dedup_strategies::{PingKey, Timestamp};
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use hashbrown::hash_map::Entry;

use super::error::TraceError;
use super::options::TraceOptions;
use super::rows::{TracePing, TracePings};
use crate::stream::{CauseId, Event, Id, Origin, Source, SourceError};

const REPEAT: CauseId = CauseId(1);

/// A trace as a stream with exact truth.
///
/// A ping is a repeat if a line before it has the same id. A line without an id is a ping of its own: there is nothing
/// by which it could be a copy.
///
/// Opening reads the trace once to count the copies of each id, and keeps the counts of those only that come more than
/// once; the stream then reads it again. So `more_to_come` is exact, memory while the stream runs is a table of the
/// repeated ids alone (which shrinks with the last copy of each), and a trace that was changed in between is noticed.
pub struct TraceSource {
    rows: TracePings,
    repeated: HashMap<PingKey, Repeated, FixedState>,
    next_unique: u64,
    causes: Vec<String>,
    digest: String,
    ended: bool,
}

/// An id that comes more than once.
struct Repeated {
    copies_left: u64,
    first: Option<First>,
}

#[derive(Clone, Copy)]
struct First {
    unique: u64,
    at: Timestamp,
}

impl TraceSource {
    /// Opens a trace, reading it once from end to end.
    pub fn open(options: &TraceOptions) -> Result<Self, TraceError> {
        let mut rows = TracePings::open(options)?;
        let mut copies: HashMap<PingKey, u64, FixedState> = HashMap::default();
        while let Some(row) = rows.next()? {
            if let Id::Key(key) = row.id {
                *copies.entry(key).or_default() += 1;
            }
        }
        let repeated = copies.into_iter().filter(|(_, copies)| *copies > 1);
        Ok(TraceSource {
            repeated: repeated
                .map(|(key, copies_left)| (key, Repeated { copies_left, first: None }))
                .collect(),
            digest: rows.tally().digest(),
            rows: TracePings::open(options)?,
            next_unique: 0,
            causes: vec!["first".to_string(), "repeat".to_string()],
            ended: false,
        })
    }

    fn event(&mut self, row: TracePing) -> Event {
        let origin = match row.id {
            Id::Key(key) => self.origin(key, row.at),
            Id::Missing | Id::Invalid(_) => self.only_copy(row.at),
        };
        Event { at: row.at, event_time: row.event_time, id: row.id, origin }
    }

    fn origin(&mut self, key: PingKey, at: Timestamp) -> Origin {
        let Entry::Occupied(mut entry) = self.repeated.entry(key) else { return self.only_copy(at) };
        let repeated = entry.get_mut();
        repeated.copies_left -= 1;
        let more_to_come = repeated.copies_left > 0;
        let (first, cause) = match repeated.first {
            Some(first) => (first, REPEAT),
            None => (First { unique: take(&mut self.next_unique), at }, CauseId::FIRST),
        };
        repeated.first = Some(first);
        if !more_to_come {
            entry.remove();
        }
        Origin { unique: first.unique, cause, first_at: first.at, more_to_come, shares_key: false }
    }

    fn only_copy(&mut self, at: Timestamp) -> Origin {
        Origin {
            unique: take(&mut self.next_unique),
            cause: CauseId::FIRST,
            first_at: at,
            more_to_come: false,
            shares_key: false,
        }
    }

    fn next(&mut self) -> Result<Option<Event>, TraceError> {
        if self.ended {
            return Ok(None);
        }
        if let Some(row) = self.rows.next()? {
            return Ok(Some(self.event(row)));
        }
        self.ended = true;
        if self.rows.tally().digest() != self.digest {
            return Err(TraceError::Changed { path: self.rows.path() });
        }
        Ok(None)
    }
}

fn take(next: &mut u64) -> u64 {
    *next += 1;
    *next - 1
}

impl Source for TraceSource {
    fn causes(&self) -> &[String] {
        &self.causes
    }

    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError> {
        for _ in 0..limit {
            match self.next().map_err(|error| SourceError(error.to_string()))? {
                Some(event) => events.push(event),
                None => break,
            }
        }
        Ok(())
    }
}
