//! What a strategy comes to at a load, from its settings alone: what advice and sizing are made from.

use super::promise::Promise;
use super::strategy::Routing;

/// What a strategy claims, keeps and costs with some settings in some context, without being built.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prospect {
    /// What it will promise once it is built.
    pub promise: Promise,
    /// Which worker may judge which ping.
    pub routing: Routing,
    /// Where its state is.
    pub kept: Kept,
    /// Bytes in the memory of all workers together, at the fullest moment.
    pub process_bytes: u64,
    /// Bytes in the memory of a server that all workers share.
    pub server_bytes: u64,
    /// Bytes on the workers' disks.
    pub disk_bytes: u64,
    /// Pings that it holds at the fullest moment, payload and all, which come on top of the bytes.
    pub held_pings: u64,
    /// Round trips to a server for a batch of pings that are new.
    pub round_trips: u32,
}

/// Where a strategy's state is, and so what takes it away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// In the process: gone with it.
    InProcess,
    /// On a disk of the process's own: there again after a restart.
    OnDisk,
    /// In what the runner of the pipeline keeps for it: there again after a restart.
    ByRunner,
    /// In a server that all workers share.
    InServer {
        /// What becomes of pings while the server is away.
        while_away: WhileAway,
    },
}

/// What a strategy does with pings about which its server says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhileAway {
    /// Lets them pass.
    Passes,
    /// Leaves them to the source, which delivers them again.
    Waits,
}

impl Prospect {
    /// State in the process alone.
    pub const fn in_process(promise: Promise, routing: Routing, process_bytes: u64) -> Prospect {
        Prospect {
            promise,
            routing,
            kept: Kept::InProcess,
            process_bytes,
            server_bytes: 0,
            disk_bytes: 0,
            held_pings: 0,
            round_trips: 0,
        }
    }

    /// State in a server.
    pub const fn in_server(
        promise: Promise,
        server_bytes: u64,
        round_trips: u32,
        while_away: WhileAway,
    ) -> Prospect {
        let kept = Kept::InServer { while_away };
        Prospect { kept, server_bytes, round_trips, ..Prospect::in_process(promise, Routing::Any, 0) }
    }
}
