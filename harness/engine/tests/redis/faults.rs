//! What each strategy does when its server is troubled.

use std::time::Duration;

use dedup_engine::servers::{EvictionPolicy, PrivateRedis, StoreControl, StoreFault};
use dedup_strategies::redis::{Link, mozilla};
use dedup_strategies::{
    DeliveryId, Outcome, Ping, PingKey, Settled, Timestamp, Unavailable, Verdict, Worker,
};
use redis::cmd;

use crate::common::eventually;
use crate::private::private_redis;
use crate::{START, build, config, judge, ping};
use Verdict::{Duplicate, InFlight, New, Unjudged};

const POLICIES: [&str; 3] = ["open", "closed", "retry"];
const STRATEGIES: [&str; 3] = ["redis-mozilla", "redis-claim", "redis-lease"];

fn try_to_judge(worker: &mut dyn Worker, keys: &[u128]) -> Result<Vec<Verdict>, Unavailable> {
    let pings: Vec<Ping> = keys.iter().map(|key| delivered_as(*key, *key as u64)).collect();
    let mut verdicts = Vec::new();
    worker.judge(&pings, START, &mut verdicts).map(|()| verdicts)
}

/// A ping of which each delivery has a number of its own.
fn delivered_as(key: u128, delivery: u64) -> Ping {
    Ping { delivery: DeliveryId(delivery), ..ping(key, START) }
}

fn settle(worker: &mut dyn Worker, keys: &[u128], outcome: Outcome) -> Result<(), Unavailable> {
    let settled: Vec<Settled> =
        keys.iter().map(|key| Settled { ping: delivered_as(*key, *key as u64), outcome }).collect();
    worker.settle(&settled, START)
}

fn worker(redis: &PrivateRedis, strategy: &str, settings: &[(&str, &str)]) -> Box<dyn Worker> {
    redis.clock().unwrap().set(START).unwrap();
    build(strategy, Some(redis.endpoint()), settings).unwrap().worker(0).unwrap()
}

/// Upstream's own test of its two steps: what is marked beforehand is seen or a duplicate, what is not passes; and
/// without an address both pass.
#[test]
fn mozillas_own_test_case_comes_out_as_upstream() {
    let redis = private_redis();
    let (new, seen, dup) = (1, 2, 3 << 64 | 4);
    let mut marker = worker(&redis, "redis-mozilla", &[("window", "24h")]);
    settle(&mut *marker, &[seen, dup], Outcome::Delivered).unwrap();
    let mut checker = worker(&redis, "redis-mozilla", &[("window", "24h")]);
    assert_eq!(try_to_judge(&mut *checker, &[new, dup]).unwrap(), [New, Duplicate]);
    // What upstream's client would find there.
    let key = [4u64.to_be_bytes(), 3u64.to_be_bytes()].concat();
    assert_eq!(key, mozilla::stored(PingKey::from_u128(dup)));
    let mut link = Link::to(redis.url()).unwrap();
    assert_eq!(link.query::<Vec<u8>>(cmd("GET").arg(&key)).unwrap(), b"");
    assert_eq!(link.query::<i64>(cmd("TTL").arg(&key)).unwrap(), 86_400);
    // A check marks nothing; a mark sets the time anew.
    assert_eq!(link.query::<u64>(&cmd("DBSIZE")).unwrap(), 2);
    redis.clock().unwrap().set(START.plus(Duration::from_secs(3600))).unwrap();
    settle(&mut *marker, &[dup], Outcome::Delivered).unwrap();
    assert_eq!(link.query::<i64>(cmd("TTL").arg(&key)).unwrap(), 86_400);
    settle(&mut *marker, &[new], Outcome::Failed).unwrap();
    assert_eq!(try_to_judge(&mut *checker, &[new]).unwrap(), [New], "what was not delivered is not marked");

    let mut control = redis.control();
    let mut unconnected = worker(&redis, "redis-mozilla", &[]);
    control.begin(&StoreFault::Unreachable).unwrap();
    assert_eq!(try_to_judge(&mut *unconnected, &[new, seen]).unwrap(), [New, New]);
    settle(&mut *unconnected, &[new], Outcome::Delivered).unwrap();
    control.end(&StoreFault::Unreachable).unwrap();
    assert_eq!(try_to_judge(&mut *unconnected, &[new, seen]).unwrap(), [New, Duplicate], "connected again");
}

#[test]
fn a_claim_whose_reply_was_lost_is_taken_for_anothers_unless_it_names_its_owner() {
    for (owner, expected) in [("none", Duplicate), ("delivery", New)] {
        let redis = private_redis();
        let mut control = redis.control();
        let mut worker = worker(&redis, "redis-claim", &[("owner", owner), ("on_error", "retry")]);
        let claimed_before = delivered_as(5, 500);
        worker.judge(&[claimed_before], START, &mut Vec::new()).unwrap();
        let fault = StoreFault::ReplyLost(1);
        control.begin(&fault).unwrap();
        let verdicts = try_to_judge(&mut *worker, &[7, 5, 8]).unwrap();
        assert_eq!(control.observed(&fault).fired, 3);
        assert_eq!(verdicts, [expected, Duplicate, expected], "owner={owner}");
        // Only the copy that made the claim is recognised, and another delivery never is.
        let again = delivered_as(7, 700);
        let mut verdicts = Vec::new();
        worker.judge(&[again], START, &mut verdicts).unwrap();
        assert_eq!(verdicts, [Duplicate]);
    }
}

#[test]
fn a_lease_whose_reply_was_lost_recognises_itself_and_keeps_others_waiting() {
    let redis = private_redis();
    let mut control = redis.control();
    let mut first = worker(&redis, "redis-lease", &[]);
    let mut second = worker(&redis, "redis-lease", &[]);
    control.begin(&StoreFault::ReplyLost(1)).unwrap();
    assert_eq!(try_to_judge(&mut *first, &[7]).unwrap(), [New]);
    assert_eq!(control.observed(&StoreFault::ReplyLost(1)).fired, 1);
    assert_eq!(try_to_judge(&mut *second, &[7]).unwrap(), [InFlight]);
    control.begin(&StoreFault::ReplyLost(1)).unwrap();
    settle(&mut *first, &[7], Outcome::Delivered).unwrap();
    assert_eq!(try_to_judge(&mut *second, &[7]).unwrap(), [Duplicate]);
}

#[test]
fn a_lease_ends_with_its_worker_with_a_failure_or_with_its_time_and_is_never_anothers_to_settle() {
    let redis = private_redis();
    let lease = || worker(&redis, "redis-lease", &[("lease", "10s"), ("window", "10m")]);
    let (mut first, mut second) = (lease(), lease());
    assert_eq!(try_to_judge(&mut *first, &[1, 2, 3, 2]).unwrap(), [New, New, New, InFlight]);
    settle(&mut *first, &[1], Outcome::Failed).unwrap();
    assert_eq!(try_to_judge(&mut *second, &[1, 2]).unwrap(), [New, InFlight], "given up, and held");
    drop(first);
    // The worker died with 2 and 3 in hand: a copy takes its place once the lease has run out.
    redis.clock().unwrap().set(START.plus(Duration::from_millis(10_001))).unwrap();
    let mut verdicts = Vec::new();
    second.judge(&[delivered_as(2, 20)], START, &mut verdicts).unwrap();
    assert_eq!(verdicts, [New]);
    // One that was slow, not dead, settles late: neither way does it touch what is the second's now.
    let mut slow = lease();
    redis.clock().unwrap().set(START.plus(Duration::from_secs(11))).unwrap();
    for outcome in [Outcome::Failed, Outcome::Delivered] {
        settle(&mut *slow, &[2], outcome).unwrap();
        assert_eq!(try_to_judge(&mut *slow, &[2]).unwrap(), [InFlight]);
    }
    second.settle(&[Settled { ping: delivered_as(2, 20), outcome: Outcome::Delivered }], START).unwrap();
    assert_eq!(try_to_judge(&mut *slow, &[2]).unwrap(), [Duplicate]);
    // Nobody has 3 any more; that it was delivered is marked all the same.
    settle(&mut *slow, &[3], Outcome::Delivered).unwrap();
    assert_eq!(try_to_judge(&mut *slow, &[3]).unwrap(), [Duplicate]);
}

#[test]
fn a_server_that_was_killed_and_comes_back_empty_costs_misses_and_no_loss() {
    for strategy in STRATEGIES {
        let redis = private_redis();
        let mut control = redis.control();
        let mut worker = worker(&redis, strategy, &[("on_error", "open")]);
        let pass = |worker: &mut dyn Worker, expected: Verdict| {
            assert_eq!(try_to_judge(worker, &[1, 2]).unwrap(), [expected; 2], "{strategy}");
            settle(worker, &[1, 2], Outcome::Delivered).unwrap();
        };
        pass(&mut *worker, New);
        pass(&mut *worker, Duplicate);
        control.begin(&StoreFault::Killed).unwrap();
        pass(&mut *worker, New);
        control.end(&StoreFault::Killed).unwrap();
        pass(&mut *worker, New);
        pass(&mut *worker, Duplicate);
        assert_eq!(control.observed(&StoreFault::Killed).fired, 1);
    }
}

#[test]
fn an_unreachable_server_is_dealt_with_as_was_chosen() {
    for strategy in STRATEGIES {
        for policy in POLICIES {
            let redis = private_redis();
            let mut control = redis.control();
            let settings = [("on_error", policy), ("retries", "2"), ("timeout", "10s")];
            let mut worker = worker(&redis, strategy, &settings);
            control.begin(&StoreFault::Unreachable).unwrap();
            let (judged, settled) =
                (try_to_judge(&mut *worker, &[1, 2]), settle(&mut *worker, &[3], Outcome::Delivered));
            match policy {
                "open" => assert_eq!((judged.unwrap(), settled), (vec![New, New], Ok(()))),
                _ => {
                    let error = judged.unwrap_err().to_string();
                    assert!(error.contains(redis.url()), "{error}");
                    // A claim has nothing to settle.
                    assert_eq!(settled.is_err(), strategy != "redis-claim", "{strategy}");
                }
            }
            control.end(&StoreFault::Unreachable).unwrap();
            assert_eq!(try_to_judge(&mut *worker, &[11]).unwrap(), [New], "{strategy} {policy}");
        }
    }
}

#[test]
fn a_server_that_comes_back_while_it_is_tried_again_is_not_missed() {
    let redis = private_redis();
    let mut control = redis.control();
    let strategy = build("redis-claim", Some(redis.endpoint()), &[("on_error", "retry")]).unwrap();
    let mut worker = strategy.worker(0).unwrap();
    let fault = StoreFault::Unreachable;
    control.begin(&fault).unwrap();
    let verdicts = std::thread::scope(|scope| {
        let judging = scope.spawn(|| try_to_judge(&mut *worker, &[1, 1]).unwrap());
        eventually("two tries", || control.observed(&fault).fired >= 2);
        control.end(&fault).unwrap();
        judging.join().unwrap()
    });
    assert_eq!(verdicts, [New, Duplicate]);
    // One that failed and one that was answered, at least: a try meets a connection that is cut, and another that is refused.
    assert!(strategy.round_trips().unwrap() >= 2);
}

#[test]
fn an_outage_that_outlasts_all_tries_is_not_waited_for_again_with_each_batch() {
    let redis = private_redis();
    let mut control = redis.control();
    let settings = [("on_error", "retry"), ("retries", "3")];
    let strategy = build("redis-lease", Some(redis.endpoint()), &settings).unwrap();
    let mut worker = strategy.worker(0).unwrap();
    let mut trips = |keys: &[u128]| {
        let before = strategy.round_trips().unwrap();
        let judged = try_to_judge(&mut *worker, keys);
        (judged.ok(), strategy.round_trips().unwrap() - before)
    };
    for outage in [10, 20] {
        control.begin(&StoreFault::Unreachable).unwrap();
        assert_eq!(trips(&[1]), (None, 4));
        assert_eq!(trips(&[1]), (None, 1));
        assert_eq!(trips(&[2]), (None, 1));
        control.end(&StoreFault::Unreachable).unwrap();
        assert_eq!(trips(&[outage]), (Some(vec![New]), 1));
    }
}

/// One key of three is refused: what was decided about the others stands, and the one is as if it had not been asked for.
#[test]
fn a_batch_that_fails_in_part_leaves_unjudged_what_failed_and_no_more() {
    // Three times the same letter, so that they end in it whichever half stands first.
    let keys = [b'a', b'b', b'c'].map(|letter| u128::from_be_bytes([letter; 16]));
    let refused = "resetkeys ~*a ~*c";
    for strategy in ["redis-mozilla", "redis-claim", "redis-lease", "tiered"] {
        let redis = private_redis();
        let mut worker = worker(&redis, strategy, &[("on_error", "closed")]);
        let mut link = Link::to(redis.url()).unwrap();
        let mut allow = |rules: &str| {
            let rules: Vec<&str> = rules.split(' ').collect();
            link.query::<()>(cmd("ACL").arg("SETUSER").arg("default").arg(rules)).unwrap();
        };
        allow(refused);
        assert_eq!(try_to_judge(&mut *worker, &keys).unwrap(), [New, Unjudged, New], "{strategy}");
        assert!(
            worker.unjudged().to_string().contains("no permissions"),
            "{strategy}: {}",
            worker.unjudged()
        );
        settle(&mut *worker, &[keys[0], keys[2]], Outcome::Delivered).unwrap();
        // Of a batch of which nothing could be found out, nothing is said.
        let error = try_to_judge(&mut *worker, &keys[1..2]).unwrap_err();
        assert!(error.to_string().contains("no permissions"), "{strategy}: {error}");
        allow("allkeys");
        assert_eq!(try_to_judge(&mut *worker, &keys).unwrap(), [Duplicate, New, Duplicate], "{strategy}");
    }
}

#[test]
fn a_store_that_is_open_to_all_lets_pass_what_it_cannot_judge_and_no_more() {
    let keys = [b'a', b'b', b'c'].map(|letter| u128::from_be_bytes([letter; 16]));
    for strategy in STRATEGIES {
        let redis = private_redis();
        let mut worker = worker(&redis, strategy, &[("on_error", "open")]);
        assert_eq!(try_to_judge(&mut *worker, &keys).unwrap(), [New; 3]);
        settle(&mut *worker, &keys, Outcome::Delivered).unwrap();
        let mut link = Link::to(redis.url()).unwrap();
        let rules = ["resetkeys", "~*a", "~*c"];
        link.query::<()>(cmd("ACL").arg("SETUSER").arg("default").arg(&rules)).unwrap();
        assert_eq!(try_to_judge(&mut *worker, &keys).unwrap(), [Duplicate, New, Duplicate], "{strategy}");
    }
}

#[test]
fn a_server_slower_than_the_timeout_is_dealt_with_as_was_chosen() {
    for policy in POLICIES {
        let redis = private_redis();
        let mut control = redis.control();
        let settings = [("on_error", policy), ("timeout", "1s"), ("retries", "1")];
        let mut worker = worker(&redis, "redis-claim", &settings);
        assert_eq!(try_to_judge(&mut *worker, &[1]).unwrap(), [New]);
        let fault = StoreFault::Slow(Duration::from_secs(3));
        control.begin(&fault).unwrap();
        match (policy, try_to_judge(&mut *worker, &[2])) {
            ("open", judged) => assert_eq!(judged.unwrap(), [New]),
            (_, judged) => assert!(judged.unwrap_err().to_string().contains("no answer in time")),
        }
        control.end(&fault).unwrap();
        eventually("an end of slow replies", || try_to_judge(&mut *worker, &[1]) == Ok(vec![Duplicate]));
        assert!(control.observed(&fault).fired > 0);
    }
}

#[test]
fn a_server_that_answers_with_errors_is_dealt_with_as_was_chosen() {
    type Troubled = fn(&PrivateRedis);
    let errors: [(&str, Troubled); 3] = [
        ("OOM", |redis| config(redis, &[("maxmemory", "1")])),
        ("NOREPLICAS", |redis| config(redis, &[("min-replicas-to-write", "1")])),
        ("read only", |redis| {
            Link::to(redis.url()).unwrap().query::<()>(cmd("REPLICAOF").arg("127.0.0.1").arg(1)).unwrap();
        }),
    ];
    for (words, trouble) in errors {
        for policy in POLICIES {
            let redis = private_redis();
            let settings = [("on_error", policy), ("retries", "1")];
            let mut claims = worker(&redis, "redis-claim", &settings);
            let mut mozilla = worker(&redis, "redis-mozilla", &settings);
            trouble(&redis);
            let judged = try_to_judge(&mut *claims, &[1]);
            let marked = settle(&mut *mozilla, &[1], Outcome::Delivered);
            match policy {
                "open" => assert_eq!((judged.unwrap(), marked), (vec![New], Ok(()))),
                _ => {
                    for error in [judged.unwrap_err(), marked.unwrap_err()] {
                        let error = error.to_string();
                        assert!(error.to_lowercase().contains(&words.to_lowercase()), "{error}");
                    }
                }
            }
        }
    }
}

#[test]
fn what_is_evicted_passes_again_and_nothing_new_is_dropped() {
    let redis = private_redis();
    let mut control = redis.control();
    let mut worker = worker(&redis, "redis-mozilla", &[]);
    let keys: Vec<u128> = (0..20_000).collect();
    for batch in keys.chunks(1000) {
        settle(&mut *worker, batch, Outcome::Delivered).unwrap();
    }
    let fault = StoreFault::Eviction(0.6, EvictionPolicy::VolatileTtl);
    control.begin(&fault).unwrap();
    settle(&mut *worker, &[20_000], Outcome::Delivered).unwrap();
    let passed = try_to_judge(&mut *worker, &keys).unwrap().iter().filter(|verdict| **verdict == New).count();
    assert!(passed > 0 && passed as u64 <= control.observed(&fault).fired, "{passed}");
    assert_eq!(try_to_judge(&mut *worker, &[30_000]).unwrap(), [New]);
    control.end(&fault).unwrap();
}

#[test]
fn a_front_spares_round_trips_and_answers_only_for_what_was_delivered_and_no_longer_than_its_back() {
    for back in STRATEGIES {
        let redis = private_redis();
        redis.clock().unwrap().set(START).unwrap();
        let settings = [("back", back), ("window", "60s"), ("front_ids", "100")];
        let strategy = build("tiered", Some(redis.endpoint()), &settings).unwrap();
        let (mut one, mut other) = (strategy.worker(0).unwrap(), strategy.worker(1).unwrap());
        assert_eq!(try_to_judge(&mut *one, &[1, 2, 3]).unwrap(), [New; 3]);
        settle(&mut *one, &[1], Outcome::Delivered).unwrap();
        settle(&mut *one, &[2], Outcome::Failed).unwrap();
        // 3 is under way with a worker that dies.
        drop(one);
        let trips = strategy.round_trips().unwrap();
        assert_eq!(try_to_judge(&mut *other, &[1, 1]).unwrap(), [Duplicate; 2]);
        assert_eq!(strategy.round_trips().unwrap(), trips, "{back}: the front knows");
        let as_by_the_back = match back {
            "redis-mozilla" => [New, New],
            "redis-claim" => [Duplicate, Duplicate],
            _ => [New, InFlight],
        };
        assert_eq!(try_to_judge(&mut *other, &[2, 3]).unwrap(), as_by_the_back, "{back}");
        assert!(strategy.round_trips().unwrap() > trips);
        let later = START.plus(Duration::from_millis(60_001));
        redis.clock().unwrap().set(later).unwrap();
        assert_eq!(judge_at(&mut *other, 1, later), New, "{back}: forgotten by both");
    }
}

fn judge_at(worker: &mut dyn Worker, key: u128, now: Timestamp) -> Verdict {
    judge(worker, &[key], now)[0]
}
