//! The `redis` strategy, and servers that are given by URL. Need a redis-server.

mod common;

use std::collections::HashMap;
use std::net::TcpListener;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use common::private_redis;
use dedup_harness::servers::{PrivateRedis, ServerError, SharedRedis};
use dedup_strategies::redis::{DEFINITION, Link};
use dedup_strategies::{
    BuildError, Context, DeliveryId, Ping, PingKey, RedisEndpoint, Settings, Sizing, Strategy, Timestamp,
    Verdict, Worker,
};
use proptest::prelude::{ProptestConfig, Strategy as Generator, TestCaseError, prop, prop_assert_eq};
use proptest::test_runner::TestRunner;
use redis::cmd;

const START: Timestamp = Timestamp::from_secs(1_700_000_000);

fn strategy(endpoint: Option<RedisEndpoint>, window: &str) -> Result<Box<dyn Strategy>, BuildError> {
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 1000 };
    let settings = Settings::resolve(&DEFINITION, &[("window".into(), window.into())], &sizing)?;
    let context = Context {
        workers: NonZeroUsize::MIN,
        seed: 1,
        state_dir: std::env::temp_dir(),
        sizing,
        memory_limit: u64::MAX,
        redis: endpoint,
        store_time_factor: 1.0,
    };
    (DEFINITION.build)(&settings, &context)
}

fn on(redis: &PrivateRedis, window: &str) -> Box<dyn Strategy> {
    redis.clock().unwrap().set(START).unwrap();
    strategy(Some(redis.endpoint()), window).unwrap()
}

fn ping(key: u128, at: Timestamp) -> Ping {
    Ping { key: PingKey::from_u128(key), event_time: at, arrival: at, delivery: DeliveryId(0) }
}

fn judge(worker: &mut dyn Worker, keys: &[u128], now: Timestamp) -> Vec<Verdict> {
    let pings: Vec<Ping> = keys.iter().map(|key| ping(*key, now)).collect();
    let mut verdicts = Vec::new();
    worker.judge(&pings, now, &mut verdicts).unwrap();
    verdicts
}

fn judge_at(redis: &PrivateRedis, worker: &mut dyn Worker, keys: &[u128], now: Timestamp) -> Vec<Verdict> {
    redis.clock().unwrap().set(now).unwrap();
    judge(worker, keys, now)
}

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
    let mut redis = private_redis();
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

#[test]
fn a_given_server_is_left_as_it_was_found() {
    let redis = private_redis();
    let mut link = Link::to(redis.url()).unwrap();
    let others = ["other", "dedup", "x*dedup:1", "dedupe:1"];
    others.iter().for_each(|key| link.query::<()>(cmd("SET").arg(key).arg("kept")).unwrap());

    // A prefix of glob characters: taken as a pattern, it would match and delete somebody else's keys.
    for prefix in ["dedup:", "*", "[a-z]*", "x?"] {
        let shared = SharedRedis::claim(redis.url(), prefix).unwrap();
        let strategy = strategy(Some(shared.endpoint().clone()), "10m").unwrap();
        let keys: Vec<u128> = (0..2500).collect();
        judge(&mut *strategy.worker(0).unwrap(), &keys, START);
        assert_eq!(strategy.footprint().ids, 2500);
        assert_eq!(shared.release().unwrap(), 2500);
        assert_eq!(link.query::<usize>(&cmd("DBSIZE")).unwrap(), others.len());
    }
    let shared = SharedRedis::claim(redis.url(), "dropped:").unwrap();
    judge(&mut *strategy(Some(shared.endpoint().clone()), "10m").unwrap().worker(0).unwrap(), &[1, 2], START);
    drop(shared);
    assert_eq!(link.query::<usize>(&cmd("DBSIZE")).unwrap(), others.len());
    for key in others {
        assert_eq!(link.query::<String>(cmd("GET").arg(key)).unwrap(), "kept");
    }
}

#[test]
fn a_prefix_that_is_in_use_is_refused_and_not_touched() {
    let redis = private_redis();
    let mut link = Link::to(redis.url()).unwrap();
    link.query::<()>(cmd("SET").arg("mine:1").arg("kept")).unwrap();
    let error = SharedRedis::claim(redis.url(), "mine:").err().unwrap();
    assert!(matches!(&error, ServerError::PrefixTaken { example, .. } if example == "mine:1"), "{error}");
    assert_eq!(link.query::<String>(cmd("GET").arg("mine:1")).unwrap(), "kept");
    for prefix in ["", "a b", "a\n", "it's", &"x".repeat(101)] {
        assert!(matches!(SharedRedis::claim(redis.url(), prefix), Err(ServerError::Prefix { .. })));
    }
}

#[test]
fn a_password_is_used_and_never_shown() {
    let redis = private_redis();
    let port = free_port();
    config(&redis, &[("port", &port), ("requirepass", "s3cret/@?")]);
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{port}/1");
    let socket = redis.url();
    for url in
        [url("s3cret%2F%40%3F"), format!("{socket}?pass=s3cret/@?"), format!("{socket}?pass=s3cret%2F%40%3F")]
    {
        let shared = SharedRedis::claim(&url, "p:").expect(&url);
        assert!(!shared.shown().contains("s3cret"), "{}", shared.shown());
        let strategy = strategy(Some(shared.endpoint().clone()), "10m").unwrap();
        assert_eq!(judge(&mut *strategy.worker(0).unwrap(), &[1], START), [Verdict::New]);
    }
    for wrong in [url("s3cret-but-wrong"), format!("redis://127.0.0.1:{port}"), socket.to_string()] {
        let error = SharedRedis::claim(&wrong, "p:").err().unwrap().to_string();
        assert!(error.contains("uth") && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn tls_is_used_and_a_certificate_of_no_known_authority_is_refused() {
    let redis = private_redis();
    let port = free_port();
    let (key, certificate) = self_signed(redis.dir());
    config(
        &redis,
        &[
            ("tls-cert-file", &certificate),
            ("tls-key-file", &key),
            ("tls-auth-clients", "no"),
            ("requirepass", "s3cret"),
            ("tls-port", &port),
        ],
    );
    let url = format!("rediss://:s3cret@127.0.0.1:{port}");
    let error = SharedRedis::claim(&url, "p:").err().unwrap().to_string();
    assert!(error.contains("certificate") && !error.contains("s3cret"), "{error}");

    // The environment belongs to the process: what trusts the certificate is another one.
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_client_that_trusts_the_certificate", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &certificate)
        .env("TLS_URL", &url)
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&trusting.stdout);
    assert!(trusting.status.success() && output.contains("judged over TLS"), "{output}");
}

/// Not a test of its own: the client that the test above starts.
#[test]
#[ignore = "started by another test, with SSL_CERT_FILE set"]
fn a_client_that_trusts_the_certificate() {
    let url = std::env::var("TLS_URL").expect("started by the test of TLS");
    let shared = SharedRedis::claim(&url, "p:").unwrap_or_else(|error| panic!("{error}"));
    let strategy = strategy(Some(shared.endpoint().clone()), "10m").unwrap();
    assert_eq!(judge(&mut *strategy.worker(0).unwrap(), &[1, 1], START), [Verdict::New, Verdict::Duplicate]);
    assert_eq!(shared.release().unwrap(), 1);
    println!("judged over TLS");
}

fn self_signed(dir: &Path) -> (String, String) {
    let certified = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_string()]).unwrap();
    let (key, certificate) = (dir.join("key.pem"), dir.join("certificate.pem"));
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    (key.display().to_string(), certificate.display().to_string())
}

fn config(redis: &PrivateRedis, options: &[(&str, &str)]) {
    let mut link = Link::to(redis.url()).unwrap();
    let mut set = cmd("CONFIG").arg("SET").to_owned();
    for (name, value) in options {
        set.arg(*name).arg(*value);
    }
    link.query::<()>(&set).unwrap();
}

/// A port that was free a moment ago.
fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}
