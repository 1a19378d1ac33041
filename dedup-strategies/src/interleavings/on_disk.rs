//! Marks on disk, which all workers share: what was settled is known from then on, counted once, and as lasting as asked for.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::stand_in::StandIn;
use super::{NOW, is_caught, judged, ping};
use crate::contract::{Outcome, PingKey, Settled, Strategy, Verdict, worker_of};
use crate::strategies::common::mark_after_delivery::Marked;
use crate::structures::mark_store::{MarkStore, NegativeCache, StoreSettings, Sync};
use crate::sync::{Mutex, every_interleaving};

const WORKERS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// A strategy over the stand-in: `durable`, or with filters `bloom-verified`.
fn marked(disk: &StandIn, sync: Sync, filtered: bool) -> Marked {
    let settings = StoreSettings { window: Duration::from_secs(600), sync };
    let disk = Box::new(disk.clone());
    let store = MarkStore::over(disk, Path::new("stand-in"), settings, Arc::default()).unwrap();
    match filtered {
        false => Marked::bare(store, 1),
        true => {
            let filter = |worker| NegativeCache::new(10, 0.01, 1, worker);
            Marked::behind_filters(store, 1, WORKERS, filter).unwrap()
        }
    }
}

/// An id of worker `index`.
fn key_of(index: usize) -> PingKey {
    let mut keys = (0..).map(PingKey::from_u128);
    keys.find(|key| worker_of(*key, WORKERS.get()) == index).expect("each worker has keys")
}

/// Each worker settles an id at once with the other; then time passes, and a copy comes.
fn what_is_settled_is_known(sync: Sync, filtered: bool) -> usize {
    every_interleaving(move || {
        let disk = StandIn::default();
        let strategy = marked(&disk, sync, filtered);
        let mut workers: Vec<_> = (0..WORKERS.get()).map(|index| strategy.worker(index).unwrap()).collect();
        for (index, worker) in workers.iter_mut().enumerate() {
            assert_eq!(judged(&mut **worker, key_of(index), 0), Verdict::New);
        }
        let settling = workers.into_iter().enumerate().map(|(index, mut worker)| {
            let (disk, key) = (disk.clone(), key_of(index));
            shuttle::thread::spawn(move || {
                worker.settle(&[Settled { ping: ping(key, 0), outcome: Outcome::Delivered }], NOW).unwrap();
                assert!(disk.survives(key), "settled, and a loss of power would take it");
                worker
            })
        });
        let settling: Vec<_> = settling.collect();
        let settled: Vec<_> = settling.into_iter().map(|worker| worker.join().unwrap()).collect();
        for (index, mut worker) in settled.into_iter().enumerate() {
            worker.advance(NOW, &mut Vec::new()).unwrap();
            assert_eq!(judged(&mut *worker, key_of(index), 1), Verdict::Duplicate);
        }
        assert_eq!(strategy.footprint().ids, 2);
    })
}

#[test]
fn what_is_settled_is_known_and_lasts_whoever_does_what_meanwhile() {
    for filtered in [false, true] {
        let explored = what_is_settled_is_known(Sync::Batch, filtered);
        assert!(explored > 10, "filters: {filtered}: {explored}");
    }
}

#[test]
fn marks_that_are_not_forced_to_the_disk_are_caught() {
    assert!(is_caught(|| {
        what_is_settled_is_known(Sync::None, false);
    }));
}

#[test]
fn a_count_that_is_read_and_written_under_two_locks_is_caught() {
    let counted = |add: fn(&Mutex<u64>)| {
        every_interleaving(move || {
            let count = Arc::new(Mutex::new(0));
            let adding = [(); 2].map(|()| {
                let count = Arc::clone(&count);
                shuttle::thread::spawn(move || add(&count))
            });
            adding.into_iter().for_each(|adding| adding.join().unwrap());
            assert_eq!(*count.lock(), 2);
        })
    };
    assert!(counted(|count| *count.lock() += 1) > 1);
    assert!(is_caught(|| {
        counted(|count| {
            let before = *count.lock();
            *count.lock() = before + 1;
        });
    }));
}
