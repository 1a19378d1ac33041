//! Which worker judges which of the pings that were made beforehand.

use std::num::NonZeroUsize;

use dedup_strategies::{Ping, Routing, worker_of};

/// The batches of each worker.
pub struct Partitions<'a>(pub(super) Vec<Partition<'a>>);

/// One worker's.
pub(super) enum Partition<'a> {
    /// Every `step`th batch of a list that is shared.
    Shared { pings: &'a [Ping], batch: usize, first: usize, step: usize },
    /// A list of its own.
    Own { pings: Vec<Ping>, batch: usize },
}

impl<'a> Partitions<'a> {
    /// Deals `pings` out to `workers`, batch by batch or by key.
    pub fn new(pings: &'a [Ping], routing: Routing, workers: NonZeroUsize, batch: usize) -> Self {
        let count = workers.get();
        if routing == Routing::Any || count == 1 {
            let partition = |first| Partition::Shared { pings, batch, first, step: count };
            return Partitions((0..count).map(partition).collect());
        }
        let mut own = vec![Vec::with_capacity(pings.len() / count + pings.len() / 64); count];
        for ping in pings {
            own[worker_of(ping.key, count)].push(*ping);
        }
        Partitions(own.into_iter().map(|pings| Partition::Own { pings, batch }).collect())
    }
}

impl Partition<'_> {
    /// Its batches, in order.
    pub(super) fn batches(&self) -> Box<dyn Iterator<Item = &[Ping]> + '_> {
        match self {
            Partition::Shared { pings, batch, first, step } => {
                Box::new(pings.chunks(*batch).skip(*first).step_by(*step))
            }
            Partition::Own { pings, batch } => Box::new(pings.chunks(*batch)),
        }
    }
}
