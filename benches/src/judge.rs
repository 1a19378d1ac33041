//! A strategy of the list, driven without a harness.

use std::num::NonZeroUsize;

use dedup_strategies::{Context, Ping, STRATEGIES, Sizing, Strategy, Verdict, Worker};

use crate::stream::{BATCH, WINDOW, repeats};

/// A strategy and its workers.
pub struct Judge {
    /// The strategy itself, to be asked for its footprint.
    pub strategy: Box<dyn Strategy>,
    /// One for each thread that is to judge.
    pub workers: Vec<Box<dyn Worker>>,
    /// Room for the verdicts of a call.
    pub verdicts: Vec<Verdict>,
}

impl Judge {
    /// The strategy called `name` for `ids` ids in a window.
    pub fn new(name: &str, settings: &[(&str, String)], ids: u64, workers: usize) -> Self {
        let definition = STRATEGIES.iter().find(|known| known.name == name).expect("a strategy of the list");
        let context = Context {
            workers: NonZeroUsize::new(workers).expect("one worker at least"),
            seed: 1,
            state_dir: std::env::temp_dir(),
            sizing: Sizing { window: WINDOW, ids_in_window: ids, ids_total: ids },
            memory_limit: 16 << 30,
            redis: None,
            server: None,
            store_time_factor: 1.0,
        };
        let given: Vec<_> = settings.iter().map(|(name, text)| (name.to_string(), text.clone())).collect();
        let settings = definition.resolve(&given, &context.sizing).expect("settings that it takes");
        let strategy = (definition.build)(&settings, &context).expect("it fits");
        let workers = (0..workers).map(|index| strategy.worker(index).expect("it is embedded")).collect();
        Judge { strategy, workers, verdicts: Vec::new() }
    }
}

/// Judges `pings` in batches with the first worker, and counts the duplicates.
pub fn judge(judge: &mut Judge, pings: &[Ping]) -> usize {
    duplicates(&mut *judge.workers[0], pings, &mut judge.verdicts)
}

/// Judges `pings`, and gives how many of them repeat earlier ones, and how many of those were let through.
pub fn repeats_and_missed(judge: &mut Judge, pings: &[Ping]) -> (usize, usize) {
    let (mut repeated, mut missed) = (0, 0);
    for batch in pings.chunks(BATCH) {
        judge.verdicts.clear();
        judge.workers[0].judge(batch, batch[0].arrival, &mut judge.verdicts).expect("it is embedded");
        for (_, verdict) in batch.iter().zip(&judge.verdicts).filter(|(ping, _)| repeats(ping)) {
            repeated += 1;
            missed += usize::from(*verdict == Verdict::New);
        }
    }
    (repeated, missed)
}

/// Judges `pings` in batches with a worker, and counts the duplicates.
pub fn duplicates(worker: &mut dyn Worker, pings: &[Ping], verdicts: &mut Vec<Verdict>) -> usize {
    let mut duplicates = 0;
    for batch in pings.chunks(BATCH) {
        verdicts.clear();
        worker.judge(batch, batch[0].arrival, verdicts).expect("it is embedded");
        duplicates += verdicts.iter().filter(|verdict| **verdict == Verdict::Duplicate).count();
    }
    duplicates
}
