//! State of one worker each, for strategies that route by key.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::sync::Mutex;

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

    /// Does something with every shard.
    pub fn each(&self, mut act: impl FnMut(&mut T)) {
        self.0.iter().for_each(|shard| act(&mut shard.lock()));
    }

    /// The sum of `measure` over all shards.
    pub fn sum(&self, measure: impl Fn(&T) -> u64) -> u64 {
        self.0.iter().map(|shard| measure(&shard.lock())).sum()
    }
}

/// The ids to size one worker's shard for, when `ids` are spread over `workers` by [`worker_of`].
///
/// A shard's load is binomial around `ids / workers`; four standard deviations above it are exceeded in one run of
/// thirty thousand.
///
/// [`worker_of`]: crate::contract::worker_of
pub fn share_of(ids: u64, workers: NonZeroUsize) -> u64 {
    let mean = ids as f64 / workers.get() as f64;
    let deviation = (mean * (1.0 - 1.0 / workers.get() as f64)).sqrt();
    ((mean + 4.0 * deviation).ceil() as u64).clamp(1, ids.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{PingKey, worker_of};

    #[test]
    fn one_worker_takes_all_and_several_take_their_share_and_a_margin() {
        let workers = |count| NonZeroUsize::new(count).unwrap();
        assert_eq!(share_of(1_000_000, workers(1)), 1_000_000);
        assert_eq!(share_of(10_000, workers(4)), 2_674);
        assert_eq!(share_of(1, workers(64)), 1);
    }

    #[test]
    fn even_keys_that_count_upwards_stay_within_a_share() {
        for workers in [2, 3, 4, 7, 16] {
            let mut loads = vec![0u64; workers];
            (0..100_000).for_each(|key| loads[worker_of(PingKey::from_u128(key), workers)] += 1);
            let share = share_of(100_000, NonZeroUsize::new(workers).unwrap());
            assert!(loads.iter().all(|load| *load <= share), "{loads:?} above {share}");
        }
    }
}
