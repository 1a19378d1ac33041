//! The strategy `redis-claim` on a private server.

use std::collections::HashMap;
use std::process::Command;
use std::time::Duration;

use dedup_engine::servers::PrivateRedis;
use dedup_strategies::redis::Link;
use dedup_strategies::{BuildError, RedisEndpoint, Strategy, Timestamp, Verdict};
use proptest::prelude::{ProptestConfig, Strategy as Generator, TestCaseError, prop, prop_assert_eq};
use proptest::test_runner::TestRunner;
use redis::cmd;

use crate::common;
use crate::private::private_redis;
use crate::{START, config, judge, judge_at, on, ping, strategy};

/// The model is a table of the last time that each key was let through.
#[test]
fn a_copy_is_recognised_inside_the_window_and_forgotten_a_millisecond_after() {
    let redis = private_redis();
    let batches = prop::collection::vec((0u64..40, prop::collection::vec(0u128..20, 0..20)), 1..20);
    check(100, batches, |batches| {
        let mut worker = afresh(&redis, "50ms").worker(0).unwrap();
        let mut let_through: HashMap<u128, u64> = HashMap::new();
        let mut now_ms = START.as_millis();
        for (step_ms, keys) in batches {
            now_ms += step_ms;
            let mut model = |key: &u128| match let_through.get(key) {
                Some(at) if now_ms - at <= 50 => Verdict::Duplicate,
                _ => {
                    let_through.insert(*key, now_ms);
                    Verdict::New
                }
            };
            let expected: Vec<Verdict> = keys.iter().map(&mut model).collect();
            prop_assert_eq!(judge_at(&redis, &mut *worker, &keys, Timestamp::from_millis(now_ms)), expected);
        }
        Ok(())
    });
}

/// Wherever in its millisecond the clock stands when a key is claimed, and when it is seen again.
#[test]
fn nothing_inside_the_window_is_missed_for_any_nanosecond() {
    let redis = private_redis();
    check(200, (0u64..2_000_000, 1u64..3_000_000, 0.0f64..1.0), |(offset, window, share)| {
        let mut worker = afresh(&redis, &format!("{window}ns")).worker(0).unwrap();
        let first = START.plus(Duration::from_nanos(offset));
        let again = first.plus(Duration::from_nanos((window as f64 * share) as u64));
        prop_assert_eq!(judge_at(&redis, &mut *worker, &[7], first), [Verdict::New]);
        prop_assert_eq!(judge_at(&redis, &mut *worker, &[7], again), [Verdict::Duplicate]);
        Ok(())
    });
}

fn check<S: Generator>(cases: u32, inputs: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    TestRunner::new(config).run(&inputs, test).unwrap_or_else(|error| panic!("{error}"));
}

/// The strategy on a server that was emptied.
fn afresh(redis: &PrivateRedis, window: &str) -> Box<dyn Strategy> {
    Link::to(redis.url()).unwrap().query::<()>(&cmd("FLUSHALL")).unwrap();
    on(redis, window)
}

#[test]
fn of_many_workers_that_race_for_a_key_exactly_one_wins() {
    let redis = private_redis();
    let strategy = on(&redis, "10m");
    let keys: Vec<u128> = (0..3000).collect();
    let wins = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..4)
            .map(|index| {
                let (strategy, keys) = (&strategy, &keys);
                scope.spawn(move || {
                    let mut worker = strategy.worker(index).unwrap();
                    keys.chunks(64).flat_map(|batch| judge(&mut *worker, batch, START)).collect::<Vec<_>>()
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).collect::<Vec<_>>()
    });
    for key in 0..keys.len() {
        assert_eq!(wins.iter().filter(|verdicts| verdicts[key] == Verdict::New).count(), 1);
    }
}

#[test]
fn a_strategy_built_again_finds_what_the_server_kept() {
    let redis = private_redis();
    assert_eq!(
        judge(&mut *on(&redis, "10m").worker(0).unwrap(), &[1, 1], START),
        [Verdict::New, Verdict::Duplicate]
    );
    assert_eq!(
        judge(&mut *on(&redis, "10m").worker(0).unwrap(), &[1, 2], START),
        [Verdict::Duplicate, Verdict::New]
    );
}

#[test]
fn the_footprint_counts_ids_and_the_bytes_that_they_took() {
    let redis = private_redis();
    let strategy = on(&redis, "10m");
    let mut worker = strategy.worker(0).unwrap();
    let keys: Vec<u128> = (0..20_000).collect();
    keys.chunks(1000).for_each(|batch| drop(judge(&mut *worker, batch, START)));
    let footprint = strategy.footprint();
    assert_eq!(footprint.ids, 20_000);
    let per_id = footprint.bytes / footprint.ids;
    assert!((60..400).contains(&per_id), "{per_id} bytes an id");
}

#[test]
fn a_lost_server_is_unavailable_and_a_lost_connection_is_made_again() {
    let redis = private_redis();
    let strategy = on(&redis, "10m");
    let mut worker = strategy.worker(0).unwrap();
    let other = Link::to(redis.url()).unwrap();
    assert_eq!(judge(&mut *worker, &[1], START), [Verdict::New]);
    let kill = cmd("CLIENT").arg("KILL").arg("TYPE").arg("normal").to_owned();
    { other }.query::<u64>(&kill).unwrap();
    let mut verdicts = vec![Verdict::New];
    worker.judge(&[ping(2, START)], START, &mut verdicts).unwrap_err();
    assert_eq!(verdicts, [Verdict::New], "no verdict of a failed batch");
    assert_eq!(judge(&mut *worker, &[1], START), [Verdict::Duplicate]);

    let process = redis.process_id().unwrap();
    Command::new("kill").args(["-9", &process.to_string()]).status().unwrap();
    common::eventually("our knowing of it", || redis.ended().is_some());
    let error = worker.judge(&[ping(3, START)], START, &mut verdicts).unwrap_err().to_string();
    assert!(error.contains(redis.url()), "{error}");
    assert_eq!(strategy.footprint().ids, 0);
}

#[test]
fn a_refusal_of_the_server_is_unavailable_with_its_words() {
    let redis = private_redis();
    let mut worker = on(&redis, "10m").worker(0).unwrap();
    config(&redis, &[("maxmemory", "1")]);
    let error = worker.judge(&[ping(1, START)], START, &mut Vec::new()).unwrap_err().to_string();
    assert!(error.contains("OOM"), "{error}");
    config(&redis, &[("maxmemory", "0")]);
    assert_eq!(judge(&mut *worker, &[1], START), [Verdict::New]);
}

#[test]
fn without_a_server_it_cannot_be_built() {
    assert!(matches!(strategy(None, "10m"), Err(BuildError::Server(_))));
    let nowhere = RedisEndpoint { url: "redis://:secret@127.0.0.1:1".into(), prefix: "p".into() };
    let error = strategy(Some(nowhere), "10m").err().unwrap().to_string();
    assert!(error.contains("redis://***@127.0.0.1:1") && !error.contains("secret"), "{error}");
}
