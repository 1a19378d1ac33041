//! The comparison of the 2021 talk: what is run for it, and the table that is read off the records.
//!
//! `plan` says which strategies meet which streams at which scale. `table` is a pure function of records, so that a
//! stored run can be drawn again.

mod plan;
mod table;

pub use plan::{Part, Scale, parts, strategies};
pub use table::{Row, Skip, Table, Worst};

/// Pings a second that Mozilla documented (gcp-ingestion, notes on pain points, 2019).
pub const FULL_RATE_PER_S: f64 = 16_000.0;

/// The scenario of the day and a half.
pub const SCENARIO: &str = "talk";

/// Half an hour of it with full batches and many ids: where round trips and bytes an id are counted.
pub const DENSE: &str = "talk-dense";

/// What the names of fault scenarios begin with.
pub const FAULTS: &str = "faults/";
