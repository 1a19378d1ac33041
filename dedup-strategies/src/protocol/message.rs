//! What is asked and answered once both sides know each other.

use std::borrow::Cow;

use super::ProtocolError;
use crate::contract::{DeliveryId, Footprint, Ping, Settled, Timestamp, Verdict};

/// What the harness asks, as in [`Worker`](crate::Worker).
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// A verdict for each ping: [`Reply::Verdicts`].
    Judge {
        /// The pipeline's time.
        now: Timestamp,
        /// The pings, in order.
        pings: Cow<'a, [Ping]>,
    },
    /// How pings ended that were let through: [`Reply::Done`]. The times of the pings are not told.
    Settle {
        /// The pipeline's time.
        now: Timestamp,
        /// How each ended.
        settled: Cow<'a, [Settled]>,
    },
    /// Time passes: [`Reply::Released`].
    Advance {
        /// The pipeline's time; [`Timestamp::END`] where the input has ended.
        now: Timestamp,
    },
    /// What is held: [`Reply::Footprint`].
    Footprint,
    /// Pings into a flow, which answers when it likes: [`Reply::Passed`]. The delivery of each is its number, from 0, one by one.
    Pings {
        /// The pipeline's time, which is theirs.
        now: Timestamp,
        /// The pings, in order.
        pings: Cow<'a, [Ping]>,
    },
    /// Everything before it has been put into the flow: [`Reply::Marker`] once everything that passes of it has come out.
    Marker {
        /// The pipeline's time: nothing older comes; [`Timestamp::END`] where the input has ended.
        now: Timestamp,
        /// Its number, from 1.
        number: u64,
    },
}

/// What the system answers.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// One verdict a ping, in order.
    Verdicts {
        /// The verdicts.
        verdicts: Vec<Verdict>,
        /// Why some are [`Verdict::Unjudged`].
        unjudged: Option<String>,
    },
    /// It has been heard.
    Done,
    /// Deliveries that were held and are to be published now.
    Released(Vec<DeliveryId>),
    /// What this worker holds.
    Footprint(Footprint),
    /// Pings that came out of a flow, by their numbers.
    Passed(Vec<DeliveryId>),
    /// Everything has come out that was put in before the marker of this number, and is not dropped.
    Marker(u64),
    /// It could not be done, and nothing of it was.
    Failed(String),
}

impl Reply {
    /// Its name, as errors have it.
    pub fn name(&self) -> &'static str {
        match self {
            Reply::Verdicts { .. } => "verdicts",
            Reply::Done => "done",
            Reply::Released(_) => "released",
            Reply::Footprint(_) => "footprint",
            Reply::Passed(_) => "passed",
            Reply::Marker(_) => "marker",
            Reply::Failed(_) => "failed",
        }
    }
}

/// The verdicts, in the order of their numbers in binary.
pub(super) const VERDICTS: [Verdict; 6] =
    [Verdict::New, Verdict::Duplicate, Verdict::Held, Verdict::InFlight, Verdict::Late, Verdict::Unjudged];

/// The most ids, and the most bytes, that a footprint may tell: more than any machine has, and little enough to be added up.
pub const MOST_TOLD: u64 = 1 << 48;

impl Reply {
    /// A footprint, if it can be one.
    pub(super) fn footprint(ids: u64, bytes: u64) -> Result<Reply, ProtocolError> {
        match ids.max(bytes) <= MOST_TOLD {
            true => Ok(Reply::Footprint(Footprint { ids, bytes })),
            false => Err(ProtocolError::form(format!(
                "a footprint of {ids} ids and {bytes} bytes; allowed are {MOST_TOLD} of each at most"
            ))),
        }
    }
}
