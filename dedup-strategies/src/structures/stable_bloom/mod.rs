//! Stable Bloom filters, and how large one is for bounds on both of its errors.

mod filter;
mod sizing;

pub use filter::{Shape, StableBloom};
pub use sizing::{bytes_for, shape_for};
