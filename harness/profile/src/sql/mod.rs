//! The profile as one query, for the engine where the data is.
//!
//! What the query asks is the same for all engines; each has a file of its own for what it says in another way. Times are
//! whole microseconds and bins have whole bounds, so that engines which round in different ways count alike.
//!
//! ```text
//! table -> given -> pings -> seen, ids -> lags, copies, hours, windows, doubts -> one line of JSON
//! ```

mod answer;
mod counts;
mod dialect;
mod dialects;
mod doubts;
mod lags;
mod query;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod windows;

pub use dialect::{Checked, Dialect, Quotes};
pub use dialects::DIALECTS;
pub use query::{Query, TimeColumn};
