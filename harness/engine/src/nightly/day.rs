//! Days of UTC, by which tables are partitioned: the same by which numbers are counted.

pub use dedup_impact::Day;
