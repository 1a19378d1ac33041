//! Points in virtual time.
//!
//! What is asked of them for every ping is inlined across packages: without it a pipeline would pay for calls.

use std::fmt;
use std::time::Duration;

/// A point in time, in nanoseconds since the Unix epoch (good until the year 2554).
///
/// Strategies never read a clock: every call that needs the time is given one of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The Unix epoch.
    pub const ZERO: Timestamp = Timestamp(0);

    /// After everything: `Worker::advance` with this time means that the input has ended.
    pub const END: Timestamp = Timestamp(u64::MAX);

    /// The timestamp `nanos` nanoseconds after the Unix epoch.
    #[inline]
    pub const fn from_nanos(nanos: u64) -> Self {
        Timestamp(nanos)
    }

    /// The timestamp `millis` milliseconds after the Unix epoch.
    pub const fn from_millis(millis: u64) -> Self {
        Timestamp(millis * 1_000_000)
    }

    /// The timestamp `secs` seconds after the Unix epoch.
    pub const fn from_secs(secs: u64) -> Self {
        Timestamp(secs * 1_000_000_000)
    }

    /// Nanoseconds since the Unix epoch.
    #[inline]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the Unix epoch, rounded down.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// The time from `earlier` to `self`; zero if `earlier` is not earlier.
    #[inline]
    pub const fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// `self` moved later by `by`, stopping at [`Timestamp::END`].
    #[inline]
    pub fn plus(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(saturating_nanos(by)))
    }

    /// `self` moved earlier by `by`, stopping at [`Timestamp::ZERO`].
    #[inline]
    pub fn minus(self, by: Duration) -> Timestamp {
        Timestamp(self.0.saturating_sub(saturating_nanos(by)))
    }

    /// Which tumbling window of length `width`, counted from the epoch, this time falls into.
    /// A width of zero counts as one nanosecond.
    #[inline]
    pub fn tumbling(self, width: Duration) -> u64 {
        self.0 / saturating_nanos(width).max(1)
    }
}

/// A duration in nanoseconds, at most `u64::MAX` (584 years).
#[inline]
pub fn saturating_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}
