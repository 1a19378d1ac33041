//! The contract between a pipeline and a deduplication strategy.
//!
//! Three verbs carry every known way to deduplicate: a [`Worker`] *judges* pings, is told how those that it let
//! through *settled*, and *advances* in time. Strategies that mark at the check ignore `settle`; strategies that
//! mark after delivery mark there; windowed strategies release in `advance` what they held.

pub mod bound;
mod context;
pub mod definition;
pub mod driver;
mod forgets;
mod in_part;
mod operation;
pub mod promise;
mod prospect;
mod server;
pub mod settings;
mod sizing;
mod strategy;
pub mod time;

pub use context::{BuildError, Context, Estimate, RedisEndpoint};
pub use definition::{Batching, Build, Definition, Needs, Role};
pub use forgets::{Eviction, Forgets, Resets};
pub use in_part::judge_each;
pub use operation::Operation;
pub use promise::{Bound, Memory, Promise, UnderFaults, Window};
pub use prospect::{Kept, Prospect, WhileAway};
pub use server::{Address, Listens, Server};
pub(crate) use settings::with_headroom;
pub use settings::{SettingDef, SettingDefault, SettingError, SettingKind, Settings};
pub use sizing::Sizing;
pub use strategy::{
    DeliveryId, Footprint, Hears, HeldPings, Outcome, Ping, PingKey, Routing, Settled, Strategy, Unavailable,
    Verdict, Worker, worker_of,
};
pub use time::{Timestamp, saturating_nanos};
