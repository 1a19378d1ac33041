//! The sub-commands, one thin file each.

pub mod advise;
mod again;
pub mod compare;
pub mod conform;
pub mod gate;
pub mod given_redis;
pub mod impact;
pub mod list;
pub mod merge;
pub mod nightly;
mod places;
pub mod profile;
pub mod reading;
pub mod report;
pub mod run;
mod stored;
pub mod stream;
pub mod talk;
pub mod time_unit;
pub mod trend;
mod values;
