//! Plans the cells of a run and runs them, one process each, rounds of different strategies interleaved.

mod cell;
mod error;
mod faultless;
mod in_order;
mod observer;
mod partition;
mod pipelines;
mod plan;
mod preflight;
mod run;
mod scheduler;
#[cfg(test)]
mod scheduler_tests;
mod seed;
mod task;
mod worker_pool;

pub use error::{Refusal, SuiteError, chain};
pub use faultless::WithoutFaults;
pub use observer::{Completion, Observer};
pub use partition::Partition;
pub use plan::Plan;
pub use preflight::Preflight;
pub use seed::seed_of;
