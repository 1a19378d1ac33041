//! Strategies that keep their state in a Redis server, and what they share.

pub mod address;
pub mod claim;
pub mod keyspace;
pub mod link;

pub use address::{Address, AddressError};
pub use claim::DEFINITION;
pub use link::Link;
