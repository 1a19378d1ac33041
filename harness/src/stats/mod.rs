//! The statistics behind the tables: shares of counts, figures over rounds, and distributions of times.

mod counts;
mod latency;
mod rounds;

pub use counts::{SIGNIFICANCE, exceeds, rule_of_three, wilson_95, wilson_95_of_share};
pub use latency::{HistogramError, merged, recorder};
pub use rounds::Spread;
