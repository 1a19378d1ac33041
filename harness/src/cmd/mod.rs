//! One thin file a sub-command: reads what was asked for, calls the library, prints.

pub mod compare;
