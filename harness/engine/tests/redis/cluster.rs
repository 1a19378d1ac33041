//! Strategies on a real cluster.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use dedup_engine::servers::{EvictionPolicy, PrivateCluster, StoreControl, StoreFault};
use dedup_strategies::conformance::{LAWS, Subject};
use dedup_strategies::redis::slot::slot_of;
use dedup_strategies::redis::{Link, Servers, claim};
use dedup_strategies::{Context, DeliveryId, Outcome, Ping, Settled, Sizing, Verdict, Worker};
use redis::cmd;

use crate::common::launch;
use crate::{START, build, claimed, judge, ping};

fn cluster() -> PrivateCluster {
    PrivateCluster::start(&launch()).unwrap_or_else(|error| panic!("{error}"))
}

fn primaries(cluster: &PrivateCluster) -> Servers {
    Servers::at(cluster.url()).unwrap()
}

fn flush(cluster: &PrivateCluster) {
    primaries(cluster).each(&mut |link| link.query(&cmd("FLUSHALL"))).unwrap();
}

/// Judges and settles as delivered what is new; the verdicts, none where the store was unavailable.
fn pass(worker: &mut dyn Worker, keys: &[u128], delivery: &mut u64) -> Option<Vec<Verdict>> {
    let pings: Vec<Ping> = keys
        .iter()
        .map(|key| {
            *delivery += 1;
            Ping { delivery: DeliveryId(*delivery), ..ping(*key, START) }
        })
        .collect();
    let mut verdicts = Vec::new();
    worker.judge(&pings, START, &mut verdicts).ok()?;
    let new = pings.iter().zip(&verdicts).filter(|(_, verdict)| **verdict == Verdict::New);
    let settled: Vec<Settled> =
        new.map(|(ping, _)| Settled { ping: *ping, outcome: Outcome::Delivered }).collect();
    let _ = worker.settle(&settled, START);
    Some(verdicts)
}

#[test]
fn slots_are_those_that_the_server_says() {
    let cluster = cluster();
    let mut servers = primaries(&cluster);
    for number in 0..2000u64 {
        // Bytes of all kinds, braces too.
        let mut key = number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec();
        if number % 3 == 0 {
            key[(number % 5) as usize] = b'{';
            key[5 + (number % 3) as usize] = b'}';
        }
        let slot: u16 = servers.query(&key, cmd("CLUSTER").arg("KEYSLOT").arg(&key)).unwrap();
        assert_eq!(slot_of(&key), slot, "{key:?}");
    }
}

#[test]
fn batches_are_split_by_node_and_every_strategy_decides_as_on_one_server() {
    let cluster = cluster();
    let keys: Vec<u128> = (0..1000u128).map(|key| key << 40 | key).collect();
    for name in ["redis-mozilla", "redis-claim", "redis-lease", "tiered"] {
        flush(&cluster);
        let strategy = build(name, Some(cluster.endpoint()), &[]).unwrap();
        let mut worker = strategy.worker(0).unwrap();
        let (mut delivery, before) = (0, strategy.round_trips().unwrap());
        assert_eq!(pass(&mut *worker, &keys, &mut delivery).unwrap(), [Verdict::New; 1000], "{name}");
        let trips = strategy.round_trips().unwrap() - before;
        // One for the table of slots, three for the check, three for the marks.
        assert!(trips <= 7, "{name}: {trips} round trips");
        assert_eq!(pass(&mut *worker, &keys, &mut delivery).unwrap(), [Verdict::Duplicate; 1000], "{name}");
        let footprint = strategy.footprint();
        assert_eq!(footprint.ids, 1000, "{name}");
        assert!(footprint.bytes > 50_000, "{name}: {footprint:?}");
    }
}

/// All laws but that of memory: the cluster keeps wall time, and nothing expires while the laws' own time goes by.
#[test]
fn the_laws_hold_on_a_cluster() {
    let cluster = cluster();
    let context = |seed, workers: usize| {
        flush(&cluster);
        Context {
            workers: workers.try_into().unwrap(),
            seed,
            state_dir: cluster.dir().to_path_buf(),
            sizing: Sizing { window: Duration::from_secs(3600), ids_in_window: 600, ids_total: 600 },
            memory_limit: 1 << 30,
            redis: Some(cluster.endpoint()),
            server: None,
            store_time_factor: 1.0,
        }
    };
    let subject = Subject::new(&claim::DEFINITION, &[], &context);
    for law in LAWS.iter().filter(|law| !law.name.contains("memory is bounded")) {
        law.check(&subject).unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn a_slot_that_moves_is_followed_while_it_moves_and_afterwards() {
    let cluster = cluster();
    let strategy = build("redis-claim", Some(cluster.endpoint()), &[]).unwrap();
    let mut worker = strategy.worker(0).unwrap();
    assert_eq!(judge(&mut *worker, &[1], START), [Verdict::New]);
    // Two keys of one slot: the part of the key in braces is all that counts.
    let (there, later) = (braced(1), braced(2));
    assert_eq!(judge(&mut *worker, &[there], START), [Verdict::New]);
    let slot = slot_of(&there.to_be_bytes());
    assert_eq!(slot, slot_of(&later.to_be_bytes()));
    let mut links = Vec::new();
    primaries(&cluster)
        .each(&mut |link| {
            let port: Vec<String> = link.query(cmd("CONFIG").arg("GET").arg("port"))?;
            let id: String = link.query(cmd("CLUSTER").arg("MYID"))?;
            links.push((Link::to(&format!("redis://127.0.0.1:{}", port[1])).unwrap(), id));
            Ok(())
        })
        .unwrap();
    let owner = links
        .iter_mut()
        .position(|(link, _)| {
            link.query::<u64>(cmd("CLUSTER").arg("COUNTKEYSINSLOT").arg(slot)).unwrap() == 1
        })
        .unwrap();
    let (target, to) = ((owner + 1) % 3, links[(owner + 1) % 3].1.clone());
    let from = links[owner].1.clone();
    let set_slot = |link: &mut Link, state: &str, node: &str| {
        link.query::<()>(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(state).arg(node)).unwrap();
    };
    set_slot(&mut links[target].0, "IMPORTING", &from);
    set_slot(&mut links[owner].0, "MIGRATING", &to);
    // What is still there is answered there; what is not is asked for at the target.
    assert_eq!(judge(&mut *worker, &[there, later], START), [Verdict::Duplicate, Verdict::New]);
    assert_eq!(judge(&mut *worker, &[later], START), [Verdict::Duplicate]);
    links[owner].0.query::<u64>(cmd("DEL").arg(&there.to_be_bytes())).unwrap();
    for index in [target, owner] {
        set_slot(&mut links[index].0, "NODE", &to);
    }
    assert_eq!(
        judge(&mut *worker, &[there, later, 1], START),
        [Verdict::New, Verdict::Duplicate, Verdict::Duplicate]
    );
    assert_eq!(judge(&mut *worker, &[there], START), [Verdict::Duplicate]);
}

fn braced(number: u8) -> u128 {
    u128::from_be_bytes([b"{same}".to_vec(), vec![number; 10]].concat().try_into().unwrap())
}

/// Goes on judging while a primary is dead and until the cluster is whole again. Nothing is lost: each key is let
/// through at least once, sooner or later; and what is let through twice is counted.
#[test]
fn a_failover_in_the_middle_loses_nothing() {
    for (name, settings) in [
        ("redis-mozilla", &[][..]),
        ("redis-claim", &[]),
        ("redis-lease", &[("lease", "1s"), ("retries", "3")]),
        // Bits do not say who set them: it tries for as long as it takes, since what comes again would be known.
        ("redis-bloom", &[("retries", "100"), ("rate", "1e-9"), ("ids", "10_000")]),
    ] {
        let cluster = cluster();
        let mut control = cluster.control();
        let strategy = build(name, Some(cluster.endpoint()), settings).unwrap();
        let mut worker = strategy.worker(0).unwrap();
        let (mut delivery, mut passed) = (0, BTreeMap::<u128, u32>::new());
        // Whether the source may stop: every key was judged, and none is still with another delivery.
        let mut one_round = |keys: &[u128], worker: &mut dyn Worker| {
            let Some(verdicts) = pass(worker, keys, &mut delivery) else { return false };
            for (key, verdict) in keys.iter().zip(&verdicts) {
                *passed.entry(*key).or_default() += u32::from(*verdict == Verdict::New);
            }
            !verdicts.iter().any(|verdict| verdict.comes_again())
        };
        let before: Vec<u128> = (0..500u128).map(|key| key << 64).collect();
        assert!(one_round(&before, &mut *worker));
        let fault = StoreFault::PrimaryFailover;
        control.begin(&fault).unwrap();
        let during: Vec<u128> = (1000..1500u128).map(|key| key << 64).collect();
        std::thread::scope(|scope| {
            let ending = scope.spawn(|| {
                control.end(&fault).unwrap();
                control.observed(&fault)
            });
            while !ending.is_finished() {
                one_round(&during, &mut *worker);
            }
            let seen = ending.join().unwrap();
            assert_eq!(seen.fired, 1, "{seen:?}");
            assert!(seen.what.contains("signal: 9") && seen.what.contains("took over"), "{seen:?}");
        });
        for keys in [&during, &before] {
            let begun = Instant::now();
            while !one_round(keys, &mut *worker) {
                assert!(begun.elapsed() < Duration::from_secs(120), "{name} has not come to an end");
            }
        }
        let twice: u32 = passed.values().map(|times| times.saturating_sub(1)).sum();
        let lost: Vec<_> =
            during.iter().chain(&before).filter(|key| passed.get(key).is_none_or(|n| *n == 0)).collect();
        assert!(lost.is_empty(), "{name} lost {lost:?}");
        println!("{name}: {twice} let through more than once");
        let after: Vec<u128> = (2000..2100u128).map(|key| key << 64).collect();
        assert_eq!(pass(&mut *worker, &after, &mut 1_000_000).unwrap(), [Verdict::New; 100]);
        assert_eq!(pass(&mut *worker, &after, &mut 2_000_000).unwrap(), [Verdict::Duplicate; 100]);
    }
}

#[test]
fn a_cluster_is_troubled_by_the_same_real_means() {
    let cluster = cluster();
    let mut control = cluster.control();
    let keys: Vec<u128> = (0..3000u128).map(|key| key << 64 | key).collect();
    let settings = [("on_error", "retry"), ("retries", "2"), ("owner", "delivery")];
    let mut worker = build("redis-claim", Some(cluster.endpoint()), &settings).unwrap().worker(0).unwrap();
    let mut delivery = 0;
    let lost = StoreFault::ReplyLost(1);
    control.begin(&lost).unwrap();
    assert_eq!(pass(&mut *worker, &keys, &mut delivery).unwrap(), [Verdict::New; 3000]);
    assert!(control.observed(&lost).fired > 0);
    control.end(&lost).unwrap();

    control.begin(&StoreFault::Unreachable).unwrap();
    assert!(pass(&mut *worker, &keys, &mut delivery).is_none());
    assert!(control.observed(&StoreFault::Unreachable).fired > 0);
    control.end(&StoreFault::Unreachable).unwrap();
    assert_eq!(pass(&mut *worker, &keys, &mut delivery).unwrap(), [Verdict::Duplicate; 3000]);

    // Enough that ids, and not the buffers of connections, are what takes memory.
    let more: Vec<u128> = (5000..40_000u128).map(|key| key << 64 | key).collect();
    let (much, rest) = more.split_at(30_000);
    much.chunks(500).for_each(|keys| drop(pass(&mut *worker, keys, &mut delivery).unwrap()));
    let fault = StoreFault::Eviction(0.5, EvictionPolicy::VolatileTtl);
    control.begin(&fault).unwrap();
    rest.chunks(500).for_each(|keys| drop(pass(&mut *worker, keys, &mut delivery).unwrap()));
    assert!(control.observed(&fault).fired > 0);
    control.end(&fault).unwrap();

    control.begin(&StoreFault::Killed).unwrap();
    assert!(pass(&mut *worker, &keys, &mut delivery).is_none());
    control.end(&StoreFault::Killed).unwrap();
    assert_eq!(control.observed(&StoreFault::Killed).fired, 6);
    let mut worker = build("redis-claim", Some(cluster.endpoint()), &[]).unwrap().worker(0).unwrap();
    assert_eq!(pass(&mut *worker, &keys, &mut delivery).unwrap(), [Verdict::New; 3000]);

    control.begin(&StoreFault::ClockJump(Duration::from_secs(1))).unwrap_err();
}

#[test]
fn a_cluster_that_is_given_is_left_as_it_was_found() {
    let cluster = cluster();
    let mut servers = primaries(&cluster);
    for key in ["a", "b", "c", "d"] {
        servers.query::<()>(key.as_bytes(), cmd("SET").arg(key).arg("kept")).unwrap();
    }
    let shared = claimed(cluster.url(), "dedup:").unwrap();
    assert!(claimed(cluster.url(), "dedup:").is_err(), "of two runs the second is refused");
    let mut worker = build("redis-claim", Some(shared.endpoint().clone()), &[]).unwrap().worker(0).unwrap();
    let keys: Vec<u128> = (0..1000).collect();
    judge(&mut *worker, &keys, START);
    assert_eq!(shared.release().unwrap(), 1001);
    let mut left = 0;
    servers
        .each(&mut |link| {
            left += link.query::<u64>(&cmd("DBSIZE"))?;
            Ok(())
        })
        .unwrap();
    assert_eq!(left, 4);
}
