//! Redis servers: private ones that run on the run's own clock, and given ones of which a prefix is borrowed. And whatever
//! server a system of somebody's own has beside it.

mod beside;
pub mod clock;
mod cluster;
mod command;
mod control;
mod control_cluster;
mod control_private;
pub mod guard;
mod placeholders;

mod error;
mod group;
mod guarded;
mod hear;
mod left_behind;
mod log;
pub mod password;
mod private;
mod product;
mod program;
mod proxy;
mod shared;
mod stay;
mod store_fault;
mod temporary;
mod traffic;

pub use beside::{Beside, BesideControl, Between, LONGEST_SOCKET};
pub use clock::VirtualClock;
pub use cluster::{PRIMARIES, PrivateCluster};
pub use command::{NoProgram, program_of_command, word_of_command};
pub use control::{Observation, Outage, StoreControl};
pub use control_cluster::ClusterControl;
pub use control_private::PrivateControl;
pub use error::ServerError;
pub use group::Group;
pub use guarded::{GuardError, Guarded, Notes, ServerCommand};
pub use hear::hear_all;
pub use placeholders::{filled, placeholders};
pub use private::{Launch, PrivateRedis};
pub use product::Product;
pub use program::ServerProgram;
pub use proxy::{Proxy, Speaks, TrafficCounts};
pub use shared::SharedRedis;
pub(crate) use stay::OF_OWNER;
pub use stay::Stay;
pub use store_fault::{EvictionPolicy, StoreFault};
pub use temporary::NoTemporary;
