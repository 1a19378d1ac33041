//! What can go wrong in a pipeline, as a scenario says it: each kind of fault is one entry of [`FAULTS`].
//!
//! Specifications and checked values only: whoever runs a pipeline maps a fault's name to what it does.

mod list;
mod placed;
mod spec;

pub use list::FAULTS;
pub use placed::Placed;
pub use spec::{FaultSpec, Field, FieldType, Hits, Lasts, Value, Values};
