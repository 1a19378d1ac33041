//! Redis servers: private ones that run on the run's own clock, and given ones of which a prefix is borrowed.

pub mod clock;
mod control;
pub mod guard;

mod error;
mod guarded;
mod private;
mod shared;

pub use clock::VirtualClock;
pub use control::{EvictionPolicy, Observation, StoreControl, StoreFault};
pub use error::ServerError;
pub use guarded::Guarded;
pub use private::{Launch, PrivateRedis};
pub use shared::SharedRedis;
