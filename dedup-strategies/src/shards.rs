//! State of one worker each, for strategies that route by key.

use std::num::NonZeroUsize;
use std::sync::Arc;

use parking_lot::Mutex;

/// One piece of state a worker, owned by the strategy so that it outlives a worker's crash.
///
/// Under [`Routing::ByKey`](crate::contract::Routing::ByKey) each lock is only ever taken by its own worker, once a
/// batch, and by whoever asks for the footprint: it is never contended on the hot path.
#[derive(Debug)]
pub struct Shards<T>(Vec<Arc<Mutex<T>>>);

impl<T> Shards<T> {
    /// `workers` shards, made by `make`.
    pub fn new(workers: NonZeroUsize, mut make: impl FnMut() -> T) -> Self {
        Shards((0..workers.get()).map(|_| Arc::new(Mutex::new(make()))).collect())
    }

    /// The shard of worker `index`.
    pub fn of(&self, index: usize) -> Arc<Mutex<T>> {
        Arc::clone(&self.0[index])
    }

    /// The sum of `measure` over all shards.
    pub fn sum(&self, measure: impl Fn(&T) -> u64) -> u64 {
        self.0.iter().map(|shard| measure(&shard.lock())).sum()
    }
}
