//! Whose pings they are: clients, their days, what is the same in all their pings, and what each ping is for.
//!
//! Nothing is kept of a ping. Which client sent it follows from its id, the time at which it first came and the seed: clients
//! are tried, as the ping's hash names them one after another, until one lives on that day and is active. So copies of a ping
//! have its client wherever they are met, and thinning a stream or splitting its keys changes no ping's client.

mod model;
mod present;
mod sender;
mod shares;

#[cfg(test)]
mod tests;

pub use model::{ClientsSpec, Condition, Dimension, Heavy, Lost, MOST_DIMENSIONS, WrongClock};
pub(crate) use sender::NS_A_DAY;
pub use sender::{Clients, Counted, Sender};
pub use shares::Shares;
