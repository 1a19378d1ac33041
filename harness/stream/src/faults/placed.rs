//! A fault in its place in a scenario.

use std::fmt;
use std::time::Duration;

use dedup_strategies::time::saturating_nanos;
use serde::{Serialize, Serializer};

use super::{FaultSpec, Hits, Values};

/// What happens, and when.
#[derive(Clone, Debug, Serialize)]
pub struct Placed {
    /// What kind of fault.
    #[serde(serialize_with = "by_name")]
    pub kind: &'static FaultSpec,
    /// When it begins, from the start of the stream.
    pub at: Duration,
    /// How long it goes on; zero where it is over at once.
    pub lasts: Duration,
    /// Its fields.
    pub values: Values,
    /// In which pipeline, from 0, where there are several.
    #[serde(skip_serializing_if = "is_first")]
    pub pipeline: u32,
}

impl Placed {
    /// Whether it happens to a strategy's store.
    pub fn hits_store(&self) -> bool {
        matches!(self.kind.hits, Hits::Store | Hits::Cluster | Hits::Clock)
    }

    /// Whether what the store's clients have to do with it is troubled, for as long as it lasts.
    pub fn troubles_store(&self) -> bool {
        matches!(self.kind.hits, Hits::Store | Hits::Cluster)
    }

    /// Whether it can only happen to a cluster.
    pub fn takes_a_cluster(&self) -> bool {
        self.kind.hits == Hits::Cluster
    }

    /// When it begins, in nanoseconds from the start of the stream.
    pub fn at_ns(&self) -> u64 {
        saturating_nanos(self.at)
    }
}

/// `worker-crash at 10m`
impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind.name, humantime::format_duration(self.at))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        (self.kind.name, self.at, self.lasts, &self.values, self.pipeline)
            == (other.kind.name, other.at, other.lasts, &other.values, other.pipeline)
    }
}

fn by_name<S: Serializer>(kind: &&'static FaultSpec, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name)
}

/// As every fault was before there were several pipelines: digests of scenarios stay what they are.
fn is_first(pipeline: &u32) -> bool {
    *pipeline == 0
}
