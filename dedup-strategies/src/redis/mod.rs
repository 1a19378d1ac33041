//! Strategies that keep their state in Redis, one server or a cluster, and what they share.

pub mod client;

pub mod bloom;
pub mod claim;
pub mod lease;
pub mod mozilla;
pub mod sizing;
pub mod tiered;

mod bloom_layout;
mod policy;
mod store;

pub use client::{Address, AddressError, Cluster, Link, Patience, Servers, keyspace, slot, with_password};
