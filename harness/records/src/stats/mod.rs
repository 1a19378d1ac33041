//! The statistics behind the tables: shares of counts, figures over rounds, and the histogram of times.

mod counts;
mod recorder;
mod rounds;

pub use counts::{rule_of_three, wilson_95, wilson_95_of_share, wilson_of_share};
pub use recorder::recorder;
pub use rounds::Spread;
