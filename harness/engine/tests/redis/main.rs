//! Strategies on Redis, alone, in a cluster and under faults. Need a redis-server.

mod bloom;
mod claims;
mod cluster;
#[path = "../common/mod.rs"]
mod common;
mod conformance;
mod control;
mod faults;
#[path = "../common/net.rs"]
mod net;
#[path = "../common/private.rs"]
mod private;
mod shared;

use std::num::NonZeroUsize;
use std::time::Duration;

use dedup_engine::servers::{PrivateRedis, ServerError, SharedRedis};
use dedup_strategies::redis::Link;
use dedup_strategies::{
    BuildError, Context, DeliveryId, Ping, PingKey, RedisEndpoint, STRATEGIES, Sizing, Strategy, Timestamp,
    Verdict, Worker,
};
use redis::cmd;

pub(crate) use net::{free_port, self_signed};

pub(crate) const START: Timestamp = Timestamp::from_secs(1_700_000_000);

pub(crate) fn strategy(
    endpoint: Option<RedisEndpoint>,
    window: &str,
) -> Result<Box<dyn Strategy>, BuildError> {
    build("redis-claim", endpoint, &[("window", window)])
}

/// Any strategy of the list, with a window of ten minutes.
pub(crate) fn build(
    name: &str,
    endpoint: Option<RedisEndpoint>,
    settings: &[(&str, &str)],
) -> Result<Box<dyn Strategy>, BuildError> {
    let definition = STRATEGIES.iter().find(|definition| definition.name == name).expect("it is in the list");
    let sizing = Sizing { window: Duration::from_secs(600), ids_in_window: 1000, ids_total: 1000 };
    let given: Vec<_> = settings.iter().map(|(name, text)| (name.to_string(), text.to_string())).collect();
    let settings = definition.resolve(&given, &sizing)?;
    let context = Context {
        workers: NonZeroUsize::MIN,
        seed: 1,
        state_dir: std::env::temp_dir(),
        sizing,
        memory_limit: u64::MAX,
        redis: endpoint,
        server: None,
        store_time_factor: 1.0,
    };
    (definition.build)(&settings, &context)
}

pub(crate) fn on(redis: &PrivateRedis, window: &str) -> Box<dyn Strategy> {
    redis.clock().unwrap().set(START).unwrap();
    strategy(Some(redis.endpoint()), window).unwrap()
}

pub(crate) fn ping(key: u128, at: Timestamp) -> Ping {
    Ping { key: PingKey::from_u128(key), event_time: at, arrival: at, delivery: DeliveryId(0) }
}

pub(crate) fn judge(worker: &mut dyn Worker, keys: &[u128], now: Timestamp) -> Vec<Verdict> {
    let pings: Vec<Ping> = keys.iter().map(|key| ping(*key, now)).collect();
    let mut verdicts = Vec::new();
    worker.judge(&pings, now, &mut verdicts).unwrap();
    verdicts
}

pub(crate) fn judge_at(
    redis: &PrivateRedis,
    worker: &mut dyn Worker,
    keys: &[u128],
    now: Timestamp,
) -> Vec<Verdict> {
    redis.clock().unwrap().set(now).unwrap();
    judge(worker, keys, now)
}

pub(crate) fn config(redis: &PrivateRedis, options: &[(&str, &str)]) {
    let mut link = Link::to(redis.url()).unwrap();
    let mut set = cmd("CONFIG").arg("SET").to_owned();
    for (name, value) in options {
        set.arg(*name).arg(*value);
    }
    link.query::<()>(&set).unwrap();
}

/// A prefix of a server's keys, without anybody who might stop it.
pub(crate) fn claimed(url: &str, prefix: &str) -> Result<SharedRedis, ServerError> {
    SharedRedis::claim(url, prefix, &Default::default())
}
