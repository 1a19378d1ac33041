//! One cell of the comparison, in a process of its own: scenario x strategy x pass x round.
//!
//! The parent starts its own program again with a hidden sub-command, hands it a [`Job`] on standard input, and reads
//! [`Message`]s from its standard output. A strategy that panics, hangs, dies or takes all memory takes only its cell
//! with it.

mod child;
mod job;
mod parent;
mod slow;
mod steps;

pub use child::run as run_child;
pub use job::{Input, Job, Message, Work};
pub use parent::{Ending, LEAST_MEMORY_BYTES, Limits, SUB_COMMAND, SYSTEM, run as run_parent};
pub use slow::{Reached, SLOW_AFTER, Spent, WaitsFor};
