//! Age-partitioned Bloom filters: one structure from which ids fall out by age, by count or by time.

mod filter;
mod sizing;

pub use filter::{
    AgePartitioned, bits_per_id, false_positive_rate, published_false_positive_rate, slice_bits,
};
pub(crate) use sizing::{ByCount, ByTime, Shape};
pub use sizing::{bytes_for, bytes_for_time};
