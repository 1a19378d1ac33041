//! PubsubIO on Dataflow: the service's own deduplication.
//!
//! After Lax, *Streaming Systems* chapter 5 and the post of 2017-05-30: an exact catalogue by key, one Bloom filter
//! for each 10 minutes of system time as a negative cache, collection by a watermark of processing time, filters
//! rebuilt from the catalogue on restart, and records from before the watermark dropped as network remnants.

use std::time::Duration;

use super::common::keyed_catalogue::{self, Keyed};
use crate::contract::{BuildError, Context, Definition, Needs, Role, Settings, Strategy};
use crate::structures::id_catalogue::{Cadence, Hit, Manner, Negative, WINDOW};

/// The line in the list of strategies.
pub const DEFINITION: Definition = Definition {
    name: "pubsubio",
    about: "model of PubsubIO on Dataflow: exact catalogue behind Bloom filters, 10 min from the first copy",
    role: Role::Candidate,
    settings: &[WINDOW],
    needs: Needs::Nothing,
    operation: keyed_catalogue::OPERATION,
    forgets: |_, _| keyed_catalogue::FORGETS,
    estimate: None,
    prospect: Some(|settings, context| keyed_catalogue::prospect(manner(settings), context)),
    build: &build,
};

/// Commits are written in groups this long, in the pipeline's time: a kill of the process forgets as much.
pub(super) const COMMIT_EVERY: Duration = Duration::from_secs(10);

fn manner(settings: &Settings) -> Manner {
    Manner {
        window: settings.time("window"),
        hit: Hit::Leaves,
        negative_cache: Negative::Filters,
        cadence: Cadence::Commits(COMMIT_EVERY),
    }
}

fn build(settings: &Settings, context: &Context) -> Result<Box<dyn Strategy>, BuildError> {
    Keyed::build(DEFINITION.name, manner(settings), context)
}
