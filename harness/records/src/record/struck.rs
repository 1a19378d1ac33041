//! What a fault strikes, by which a reader chooses among many.

use super::FaultFigures;

/// What a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Struck {
    /// A worker, in the middle of its work.
    Worker,
    /// What workers know: their state, the share of the keys that is theirs, the time.
    State,
    /// The store beside them, or the way to it.
    Store,
    /// What delivers pings and takes them.
    Broker,
    /// What this version does not know.
    Other,
}

impl Struck {
    /// What each kind of fault strikes, in the order in which a reader is asked. Records have the names alone, and old ones
    /// have to read like new ones; a test holds this to the list of faults.
    pub const KINDS: [(Struck, &[&str]); 4] = [
        (Struck::Worker, &["worker-crash"]),
        (Struck::State, &["restart", "workers-added", "workers-removed", "clock-jump"]),
        (
            Struck::Store,
            &[
                "store-killed",
                "store-unreachable",
                "store-slow",
                "reply-lost",
                "eviction",
                "primary-failover",
            ],
        ),
        (Struck::Broker, &["ack-timeout", "publish-fails"]),
    ];

    /// Its name in links.
    pub fn id(self) -> &'static str {
        match self {
            Struck::Worker => "worker",
            Struck::State => "state",
            Struck::Store => "store",
            Struck::Broker => "broker",
            Struck::Other => "other",
        }
    }

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Struck::Worker => "workers die",
            Struck::State => "state and clock",
            Struck::Store => "store",
            Struck::Broker => "broker",
            Struck::Other => "others",
        }
    }
}

impl FaultFigures {
    /// What it strikes.
    pub fn struck(&self) -> Struck {
        let known = Struck::KINDS.iter().find(|(_, kinds)| kinds.contains(&self.kind.as_str()));
        known.map_or(Struck::Other, |(struck, _)| *struck)
    }
}
