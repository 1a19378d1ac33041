//! A client for one Redis server or a cluster, with a bound on every wait.

pub mod address;
pub mod keyspace;
pub mod link;
pub mod slot;

mod batch;
mod calls;
mod cluster;
mod patience;
mod refusal;
mod reply;
mod reply_reader;
mod servers;
#[cfg(feature = "tls")]
mod tls;
mod unexpected;
mod wire;

pub use address::{Address, AddressError, with_password};
pub(super) use batch::{Batch, Commands, Id, Owner, Word};
pub(super) use calls::Calls;
pub use cluster::Cluster;
pub use link::Link;
pub use patience::Patience;
pub(super) use reply::{Failure, Reply, Trips};
pub use servers::Servers;
pub(super) use unexpected::unexpected;
