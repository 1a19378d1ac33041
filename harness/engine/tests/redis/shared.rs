//! Servers that are given by URL, as the library sees them.

use std::process::Command;

use dedup_engine::servers::{ServerError, SharedRedis};
use dedup_strategies::Verdict;
use dedup_strategies::redis::Link;
use redis::cmd;

use crate::private::private_redis;
use crate::{START, claimed, config, free_port, judge, self_signed, strategy};

#[test]
fn a_given_server_is_left_as_it_was_found() {
    let redis = private_redis();
    let mut link = Link::to(redis.url()).unwrap();
    let others = ["other", "dedup", "x*dedup:1", "dedupe:1"];
    others.iter().for_each(|key| link.query::<()>(cmd("SET").arg(key).arg("kept")).unwrap());

    // A prefix of glob characters: taken as a pattern, it would match and delete somebody else's keys.
    for prefix in ["dedup:", "*", "[a-z]*", "x?"] {
        let shared = SharedRedis::claim_part(redis.url(), prefix, 1).unwrap();
        let strategy = strategy(Some(shared.endpoint().clone()), "10m").unwrap();
        let keys: Vec<u128> = (0..2500).collect();
        judge(&mut *strategy.worker(0).unwrap(), &keys, START);
        assert_eq!(strategy.footprint().ids, 2500);
        assert_eq!(shared.release().unwrap(), 2500);
        assert_eq!(link.query::<usize>(&cmd("DBSIZE")).unwrap(), others.len());
    }
    let shared = claimed(redis.url(), "dropped:").unwrap();
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
    let error = claimed(redis.url(), "mine:").err().unwrap();
    assert!(matches!(&error, ServerError::PrefixTaken { example, .. } if example == "mine:1"), "{error}");
    assert_eq!(link.query::<String>(cmd("GET").arg("mine:1")).unwrap(), "kept");
    for prefix in ["", "a b", "a\n", "it's", &"x".repeat(101)] {
        assert!(matches!(claimed(redis.url(), prefix), Err(ServerError::Prefix { .. })));
    }
}

#[test]
fn of_two_runs_with_one_prefix_the_second_is_refused_and_harms_nothing() {
    let redis = private_redis();
    let mut first = claimed(redis.url(), "p:").unwrap();
    let mut link = Link::to(redis.url()).unwrap();
    // Between two cells there are no keys but the mark.
    let error = claimed(redis.url(), "p:").err().unwrap();
    assert!(matches!(&error, ServerError::PrefixTaken { example, .. } if example == "p:in-use"), "{error}");
    assert!(link.query::<bool>(cmd("EXISTS").arg("p:in-use")).unwrap());
    assert!(
        link.query::<i64>(cmd("TTL").arg("p:in-use")).unwrap() > 3000,
        "the mark of a dead run goes away"
    );

    link.query::<()>(cmd("SET").arg("p:1:left").arg("")).unwrap();
    first.sweep().unwrap();
    assert_eq!(link.query::<Vec<String>>(cmd("KEYS").arg("*")).unwrap(), ["p:in-use"]);
    assert!(first.round_trip(&Default::default()).unwrap() < std::time::Duration::from_secs(5));
    drop(first);
    assert_eq!(link.query::<usize>(&cmd("DBSIZE")).unwrap(), 0);
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
        let shared = claimed(&url, "p:").expect(&url);
        assert!(!shared.shown().contains("s3cret"), "{}", shared.shown());
        let strategy = strategy(Some(shared.endpoint().clone()), "10m").unwrap();
        assert_eq!(judge(&mut *strategy.worker(0).unwrap(), &[1], START), [Verdict::New]);
    }
    for wrong in [url("s3cret-but-wrong"), format!("redis://127.0.0.1:{port}"), socket.to_string()] {
        let error = claimed(&wrong, "p:").err().unwrap().to_string();
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
    let error = claimed(&url, "p:").err().unwrap().to_string();
    assert!(error.contains("certificate") && !error.contains("s3cret"), "{error}");

    // The environment belongs to the process: what trusts the certificate is another one.
    let trusting = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "shared::a_client_that_trusts_the_certificate", "--ignored", "--nocapture"])
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
    let shared = SharedRedis::claim_part(&url, "p:", 1).unwrap_or_else(|error| panic!("{error}"));
    let strategy = strategy(Some(shared.endpoint().clone()), "10m").unwrap();
    assert_eq!(judge(&mut *strategy.worker(0).unwrap(), &[1, 1], START), [Verdict::New, Verdict::Duplicate]);
    assert_eq!(shared.release().unwrap(), 1);
    println!("judged over TLS");
}
