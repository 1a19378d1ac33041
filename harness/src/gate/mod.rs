//! The gate for CI: has this change made anything worse?
//!
//! Two gates. *Check* compares what is exact on any machine with a stored baseline: counts, ids, bytes, instructions.
//! *Run* compares speed, for which no stored figure will do: it runs the old program and the new one side by side, and
//! says "pass", "fail", or that it cannot tell.

pub mod design;
#[cfg(test)]
mod simulation;
pub mod stats;
pub mod worker;
