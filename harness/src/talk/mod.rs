//! The comparison of the 2021 talk: which strategies meet which streams at which scale.
//!
//! The table that is read off its records is [`dedup_report::talk`].

mod plan;
mod today;

pub use plan::{Part, Scale, parts, strategies};
pub use today::{Group, files, groups};
