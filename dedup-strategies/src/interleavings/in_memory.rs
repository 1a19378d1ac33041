//! Tables in memory that all workers share: of workers that judge one id at once, one lets it through.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use super::{is_caught, judged};
use crate::contract::{
    Context, Footprint, Memory, Ping, PingKey, Promise, Routing, Sizing, Strategy, Timestamp, Unavailable,
    Verdict, Window, Worker,
};
use crate::strategies::{lru_exact, pubsubio_direct};
use crate::sync::{Mutex, every_interleaving};

const WORKERS: usize = 2;

/// Each worker judges two ids, and somebody asks for the footprint meanwhile; how many interleavings there are.
fn one_lets_it_through(build: impl Fn() -> Box<dyn Strategy> + Send + Sync + 'static) -> usize {
    every_interleaving(move || {
        let strategy = build();
        let workers = (0..WORKERS).map(|index| {
            let mut worker = strategy.worker(index).unwrap();
            shuttle::thread::spawn(move || {
                [1, 2].map(|key| judged(&mut *worker, PingKey::from_u128(key), index as u64))
            })
        });
        let workers: Vec<_> = workers.collect();
        assert!(strategy.footprint().ids <= 2);
        let verdicts: Vec<_> = workers.into_iter().map(|worker| worker.join().unwrap()).collect();
        for key in [0, 1] {
            let passed = verdicts.iter().filter(|verdicts| verdicts[key] == Verdict::New).count();
            assert_eq!(passed, 1, "{verdicts:?}");
        }
        assert_eq!(strategy.footprint().ids, 2);
    })
}

fn context() -> Context {
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 10, ids_total: 10 };
    Context { workers: NonZeroUsize::new(WORKERS).unwrap(), ..Context::embedded(sizing) }
}

#[test]
fn of_workers_that_judge_an_id_at_once_one_lets_it_through() {
    for definition in [&lru_exact::DEFINITION, &pubsubio_direct::DEFINITION] {
        let explored = one_lets_it_through(|| definition.open(&[("capacity", "10")], &context()).unwrap());
        assert!(explored > 10, "{}: {explored}", definition.name);
    }
}

/// Looks, lets go of the lock, and writes.
#[derive(Clone, Default)]
struct ChecksThenInserts(Arc<Mutex<HashSet<PingKey>>>);

impl Strategy for ChecksThenInserts {
    fn worker(&self, _index: usize) -> Result<Box<dyn Worker>, Unavailable> {
        Ok(Box::new(self.clone()))
    }

    fn routing(&self) -> Routing {
        Routing::Any
    }

    fn promise(&self) -> Promise {
        Promise { memory: Memory::Grows, ..Promise::remembering(Window::Forever) }
    }

    fn footprint(&self) -> Footprint {
        Footprint { ids: self.0.lock().len() as u64, bytes: 0 }
    }
}

impl Worker for ChecksThenInserts {
    fn judge(
        &mut self,
        pings: &[Ping],
        _: Timestamp,
        verdicts: &mut Vec<Verdict>,
    ) -> Result<(), Unavailable> {
        for ping in pings {
            let known = self.0.lock().contains(&ping.key);
            if !known {
                self.0.lock().insert(ping.key);
            }
            verdicts.push(if known { Verdict::Duplicate } else { Verdict::New });
        }
        Ok(())
    }
}

#[test]
fn who_lets_go_of_the_lock_between_looking_and_writing_is_caught() {
    assert!(is_caught(|| {
        one_lets_it_through(|| Box::new(ChecksThenInserts::default()));
    }));
}
