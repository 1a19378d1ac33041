//! What every strategy comes to at some traffic: candidates, made by asking definitions, for `dedup_decide` to decide about.

mod candidates;
mod check;
mod curves;
mod forgetting;
mod offer;
mod otherwise;
mod page;
mod scenario;
#[cfg(test)]
mod tests;
mod windows;

pub use candidates::{Found, candidates};
pub use check::{FailoverTrial, TIME_FACTOR, Trial, failover_trial, trial};
pub use curves::{shipped_curves, shipped_digest, shipped_run};
pub use otherwise::Otherwise;
pub use page::{lost, told};
pub use scenario::{scenario_of, traffic_of};
pub use windows::{lengths_s, windows};
