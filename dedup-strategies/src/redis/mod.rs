//! Strategies that keep their state in Redis, one server or a cluster, and what they share.

pub mod address;
pub mod claim;
pub mod keyspace;
pub mod lease;
pub mod link;
pub mod mozilla;
pub mod sizing;
pub mod slot;

mod batch;
mod cluster;
pub(crate) mod policy;
mod replies;
mod servers;
mod store;
mod wire;

pub use address::{Address, AddressError};
pub use cluster::Cluster;
pub use link::Link;
pub use servers::Servers;
