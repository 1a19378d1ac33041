//! Where delivered pings end up, beside the truth that counts them.

use dedup_strategies::Timestamp;
use dedup_stream::stream::Event;

/// Takes what is published, in the order of publishing, copies included.
pub trait Sink: Send {
    /// `event` was published at `at`, in virtual time.
    fn deliver(&mut self, event: &Event, at: Timestamp);
}
