//! A server for tests.

use dedup_engine::servers::PrivateRedis;

use crate::common::launch;

/// A private server.
pub(crate) fn private_redis() -> PrivateRedis {
    PrivateRedis::start(&launch()).unwrap_or_else(|error| panic!("{error}"))
}
