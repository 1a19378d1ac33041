//! Filters of biased sampling, and how large they are for bounds on both of their errors.

mod filter;
mod sizing;

pub use filter::{BiasedSampling, Deletion};
pub(crate) use sizing::bytes;
pub use sizing::{bytes_for, shape_for};
