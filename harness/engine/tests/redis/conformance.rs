//! Every strategy of the list that needs Redis, put through every law on a real server.

use std::collections::BTreeSet;
use std::time::Duration;

use dedup_engine::servers::PrivateRedis;
use dedup_strategies::conformance::{Subject, check_all};
use dedup_strategies::redis::Link;
use dedup_strategies::{Context, Definition, Needs, Role, STRATEGIES, Sizing, Timestamp};
use redis::cmd;

use crate::private::private_redis;

/// Further settings to try, beside the defaults of the context.
const VARIANTS: &[(&str, &[(&str, &str)])] = &[
    ("redis-claim", &[("window", "7ms"), ("owner", "delivery")]),
    ("redis-mozilla", &[("window", "1500ms"), ("on_error", "closed")]),
    ("tiered", &[("back", "redis-claim"), ("front_ids", "50")]),
    ("tiered", &[("back", "redis-lease"), ("window", "7ms")]),
    ("redis-lease", &[("window", "7ms"), ("lease", "3ms")]),
    ("redis-bloom", &[("window", "7ms"), ("rate", "1e-6")]),
    ("redis-bloom", &[("generations", "5"), ("on_error", "closed"), ("rate", "0.01")]),
    ("tiered", &[("back", "redis-bloom")]),
];

fn on_redis() -> impl Iterator<Item = &'static Definition> {
    STRATEGIES.iter().filter(|definition| definition.needs == Needs::Redis)
}

fn broken_laws(definition: &Definition, settings: &[(&str, &str)]) -> BTreeSet<String> {
    let redis = private_redis();
    let context = |seed, workers: usize| {
        empty(&redis);
        Context {
            workers: workers.try_into().unwrap(),
            seed,
            state_dir: redis.dir().to_path_buf(),
            sizing: Sizing { window: Duration::from_secs(60), ids_in_window: 600, ids_total: 600 },
            memory_limit: 1 << 30,
            redis: Some(redis.endpoint()),
            server: None,
            store_time_factor: 1.0,
        }
    };
    let clock = |now: Timestamp| redis.clock().unwrap().set(now).unwrap();
    let subject = Subject::new(definition, settings, &context).with_clock(&clock);
    check_all(&subject).iter().map(ToString::to_string).collect()
}

fn empty(redis: &PrivateRedis) {
    Link::to(redis.url()).unwrap().query::<()>(&cmd("FLUSHALL")).unwrap();
}

#[test]
fn every_strategy_on_redis_obeys_every_law() {
    assert!(on_redis().count() > 0);
    for definition in on_redis().filter(|definition| definition.role != Role::NegativeControl) {
        assert_eq!(broken_laws(definition, &[]), BTreeSet::new());
    }
}

#[test]
fn strategies_on_redis_obey_the_laws_with_other_settings_too() {
    for (name, settings) in VARIANTS {
        let definition = on_redis().find(|definition| definition.name == *name).expect("it is in the list");
        assert_eq!(broken_laws(definition, settings), BTreeSet::new(), "{name} with {settings:?}");
    }
}
