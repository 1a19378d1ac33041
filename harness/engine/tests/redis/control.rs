//! What can be done to a private server, and that it is seen to happen.

use std::time::Duration;

use dedup_engine::servers::{EvictionPolicy, Observation, ServerError, StoreControl, StoreFault};
use dedup_strategies::redis::Link;
use redis::cmd;

use crate::START;
use crate::common::eventually;
use crate::private::private_redis;

fn set(link: &mut Link, key: &str) -> Result<(), dedup_strategies::Unavailable> {
    link.query(cmd("SET").arg(key).arg("").arg("EX").arg(600))
}

fn exists(link: &mut Link, key: &str) -> bool {
    link.query(cmd("EXISTS").arg(key)).unwrap()
}

#[test]
fn a_killed_server_comes_back_empty_at_its_address_and_on_its_clock() {
    let redis = private_redis();
    let mut control = redis.control();
    redis.clock().unwrap().set(START).unwrap();
    let mut link = Link::to(redis.url()).unwrap();
    set(&mut link, "a").unwrap();
    let process = redis.process_id().unwrap();
    assert_eq!(control.observed(&StoreFault::Killed), Observation::default());
    control.begin(&StoreFault::Killed).unwrap();
    for _ in 0..2 {
        link.query::<()>(&cmd("PING")).unwrap_err();
    }
    let later = START.plus(Duration::from_secs(77));
    redis.clock().unwrap().set(later).unwrap();
    control.end(&StoreFault::Killed).unwrap();
    assert!(!exists(&mut link, "a"));
    assert_ne!(redis.process_id().unwrap(), process);
    let (seconds, _): (u64, u64) = link.query(&cmd("TIME")).unwrap();
    assert_eq!(seconds, later.as_nanos() / 1_000_000_000);
    let seen = control.observed(&StoreFault::Killed);
    assert_eq!(seen.fired, 1);
    assert!(seen.what.contains("signal: 9") && seen.what.contains("0 keys"), "{}", seen.what);
    assert!(redis.ended().is_none(), "what we killed did not end by itself");
}

#[test]
fn an_unreachable_server_cuts_and_refuses_and_has_kept_everything_afterwards() {
    let redis = private_redis();
    let mut control = redis.control();
    let mut link = Link::to(redis.url()).unwrap();
    set(&mut link, "a").unwrap();
    control.begin(&StoreFault::Unreachable).unwrap();
    for _ in 0..3 {
        set(&mut link, "b").unwrap_err();
    }
    control.end(&StoreFault::Unreachable).unwrap();
    assert!(exists(&mut link, "a") && !exists(&mut link, "b"));
    let seen = control.observed(&StoreFault::Unreachable);
    assert!(seen.fired >= 3, "{seen:?}");
}

#[test]
fn a_lost_reply_is_one_to_a_write_that_was_applied() {
    let redis = private_redis();
    let mut control = redis.control();
    let mut link = Link::to(redis.url()).unwrap();
    set(&mut link, "before").unwrap();
    let fault = StoreFault::ReplyLost(2);
    control.begin(&fault).unwrap();
    assert!(!exists(&mut link, "a"), "reading is not troubled");
    for key in ["a", "b"] {
        set(&mut link, key).unwrap_err();
        assert!(exists(&mut link, key));
    }
    set(&mut link, "c").unwrap();
    assert_eq!(control.observed(&fault).fired, 2);
    control.end(&fault).unwrap();
}

#[test]
fn a_reply_lost_in_a_batch_takes_along_those_that_follow_it_and_the_whole_batch_is_applied() {
    let redis = private_redis();
    let mut control = redis.control();
    let mut link = Link::to(redis.url()).unwrap();
    let fault = StoreFault::ReplyLost(1);
    control.begin(&fault).unwrap();
    let mut batch = redis::pipe();
    (0..300).for_each(|key| {
        batch.cmd("SET").arg(key).arg("");
    });
    link.send(&batch.get_packed_pipeline(), 300).unwrap_err();
    assert_eq!(link.query::<u64>(&cmd("DBSIZE")).unwrap(), 300);
    assert_eq!(control.observed(&fault).fired, 300);
    set(&mut link, "c").unwrap();
}

#[test]
fn a_slow_server_answers_later_and_counts_what_it_held_back() {
    let redis = private_redis();
    let mut control = redis.control();
    let mut link = Link::to(redis.url()).unwrap();
    set(&mut link, "a").unwrap();
    let fault = StoreFault::Slow(Duration::from_millis(30));
    control.begin(&fault).unwrap();
    let began = std::time::Instant::now();
    set(&mut link, "b").unwrap();
    assert!(began.elapsed() >= Duration::from_millis(30));
    control.end(&fault).unwrap();
    set(&mut link, "c").unwrap();
    assert_eq!(control.observed(&fault).fired, 1);
}

#[test]
fn too_little_memory_makes_it_evict_and_the_oldest_go_first() {
    for policy in [EvictionPolicy::VolatileTtl, EvictionPolicy::AllKeysLru] {
        let redis = private_redis();
        let mut control = redis.control();
        let clock = redis.clock().unwrap();
        let mut link = Link::to(redis.url()).unwrap();
        for part in 0..20 {
            clock.set(START.plus(Duration::from_secs(part))).unwrap();
            let mut batch = redis::pipe();
            (0..1000).for_each(|key| {
                batch.cmd("SET").arg(part * 1000 + key).arg("").arg("EX").arg(600);
            });
            link.send(&batch.get_packed_pipeline(), 1000).unwrap();
            let clock = (START.as_nanos() / 1_000_000_000 + part) & 0xff_ffff;
            eventually("the server's own look at its clock", || {
                link.info("server", "lru_clock").unwrap() == clock.to_string()
            });
        }
        let fault = StoreFault::Eviction(0.5, policy);
        control.begin(&fault).unwrap();
        set(&mut link, "new").unwrap();
        let seen = control.observed(&fault);
        assert!((5_000..15_000).contains(&seen.fired), "{seen:?}");
        let alive = |link: &mut Link, from: u64| {
            (from..from + 2000).filter(|key| exists(link, &key.to_string())).count()
        };
        let (oldest, newest) = (alive(&mut link, 0), alive(&mut link, 18_000));
        assert!(oldest < 600 && newest > 1400, "{policy:?}: {oldest} of the oldest, {newest} of the newest");
        control.end(&fault).unwrap();
        let ended = control.observed(&fault).fired;
        set(&mut link, "newer").unwrap();
        assert!(ended >= seen.fired && control.observed(&fault).fired == ended);
    }
}

#[test]
fn a_clock_that_jumps_ahead_expires_what_is_young_and_comes_back() {
    let redis = private_redis();
    let mut control = redis.control();
    let clock = redis.clock().unwrap();
    clock.set(START).unwrap();
    let mut link = Link::to(redis.url()).unwrap();
    set(&mut link, "a").unwrap();
    let fault = StoreFault::ClockJump(Duration::from_secs(3600));
    control.begin(&fault).unwrap();
    assert!(!exists(&mut link, "a"));
    clock.set(START.plus(Duration::from_secs(1))).unwrap();
    let (seconds, _): (u64, u64) = link.query(&cmd("TIME")).unwrap();
    assert_eq!(seconds, START.as_nanos() / 1_000_000_000 + 3601);
    control.end(&fault).unwrap();
    let (seconds, _): (u64, u64) = link.query(&cmd("TIME")).unwrap();
    assert_eq!(seconds, START.as_nanos() / 1_000_000_000 + 1);
    let seen = control.observed(&fault);
    assert_eq!((seen.fired, seen.what.as_str()), (1, "its TIME jumped by 1h"));
}

#[test]
fn a_single_server_cannot_fail_over() {
    let redis = private_redis();
    let error = redis.control().begin(&StoreFault::PrimaryFailover).unwrap_err();
    assert!(matches!(error, ServerError::NoSuchFault { .. }), "{error}");
}

#[test]
fn without_control_nothing_stands_between_client_and_server() {
    let redis = private_redis();
    drop(redis.control());
    let mut link = Link::to(redis.url()).unwrap();
    set(&mut link, "a").unwrap();
    let way = std::fs::read_link(redis.dir().join("redis.sock")).unwrap();
    assert_eq!(way.to_str(), Some("server.sock"));
}
