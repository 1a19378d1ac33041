//! The gate for CI: has this change made anything worse?
//!
//! Two gates. *Check* compares what is exact on any machine with a stored baseline: counts, ids, bytes, instructions.
//! *Run* compares speed, for which no stored figure will do: it runs the old program and the new one side by side, and
//! says "pass", "fail", or that it cannot tell.

pub mod accept;
pub mod base;
pub mod baseline;
mod bout;
pub mod cells;
pub mod check;
pub mod design;
pub mod exact;
pub mod facts;
pub mod figures;
pub mod instructions;
pub mod judge;
pub mod render;
pub mod round;
mod shared_build;
#[cfg(test)]
mod simulation;
pub mod speed;
pub mod stats;
pub mod verdict;
pub mod worker;
