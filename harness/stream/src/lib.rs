//! Pings whose truth is known: where they come from, and the score of what became of them.
//!
//! Data flows one way: a [`scenario`] becomes a [`stream`], or somebody's [`trace`] does; the [`truth`] scores what a
//! pipeline made of it. A scenario also says which [`faults`] happen in the pipeline: as checked specifications, for the
//! pipeline to act on. Of strategies only the contract is known here.

pub mod clients;
pub mod columns;
pub mod faults;
pub mod load;
pub mod scenario;
pub mod stream;
pub mod trace;
pub mod truth;
pub mod workload;
