//! The load that a strategy is sized for.

use std::time::Duration;

/// The load that a stream is expected to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// How far back duplicates should be recognised.
    pub window: Duration,
    /// Distinct ids expected within one window.
    pub ids_in_window: u64,
    /// Distinct ids expected in the whole stream.
    pub ids_total: u64,
}
