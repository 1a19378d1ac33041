//! The profile of a trace.

use std::sync::atomic::AtomicBool;

use dedup_profile::{Arrival, Memory, Profile, ProfileBuilder, Times};
use dedup_strategies::Timestamp;
use dedup_stream::stream::Id;
use dedup_stream::trace::{TraceError, TraceOptions, TracePings};

/// Reads the whole trace once, in order.
pub(in crate::cmd) fn profile(
    options: &TraceOptions,
    memory: Memory,
    stop: &AtomicBool,
) -> Result<Profile, TraceError> {
    let mut pings = TracePings::open_to_examine(options)?;
    let times = if options.time_field.is_some() { Times::Given } else { Times::Order };
    let mut builder = ProfileBuilder::new(&options.name, times, memory);
    while let Some(ping) = pings.next_unless(stop)? {
        builder.count(arrival(ping.id, ping.event_time));
    }
    builder.count_unreadable(pings.tally().bad);
    let doubts = pings.doubts(builder.duplicates_count());
    doubts.iter().for_each(|doubt| builder.doubt(&doubt.text, doubt.remedy.as_deref()));
    Ok(builder.profile())
}

/// A ping as a profile counts it.
pub(super) fn arrival(id: Id, own_at: Timestamp) -> Arrival {
    let key = match id {
        Id::Key(key) => Some(u128::from_le_bytes(key.0)),
        Id::Missing | Id::Invalid(_) => None,
    };
    Arrival { key, own_at_us: own_at.as_nanos() / 1000 }
}
