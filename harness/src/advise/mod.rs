//! What every strategy comes to at some traffic: candidates, made by asking definitions, for `dedup_decide` to decide about.

mod candidates;
mod scenario;
#[cfg(test)]
mod tests;
mod windows;

pub use candidates::candidates;
pub use scenario::{scenario_of, traffic_of};
pub use windows::windows;
