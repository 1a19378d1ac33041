//! What was measured: result files, statistics over them, and runs beside each other.
//!
//! Pure data. Strategies, scenarios and causes are names here, so that a record is read and compared without any of
//! them.

pub mod compare;
pub mod curve;
pub mod filter;
pub mod metrics;
pub mod printable;
pub mod record;
pub mod stats;
pub mod units;
