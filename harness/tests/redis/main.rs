//! The tool with servers: its own, and such as are given by URL. Need a redis-server.

mod cluster;
#[path = "../../engine/tests/common/mod.rs"]
mod common;
mod given;
mod load;
#[path = "../../engine/tests/common/net.rs"]
mod net;
#[path = "../../engine/tests/common/predictions.rs"]
mod predictions;
mod private;
mod shadows;
mod waits;

use net::{free_port, self_signed};
