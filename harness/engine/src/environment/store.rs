//! Where a strategy keeps its ids beside the process, and whose time it keeps.

use std::sync::{Mutex, MutexGuard, PoisonError};

use dedup_strategies::{Address, RedisEndpoint, Timestamp};

use super::obituaries::Watched;
use crate::pipeline::{Free, Pace, Wall};
use crate::servers::{Notes, PrivateCluster, PrivateRedis, Product, SharedRedis, StoreControl, VirtualClock};

/// What was started or claimed for a strategy that keeps its ids in a server.
pub(super) enum Store {
    None,
    Private(PrivateRedis),
    Cluster(PrivateCluster),
    Shared(Box<Mutex<SharedRedis>>),
    Beside(Watched),
}

/// Whose time the pipeline keeps.
#[derive(Clone, Copy)]
pub(super) enum Clock {
    /// Its own, and a store's whose clock can be set.
    Virtual,
    /// The wall's, this many times as fast from this time on.
    Wall { start: Timestamp, factor: f64, alive: fn() },
}

impl Store {
    /// What can be done to it in the middle of a run; none where it is not ours. To be asked for before the first worker is
    /// opened: connections that are made from now on can be troubled.
    pub(super) fn control(&self) -> Option<Box<dyn StoreControl + '_>> {
        match self {
            Store::Private(server) => Some(Box::new(server.control())),
            Store::Cluster(cluster) => Some(Box::new(cluster.control())),
            Store::Beside(server) => Some(Box::new(server.control())),
            Store::None | Store::Shared(_) => None,
        }
    }

    /// Where the programs of a system find theirs.
    pub(super) fn address(&self) -> Option<Address> {
        match self {
            Store::Beside(server) => Some(server.address()),
            Store::None | Store::Private(_) | Store::Cluster(_) | Store::Shared(_) => None,
        }
    }

    /// What is noted of the server beside a system.
    pub(super) fn notes(&self) -> Option<Notes> {
        match self {
            Store::Beside(server) => Some(server.notes()),
            Store::None | Store::Private(_) | Store::Cluster(_) | Store::Shared(_) => None,
        }
    }

    /// Where the strategy finds it, if it is a Redis.
    pub(super) fn endpoint(&self) -> Option<RedisEndpoint> {
        match self {
            Store::None | Store::Beside(_) => None,
            Store::Private(server) => Some(server.endpoint()),
            Store::Cluster(cluster) => Some(cluster.endpoint()),
            Store::Shared(server) => Some(locked(server).endpoint().clone()),
        }
    }

    /// Whether it is ours to trouble.
    pub(super) fn is_ours(&self) -> bool {
        match self {
            Store::Private(_) | Store::Cluster(_) | Store::Beside(_) => true,
            Store::None | Store::Shared(_) => false,
        }
    }

    /// Bytes that it uses in all, where there is one.
    pub(super) fn used_bytes(&self) -> Option<u64> {
        match self {
            Store::None => None,
            Store::Beside(server) => server.used_bytes(),
            Store::Private(server) => server.used_memory().ok(),
            Store::Cluster(cluster) => cluster.used_memory().ok(),
            Store::Shared(server) => locked(server).used_memory().ok(),
        }
    }

    /// Makes changes of its clock exact, where it has one of ours.
    pub(super) fn wait_for_clock(&self) {
        if let Store::Private(server) = self {
            server.wait_for_clock();
        }
    }

    /// What its server is, where there is one.
    pub(super) fn product(&self) -> Option<Product> {
        match self {
            // Its clients say it.
            Store::None | Store::Beside(_) => None,
            Store::Private(server) => Some(server.product().clone()),
            Store::Cluster(cluster) => cluster.product().cloned(),
            Store::Shared(server) => locked(server).product().ok(),
        }
    }
}

impl Clock {
    /// How many of the pipeline's seconds pass in one of the store's.
    pub(super) fn factor(self) -> f64 {
        match self {
            Clock::Virtual => 1.0,
            Clock::Wall { factor, .. } => factor,
        }
    }
}

/// What keeps the pipeline's time.
pub(super) fn pace(store: &Store, clock: Clock) -> Box<dyn Pace + '_> {
    match (store, clock) {
        (_, Clock::Wall { start, factor, alive }) => Box::new(Wall::new(start, factor, alive)),
        (Store::Private(server), Clock::Virtual) => match server.clock() {
            Some(clock) => Box::new(OnServer(clock)),
            None => Box::new(Free),
        },
        (Store::None | Store::Cluster(_) | Store::Shared(_) | Store::Beside(_), Clock::Virtual) => {
            Box::new(Free)
        }
    }
}

fn locked(server: &Mutex<SharedRedis>) -> MutexGuard<'_, SharedRedis> {
    server.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Takes a private server's clock along.
struct OnServer<'a>(&'a VirtualClock);

impl Pace for OnServer<'_> {
    fn reach(&mut self, at: Timestamp) -> Timestamp {
        if at != Timestamp::END {
            // The file is ours, open and on a local disk: this fails only where nothing works any more.
            self.0.set(at).expect("the virtual clock can be written");
        }
        at
    }
}
