//! What is counted.

/// Plain counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pings that arrived.
    pub pings: u64,
    /// Distinct pings.
    pub uniques: u64,
    /// Copies delivered beyond the first.
    pub missed: u64,
    /// Copies that the promise covers.
    pub in_window: u64,
    /// Of those, delivered.
    pub missed_in_window: u64,
    /// Uniques dropped and not delivered.
    pub lost: u64,
    /// Of those, sharing a key with an earlier ping.
    pub lost_shared_key: u64,
    /// Uniques whose first copy was dropped and a later one let through.
    pub delayed: u64,
    /// Uniques delivered.
    pub delivered: u64,
    /// Pings refused as late.
    pub late: u64,
    /// Of those, refused without reason: their window had not closed, or there are no windows that could.
    pub refused_in_time: u64,
    /// Pings given up.
    pub stalled: u64,
    /// Pings with a broken id.
    pub errors: u64,
    /// Pings without an id.
    pub unjudged: u64,
    /// Deliveries by the source beyond an arrival's first.
    pub redelivered: u64,
}

/// Duplicates of one sort, and those of them that were delivered.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) duplicates: u64,
    pub(super) missed: u64,
}
