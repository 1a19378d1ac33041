//! The Bloom filter that all workers share.

use std::time::Duration;

use dedup_engine::servers::{PrivateCluster, PrivateRedis, StoreControl, StoreFault};
use dedup_strategies::redis::{Link, sizing, slot};
use dedup_strategies::{Strategy, Timestamp, Verdict, Worker};
use redis::cmd;

use crate::common::launch;
use crate::private::private_redis;
use crate::{START, build, judge_at};
use Verdict::{Duplicate, New};

const MINUTE: Duration = Duration::from_secs(60);

fn on(redis: &PrivateRedis, settings: &[(&str, &str)]) -> Box<dyn Strategy> {
    redis.clock().unwrap().set(START).unwrap();
    build("redis-bloom", Some(redis.endpoint()), settings).unwrap()
}

fn keys_of(redis: &PrivateRedis) -> Vec<Vec<u8>> {
    Link::to(redis.url()).unwrap().query(cmd("KEYS").arg("*")).unwrap()
}

/// Spread over all bits, as ids are.
fn spread(keys: std::ops::Range<u64>) -> Vec<u128> {
    keys.map(|key| u128::from(key).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)).collect()
}

fn share_of_duplicates(verdicts: &[Verdict]) -> f64 {
    verdicts.iter().filter(|verdict| **verdict == Duplicate).count() as f64 / verdicts.len() as f64
}

#[test]
fn an_id_is_known_for_a_window_to_every_worker_and_gone_a_slice_later() {
    let redis = private_redis();
    for (generations, slice) in [("1", MINUTE * 4), ("2", MINUTE * 2), ("4", MINUTE)] {
        let strategy = on(&redis, &[("window", "4m"), ("generations", generations), ("rate", "1e-9")]);
        let mut workers = [strategy.worker(0).unwrap(), strategy.worker(1).unwrap()];
        let window = MINUTE * 4;
        // Within a slice, at its first moment and at its last.
        for (key, into) in [(1, Duration::ZERO), (2, slice / 2), (3, slice - Duration::from_nanos(1))] {
            let begins = START.as_nanos().next_multiple_of(slice.as_nanos() as u64 * 100) * key as u64;
            let at = Timestamp::from_nanos(begins).plus(into);
            assert_eq!(judge_at(&redis, &mut *workers[0], &[key], at), [New]);
            let last = at.plus(window - Duration::from_nanos(1));
            // A copy does not prolong it.
            assert_eq!(judge_at(&redis, &mut *workers[1], &[key, key], last), [Duplicate; 2]);
            assert_eq!(judge_at(&redis, &mut *workers[0], &[key], at.plus(window + slice)), [New]);
        }
    }
}

#[test]
fn bitmaps_are_gone_when_nothing_looks_at_them_any_more() {
    let redis = private_redis();
    let strategy = on(&redis, &[("window", "4m"), ("generations", "2")]);
    let mut worker = strategy.worker(0).unwrap();
    let keys = spread(0..500);
    let at = |minutes| START.plus(MINUTE * minutes);
    for minutes in 0..30 {
        judge_at(&redis, &mut *worker, &keys, at(minutes));
        // Of three generations that are looked at, and one that is not gone yet.
        assert!(keys_of(&redis).len() <= 4 * 16, "{minutes}: {}", keys_of(&redis).len());
    }
    redis.clock().unwrap().set(at(29 + 7)).unwrap();
    assert_eq!(strategy.footprint().ids, 0);
    assert_eq!(keys_of(&redis).len(), 0);
}

#[test]
fn clocks_that_differ_by_a_quarter_of_a_slice_hide_nothing() {
    let redis = private_redis();
    let strategy = on(&redis, &[("window", "4m"), ("generations", "2"), ("rate", "1e-9")]);
    let (mut ahead, mut behind) = (strategy.worker(0).unwrap(), strategy.worker(1).unwrap());
    let slice = MINUTE * 2;
    let border = Timestamp::from_nanos(START.as_nanos().next_multiple_of(slice.as_nanos() as u64));
    let skew = slice / 4 - Duration::from_nanos(1);
    // For one the next slice has begun, for the other it has not.
    assert_eq!(judge_at(&redis, &mut *ahead, &[1], border), [New]);
    assert_eq!(
        judge_at(&redis, &mut *behind, &[1], Timestamp::from_nanos(border.as_nanos() - 1)),
        [Duplicate]
    );
    // Written by one that is ahead of the server, and looked for as late as by one that is behind.
    let last = Timestamp::from_nanos(border.plus(slice).as_nanos() - 1);
    assert_eq!(judge_at(&redis, &mut *ahead, &[2], last), [New]);
    redis.clock().unwrap().set(last.plus(slice * 2 + skew)).unwrap();
    let mut verdicts = Vec::new();
    let asked = last.plus(slice * 2);
    behind.judge(&[crate::ping(2, asked)], asked, &mut verdicts).unwrap();
    assert_eq!(verdicts, [Duplicate]);
}

/// Two generations that are as full as was promised for, with a rate that shows.
#[test]
fn it_errs_and_weighs_as_theory_says() {
    const IDS: u64 = 40_000;
    let redis = private_redis();
    let settings = [("window", "4m"), ("ids", "40_000"), ("rate", "0.2"), ("generations", "1")];
    let strategy = on(&redis, &settings);
    let mut worker = strategy.worker(0).unwrap();
    let slice = MINUTE * 4;
    let begins = Timestamp::from_nanos(START.as_nanos().next_multiple_of(slice.as_nanos() as u64));
    let (first, second) = (spread(0..IDS), spread(IDS..2 * IDS));
    let new = |verdicts: &[Verdict]| verdicts.iter().filter(|verdict| **verdict == New).count() as u64;
    let mut passed = 0;
    for batch in first.chunks(1000) {
        passed += new(&judge_at(&redis, &mut *worker, batch, begins));
    }
    let mut verdicts = Vec::new();
    for batch in second.chunks(1000) {
        verdicts.extend(judge_at(&redis, &mut *worker, batch, begins.plus(slice)));
    }
    assert!(share_of_duplicates(&verdicts) < 0.2, "{}", share_of_duplicates(&verdicts));

    // An unknown id is found where all its bits are set: 3 for a rate of a tenth in each of two generations.
    let mut link = Link::to(redis.url()).unwrap();
    let (mut fills, mut used) = (Vec::<(Vec<u8>, f64)>::new(), 0);
    for key in keys_of(&redis) {
        let length: i64 = link.query(cmd("STRLEN").arg(&key)).unwrap();
        // Behind the bits stands a counter of four bytes.
        let bytes = length - 4;
        let set: f64 = link.query(cmd("BITCOUNT").arg(&key).arg(0).arg(bytes - 1)).unwrap();
        used += link.query::<u64>(cmd("MEMORY").arg("USAGE").arg(&key)).unwrap();
        fills.push((key, set / bytes as f64 / 8.0));
    }
    assert_eq!(fills.len(), 2 * 16, "two generations of 16 bitmaps");
    let mut shards: std::collections::BTreeMap<u16, f64> = Default::default();
    for (key, fill) in &fills {
        *shards.entry(slot::slot_of(key)).or_insert(1.0) *= 1.0 - fill.powi(3);
    }
    let expected = 1.0 - shards.values().sum::<f64>() / shards.len() as f64;
    // In small batches of another worker, too few to fill anything.
    let probes = spread(2 * IDS..2 * IDS + 2000);
    let probed = judge_at(&redis, &mut *worker, &probes, begins.plus(slice));
    passed += new(&verdicts) + new(&probed);
    let seen = share_of_duplicates(&probed);
    let deviation = (expected * (1.0 - expected) / probes.len() as f64).sqrt();
    assert!((seen - expected).abs() < 4.0 * deviation + 0.005, "{seen}, not {expected}");
    assert!((0.1..0.2).contains(&expected), "{expected}");

    assert_eq!(strategy.footprint().ids, passed, "it holds what it let through");

    // Two of the three generations that are planned for, and what an allocator takes more.
    let planned = sizing::bloom_bytes_for(IDS, 0.2, 1) * 2 / 3;
    assert!((planned * 9 / 10..planned * 13 / 10).contains(&used), "{used} bytes, planned {planned}");
}

#[test]
fn of_racing_workers_one_lets_an_id_through() {
    let redis = private_redis();
    let strategy = on(&redis, &[("rate", "1e-9"), ("ids", "4000")]);
    let keys = spread(0..4000);
    let passed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|index| {
                let mut worker = strategy.worker(index).unwrap();
                let keys = &keys;
                scope.spawn(move || {
                    let judged = keys.chunks(50).flat_map(|batch| crate::judge(&mut *worker, batch, START));
                    judged.filter(|verdict| *verdict == New).count()
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, keys.len());
}

/// Bits do not say who set them: what a script that is sent again calls known passes.
#[test]
fn a_lost_reply_costs_duplicates_and_no_loss_where_it_is_sent_again() {
    let redis = private_redis();
    let mut control = redis.control();
    let strategy = on(&redis, &[("rate", "1e-9")]);
    let mut worker = strategy.worker(0).unwrap();
    let keys = spread(0..200);
    let fault = StoreFault::ReplyLost(1);
    control.begin(&fault).unwrap();
    assert_eq!(judge_at(&redis, &mut *worker, &keys, START), [New; 200]);
    assert!(control.observed(&fault).fired > 0);
    assert_eq!(judge_at(&redis, &mut *worker, &keys, START), [Duplicate; 200]);
}

#[test]
fn in_a_cluster_every_primary_has_its_share_and_all_decide_as_one() {
    let cluster = PrivateCluster::start(&launch()).unwrap();
    let strategy = build("redis-bloom", Some(cluster.endpoint()), &[("rate", "1e-9")]).unwrap();
    let mut workers: [Box<dyn Worker>; 2] = [strategy.worker(0).unwrap(), strategy.worker(1).unwrap()];
    let keys = spread(0..1000);
    let before = strategy.round_trips().unwrap();
    assert_eq!(crate::judge(&mut *workers[0], &keys, START), [New; 1000]);
    // One for the table of slots, one for each primary.
    assert!(strategy.round_trips().unwrap() - before <= 4);
    assert_eq!(crate::judge(&mut *workers[1], &keys, START), [Duplicate; 1000]);
    let mut counts = Vec::new();
    let mut servers = dedup_strategies::redis::Servers::at(cluster.url()).unwrap();
    servers
        .each(&mut |link| {
            counts.push(link.query::<u64>(&cmd("DBSIZE"))?);
            Ok(())
        })
        .unwrap();
    assert!(counts.iter().all(|count| (5..=6).contains(count)), "{counts:?}");
    assert_eq!(strategy.footprint().ids, 1000);
}
