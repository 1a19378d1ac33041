//! A strategy of one catalogue a worker: what the models on distributed runners have in common.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::contract::{
    BuildError, Context, Footprint, Forgets, Operation, Ping, Promise, Prospect, Routing, Settled, Strategy,
    Timestamp, Unavailable, UnderFaults, Verdict, Window, Worker, worker_of,
};
use crate::structures::id_catalogue::{self, Catalogue, Hit, Kept, Manner, Negative};
use crate::structures::shards::{Shards, share_of};
use crate::structures::window_set::{ExactSet, SLICES};
use crate::sync::Mutex;

/// How a catalogue forgets: its ids are in sets that forget in slices.
pub(crate) const FORGETS: Forgets = Forgets::InSlices { a_window: SLICES };

/// What the models are models of, and what it would take to operate it.
pub(crate) const OPERATION: Operation =
    Operation::of_model(SYSTEM, "nothing of its own: the runner keeps the state");

/// What all models of Beam's runners are models of.
pub(crate) const SYSTEM: &str = "Beam and Dataflow";

/// What one comes to.
pub(crate) fn prospect(manner: Manner, context: &Context) -> Prospect {
    let ids = share_of(context.sizing.ids_in_window, context.workers);
    let bytes = match manner.negative_cache {
        Negative::Filters => id_catalogue::bytes_for(ids),
        Negative::None => ExactSet::bytes_for(ids),
    };
    let bytes = bytes.saturating_mul(context.workers.get() as u64);
    let of_runner = crate::contract::Kept::ByRunner;
    Prospect { kept: of_runner, ..Prospect::in_process(promise(manner), Routing::ByKey, bytes) }
}

fn promise(manner: Manner) -> Promise {
    Promise {
        under_faults: UnderFaults::LOSES_NOTHING,
        ..Promise::remembering(match manner.hit {
            Hit::Leaves => Window::Since(manner.window),
            Hit::Extends => Window::SinceSeen(manner.window),
        })
    }
}

/// Ids partitioned by key, as the runners do it.
pub(crate) struct Keyed {
    manner: Manner,
    shards: Shards<Catalogue>,
}

impl Keyed {
    /// Takes up what an earlier instance left in the context's directory, also where that had another number of workers.
    pub(crate) fn build(
        name: &str,
        manner: Manner,
        context: &Context,
    ) -> Result<Box<dyn Strategy>, BuildError> {
        let directory = context.state_dir.join(name);
        let kept = Kept::read(&directory)?;
        let workers = context.workers.get();
        let mut index = 0;
        let shards = Shards::new(context.workers, || {
            let shard = catalogue(manner, context.seed, &kept, &directory, index, workers);
            index += 1;
            shard
        });
        Ok(Box::new(Keyed { manner, shards }))
    }
}

fn catalogue(
    manner: Manner,
    seed: u64,
    kept: &Kept,
    directory: &Path,
    index: usize,
    workers: usize,
) -> Catalogue {
    let journal = kept.journal(directory, index, manner.window, manner.cadence);
    let own = kept.ids.iter().copied().filter(|(_, key)| worker_of(*key, workers) == index);
    Catalogue::new(manner, seed, journal, own)
}

impl Strategy for Keyed {
    fn worker(&self, index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(KeyedWorker(self.shards.of(index))))
    }

    fn routing(&self) -> Routing {
        Routing::ByKey
    }

    fn promise(&self) -> Promise {
        promise(self.manner)
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.shards.sum(Catalogue::len), bytes: self.shards.sum(Catalogue::bytes) }
    }
}

impl Drop for Keyed {
    fn drop(&mut self) {
        // What cannot be written is forgotten: copies pass, and nothing is lost.
        self.shards.each(|shard| drop(shard.close()));
    }
}

struct KeyedWorker(Arc<Mutex<Catalogue>>);

impl Worker for KeyedWorker {
    fn judge(
        &mut self,
        pings: &[Ping],
        now: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        self.0.lock().judge(pings, now, verdicts).map_err(unavailable)
    }

    fn settle(&mut self, settled: &[Settled], now: Timestamp) -> Result<(), Unavailable> {
        self.0.lock().settle(settled, now).map_err(unavailable)
    }

    fn advance(&mut self, now: Timestamp, _released: &mut Vec<Ping>) -> Result<(), Unavailable> {
        self.0.lock().pass(now).map_err(unavailable)
    }
}

impl Drop for KeyedWorker {
    fn drop(&mut self) {
        self.0.lock().abandon_pending();
    }
}

fn unavailable(error: io::Error) -> Unavailable {
    Unavailable(format!("state directory: {error}"))
}
