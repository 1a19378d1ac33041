//! One arrival at the pipeline, and the truth about it.

use dedup_strategies::{PingKey, Timestamp};

/// One copy of one ping as it arrives, with the truth that no strategy sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When this copy arrives.
    pub at: Timestamp,
    /// When the event happened, by the ping's own account.
    pub event_time: Timestamp,
    /// The id that the ping carries.
    pub id: Id,
    /// What it is a copy of.
    pub origin: Origin,
}

/// The id that a ping carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Id {
    /// A usable id, as a 16-byte key.
    Key(PingKey),
    /// None: such pings pass unjudged.
    Missing,
    /// One that no parser accepts: such pings go to the error output.
    Invalid(InvalidId),
}

impl Id {
    /// The key, where it is one.
    pub fn key(self) -> Option<PingKey> {
        match self {
            Id::Key(key) => Some(key),
            Id::Missing | Id::Invalid(_) => None,
        }
    }
}

/// How an id is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidId {
    /// Not an id at all: `foo`.
    NotAnId,
    /// A UUID cut short: `1-1-1-1-1`.
    Short,
}

/// The truth about one copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which unique ping this is a copy of: dense, counted from 0 in the order of first arrival.
    pub unique: u64,
    /// Why this copy exists; [`CauseId::FIRST`] for the first arrival of a unique ping.
    pub cause: CauseId,
    /// When the first copy of this unique ping arrived; equal to the event's own time for the first.
    pub first_at: Timestamp,
    /// Whether another copy of the same unique may still arrive. Lets the truth forget pings that are done with.
    pub more_to_come: bool,
    /// Whether the key belongs to an earlier, distinct ping as well: dropping this one is the key's fault.
    pub shares_key: bool,
}

/// Index of a cause into the source's list of cause names, [`Source::causes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseId(pub u8);

impl CauseId {
    /// Not a repeat: the first arrival of a unique ping. Its name is always `first`.
    pub const FIRST: CauseId = CauseId(0);
    /// Not of the stream's making: the pipeline's source delivered again what had been decided, because no ack came.
    pub const REDELIVERY: CauseId = CauseId(u8::MAX);
}

/// Pings in the order of arrival.
pub trait Source: Send {
    /// Names of the causes, by [`CauseId`]; the first is `first`.
    fn causes(&self) -> &[String];

    /// Appends up to `limit` further events to `events`, in order of arrival; none means that the stream has ended.
    fn fill(&mut self, limit: usize, events: &mut Vec<Event>) -> Result<(), SourceError>;

    /// How the client spelt this event's id. Both spellings are the same key; only text output tells them apart.
    fn spelling(&self, event: &Event) -> Spelling {
        let _ = event;
        Spelling::LowerCase
    }
}

/// How an id is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// As RFC 9562 wants it.
    LowerCase,
    /// As some clients have it.
    UpperCase,
}

/// A stream that cannot go on: the trace it comes from is unreadable.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct SourceError(pub String);
