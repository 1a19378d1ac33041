//! The passes over one strategy: is it right, how fast is it, what does it hold, how do the latter two grow with ids, and what
//! becomes of the numbers that people read.

pub mod impact;
mod judgement;
#[cfg(test)]
mod liar;
mod pipelines;
pub mod scale;
mod stable;
pub mod time;
pub mod verify;
pub mod weigh;

use dedup_stream::workload::Workload;

use crate::environment::Environment;

pub use pipelines::Pipelines;

/// What every pass is given.
pub struct Bench<'a> {
    /// Builds the strategy.
    pub environment: &'a mut Environment,
    /// The pings.
    pub workload: &'a Workload,
    /// Called now and then with the share of the work that is done.
    pub progress: &'a mut (dyn FnMut(f64) + Send),
    /// Which pipelines of the verify or impact pass are run.
    pub pipelines: Pipelines,
}
