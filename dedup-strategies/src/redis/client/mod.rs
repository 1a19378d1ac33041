//! A client for one Redis server or a cluster, with a bound on every wait.

pub mod address;
pub mod keyspace;
pub mod link;
pub mod slot;

mod batch;
mod cluster;
mod replies;
mod servers;
mod wire;

pub use address::{Address, AddressError};
pub(super) use batch::{Batch, Id, Owner, Word};
pub use cluster::Cluster;
pub use link::Link;
pub use servers::Servers;
pub(super) use servers::{Failure, Reply, Trips};
