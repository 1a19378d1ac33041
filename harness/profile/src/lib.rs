//! What traffic is like: one small file that holds no id and no payload.
//!
//! A [`Profile`] says how many pings come and when, how many of them are duplicates and how late these come, how many
//! ids a window holds. A [`ProfileBuilder`] makes one of pings in the order in which they arrive, in one pass; SQL run
//! where the data is can give the same file. From a profile come answers: the window that catches a share of all
//! duplicates ([`Profile::window_for`]), and what such a window holds ([`Profile::ids_in`]).
//!
//! Nothing is known here of traces, strategies or servers.

mod answers;
mod builder;
mod copies;
mod error;
mod json;
mod lags;
mod profile;
mod scenario;
pub mod sql;
#[cfg(test)]
mod tests;

pub use answers::{Clock, IdsIn, Reach};
pub use builder::{Arrival, Glance, Known, Memory, ProfileBuilder, Standing};
pub use copies::{COPIES_BINS, copies_bin, copies_floor};
pub use error::ProfileError;
pub use json::{MOST_BYTES, json_schema};
pub use lags::{LAG_BINS, LagHistogram, SHORTEST_US, lag_bin, lag_floor_us};
pub use profile::{
    Copies, HourCounts, Order, Origin, Profile, Sampling, Times, VERSION, WINDOW_LENGTHS_S, WindowIds,
};
pub use scenario::{NOT_CARRIED, NoScenario, Wanted};
